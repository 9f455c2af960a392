/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine counts for each port: every message, and every refusal by its reason. */
#pragma once

#include <stdint.h>

/* Of unicast negotiation. X as below. */
#define BC_UNICAST_COUNTERS(X)                                                                        \
	X(UNICAST_DENIED_STATE, "unicast_denied_state") /* we are not master */                       \
	X(UNICAST_DENIED_SERVICE, "unicast_denied_service")                                           \
	X(UNICAST_DENIED_INTERVAL, "unicast_denied_interval")                                         \
	X(UNICAST_DENIED_RATE, "unicast_denied_rate")                                                 \
	X(UNICAST_DENIED_CLIENTS, "unicast_denied_clients")                                           \
	X(UNICAST_CANCELED, "unicast_canceled")		/* by the other side */                       \
	X(UNICAST_REFUSED, "unicast_refused")		/* our request, or a grant that is useless */ \
	X(UNICAST_IGNORED, "unicast_ignored")		/* malformed, or not asked for */             \
	X(UNICAST_SYNC_DELAYED, "unicast_sync_delayed") /* too many wait for their stamp */

/* X(identifier, name in logs) */
#define BC_COUNTERS(X)                                                                                       \
	X(RX_SYNC, "rx_sync")                                                                                \
	X(RX_FOLLOW_UP, "rx_follow_up")                                                                      \
	X(RX_DELAY_REQ, "rx_delay_req")                                                                      \
	X(RX_DELAY_RESP, "rx_delay_resp")                                                                    \
	X(RX_ANNOUNCE, "rx_announce")                                                                        \
	X(RX_PDELAY_REQ, "rx_pdelay_req")                                                                    \
	X(RX_PDELAY_RESP, "rx_pdelay_resp")                                                                  \
	X(RX_PDELAY_RESP_FOLLOW_UP, "rx_pdelay_resp_follow_up")                                              \
	X(RX_SIGNALING, "rx_signaling")                                                                      \
	X(RX_MANAGEMENT, "rx_management")                                                                    \
	X(TX_SYNC, "tx_sync")                                                                                \
	X(TX_FOLLOW_UP, "tx_follow_up")                                                                      \
	X(TX_DELAY_REQ, "tx_delay_req")                                                                      \
	X(TX_DELAY_RESP, "tx_delay_resp")                                                                    \
	X(TX_ANNOUNCE, "tx_announce")                                                                        \
	X(TX_PDELAY_REQ, "tx_pdelay_req")                                                                    \
	X(TX_PDELAY_RESP, "tx_pdelay_resp")                                                                  \
	X(TX_PDELAY_RESP_FOLLOW_UP, "tx_pdelay_resp_follow_up")                                              \
	X(TX_SIGNALING, "tx_signaling")                                                                      \
	X(TX_MANAGEMENT, "tx_management")                                                                    \
	X(UNICAST_GRANTED, "unicast_granted")                                                                \
	X(UNICAST_EXPIRED, "unicast_expired")                                                                \
	X(INTERVAL_REQUEST, "interval_request")                                                              \
	X(ANNOUNCE_TIMEOUT, "announce_receipt_timeout")                                                      \
	X(DELAY_RESP_TIMEOUT, "delay_resp_timeout")                                                          \
	X(SYNC_TIMEOUT, "sync_receipt_timeout")                                                              \
	X(QUALIFICATION_TIMEOUT, "qualification_timeout")                                                    \
	X(PATH_DELAY_JUMP, "path_delay_jump") /* alarms, see path_alarm.h */                                 \
	X(PATH_DELAY_DRIFT, "path_delay_drift")                                                              \
	X(RX_SHORT, "rx_refused_short")                                                                      \
	X(RX_LENGTH, "rx_refused_length")                                                                    \
	X(RX_VERSION, "rx_refused_version")                                                                  \
	X(RX_TYPE, "rx_refused_type")                                                                        \
	X(RX_TIMESTAMP, "rx_refused_timestamp") /* malformed, or no time a Follow_Up can name */             \
	X(RX_TLV, "rx_refused_tlv")                                                                          \
	X(RX_DOMAIN, "rx_ignored_domain")                                                                    \
	X(RX_SDO_ID, "rx_ignored_sdo_id")                                                                    \
	X(RX_TRANSPORT, "rx_ignored_transport")                                                              \
	X(RX_ALTERNATE_MASTER, "rx_ignored_alternate_master")                                                \
	X(RX_OWN_PORT, "rx_ignored_own_port")	      /* our own frame came back to its port */              \
	X(RX_OWN_CLOCK, "rx_own_clock")		      /* ... or to another port: two ports are looped */     \
	X(RX_NO_STAMP, "rx_refused_no_stamp")	      /* event without a receive stamp */                    \
	X(RX_STATE, "rx_ignored_state")		      /* not of interest in the port's state */              \
	X(RX_MECHANISM, "rx_ignored_delay_mechanism") /* of one that the port does not use */                \
	X(RX_NOT_CAPABLE, "rx_ignored_not_capable")   /* the neighbour does not speak 802.1AS */             \
	X(RX_NOT_PARENT, "rx_ignored_not_parent")                                                            \
	X(RX_NOT_TARGET, "rx_ignored_not_target")		/* Signaling for another clock */            \
	X(INTERVAL_REQUEST_LIMITED, "interval_request_limited") /* beyond its bounds */                      \
	X(RX_STALE, "rx_refused_stale")				/* lay in the ring for more than a second */ \
	X(RX_RATE, "rx_refused_rate") /* more than a sender, or newcomers together, may */                   \
	X(ANNOUNCE_NOT_ACCEPTABLE, "announce_refused_not_acceptable")                                        \
	X(ANNOUNCE_STEPS_REMOVED, "announce_refused_steps_removed")                                          \
	X(ANNOUNCE_OWN_IDENTITY, "announce_refused_own_identity") /* we did not send it */                   \
	X(ANNOUNCE_OWN_GRANDMASTER, "announce_refused_own_grandmaster")                                      \
	X(ANNOUNCE_PATH_LOOP, "announce_refused_path_loop")	/* its path trace has us */                  \
	X(ANNOUNCE_CLOCK_CLASS, "announce_refused_clock_class") /* beyond the threshold */                   \
	X(FOREIGN_MASTER_EVICTED, "foreign_master_evicted")                                                  \
	X(SYNC_REPLAYED, "sync_refused_replayed") /* sequenceId not after the last one */                    \
	X(SYNC_UNPAIRED, "sync_without_follow_up")                                                           \
	X(FOLLOW_UP_NO_INFO, "follow_up_without_information") /* of 802.1AS */                               \
	X(FOLLOW_UP_ORPHAN, "follow_up_without_sync")                                                        \
	X(SYNC_CORRECTION, "sync_refused_correction") /* correctionField out of range */                     \
	X(SYNC_JUMP, "sync_refused_jump")	      /* master's time is not where its rate leads */        \
	X(SYNC_STEP_GUARD, "sync_refused_step_guard") /* beyond step_guard_limit or budget */                \
	X(SYNC_OUTLIER, "sync_ignored_outlier")	      /* too far from where the servo expects it */          \
	X(SYNC_EPOCH, "sync_refused_epoch")	      /* nobody's time */                                    \
	X(ANNOUNCE_TIMESCALE, "announce_refused_timescale")                                                  \
	X(ANNOUNCE_UTC_OFFSET, "announce_utc_offset_refused")                                                \
	X(DELAY_RESP_UNMATCHED, "delay_resp_unmatched")                                                      \
	X(DELAY_REQ_DUPLICATE, "delay_req_duplicate") /* one answer a request */                             \
	X(DELAY_REFUSED, "delay_refused") /* correctionField or result out of range, or a jump */            \
	BC_UNICAST_COUNTERS(X)                                                                               \
	X(TX_STAMP_MISSING, "tx_stamp_missing")                                                              \
	X(TX_STAMP_UNMATCHED, "tx_stamp_unmatched")                                                          \
	X(MANAGEMENT_REFUSED, "management_refused")                                                          \
	X(MANAGEMENT_LIMITED, "management_tx_limited")                                                       \
	X(MANAGEMENT_LOST, "management_lost")                                                                \
	X(TX_ACTION_LOST, "tx_action_lost") /* queue of actions full */                                      \
	X(TIMER_LATE, "timer_late")	    /* woken more than a second late: stopped or suspended */

enum bc_counter {
#define X(id, name) BC_COUNTER_##id,
	BC_COUNTERS(X)
#undef X
	BC_COUNTER_MAX
};

struct bc_port_counters {
	uint64_t value[BC_COUNTER_MAX];
};

const char *bc_counter_name(enum bc_counter counter);
