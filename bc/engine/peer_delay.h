/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The peer delay mechanism of one port (IEEE 1588-2019 11.4): asks the neighbour and answers it, in two
 * steps; understands one- and two-step neighbours. Without I/O, clock or allocation after
 * bc_peer_delay_new(), as the engine. Its time stamps are CLOCK_MONOTONIC nanoseconds on the wire too:
 * only their differences count.
 */
#pragma once

#include "bc/engine/engine.h"

struct bc_peer_delay;

struct bc_peer_delay_config {
	struct ptp_port_identity identity;
	uint16_t sdo_id;
	uint8_t domain_number; /* of our requests; requests of every domain are answered in their own */
	uint8_t minor_version;
	enum ebc_transport transport;	    /* of our requests; others' messages over another are ignored */
	int8_t log_min_pdelay_req_interval; /* clamped to -7..15 */
	int64_t ingress_latency_ns, egress_latency_ns, delay_asymmetry_ns; /* of 32 bits */
	unsigned int stamping;		       /* a delay that was measured by other stamps is another one */
	int64_t neighbor_prop_delay_thresh_ns; /* a neighbour farther away is not capable */
	int64_t min_neighbor_prop_delay_ns;
	unsigned int allowed_lost_responses; /* in a row; with one more the delay is not valid */
	enum bc_delay_filter_type delay_filter;
	unsigned int delay_filter_length;
	bool is_silent; /* answers, but does not ask */
	uint64_t seed;
};

/* X(identifier, name in logs) */
#define BC_PEER_DELAY_COUNTERS(X)                                                                    \
	X(TX_REQ, "tx_pdelay_req")                                                                   \
	X(TX_RESP, "tx_pdelay_resp")                                                                 \
	X(TX_RESP_FOLLOW_UP, "tx_pdelay_resp_follow_up")                                             \
	X(RX_REQ, "rx_pdelay_req")                                                                   \
	X(RX_RESP, "rx_pdelay_resp")                                                                 \
	X(RX_RESP_FOLLOW_UP, "rx_pdelay_resp_follow_up")                                             \
	X(REFUSED, "pdelay_refused")		 /* malformed */                                     \
	X(OUT_OF_RANGE, "pdelay_out_of_range")	 /* nonsense, or a delay beyond thresholds */        \
	X(IGNORED, "pdelay_ignored")		 /* other transport, sdoId, domain, or not to us */  \
	X(OWN, "pdelay_ignored_own")		 /* our own message came back */                     \
	X(NO_LINK, "pdelay_ignored_no_link")	 /* while the link counts as down */                 \
	X(NO_STAMP, "pdelay_no_rx_stamp")	 /* event without a receive stamp */                 \
	X(STALE, "pdelay_stale")		 /* lay in the ring for more than a second */        \
	X(DUPLICATE, "pdelay_request_duplicate") /* one answer a request */                          \
	X(UNMATCHED, "pdelay_unmatched")	 /* not an answer that our last request waits for */ \
	X(LOST, "pdelay_response_lost")		 /* no answer, or half of one */                     \
	X(SEVERAL_RESPONDERS,                                                                        \
	  "pdelay_several_responders") /* more than one neighbour answers: no measurement */         \
	X(STAMP_MISSING, "pdelay_tx_stamp_missing")                                                  \
	X(STAMP_UNMATCHED, "pdelay_tx_stamp_unmatched") /* nobody waits for it */                    \
	X(EVICTED, "pdelay_request_evicted")		/* too many requests wait for a stamp */     \
	X(ACTION_LOST, "pdelay_tx_action_lost")		/* too many actions that nobody takes */

enum bc_peer_delay_counter {
#define X(id, name) BC_PEER_DELAY_COUNTER_##id,
	BC_PEER_DELAY_COUNTERS(X)
#undef X
	BC_PEER_DELAY_COUNTER_MAX
};

const char *bc_peer_delay_counter_name(enum bc_peer_delay_counter counter);

/* 0, -EINVAL or -ENOMEM. The link counts as down until handle_link, and while it does nothing is known. */
int bc_peer_delay_new(const struct bc_peer_delay_config *config, struct bc_peer_delay **ret_peer_delay);
/* Accepts NULL. */
void bc_peer_delay_free(struct bc_peer_delay *peer_delay);

/* What `old` measured of the same link holds on, and its sequence numbers go on; before the link is reported,
 * whose state was up then. Of another transport, or by other stamps, corrections or another filter, it says
 * nothing. */
void bc_peer_delay_inherit(struct bc_peer_delay *peer_delay, const struct bc_peer_delay *old);

void bc_peer_delay_handle_rx(struct bc_peer_delay *peer_delay, const struct bc_rx *rx, uint64_t now_mono_ns);
void bc_peer_delay_handle_tx_stamp(struct bc_peer_delay *peer_delay, uint8_t message_type,
				   uint16_t sequence_id, uint64_t stamp_mono_ns, uint64_t now_mono_ns);
void bc_peer_delay_handle_timer(struct bc_peer_delay *peer_delay, uint64_t now_mono_ns);
void bc_peer_delay_handle_link(struct bc_peer_delay *peer_delay, enum bc_link_state state,
			       uint64_t now_mono_ns);
/* Settings that hold from now on; those of 32 bits. */
void bc_peer_delay_set_corrections(struct bc_peer_delay *peer_delay, int64_t ingress_latency_ns,
				   int64_t egress_latency_ns, int64_t delay_asymmetry_ns);
void bc_peer_delay_set_threshold(struct bc_peer_delay *peer_delay, int64_t neighbor_prop_delay_thresh_ns);
/* Of the requests from the next one on; clamped to -7..15. */
void bc_peer_delay_set_interval(struct bc_peer_delay *peer_delay, int8_t log_interval);
/* UINT64_MAX: never. */
uint64_t bc_peer_delay_next_deadline_mono_ns(const struct bc_peer_delay *peer_delay);
/* Only BC_ACTION_SEND; `port` of the action is the port number less one. */
bool bc_peer_delay_pop_action(struct bc_peer_delay *peer_delay, struct bc_action *ret_action);

struct bc_peer_delay_status {
	bool is_valid;	 /* measured, within the thresholds, and not too many responses lost since */
	bool is_missing; /* it should be valid by now: responses are lost, or the delay is beyond the
			    thresholds */
	bool has_several_responders; /* until a few requests in a row got one answer */
	int64_t mean_link_delay_ns;  /* filtered, in CLOCK_MONOTONIC's ns; without delay_asymmetry_ns */
	struct ptp_port_identity neighbor;
	double neighbor_rate_offset; /* neighbour's rate over CLOCK_MONOTONIC's, less 1; 0 until known */
	bool has_neighbor_rate;	     /* it is known of this neighbour */
	bool is_within_thresholds;   /* the delay, however old it is */
	uint64_t n_measured;	     /* since the link came up */
	int64_t last_delay_ns;	     /* as measured, before the filter */
	uint64_t last_mono_ns;	     /* when the answer that was measured came */
};

void bc_peer_delay_status(const struct bc_peer_delay *peer_delay, struct bc_peer_delay_status *ret_status);
uint64_t bc_peer_delay_count(const struct bc_peer_delay *peer_delay, enum bc_peer_delay_counter counter);
