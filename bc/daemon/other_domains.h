/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transparent clock for all domains but the boundary clock's, in the same process (tc_other_domains): a
 * second instance with programs, socket and ports of its own, which the same loop serves. Signals, control
 * and what is said of interfaces are the boundary clock's.
 */
#pragma once

struct app;
struct handover;
struct settings;

/* What the second instance is to do, by the settings of the first; they share what those borrow. */
void other_domains_settings(const struct settings *own, struct settings *ret);

/* Once the boundary clock runs; sets app->other_domains. As app_start(). */
int other_domains_start(struct app *app, const struct handover *handover);
/* Harmless when there is none. */
void other_domains_stop(struct app *app);
/* Twice a second: the rate of the boundary clock's grandmaster is what residence is told in. */
void other_domains_housekeeping(struct app *app);
