/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who carries the messages and takes their time stamps. The loop, the ports and the start know only this;
 * what comes in goes to app_handle_rx() and app_handle_tx_stamp().
 */
#pragma once

#include <poll.h>
#include <stddef.h>

#include "bc/engine/engine.h"

/* Descriptors that a back end has poll(2) watch, at most. */
#define BACKEND_POLL_MAX (2 * BC_MAX_PORTS)

struct app;
struct port;
struct counter_list;

struct backend {
	/* Loads or opens what all ports share. 0 or -errno, then with the reason in words. */
	int (*start)(struct app *app, char *reason, size_t reason_size);
	/* All ports have been looked at for the first time. */
	void (*handle_started)(struct app *app);
	/* Lets go of all ports and releases everything, also after a start that failed. */
	void (*stop)(struct app *app);

	/*
	 * Brings what is on the port's interface into line with port->link, from nothing if need be. 0 or
	 * -errno (then nothing is left there), with the reason in words if it has one to tell.
	 */
	int (*attach)(struct app *app, struct port *port, char *reason, size_t reason_size);
	void (*detach)(struct app *app, struct port *port);
	/* False when somebody else took away what was attached. */
	bool (*is_intact)(struct app *app, struct port *port);

	/* Sends a message of ours without ever waiting. 0 or -errno. */
	int (*send)(struct app *app, struct port *port, const struct bc_action *action);

	/* Fills in what to watch; returns how many. The same entries come back when poll(2) has woken. */
	size_t (*watch)(struct app *app, struct pollfd *polled);
	/* Look again after so many ms, whatever happens; -1: no need. */
	int (*timeout_ms)(const struct app *app);
	/* Take what waits, at most a batch: stamps of what was sent, and received messages. */
	void (*take_tx_stamps)(struct app *app, const struct pollfd *polled, size_t n);
	void (*take_frames)(struct app *app, const struct pollfd *polled, size_t n);

	/* Nothing is consumed any more, before anything is taken away, which may take long. */
	void (*handle_stopping)(struct app *app);
	/* Twice a second: this process lives. */
	void (*handle_alive)(struct app *app);
	/* app->real_minus_mono_ns is another. */
	void (*handle_clock_set)(struct app *app);
	/* The engine's clock may be another function of the monotonic one. */
	void (*publish_clock)(struct app *app);
	void (*list_counters)(struct app *app, size_t port, struct counter_list *list);
};

/* BPF programs on each port. A start that fails with -EPERM, -EACCES or -ENOSYS: BPF is not to be had here.
 */
extern const struct backend backend_bpf;
