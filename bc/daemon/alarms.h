/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions that somebody should look at, and since when they hold. Those that are states are set and
 * cleared; those that are events hold for a while after the last of them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/daemon/control_status.h"
#include "bpf/ebc_abi.h"

/* X(identifier, name) */
#define ALARM_KINDS(X)                                \
	X(HOLDOVER, "holdover")                       \
	X(NO_MASTER, "no_master")                     \
	X(PORT_FAULTY, "port_faulty")                 \
	X(NOT_ATTACHED, "not_attached")               \
	X(STEP_GUARD, "step_guard")                   \
	X(PATH_DELAY, "path_delay")                   \
	X(RIVAL, "rival")                             \
	X(STAMPS_BEFORE_QUEUE, "stamps_before_queue") \
	X(NO_BPF, "no_bpf")                           \
	X(RELOAD_REFUSED, "reload_refused")

enum alarm_kind {
#define X(id, name) ALARM_##id,
	ALARM_KINDS(X)
#undef X
	ALARM_MAX
};

#define ALARM_NO_PORT -1

struct alarm {
	uint64_t since_mono_ns; /* 0: it does not hold */
	uint64_t until_mono_ns; /* UINT64_MAX: until it is cleared */
	char text[CONTROL_ALARM_TEXT];
};

/* All zero: none. */
struct alarms {
	struct alarm list[ALARM_MAX][EBC_MAX_PORTS + 1]; /* by kind; first of the clock, then of each port */
};

/* It holds since since_mono_ns (if it did not before) and until until_mono_ns, for which `text` is the last
 * word. */
void alarms_raise(struct alarms *alarms, enum alarm_kind kind, int port, uint64_t since_mono_ns,
		  uint64_t until_mono_ns, const char *text);
void alarms_clear(struct alarms *alarms, enum alarm_kind kind, int port);
/* Raises it until it is cleared, or clears it. */
void alarms_set(struct alarms *alarms, enum alarm_kind kind, int port, bool is_on, uint64_t since_mono_ns,
		const char *text);
/* Those that hold, at most `max`, by kind and port; returns how many. */
size_t alarms_list(const struct alarms *alarms, uint64_t now_mono_ns, struct control_alarm *ret_alarms,
		   size_t max);
