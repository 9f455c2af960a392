/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's inside: data sets, ports, and what the files of this folder offer each other. */
#pragma once

#include "bc/engine/bmca.h"
#include "bc/engine/duplicates.h"
#include "bc/engine/engine.h"
#include "bc/engine/foreign.h"
#include "bc/engine/management.h"
#include "bc/engine/holdover.h"
#include "bc/engine/system.h"
#include "bc/engine/rate_limit.h"
#include "bc/engine/step_guard.h"
#include "bc/engine/trust.h"
#include "util/macros.h"

#define NEVER UINT64_MAX

#define BC_SYNC_PENDING	     32 /* Syncs of a port that wait for their transmit stamp */
#define BC_DELAY_REQ_PENDING 32
/* A transmit stamp, or a Delay_Resp, that has not come by then does not count any more. */
#define BC_PENDING_MAX_AGE_NS NSEC_PER_SEC
/* This many transmit stamps missing in a row make a port faulty. */
#define BC_TX_STAMP_FAULT 8
/* A larger correctionField, or a longer mean path delay, is nonsense. */
#define BC_CORRECTION_MAX_NS NSEC_PER_SEC
/* This many Syncs that agree on it make a jump of the master's time true. */
#define BC_JUMP_CONFIRM 4
/* This many in a row that do not agree with each other: it is our own clock that runs away. */
#define BC_JUMP_GIVE_UP 16
/* Jumps that jitter can make. */
#define BC_JUMP_SLACK_NS NSEC_PER_MSEC
/* However long the silence, no clock runs off so far unnoticed. */
#define BC_JUMP_RUN_OFF_MAX_NS (100.0 * NSEC_PER_MSEC)

/* What survives of the master's time properties when we take over: its time scale, not its traceability. */
#define BC_KEPT_TIME_FLAGS (PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID)

/* A Sync sent, of which the transmit stamp and then the Follow_Up are due. */
struct bc_sync_sent {
	bool is_waiting;
	uint16_t sequence_id;
	uint64_t sent_mono_ns;
};

/* A Delay_Req sent: its stamp and its answer come in either order. */
struct bc_delay_req_sent {
	bool is_waiting, has_stamp, has_answer;
	uint16_t sequence_id;
	uint64_t sent_mono_ns;
	uint64_t t3_mono_ns;
	int64_t t4_ptp_ns; /* receiveTimestamp less corrections */
};

/* What a slave port remembers of its master's Sync messages. */
struct bc_sync_rx {
	/* A two-step Sync without its Follow_Up, or the other way round. */
	bool has_sync, has_follow_up;
	struct bc_msg sync, follow_up;
	uint64_t sync_rx_mono_ns, follow_up_rx_mono_ns;
	bool has_interval;
	int8_t log_interval;
	/* The last pair that was used. */
	bool has_pair;
	uint16_t sequence_id;
	uint64_t t2_mono_ns;
	uint64_t first_t2_mono_ns; /* of this master */
	uint64_t t2_servo_ns;	   /* the same as the servo reckons */
	int64_t t1_ptp_ns; /* origin plus corrections: the master's time when it arrived, less the path delay
			    */
	/* The last Delay_Req that was answered. */
	bool has_back;
	uint64_t back_t3_mono_ns;
	int64_t back_t4_ptp_ns;
	uint64_t watched_mono_ns; /* t2 of the last Sync that gave the alarm a path delay */
	/* A jump of the master's time that awaits confirmation. */
	unsigned int n_jumps;
	unsigned int n_refused; /* in a row, agreeing or not */
	uint64_t jump_t2_mono_ns;
	int64_t jump_ns;
};

/* What a slave port asked of its master (802.1AS message interval request). */
struct bc_interval_request {
	unsigned int n_asked; /* in a row; 0: nothing is asked for */
	uint64_t asked_mono_ns;
	uint16_t sequence_id;
};

struct bc_peer_delay;

