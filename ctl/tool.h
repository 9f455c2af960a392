/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of ebpf-bcctl have in common: how they end, complain, and reach the daemon. */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/fetch.h"

/* What the tool ends with. */
enum exit_status {
	EXIT_FINE = 0,
	EXIT_REFUSED = 1, /* the daemon says no, there was nothing to tell, or it cannot be written */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
};

/* argv[0] is the command's name; `socket_path` is where a daemon would listen. */
typedef enum exit_status (*command_fn)(const char *socket_path, int argc, char **argv);

/* One line on the standard error, what is not printable in `detail` (may be NULL) replaced. Returns false. */
bool tool_complain(const char *words, const char *detail);
/* As getopt_long(), with our form of complaints; `options` contain ':' as the first behind '+', if any. */
int tool_getopt(int argc, char **argv, const char *options, const struct option *long_options);
/*
 * The next option of a command: -1 after the last, '?' after a complaint (also of arguments that are no
 * options: no command has any). Sets optarg. `long_options` as getopt_long() takes them; -h is 'h'.
 */
int tool_option(int argc, char **argv, const struct option *long_options);
/* The value of an option that may have one, also as a word of its own if that begins with a digit; or NULL.
 */
const char *tool_optional_number(int argc, char **argv);
/* Tells how to get help. */
enum exit_status tool_usage(const char *command);

/* A connection; EXIT_FINE, or what to end with after the reason was told. The caller frees it. */
enum exit_status tool_connect(const char *socket_path, struct client **ret_client);
/* For _cleanup_(). */
void tool_cleanup_client(struct client **client);
void tool_cleanup_json(struct json_object **object);
/* False after complaining of a name (NULL: none is asked for) that is not among `names`, with which there
 * are. */
bool tool_is_known(const char *what, const char *name, const struct names *names);
/* The same complaint; the names are members "name" of the array `objects`. */
void tool_complain_port(const char *name, struct json_object *objects);
enum exit_status tool_out_of_memory(void);
/* Tells why a call of the client or of fetch.h failed: what to end with. */
enum exit_status tool_fail(const struct client *client, int error);
/* With so many decimals; null for NaN. */
struct json_object *tool_json_number(double number, int decimals);
/* One line. 0 or -ENOMEM. */
int tool_print_json(struct json_object *object, FILE *to);
/* Whether all that was printed reached the standard output: what to end with. */
enum exit_status tool_finish(void);

/* A time of 0.01 s to 1e9 s; else complains. */
bool tool_read_seconds(const char *text, double *ret_seconds);
/* SIGINT, SIGTERM and SIGHUP end waiting from now on (pause.h); else complains. */
bool tool_begin_pauses(void);
