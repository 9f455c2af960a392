/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boundary clock as a machine without I/O: frames, time stamps, link changes and the time come in
 * through handle functions; what is to be done comes out as actions. No clock, no socket, no
 * allocation after bc_engine_new(), no callbacks; the same input gives the same output.
 *
 * Call pattern: any bc_engine_handle_*(), then bc_engine_pop_action() until it returns false, then
 * sleep until bc_engine_next_deadline_mono_ns() or the next input.
 *
 * All times called *_mono_ns are on one monotonic scale that the caller chooses (CLOCK_MONOTONIC in
 * the daemon, virtual time in simulations). PTP time is the engine's own affine function of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/engine/counters.h"
#include "bc/engine/holdover.h"
#include "bc/engine/leap.h"
#include "bc/engine/local_clock.h"
#include "bc/engine/names.h"
#include "bc/engine/path_alarm.h"
#include "bc/engine/power_profile.h"
#include "bc/engine/step_guard.h"
#include "bc/engine/unicast.h"
#include "bc/servo/servo.h"
#include "bc/wire/encap.h"
#include "bc/wire/msg.h"

#define BC_MAX_PORTS		  EBC_MAX_PORTS
#define BC_ACCEPTABLE_MASTERS_MAX 32

struct bc_engine;

/* What management tells of the clock. The texts are borrowed and outlive the engine; NULL: empty. */
struct bc_clock_description {
	uint8_t manufacturer_identity[3];
	const char *product;  /* manufacturer;model;instance, at most 64 octets */
	const char *revision; /* hardware;firmware;software, at most 32 */
	const char *user;     /* name;location, at most 128 */
};

enum bc_tsproc_mode {
	BC_TSPROC_FILTER,
	BC_TSPROC_RAW,
	BC_TSPROC_FILTER_WEIGHT,
	BC_TSPROC_RAW_WEIGHT,
};

enum bc_delay_mechanism {
	BC_DELAY_E2E,  /* Delay_Req to the master */
	BC_DELAY_P2P,  /* Pdelay_Req to the neighbour, whoever is master */
	BC_DELAY_AUTO, /* E2E until a neighbour asks for its peer delay, then P2P until the link goes down */
	BC_DELAY_NONE, /* not measured: initial_delay_ns */
};

struct bc_port_config {
	enum ebc_transport transport; /* frames of another one are counted and ignored */
	int8_t log_announce_interval;
	int8_t log_sync_interval;
	int8_t log_min_delay_req_interval;
	uint8_t announce_receipt_timeout;
	uint8_t sync_receipt_timeout; /* 0: none */
	bool client_only;
	bool server_only;
	/* No best master clock algorithm (BMCA noop): a server_only port is MASTER at once, a client_only one
	 * follows the first whose Sync it hears. */
	bool is_role_fixed;
	uint8_t local_priority; /* telecom */
	bool is_path_traced;
	struct bc_power_profile power_profile; /* version NONE: no TLV */
	bool inhibit_announce;
	bool inhibit_delay_req;
	/* What a neighbour's interval request (802.1AS) may bring about, beside the intervals above, log2
	 * seconds. */
	int8_t interval_request_min, interval_request_max;
	bool interval_request_may_stop;
	bool requests_intervals; /* asks its master for oper_log_sync_interval once the servo is stable */
	int8_t oper_log_sync_interval, oper_log_pdelay_req_interval; /* the second one for itself */
	bool hybrid_e2e;					     /* Delay_Req by unicast */
	bool inhibit_multicast_service;				     /* no multicast Announce and Sync */
	struct bc_unicast_limits unicast_limits;
	const struct bc_unicast_table *unicast_table; /* copied; NULL: nobody is asked */
	uint32_t unicast_req_duration_s;
	bool ignore_source_id;
	int64_t delay_asymmetry_ns;	  /* master-to-slave minus mean path delay */
	int64_t ingress_latency_ns;	  /* subtracted from receive stamps */
	int64_t egress_latency_ns;	  /* added to transmit stamps */
	unsigned int stamping;		  /* how stamps are taken, in the caller's words; see peer_delay.h */
	uint64_t fault_reset_interval_ns; /* doubled with each fault in a row, up to 16 times it */
	enum bc_delay_filter_type delay_filter;
	unsigned int delay_filter_length;
	enum bc_delay_mechanism delay_mechanism;
	int64_t initial_delay_ns; /* path delay until one was measured; 0: nothing is told until then */
	/* Peer delay, see peer_delay.h. */
	int8_t log_min_pdelay_req_interval;
	int64_t neighbor_prop_delay_thresh_ns, min_neighbor_prop_delay_ns;
	unsigned int allowed_lost_responses;
	/* IEEE 802.1AS: Follow_Up messages carry its TLV, and must; and only with a neighbour that has shown
	 * by peer delay that it is one hop away and speaks 802.1AS, unless is_always_capable. */
	bool follow_up_info;
	bool is_always_capable;
	enum bc_tsproc_mode tsproc_mode;
	/* The random part of the interval between Delay_Req, of its mean: 1: from 0 to twice it; 0: none. */
	double delay_request_variability;
	unsigned int delay_response_timeout; /* Delay_Req unanswered in a row that end being SLAVE; 0: any */
	uint8_t profile_identity[6];	     /* for management */
	/* Of whom Announce is accepted, by the sender's clock identity; none: of anyone. */
	uint8_t acceptable_masters[BC_ACCEPTABLE_MASTERS_MAX][PTP_CLOCK_IDENTITY_LEN];
	size_t n_acceptable_masters;
};