struct bc_port {
	struct bc_engine *engine;
	size_t index;
	struct bc_port_config config;
	struct ptp_port_identity identity;
	enum bc_port_state state;
	uint64_t state_since_mono_ns;
	struct bc_port_counters counters;
	struct bc_foreign_table foreign;
	struct bc_rate_limit *rate_limit; /* of the senders of general messages */
	struct bc_foreign_master *best;	  /* of the last decision; NULL: none */
	bool has_link;
	bool was_master;	     /* of a predecessor: is one as soon as the link is reported */
	uint64_t loop_until_mono_ns; /* a better port of ours is heard here */

	uint64_t announce_receipt_deadline, sync_receipt_deadline, qualification_deadline;
	uint64_t announce_sent_mono_ns;
	uint64_t announce_deadline, sync_deadline, delay_req_deadline, fault_deadline;
	uint16_t announce_sequence_id, sync_sequence_id, delay_req_sequence_id, signaling_sequence_id;

	bool is_one_step;     /* Syncs sent */
	bool omits_follow_up; /* the stamp that is being handled is of a Sync that told its time */
	int64_t one_step_allowance_ns;
	struct bc_sync_sent sync_sent[BC_SYNC_PENDING];
	struct bc_delay_req_sent delay_req_sent[BC_DELAY_REQ_PENDING];
	unsigned int n_stamps_missing;	  /* in a row */
	uint64_t unstamped_since_mono_ns; /* first event message sent since a stamp came; 0: none */
	unsigned int n_faults;		  /* in a row */
	struct bc_sync_rx sync_rx;
	struct bc_delay_filter *delay_filter;
	struct bc_port_description description;
	uint64_t management_empty_mono_ns;	  /* what it may send of management is used up until then */
	struct bc_unicast_server *unicast_server; /* NULL: none */
	struct bc_unicast_client *unicast_client; /* NULL: none */
	uint64_t delay_req_sent_mono_ns;
	bool asks_by_unicast; /* Delay_Req: to the address that the parent's last Sync came from */
	struct bc_address parent_address;
	int8_t log_delay_req_interval; /* the master's word, else the configured one */
	/* The configured ones, or what a neighbour asked for. */
	int8_t log_announce_interval, log_sync_interval;
	struct bc_interval_request interval_request;

	enum bc_delay_mechanism mechanism; /* in force: not AUTO */
	struct bc_peer_delay *peer_delay;  /* NULL: never used here */
	bool had_link_delay, had_several_responders, has_told_missing,
		has_told_mechanism; /* what was told of it */
	/* Auto: peer to peer as long as the neighbour answers, and not again for a while when it did not. */
	uint64_t auto_until_mono_ns, auto_barred_until_mono_ns;
	bool is_capable; /* asCapable */
	uint64_t n_pdelay_stamps_missing;
	unsigned int n_delay_unanswered; /* Delay_Req in a row */
	struct bc_duplicates duplicates; /* Delay_Req of others */
	uint64_t n_link_delays;		 /* of those measured, taken by the alarm */
	struct bc_path_alarm path_alarm;
};

/* What those behind us are told in Announce; compared octet by octet. */
struct bc_news {
	uint8_t identity[PTP_CLOCK_IDENTITY_LEN];
	uint8_t clock_class, clock_accuracy;
	uint16_t offset_scaled_log_variance;
	uint8_t priority1, priority2;
	uint16_t steps_removed;
	int16_t utc_offset_s;
	uint16_t time_flags;
	uint8_t time_source;
};

struct bc_engine {
	struct bc_engine_config config; /* its ports pointer is not used */
	struct bc_local_clock clock;
	uint64_t random;
	uint64_t last_input_mono_ns;
	bool is_decision_due;
	uint64_t decision_deadline, last_decision_mono_ns;

