/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must wait until an event message has left: Follow_Ups that overtook their Sync, and the followers of
 * messages that were converted to two steps. Both are completed by what the queue added, and then sent. A
 * bounded table, nothing is allocated after tclk_completer_new(). Pure; times are CLOCK_MONOTONIC.
 */
#pragma once

#include "tc/frame.h"

struct tclk_completer;

/* X(identifier, name in logs) */
#define TCLK_COUNTERS(X)                                                                          \
	X(COMPLETED, "tc_follower_completed")                                                     \
	X(GENERATED, "tc_follower_generated") /* of a converted message */                        \
	X(EXPIRED, "tc_held_expired")	      /* the event message never left */                  \
	X(EVICTED, "tc_held_evicted")	      /* the oldest gave way, since the table was full */ \
	X(MALFORMED, "tc_held_malformed")                                                         \
	X(UNMATCHED, "tc_departure_unmatched") /* nobody waited for it */

enum tclk_counter {
#define X(id, name) TCLK_COUNTER_##id,
	TCLK_COUNTERS(X)
#undef X
	TCLK_COUNTER_MAX
};

const char *tclk_counter_name(enum tclk_counter counter);

/* A frame to be sent on `port_index`. */
struct tclk_send {
	uint16_t port_index;
	uint32_t ifindex;
	struct tclk_frame frame;
};

/* `capacity`: frames held at a time, 1..4096. 0, -EINVAL or -ENOMEM. */
int tclk_completer_new(size_t capacity, struct tclk_completer **ret_completer);
/* Accepts NULL. */
void tclk_completer_free(struct tclk_completer *completer);

/* A record with reason EBC_RX_PARKED or EBC_RX_CONVERTED. Its event message may have departed already. A
 * converted message belongs to the one departure with its key and its tc_mono_ns. */
void tclk_completer_hold(struct tclk_completer *completer, const struct ebc_rx_record *record,
			 uint64_t now_mono_ns);
/* An event message left. One that nobody waits for is remembered for a second, as long as there is room: as
 * many as frames are held, of which the oldest gives way. */
void tclk_completer_departed(struct tclk_completer *completer, const struct ebc_departure_record *record,
			     uint64_t now_mono_ns);
/* Drops what has waited for EBC_FOLLOW_MAX_AGE_NS. */
void tclk_completer_handle_timer(struct tclk_completer *completer, uint64_t now_mono_ns);
/* When handle_timer wants to be called next; UINT64_MAX: never. */
uint64_t tclk_completer_next_deadline_mono_ns(const struct tclk_completer *completer);
/* The frame that has been complete for longest; false: none. */
bool tclk_completer_pop(struct tclk_completer *completer, struct tclk_send *ret_send);

/* Departures of ports that have held nothing yet, and records with wild port numbers, are counted here. */
#define TCLK_PORT_UNKNOWN EBC_MAX_PORTS

/* `port_index`: 0..TCLK_PORT_UNKNOWN. */
uint64_t tclk_completer_count(const struct tclk_completer *completer, uint16_t port_index,
			      enum tclk_counter counter);