/* What is made of masters that do not tell TAI, and of times that nobody can mean (option
 * arbitrary_timescale). */
enum bc_arbitrary_timescale {
	BC_ARBITRARY_ACCEPT = 0, /* everything is followed */
	BC_ARBITRARY_PLAUSIBLE,	 /* times of this and the next century */
	BC_ARBITRARY_REFUSE,	 /* ... of masters with PTP_FLAG_PTP_TIMESCALE */
};

struct bc_engine_config {
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	uint16_t sdo_id;
	uint8_t domain_number;
	uint8_t minor_version;
	uint8_t priority1;
	uint8_t priority2;
	struct ptp_clock_quality clock_quality;
	bool client_only;
	bool never_grandmaster;	       /* gmCapable 0: serves others only while it follows somebody */
	bool is_telecom;	       /* data sets are compared as in G.8275.1 and G.8275.2 */
	uint8_t local_priority;	       /* telecom */
	uint8_t clock_class_threshold; /* masters of a greater clockClass are not followed; 0: any */
	bool free_running;
	bool assume_two_step;
	uint16_t max_steps_removed; /* Announce with this many or more is refused */
	/* timePropertiesDS while we are the grandmaster */
	int16_t utc_offset_s;
	uint16_t time_flags; /* PTP_FLAG_PTP_TIMESCALE, ... */
	uint8_t time_source;
	uint32_t foreign_master_limit; /* records a port, at least 4 */
	uint32_t max_unicast_clients;  /* of all ports together */
	/* Messages a second of one sender that are looked at; 0: any. */
	uint32_t announce_rate_limit, signaling_rate_limit, management_rate_limit;
	double sanity_freq_limit_ppb; /* 0: no check */
	struct bc_holdover_config holdover;
	struct bc_step_guard_config step_guard;
	struct bc_servo_config servo;
	struct bc_clock_description description;
	bool monitors_slave_events;   /* each measurement comes as BC_ACTION_SLAVE_EVENT */
	double initial_frequency_ppb; /* the correction that is in force at the start, in the servo's sign */
	unsigned int step_window;     /* Syncs that are not used after a step */
	enum bc_arbitrary_timescale arbitrary_timescale;
	/*
	 * The clock that follows is the system's: monotonic time itself is run at the frequency of
	 * BC_ACTION_CLOCK, and PTP time is monotonic time plus a constant, CLOCK_REALTIME less
	 * CLOCK_MONOTONIC plus the UTC offset. Else a virtual one, whose rate the engine keeps.
	 */
	bool is_system_clock;
	bool is_leap_by_kernel; /* the kernel inserts leap seconds when told; handle_clock_step() tells of it
				 */
	uint64_t seed;		/* of the random spread of Delay_Req and of announce timeouts */
	size_t n_ports;
	const struct bc_port_config *ports; /* copied */
};

