/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: ptp4l's file format and command-line options, driven by the one table of
 * options.h. Pure but for reading the file: does not log, does not know what the options do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/options.h" /* enum ebc_option, generated from the table */
#include "config/unicast.h"

struct ebc_config;

/* A line that the daemon logs: what is refused (then an error was returned), or what has no effect. */
struct ebc_config_note {
	bool is_error;
	const char *text; /* "bc.conf:12: logSyncInterval 40 is out of range -7..15"; owned by the config */
};

/* Everything at its default. 0 or -ENOMEM. */
int ebc_config_new(struct ebc_config **ret_config);
/* Accepts NULL. */
void ebc_config_free(struct ebc_config *config);

/* Reads a file; "-": the standard input. 0, or -errno with one error note that names file, line, option and
 * reason. The first mistake ends the reading. A value that we know but do not support yet is refused only by
 * ebc_config_finish(). */
int ebc_config_read_file(struct ebc_config *config, const char *path);
/* The same for text in memory; `name` stands for the file in notes. For tests and fuzzing. */
int ebc_config_read_text(struct ebc_config *config, const char *name, const char *text, size_t len);
/* "--name=value" with NULL, or "name" and "value", of the command line: beats [global], whatever the order of
 * calls, but not a port's section. -EINVAL or -ERANGE with an error note, -ENOMEM. */
int ebc_config_set_from_command_line(struct ebc_config *config, const char *name, const char *value);
/* -i: adds a port (a second mention of the same interface is harmless, and gets a note). -EINVAL, -E2BIG. */
int ebc_config_add_port(struct ebc_config *config, const char *interface_name);
/*
 * Relations between options (e.g. clientOnly with serverOnly), refused values, values without effect: makes
 * notes, of values in force (not of one that the command line or every port overrides). What is not used
 * becomes the default (time_stamping hardware: bpf) and counts as not set, clock_type OC with two ports or
 * more becomes BC, clock_type P2P_TC makes P2P of a delay_mechanism that nobody set, and time_stamping
 * software makes system of a local_clock that nobody set. -EINVAL when the configuration cannot be run. Call
 * once, last.
 */
int ebc_config_finish(struct ebc_config *config);

/* Whether two that are finished mean the same, the options `but` aside: of each port, in the same order. */
bool ebc_config_equal(const struct ebc_config *a, const struct ebc_config *b, const enum ebc_option *but,
		      size_t n_but);

size_t ebc_config_n_notes(const struct ebc_config *config);
struct ebc_config_note ebc_config_note(const struct ebc_config *config, size_t i);

/* Ports in the order of their first mention. */
size_t ebc_config_n_ports(const struct ebc_config *config);
const char *ebc_config_port_name(const struct ebc_config *config, size_t port);

#define EBC_CONFIG_GLOBAL ((size_t)-1)

/*
 * Values. `port` is a port's number from 0, or EBC_CONFIG_GLOBAL; a port without a value of its own has the
 * global one. The type must be the table's (checked by assertion: asking wrongly is a bug of ours).
 * Enumerations and booleans are ints. Strings are owned by the config and never NULL.
 */
int64_t ebc_config_int(const struct ebc_config *config, size_t port, enum ebc_option option);
double ebc_config_double(const struct ebc_config *config, size_t port, enum ebc_option option);
const char *ebc_config_string(const struct ebc_config *config, size_t port, enum ebc_option option);
/* True when the file or the command line gave a value (for the port or globally). */
bool ebc_config_is_set(const struct ebc_config *config, size_t port, enum ebc_option option);

/* Parsers that the table's string options use; also for the daemon. 0 or -EINVAL. */
int ebc_parse_mac(const char *text, uint8_t ret_mac[6]);		 /* 01:1B:19:00:00:00 */
int ebc_parse_oui(const char *text, uint8_t ret_oui[3]);		 /* 00:00:00 */
int ebc_parse_clock_identity(const char *text, uint8_t ret_identity[8]); /* 001122.fffe.334455 */
