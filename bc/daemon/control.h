/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a UNIX socket of whole messages (SOCK_SEQPACKET) by which ebpf-bcctl asks the daemon.
 * A request is a JSON object {"request": NAME, ...}; answers are JSON objects too, docs/control.md tells
 * which. Reading needs no privilege. Clients, their requests a second and what is queued for one of them are
 * bounded; a client that does not read loses messages (which it is told) and holds nobody up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader.h"

struct control;

/* What is served; borrowed, must outlive the control. */
struct control_sources {
	struct ebc_loader *loader; /* NULL: no programs, and so no residence */
	const char *clock_type;	   /* as in the configuration */
	size_t n_ports;
	const char *const *port_names; /* by port index */
};

/* Listens at `path`; the file of a dead predecessor gives way. 0, -EADDRINUSE (somebody lives there) or
 * -errno.
 */
int control_new(const char *path, const struct control_sources *sources, struct control **ret_control);
/* Removes the file. Accepts NULL. */
void control_free(struct control *control);

/* Polls as readable when control_dispatch() has something to do (new clients, requests, room to write). */
int control_fd(const struct control *control);
void control_dispatch(struct control *control);
/* To be called every 50 ms while control_wants_ticks(): hands waiting samples on to those who asked. */
bool control_wants_ticks(const struct control *control);
void control_tick(struct control *control);