	/* parentDS, currentDS, timePropertiesDS */
	struct bc_status status;
	struct bc_port *slave; /* NULL: we are the grandmaster, or not decided yet */
	struct bc_servo *servo;
	bool has_locked;	     /* the servo, since the start: our clock is worth being compared with */
	uint64_t near_since_mono_ns; /* the offset has been small on end since then; NEVER: it is not */
	uint64_t last_sync_mono_ns;  /* when the last Sync that was used came, of any master */
	double mono_rate_ppb;	     /* how much faster than at the start the monotonic clock is run */
	bool has_followed;	     /* some master, since the start: our time scale is its */
	uint64_t n_path_delays;	     /* measured since this master was chosen; 0: no offset can be told */
	bool is_delay_assumed;	     /* it is initial_delay_ns, not measured */
	unsigned int n_to_skip;	     /* Syncs after a step, step_window */
	struct bc_system system;
	struct bc_local_clock unsteered; /* of a system clock: monotonic time as it would run by itself */
	struct bc_management_state management;
	/* Masters on probation, steps, and what we are without a master: succession.c. */
	struct bc_trust trust;
	struct bc_step_guard step_guard;
	struct bc_holdover holdover;
	struct {
		struct bc_port *port; /* NULL: nobody is followed, or he is lost */
		struct ptp_port_identity parent;
		struct ptp_announce announce; /* as it was then */
	} chosen;
	struct bc_news news;
	uint64_t inherited_until_mono_ns; /* a predecessor's master counts though its port has not begun */
	struct bc_dataset *erbest;	  /* room for the decision, a data set a port */

	uint32_t n_unicast_clients; /* of ours, on all ports */

	struct bc_action *actions; /* ring */
	size_t n_actions, first_action, max_actions;

	size_t n_ports;
	struct bc_port ports[];
};

static inline void bc_count(struct bc_port *port, enum bc_counter counter)
{
	port->counters.value[counter]++;
}

/* 2^log seconds in ns; log is clamped to what a timer here may be: 1/128 s to 9 hours. */
static inline uint64_t bc_interval_ns(int log)
{
	log = CLAMP(log, -7, 15);
	return log < 0 ? (uint64_t)NSEC_PER_SEC >> -log : (uint64_t)NSEC_PER_SEC << log;
}

/* engine.c */
struct bc_action *bc_action_push(struct bc_engine *engine, enum bc_action_type type, size_t port);
uint64_t bc_random(struct bc_engine *engine, uint64_t below);

/* port.c: states, and the timers that belong to them */
void bc_port_event(struct bc_port *port, enum bc_event event, bool is_new_master, uint64_t now_mono_ns);
/* What was lost or is over; then, when the decision has drawn its consequences, what is to be sent. */
void bc_port_timer_watch(struct bc_port *port, uint64_t now_mono_ns);
void bc_port_timer_send(struct bc_port *port, uint64_t now_mono_ns);
void bc_port_arm_announce_receipt(struct bc_port *port, uint64_t now_mono_ns);
void bc_port_stamp_came(struct bc_port *port);
void bc_port_stamp_missing(struct bc_port *port, uint64_t now_mono_ns);
uint64_t bc_port_next_deadline(const struct bc_port *port);
/* The clock's time stood still from `from_mono_ns` on for `by_ns`. */
void bc_port_shift(struct bc_port *port, uint64_t from_mono_ns, uint64_t by_ns);
bool bc_port_is_active(const struct bc_port *port);

/* transmit.c: every message that we compose */
void bc_message_init(const struct bc_port *port, uint8_t type, struct bc_msg *ret_msg);
/* Queues it for one address, or NULL: multicast. False: no room. */
bool bc_message_queue(struct bc_port *port, const struct bc_msg *msg, const struct bc_address *to);
void bc_send_announce(struct bc_port *port, uint64_t now_mono_ns);
void bc_send_sync(struct bc_port *port, uint64_t now_mono_ns);
/* The same for one address, or NULL: multicast. Who waits for the Sync's stamp is the caller's business. */
void bc_send_announce_to(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
			 uint64_t now_mono_ns);
bool bc_send_sync_to(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
		     uint64_t now_mono_ns);
void bc_send_follow_up(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
		       uint64_t stamp_mono_ns);
void bc_send_delay_req(struct bc_port *port, uint64_t now_mono_ns);
void bc_send_delay_resp(struct bc_port *port, const struct bc_msg *request, const struct bc_rx *rx);
/* A message is given up before its stamp came, to make room. */
void bc_stamp_give_up(struct bc_port *port, uint64_t now_mono_ns);
void bc_expire_stamps(struct bc_port *port, uint64_t now_mono_ns);
uint64_t bc_next_stamp_expiry(const struct bc_port *port);

