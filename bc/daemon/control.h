/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a UNIX socket of whole messages (SOCK_SEQPACKET) by which ebpf-bcctl asks the daemon.
 * A request is a JSON object {"request": NAME, ...}; answers are JSON objects too, docs/control.md tells
 * which. Reading needs no privilege. Clients, their requests a second, what is queued for one of them and the
 * time spent on all of them are bounded; a client that does not read loses messages (which it is told) and
 * holds nobody up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/daemon/control_socket.h"
#include "bc/daemon/control_status.h"
#include "bc/daemon/counter_list.h"
#include "bc/daemon/history.h"
#include "bc/daemon/log_ring.h"
#include "bpf/loader.h"

struct control;

/* How the daemon is, asked when a client asks. Ports by index. */
struct control_state {
	void *context;
	void (*get_status)(void *context, struct control_status *ret_status);
	void (*get_port_status)(void *context, size_t port, struct control_port_status *ret_status);
	void (*list_counters)(void *context, size_t port, struct counter_list *list);
	/* Of a second instance of the same ports (tc_other_domains); NULL: there is none. */
	void (*list_other_counters)(void *context, size_t port, struct counter_list *list);
	/* The port that has the interface now; -1: none. */
	int (*find_port)(void *context, uint32_t ifindex);
};

/* What is served; borrowed, must outlive the control. */
struct control_sources {
	struct ebc_loader *loader; /* NULL: no programs, and so no residence */
	const char *clock_type;	   /* as in the configuration */
	size_t n_ports;
	const char *const *port_names; /* by port index */
	struct control_state state;
	const struct history *history; /* NULL: a clock that follows nobody */
	const struct log_ring *log;
	struct ebc_loader *stamps_loader; /* whose stamps are published; NULL: none are, for this reason: */
	const char *no_stamps_reason;
};

/* Listens at `path`; the file of a dead predecessor gives way. 0, -EADDRINUSE (somebody lives there) or
 * -errno.
 */
int control_new(const char *path, const struct control_sources *sources, struct control **ret_control);
/* Removes the file. Accepts NULL. */
void control_free(struct control *control);
/* The socket by which clients come; closed where control_reopen() failed. Whoever closes it keeps the clients
 * that are there. */
struct control_socket *control_socket_of(struct control *control);
/* After it was closed: listens again, as control_new(). */
int control_reopen(struct control *control, const char *path);

/* Polls as readable when control_dispatch() has something to do (new clients, requests, room to write). */
int control_fd(const struct control *control);
void control_dispatch(struct control *control);
/* To be called every 50 ms while control_wants_ticks(): hands waiting samples on to those who asked. */
bool control_wants_ticks(const struct control *control);
void control_tick(struct control *control);