/* PTP time at `now_mono_ns` is `ptp_ns`, and runs on with config->initial_frequency_ppb. 0, -EINVAL or
 * -ENOMEM. */
int bc_engine_new(const struct bc_engine_config *config, uint64_t now_mono_ns, int64_t ptp_ns,
		  struct bc_engine **ret_engine);
/* Accepts NULL. */
void bc_engine_free(struct bc_engine *engine);

/* For a successor's initial_frequency_ppb: the best that is known, without what removes phase. */
double bc_engine_held_frequency_ppb(const struct bc_engine *engine);
/*
 * Makes a new engine, before any input, the successor of `old`, which is only read: another configuration of
 * the same clock. If that has the same identity and domain, what it knows of masters, of UTC, of holdover and
 * of subscribers goes on, so do the sequence numbers of its ports, peer delay and unicast grants, and once a
 * port's link is reported up, its role. old_ports[i] is the index in `old` of port i, SIZE_MAX: none. Time
 * and frequency are the caller's business, see bc_engine_new().
 */
void bc_engine_inherit(struct bc_engine *engine, const struct bc_engine *old, const size_t *old_ports,
		       uint64_t now_mono_ns);

/* A received PTP message. */
struct bc_rx {
	const uint8_t *message;
	size_t len;
	bool has_stamp;
	uint64_t stamp_mono_ns; /* event messages */
	enum ebc_transport transport;
	struct bc_address source; /* for unicast replies */
};

enum bc_link_state {
	BC_LINK_UP,
	BC_LINK_DOWN, /* no carrier, interface gone, programs not attached: the port is FAULTY until UP */
};

/* Ports count from 0 here; portNumber on the wire is one more. */
void bc_engine_handle_rx(struct bc_engine *engine, size_t port, const struct bc_rx *rx, uint64_t now_mono_ns);
/* An event message left at stamp_mono_ns. A stamp that nobody waits for is counted. */
void bc_engine_handle_tx_stamp(struct bc_engine *engine, size_t port, uint8_t message_type,
			       uint16_t sequence_id, uint64_t stamp_mono_ns);
/* Time has passed. */
void bc_engine_handle_timer(struct bc_engine *engine, uint64_t now_mono_ns);
void bc_engine_handle_link(struct bc_engine *engine, size_t port, enum bc_link_state state,
			   uint64_t now_mono_ns);

/*
 * The monotonic clock is run faster by `rate_ppb` than when the engine was made, since somebody slews the
 * system's clock: PTP time is not to follow that.
 */
void bc_engine_handle_mono_rate(struct bc_engine *engine, double rate_ppb, uint64_t now_mono_ns);

/*
 * How Sync messages leave a port from now on; two-step until told otherwise. One-step ones have a twoStepFlag
 * of 0, the time at which they were composed in originTimestamp, and `allowance_ns` plus egressLatency, as
 * what will pass from the caller's stamp to the wire, in correctionField: whoever writes the true time of
 * departure (bpf/one_step.bpf.h) adds that.
 */
void bc_engine_set_one_step(struct bc_engine *engine, size_t port, bool is_one_step, int64_t allowance_ns);
/* As bc_engine_handle_tx_stamp(), of a Sync that told its time itself: no Follow_Up is due. */
void bc_engine_handle_one_step_left(struct bc_engine *engine, size_t port, uint16_t sequence_id,
				    uint64_t stamp_mono_ns);

/* What management tells of a port: as it is now. */
struct bc_port_description {
	char interface_name[16];
	struct bc_address address;
};

