/* SPDX-License-Identifier: GPL-2.0-or-later */
/* twoStepFlag 0 in the running daemon: tells the engine which ports may send one-step Syncs, and the log. */
#pragma once

#include <stdint.h>

struct app;
struct port;
struct ebc_tx_record;

/* Once, when the transmit stamp is chosen: says it if that cannot tell what a queue adds. */
void one_step_port_describe(const struct app *app);
/* The record of a Sync, and the transmit stamp that was made of it. */
void one_step_port_handle_sync(struct app *app, struct port *port, const struct ebc_tx_record *record,
			       uint64_t stamp_mono_ns);
/* Now and then: what was known of a port that sends no more grows old. */
void one_step_port_housekeeping(struct app *app, struct port *port);
