/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket of a running daemon. The clock does not need it: without, it only cannot be asked. */
#pragma once

struct app;

/* Opens the one that the settings name, if it can be had; the log tells the rest. */
void control_keep_start(struct app *app);
/*
 * Twice a second. Every four seconds one that could not be had is tried again, and so is one whose file
 * somebody took away; losing and getting it is logged. Clients that are connected stay.
 */
void control_keep_housekeeping(struct app *app);