void bc_engine_describe_port(struct bc_engine *engine, size_t port,
			     const struct bc_port_description *description);

/* Who sends requests over a socket: an address that the engine only hands back. */
#define BC_MANAGEMENT_ADDRESS_MAX 110
struct bc_management_client {
	bool is_read_only;
	uint8_t len;
	uint8_t address[BC_MANAGEMENT_ADDRESS_MAX];
};

/* A management message from a socket; replies are BC_ACTION_MANAGEMENT. What is malformed, or of another
 * domain, is ignored. */
void bc_engine_handle_management(struct bc_engine *engine, const struct bc_management_client *client,
				 const uint8_t *message, size_t len, uint64_t now_mono_ns);
/* What was sent to it cannot be delivered: it gets nothing more unasked. */
void bc_engine_forget_management_client(struct bc_engine *engine, const struct bc_management_client *client);
/*
 * Somebody set CLOCK_REALTIME, the caller excepted, by step_ns; the kernel does so for a leap second. Of
 * interest where it is the clock that follows: then it is to be set back (BC_ACTION_UTC), or, as long as no
 * master's Sync moved it and the system's time is what we serve, PTP time goes along.
 */
void bc_engine_handle_clock_step(struct bc_engine *engine, int64_t step_ns, uint64_t now_mono_ns);
/* What the leap second file says of the present time; whenever that changes. */
void bc_engine_handle_leap_info(struct bc_engine *engine, const struct bc_leap_info *info,
				uint64_t now_mono_ns);

/* When handle_timer wants to be called next; UINT64_MAX: never. */
uint64_t bc_engine_next_deadline_mono_ns(const struct bc_engine *engine);

enum bc_utc_event {
	BC_UTC_EVENT_KNOWN,	/* at the start, and when a master or the file confirms it */
	BC_UTC_EVENT_OURS,	/* nothing new, but the system's clock is ours from now on */
	BC_UTC_EVENT_OFFSET,	/* the offset is another one */
	BC_UTC_EVENT_SCALE,	/* the time scale is */
	BC_UTC_EVENT_REFUSED,	/* an offset was not believed */
	BC_UTC_EVENT_LEAP,	/* a leap second is due at the end of the day, or no longer */
	BC_UTC_EVENT_LEAPT,	/* it took place */
	BC_UTC_EVENT_SET_BACK,	/* somebody set the system's clock: it is set right */
	BC_UTC_EVENT_SET_AGAIN, /* ... and again: later */
};

enum bc_action_type {
	BC_ACTION_SEND,		    /* a message on a port */
	BC_ACTION_PORT_STATE,	    /* a port changed its state */
	BC_ACTION_BEST_MASTER,	    /* the grandmaster is another one */
	BC_ACTION_FOREIGN_MASTER,   /* first Announce of a master on a port */
	BC_ACTION_SYNC,		    /* an offset was measured, the servo ran */
	BC_ACTION_DELAY,	    /* a Delay_Req was stamped and answered */
	BC_ACTION_CLOCK,	    /* PTP time is another function of monotonic time from now on */
	BC_ACTION_MASTER_STEP,	    /* the master's time jumped: first refused, then accepted */
	BC_ACTION_LOOP,		    /* a port hears another port of this clock */
	BC_ACTION_ANNOUNCE_REFUSED, /* a master was not considered, for a reason worth telling */
	BC_ACTION_HOLDOVER,	 /* no master any more, another clockClass without one, or a master again */
	BC_ACTION_STEP_GUARD,	 /* a master wants to move the clock further than is allowed */
	BC_ACTION_MASTER_BARRED, /* a master is not chosen again for a while */
	BC_ACTION_LINK_NOTE,	 /* peer delay has something to say */
	BC_ACTION_UNICAST,	 /* a master of a table granted, denied, canceled, or is silent */
	BC_ACTION_UTC,		 /* UTC against PTP time; the system's clock is to be stepped */
	BC_ACTION_EPOCH_REFUSED, /* a master is not followed for its epoch */
	BC_ACTION_PATH_ALARM,	 /* a path's delay jumped, or drifts */
	BC_ACTION_FAULT,	 /* a port became faulty for want of transmit stamps */
	BC_ACTION_MANAGEMENT,	 /* a management message for a client of a socket */
	BC_ACTION_SLAVE_EVENT,	 /* a Signaling message for slave_event_monitor */
};

