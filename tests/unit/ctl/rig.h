/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A control socket in a folder of its own, and clients of it in the same thread. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

#include "bc/daemon/control.h"

#define RIG_PORTS 16

struct rig {
	char folder[64], path[96];
	struct control *control;
};

/* For cmocka: *state is the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* Opens the socket anew with these sources; as control_new(). */
int rig_restart(struct rig *rig, const struct control_sources *sources);

struct control_sources rig_sources(void);
/* Lets the server do all that it can do now. */
void rig_pump(struct rig *rig);
/* Waits, for a server that waits for its own timer, until it has something to do, and lets it. */
void rig_wait(struct rig *rig);
/* The same, but lets it do only what comes next. */
void rig_wait_once(struct rig *rig);

/* A connection that never blocks. */
int rig_connect(struct rig *rig);
void rig_ask(int fd, const char *text);
/* The next message, or NULL when none is there; `ret_gone` (may be NULL): since the other end closed. */
struct json_object *rig_receive(int fd, bool *ret_gone);
/* Asks, pumps and receives: the only message there is. */
struct json_object *rig_answer(struct rig *rig, int fd, const char *text);
/* The same, and it is this error; NULL: none. */
void rig_expect_error(struct rig *rig, int fd, const char *text, const char *error);
uint64_t rig_number(struct json_object *object, const char *name);
