/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log, in ptp4l's form: "ebpf-bc[seconds.ms]: tag message" on stdout, the same without the name in
 * syslog; errors always go to stderr too. Lines that others can provoke go through log_limited(): one a
 * second of a kind and port, of which the last is never lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

#include "bc/daemon/log_ring.h"

struct log_options {
	int level; /* 0..7, as syslog's */
	bool to_syslog;
	bool to_stdout;
	const char *tag; /* copied; may be "" */
};

enum log_kind {
	LOG_KIND_PORT_STATE,
	LOG_KIND_BEST_MASTER,
	LOG_KIND_FOREIGN_MASTER,
	LOG_KIND_MASTER_STEP,
	LOG_KIND_FAULT,
	LOG_KIND_LINK,
	LOG_KIND_DESCRIBE,
	LOG_KIND_ATTACH,
	LOG_KIND_SEND,
	LOG_KIND_CLOCK_SET,
	LOG_KIND_STEP,
	LOG_KIND_LOOP,
	LOG_KIND_ANNOUNCE_REFUSED,
	LOG_KIND_UNICAST,
	LOG_KIND_UTC,
	LOG_KIND_SYSTEM_CLOCK,
	LOG_KIND_TIMESCALE,
	LOG_KIND_SYNTONIZED,
	LOG_KIND_PEER_DELAY,
	LOG_KIND_ONE_STEP,
	LOG_KIND_GRANDMASTER,
	LOG_KIND_HOLDOVER,
	LOG_KIND_STEP_GUARD,
	LOG_KIND_BARRED,
	LOG_KIND_PEER,
	LOG_KIND_CAPABLE,
	LOG_KIND_PATH_ALARM,
	LOG_KIND_MAX,
};

void log_configure(const struct log_options *options);
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `port` below EBC_MAX_PORTS. A line that follows lines held back says how many. */
void log_limited(int level, enum log_kind kind, size_t port, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The last lines of level notice and above, whatever is written where. */
const struct log_ring *log_lines(void);
/* Tells what is still held back once its second is over; to be called now and then. */
void log_flush(void);