enum bc_holdover_event {
	BC_HOLDOVER_ENTERED,
	BC_HOLDOVER_DEGRADED,
	BC_HOLDOVER_LEFT,
};

enum bc_link_note {
	BC_LINK_PEER_FOUND,  /* an AUTO port is P2P from now on */
	BC_LINK_PEER_LOST,   /* ... and not any more: nobody answers */
	BC_LINK_DELAY_KNOWN, /* measured, and within the thresholds */
	BC_LINK_DELAY_LOST,  /* no answers any more, or beyond the thresholds; the last good one is kept */
	BC_LINK_DELAY_NONE,  /* no answer since the link came up, to more requests than may be lost */
	BC_LINK_SEVERAL_RESPONDERS, /* which one is at the other end cannot be told: none is measured */
	BC_LINK_CAPABLE,	    /* asCapable, where 802.1AS asks for it */
	BC_LINK_NOT_CAPABLE,
	BC_LINK_DELAY_REQ_ON_P2P, /* once until the link goes down */
	BC_LINK_PDELAY_ON_E2E,	  /* the same */
};

struct bc_action {
	enum bc_action_type type;
	size_t port;
	union {
		struct {
			bool is_event; /* a transmit stamp is expected */
			bool is_unicast;
			struct bc_address destination; /* when unicast */
			uint8_t message_type;
			uint16_t sequence_id;
			uint16_t len;
			uint8_t message[BC_MSG_TX_MAX];
		} send;
		struct {
			enum bc_port_state old_state, new_state;
			enum bc_event event;
		} port_state;
		struct {
			uint8_t grandmaster_identity[PTP_CLOCK_IDENTITY_LEN];
			uint8_t old_identity[PTP_CLOCK_IDENTITY_LEN];
			bool is_self;
		} best_master;
		struct {
			struct ptp_port_identity identity;
		} foreign_master;
		struct {
			int64_t offset_ns;
			double frequency_ppb; /* ptp4l's sign: how much slower the clock is run */
			int64_t path_delay_ns;
			enum bc_servo_state servo_state;
			int8_t log_interval; /* the master's, of Sync */
			int64_t origin_ptp_ns;
			uint64_t rx_mono_ns;
		} sync;
		struct {
			uint64_t t3_mono_ns; /* departure */
			int64_t t4_ptp_ns;   /* the master's receiveTimestamp less corrections */
		} delay;
		struct {
			int64_t step_ns; /* 0: only the rate changed */
			double frequency_ppb;
		} clock;
		struct {
			enum bc_utc_event event;
			int16_t utc_offset_s; /* PTP time less UTC; 0: arbitrary time scale */
			int8_t leap;	      /* to come at the end of this UTC day */
			bool is_trusted; /* told by a traceable master or the file, not only configured */
			bool is_ours;	 /* the kernel is to be told */
			int64_t system_step_ns; /* by which to step CLOCK_REALTIME; PTP time is what it was */
		} utc;
		struct {
			int64_t ptp_ns; /* what it says the time is */
		} epoch_refused;
		struct {
			uint16_t port_number; /* the one that is heard */
		} loop;
		struct {
			enum bc_link_note note;
			int64_t delay_ns; /* KNOWN, LOST */
		} link_note;
		struct {
			enum bc_path_event event;
			int64_t delay_ns; /* the last one measured */
			double change_ns; /* by the jump, or in a second */
		} path_alarm;
		struct {
			struct bc_management_client client;
			uint16_t len;
			uint8_t message[BC_MSG_TX_MAX];
		} management;
		struct {
			uint16_t len;
			uint8_t message[BC_MSG_TX_MAX];
		} slave_event;
		struct {
			struct ptp_port_identity sender;
			enum bc_counter reason;
		} announce_refused;
		struct {
			struct bc_address address; /* of the master */
			enum bc_unicast_event event;
			uint8_t message_type;
			uint32_t duration_s; /* granted */
		} unicast;
		struct {
			int64_t jump_ns;
			bool is_accepted;
		} master_step;
		struct {
			enum bc_holdover_event event;
			uint8_t clock_class, clock_accuracy; /* announced now */
			uint64_t age_ns;		     /* since the clock was last in step */
			int64_t expected_error_ns;	     /* two standard deviations; -1: not known */
		} holdover;
		struct {
			struct ptp_port_identity identity;
			int64_t step_ns;
			bool is_followed; /* nevertheless, as configured */
		} step_guard;
		struct {
			struct ptp_port_identity identity;
			uint64_t bar_ns;
		} master_barred;
	};
};

