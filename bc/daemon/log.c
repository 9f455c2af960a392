// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing and limiting log lines. */
#include "bc/daemon/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bpf/ebc_abi.h"
#include "util/macros.h"

#define LINE_MAX_LEN 4096

static struct {
	int level;
	bool to_syslog, to_stdout;
	char tag[32];
} log_state = {.level = LOG_INFO, .to_stdout = true};

/* State changes come in groups that belong together; what a stranger can provoke does not. */
static const unsigned int bursts[LOG_KIND_MAX] = {
	[LOG_KIND_PORT_STATE] = 12,
	[LOG_KIND_BEST_MASTER] = 4, /* by way of ourselves to the next one: the last line must be told */
	[LOG_KIND_LINK] = 12,
};

static struct {
	uint64_t last_mono_ns;
	unsigned int n_written; /* since the last pause of a second */
	unsigned int n_held;
} limits[LOG_KIND_MAX][EBC_MAX_PORTS];

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

static void write_line(int level, const char *message)
{
	struct timespec now;

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

	if (level > log_state.level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	write_line(level, message);
}

void log_limited(int level, enum log_kind kind, size_t port, const char *format, ...)
{
	char message[LINE_MAX_LEN];
	struct timespec now;
	uint64_t now_mono_ns;
	va_list args;
	int len;

	if (level > log_state.level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_mono_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	if (limits[kind][port].last_mono_ns != 0 &&
	    now_mono_ns - limits[kind][port].last_mono_ns < (uint64_t)NSEC_PER_SEC) {
		if (limits[kind][port].n_written >= MAX(bursts[kind], 1U)) {
			limits[kind][port].n_held++;
			return;
		}
	} else if (limits[kind][port].n_held == 0) {
		limits[kind][port].n_written = 0;
	}
	limits[kind][port].n_written++;

	va_start(args, format);
	len = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (limits[kind][port].n_held > 0 && len >= 0 && (size_t)len < sizeof(message))
		snprintf(message + len, sizeof(message) - (size_t)len, " (%u like it held back)",
			 limits[kind][port].n_held);
	limits[kind][port].n_held = 0;
	limits[kind][port].last_mono_ns = now_mono_ns;
	write_line(level, message);
}
