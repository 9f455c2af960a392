/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine did, told in ptp4l's words. */
#pragma once

#include "bc/daemon/counter_list.h"
#include "bc/daemon/port.h"
#include "bc/engine/engine.h"

/* The summary of one port's offsets since the last line. */
struct report_sums {
	unsigned int n;
	double offset_square, offset_abs_max;
	double frequency, frequency_square;
	double delay, delay_square;
};

struct report {
	const struct settings *settings;
	const struct port *ports;
	struct report_sums sums;
};

void report_init(struct report *report, const struct settings *settings, const struct port *ports);
void report_action(struct report *report, const struct bc_action *action);

/*
 * What the daemon itself counts for a port. X(identifier, name in logs). rx_refused_stale is the engine's
 * name for the same; here it is a transparent clock's, which has no engine.
 */
#define DAEMON_COUNTERS(X)                                                                                \
	X(RX_CHECKSUM, "rx_refused_udp_checksum")                                                         \
	X(RX_STALE_LINK, "rx_refused_stale_link") /* came from an interface that the port no longer is */ \
	X(RX_STALE, "rx_refused_stale")		  /* lay in the ring for more than a second */            \
	X(RX_LONG, "rx_refused_long")		  /* longer than any that is taken; sockets */            \
	X(RX_STAMP_RANGE,                                                                                 \
	  "rx_stamp_out_of_range")	      /* not of the last second, or the clock was set; sockets */ \
	X(RX_OVERFLOW, "rx_lost_socket_full") /* sockets */                                               \
	X(TX_STAMP_STALE, "tx_stamp_stale")   /* older than a second when it was read */                  \
	X(TX_UNREACHED, "tx_unreached")	      /* no link address is known for an IP address */            \
	X(TX_FAILED, "tx_failed")                                                                         \
	X(REATTACHED, "programs_reattached")

enum daemon_counter {
#define X(id, name) DAEMON_COUNTER_##id,
	DAEMON_COUNTERS(X)
#undef X
	DAEMON_COUNTER_MAX
};

struct daemon_counters {
	uint64_t value[DAEMON_COUNTER_MAX];
};

void report_list_add_bpf(struct counter_list *list, const struct ebc_counters *counters);
void report_list_add_engine(struct counter_list *list, const struct bc_port_counters *counters);
void report_list_add_daemon(struct counter_list *list, const struct daemon_counters *counters);
/* One log line: everything that was counted on a port and is not zero. */
void report_counters(const struct port *port, const struct counter_list *list, bool is_other_domains);
