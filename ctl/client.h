/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool's end of the control socket: requests out, answers in, each a JSON object. */
#pragma once

#include <json-c/json.h>
#include <stdint.h>

struct client;

/* 0 or -errno; -ENOENT and -ECONNREFUSED: no daemon there; -EPROTOTYPE: another kind of socket; -EAGAIN:
 * nobody accepts within five seconds. */
int client_new(const char *path, struct client **ret_client);
/* The same, but neither connecting nor receiving waits beyond this time: then they are -EAGAIN, -ETIMEDOUT.
 */
int client_new_until(const char *path, uint64_t deadline_mono_ns, struct client **ret_client);
/* Another such time; 0: none. */
void client_set_deadline(struct client *client, uint64_t deadline_mono_ns);
/* Accepts NULL. */
void client_free(struct client *client);

/* A new request of that name, to which members may be added. */
struct json_object *client_request(const char *name);
/* Takes the request. Whether it arrived is told by what is received. */
void client_ask(struct client *client, struct json_object *request);
/*
 * Waits for the next answer, up to five seconds; the caller puts it. 0, or -errno with words for it in
 * client_error(): -EPROTO (the daemon says no), -EBADMSG, -EPIPE (it went away), -ETIMEDOUT.
 */
int client_receive(struct client *client, struct json_object **ret_answer);
/* Notes that what is received takes too long as a whole: -ETIMEDOUT. */
int client_give_up(struct client *client);
/* Notes that what was received makes no sense: -EBADMSG. */
int client_complain(struct client *client);
/* Never NULL; belongs to the client. */
const char *client_error(const struct client *client);
/* Polls as readable when an answer is there. */
int client_fd(const struct client *client);