/* unicast.c: negotiation, by Signaling messages */
void bc_unicast_signaling(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			  uint64_t now_mono_ns);

/* slave.c: following */
void bc_slave_sync(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		   uint64_t now_mono_ns);
void bc_slave_follow_up(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns);
/* It is time for a Delay_Req, unless too many were not answered. */
void bc_slave_ask(struct bc_port *port, uint64_t now_mono_ns);
void bc_slave_delay_resp(struct bc_port *port, const struct bc_msg *msg);
void bc_slave_delay_req_stamp(struct bc_port *port, struct bc_delay_req_sent *sent);
void bc_slave_reset(struct bc_port *port, uint64_t now_mono_ns);
/* No master any more, or another one: the phase error that the servo was removing is forgotten, and the
 * clock runs at the frequency alone. */
void bc_slave_hold_frequency(struct bc_engine *engine, uint64_t now_mono_ns);
void bc_slave_mono_rate(struct bc_engine *engine, double rate_ppb, uint64_t now_mono_ns);

/* role.c: what a port may be, and roles that are fixed instead of found */
enum bc_port_state bc_role_next_state(const struct bc_port *port, enum bc_event event, bool is_new_master);
/* Neither MASTER nor GRAND_MASTER, as things are. */
bool bc_role_is_client(const struct bc_port *port);
/* A port that follows whoever sends Sync. */
bool bc_role_is_fixed_client(const struct bc_port *port);
/* A Sync came to a port that needs no Announce: its sender is a master. */
void bc_role_sync_heard(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns);

/* link_delay.c: the delay mechanism in force, peer delay, asCapable */
int bc_link_delay_init(struct bc_port *port);
void bc_link_delay_free(struct bc_port *port);
/* What a predecessor knows of the same link. */
void bc_link_delay_inherit(struct bc_port *port, const struct bc_port *old);
/* What the path takes where that is not measured end to end, in PTP time. False: E2E, or not known. */
bool bc_link_delay_get(const struct bc_port *port, int64_t *ret_ptp_ns);
/* A message of the mechanism that is not in force is counted, and told once. */
void bc_link_delay_wrong_mechanism(struct bc_port *port, const struct bc_msg *msg);
void bc_link_delay_handle_rx(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			     uint64_t now_mono_ns);
/* stamp_mono_ns as taken, without egress latency. False: nobody waits for it. */
bool bc_link_delay_handle_tx_stamp(struct bc_port *port, uint8_t message_type, uint16_t sequence_id,
				   uint64_t stamp_mono_ns);
void bc_link_delay_handle_timer(struct bc_port *port, uint64_t now_mono_ns);
/* The port's state is another one. */
void bc_link_delay_port_changed(struct bc_port *port, uint64_t now_mono_ns);
uint64_t bc_link_delay_next_deadline(const struct bc_port *port);
/* Whether 802.1AS, where it is asked for, allows Announce and Sync with this neighbour. False: counted. */
bool bc_link_delay_admits(struct bc_port *port, const struct bc_msg *msg);
/* One measurement of the path, of either mechanism. */
void bc_link_delay_watch(struct bc_port *port, int64_t delay_ns, uint64_t mono_ns);
/* Between Pdelay_Req messages, log2 seconds, clamped to -7..15. */
void bc_link_delay_set_interval(struct bc_port *port, int8_t log_interval);

/* inherit.c: what goes on from a predecessor */
/* The port that follows has not begun yet: nothing is to be decided without it. */
bool bc_inherit_waits(const struct bc_engine *engine, uint64_t now_mono_ns);
/* The link of a port that has just begun is up. */
void bc_inherit_resume(struct bc_port *port, uint64_t now_mono_ns);

/* decision.c: whom to follow */
void bc_decision_announce(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns);
void bc_decision_run(struct bc_engine *engine, uint64_t now_mono_ns);
/* Nothing but a log line: why a master was not considered. */
void bc_decision_tell_refused(struct bc_port *port, const struct bc_msg *msg, enum bc_counter reason);
/* A master was lost: the next decision must not wait. */
void bc_decision_force(struct bc_engine *engine);
void bc_decision_set_self(struct bc_engine *engine);
