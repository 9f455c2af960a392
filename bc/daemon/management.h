/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of management: one of UNIX datagrams for reading and writing and one for reading, as ptp4l has
 * them, and the one to which slave_event_monitor's messages go. What the messages mean is the engine's
 * business. Nothing here ever waits; what is read is limited, so that a client that floods holds up itself.
 */
#pragma once

#include "bc/engine/engine.h"

struct app;
struct port;
struct management;

struct management_settings {
	const char *address, *read_only_address; /* paths; "": none */
	unsigned int mode, read_only_mode;	 /* permissions of their files */
	const char *slave_event_monitor;	 /* path; "": none */
};

/* Opens what the settings ask for, as far as it can be opened; the log tells the rest. NULL: nothing.
 * Borrows the paths of the sockets. */
struct management *management_new(const struct management_settings *settings);
/* Removes the files. Accepts NULL. */
void management_free(struct management *management);

/* Polls as readable when management_dispatch() has something to do. -1: never. Accepts NULL. */
int management_fd(const struct management *management);
/* Takes some requests to the engine. */
void management_dispatch(struct app *app);
/* Twice a second: clients may ask again. Every four seconds a socket that could not be had is tried again,
 * and so is one whose file somebody took away; losing and getting it is logged. */
void management_housekeeping(struct management *management);
/* A port's interface may be another one, or have other addresses. */
void management_describe_port(struct app *app, const struct port *port);
/* BC_ACTION_MANAGEMENT and BC_ACTION_SLAVE_EVENT. */
void management_do_action(struct app *app, const struct bc_action *action);
