// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing and limiting log lines. */
#include "bc/daemon/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bc/daemon/clocks.h"
#include "bpf/ebc_abi.h"
#include "util/macros.h"

#define LINE_MAX_LEN	4096
#define LIMITED_MAX_LEN 240
#define RING_LEVEL	LOG_NOTICE

static struct {
	int level;
	bool to_syslog, to_stdout;
	char tag[32];
} log_state = {.level = LOG_INFO, .to_stdout = true};

/* State changes come in groups that belong together; what a stranger can provoke does not. */
static const unsigned int bursts[LOG_KIND_MAX] = {
	[LOG_KIND_PORT_STATE] = 12,
	[LOG_KIND_BEST_MASTER] = 4, /* by way of ourselves to the next one: the last line must be told */
	[LOG_KIND_DESCRIBE] = 4,
	[LOG_KIND_LINK] = 12,
};

static struct limit {
	uint64_t last_mono_ns;
	unsigned int n_written; /* since the last pause of a second */
	unsigned int n_held;
	int held_level; /* of the last line held back, and its text: the last word is told, if late */
	char held[LIMITED_MAX_LEN];
} limits[LOG_KIND_MAX][EBC_MAX_PORTS];
static struct log_ring ring;
static bool has_held; /* one or more of them hold a line back */

void log_configure(const struct log_options *options)
{
	log_state.level = options->level;
	log_state.to_syslog = options->to_syslog;
	log_state.to_stdout = options->to_stdout;
	snprintf(log_state.tag, sizeof(log_state.tag), "%s%s", options->tag, *options->tag ? " " : "");
	if (options->to_stdout)
		setvbuf(stdout, NULL, _IOLBF, 0);
	if (options->to_syslog)
		openlog("ebpf-bc", LOG_PID, LOG_DAEMON);
}

static bool is_wanted(int level)
{
	return level <= log_state.level || level <= RING_LEVEL;
}

static void write_line(int level, const char *message)
{
	struct timespec now;

	if (level <= RING_LEVEL)
		log_ring_add(&ring, clocks_mono_ns(), level, message);
	if (level > log_state.level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (log_state.to_stdout || level <= LOG_ERR)
		fprintf(level <= LOG_ERR ? stderr : stdout, "ebpf-bc[%lld.%03ld]: %s%s\n",
			(long long)now.tv_sec, now.tv_nsec / 1000000, log_state.tag, message);
	if (log_state.to_syslog)
		syslog(level, "[%lld.%03ld] %s%s", (long long)now.tv_sec, now.tv_nsec / 1000000,
		       log_state.tag, message);
}

void log_line(int level, const char *format, ...)
{
	char message[LINE_MAX_LEN];
	va_list args;

	if (!is_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	write_line(level, message);
}

static uint64_t now_mono(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static bool is_paused(const struct limit *limit, uint64_t now_mono_ns)
{
	return limit->last_mono_ns == 0 || now_mono_ns - limit->last_mono_ns >= (uint64_t)NSEC_PER_SEC;
}

/* Writes `message`; `n_held` others like it were not written. */
static void write_limited(struct limit *limit, int level, const char *message, unsigned int n_held,
			  uint64_t now_mono_ns)
{
	char line[LIMITED_MAX_LEN + 40];

	if (n_held > 0) {
		snprintf(line, sizeof(line), "%s (%u like it held back)", message, n_held);
		message = line;
	}
	limit->n_held = 0;
	limit->n_written++;
	limit->last_mono_ns = now_mono_ns;
	write_line(level, message);
}

void log_limited(int level, enum log_kind kind, size_t port, const char *format, ...)
{
	struct limit *limit = &limits[kind][port];
	uint64_t now_mono_ns = now_mono();
	char message[LIMITED_MAX_LEN];
	va_list args;

	if (!is_wanted(level))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	if (is_paused(limit, now_mono_ns)) {
		if (limit->n_held == 0)
			limit->n_written = 0;
	} else if (limit->n_written >= MAX(bursts[kind], 1U)) {
		limit->n_held++;
		limit->held_level = level;
		snprintf(limit->held, sizeof(limit->held), "%s", message);
		has_held = true;
		return;
	}
	write_limited(limit, level, message, limit->n_held, now_mono_ns);
}

void log_flush(void)
{
	uint64_t now_mono_ns = now_mono();

	if (!has_held)
		return;
	has_held = false;
	for (size_t kind = 0; kind < LOG_KIND_MAX; kind++) {
		for (size_t port = 0; port < EBC_MAX_PORTS; port++) {
			struct limit *limit = &limits[kind][port];

			if (limit->n_held > 0 && is_paused(limit, now_mono_ns))
				write_limited(limit, limit->held_level, limit->held, limit->n_held - 1,
					      now_mono_ns);
			has_held |= limit->n_held > 0;
		}
	}
}

const struct log_ring *log_lines(void)
{
	return &ring;
}