/* Takes the oldest action; false when there is none. */
bool bc_engine_pop_action(struct bc_engine *engine, struct bc_action *ret_action);

/* Of 802.1AS, as the parent's last Follow_Up told it. */
struct bc_follow_up_info {
	int32_t cumulative_scaled_rate_offset; /* the grandmaster's rate over the parent's clock, less 1;
						  2^-41 */
	uint16_t gm_time_base_indicator;       /* another one with each step of the grandmaster */
	uint8_t last_gm_phase_change[12];      /* ScaledNs, as on the wire */
	int32_t scaled_last_gm_freq_change;    /* 2^-41 */
};

/* Data sets and state, for status and tests. */
struct bc_status {
	struct bc_follow_up_info follow_up_info; /* all zero without a parent that sends it */
	uint8_t grandmaster_identity[PTP_CLOCK_IDENTITY_LEN];
	struct ptp_clock_quality grandmaster_clock_quality;
	uint8_t grandmaster_priority1, grandmaster_priority2;
	struct ptp_port_identity parent;
	uint16_t steps_removed;
	int16_t utc_offset_s;
	uint16_t time_flags;
	uint8_t time_source;
	int64_t offset_from_master_ns;
	int64_t mean_path_delay_ns;
	double frequency_ppb;
	enum bc_servo_state servo_state;
	int16_t utc_in_force_s; /* PTP time less UTC: what a system's clock, or who is told the time, goes by
				 */
	int8_t leap;		/* at the end of this UTC day */
};

struct bc_holdover_status {
	bool is_on;
	uint64_t in_step_mono_ns;  /* when the clock was last in step; while it is on */
	int64_t expected_error_ns; /* two standard deviations; -1: not known */
};

void bc_engine_holdover(const struct bc_engine *engine, uint64_t now_mono_ns,
			struct bc_holdover_status *ret_status);
void bc_engine_status(const struct bc_engine *engine, struct bc_status *ret_status);
/* Follows a master, is within half a millisecond of it, and used a Sync within the last second, or four
 * intervals if they are longer. */
bool bc_engine_is_locked(const struct bc_engine *engine, uint64_t now_mono_ns);
enum bc_port_state bc_engine_port_state(const struct bc_engine *engine, size_t port);
const struct bc_port_counters *bc_engine_counters(const struct bc_engine *engine, size_t port);
/* The clock itself, to convert stamps and to publish. Valid until the next handle call. */
const struct bc_local_clock *bc_engine_clock(const struct bc_engine *engine);
/* Foreign-master records in use on a port, at most foreign_master_limit. */
size_t bc_engine_n_foreign_masters(const struct bc_engine *engine, size_t port);
/* The masters of a port's table, at most `max`; returns how many. */
size_t bc_engine_unicast_masters(const struct bc_engine *engine, size_t port,
				 struct bc_unicast_master_status *ret_masters, size_t max);
/* Clients that are granted something, on all ports. */
size_t bc_engine_n_unicast_clients(const struct bc_engine *engine);
