/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the control socket tells of clock and ports: plain values, filled in by the daemon or by a test, so
 * that the socket knows neither engine nor back end. docs/control.md tells what they mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

#define CONTROL_IDENTITY_OCTETS 32 /* of a clock or port identity as text */
#define CONTROL_ALARM_TEXT	128
#define CONTROL_ALARMS_MAX	160

struct control_alarm {
	const char *kind;
	int port; /* index; -1: none */
	char text[CONTROL_ALARM_TEXT];
	uint64_t since_mono_ns;
};

struct control_status {
	int pid;
	uint64_t started_mono_ns, now_mono_ns;
	const char *local_clock; /* NULL: none */
	const char *stamping;
	uint8_t domain_number;
	uint16_t sdo_id;
	char clock_identity[CONTROL_IDENTITY_OCTETS]; /* "": none is used */
	const char *state;

	bool has_clock; /* the members up to steps_removed */
	struct {
		int64_t ptp_ns;
		bool is_ptp_timescale, is_utc_offset_valid, is_time_traceable, is_frequency_traceable;
		int utc_offset_s, leap;
		uint8_t time_source;
	} time;
	struct {
		char identity[CONTROL_IDENTITY_OCTETS];
		bool is_self;
		uint8_t clock_class, clock_accuracy;
		uint16_t offset_scaled_log_variance;
		uint8_t priority1, priority2;
	} grandmaster;
	unsigned int steps_removed;

	bool has_parent;
	struct {
		char identity[CONTROL_IDENTITY_OCTETS];
		size_t port; /* index */
	} parent;

	bool has_offset;
	struct {
		int64_t last_ns, max_ns, path_delay_ns;
		double rms_ns, frequency_ppb;
		size_t n;
		uint64_t age_ns;
	} offset;

	bool is_holdover;
	struct {
		uint64_t age_ns;
		int64_t expected_error_ns; /* -1: not known */
	} holdover;

	bool has_rate;
	struct {
		double ratio_ppb;
		char grandmaster[CONTROL_IDENTITY_OCTETS];
	} rate;

	size_t n_alarms;
	struct control_alarm alarms[CONTROL_ALARMS_MAX];
};

struct control_port_status {
	const char *state;
	uint64_t since_mono_ns;
	bool is_usable;
	const char *reason; /* why not; "" */
	bool has_mac;
	uint8_t mac[6];
	int ifindex;	    /* 0: no such interface now */
	const char *driver; /* "": not known */
	const char *transport, *delay_mechanism;
	bool has_delay;
	int64_t delay_ns;
	enum ebc_stamp_source tx_stamp;
	bool is_one_step;
	const char *forward;		    /* NULL: this clock forwards nothing */
	char peer[CONTROL_IDENTITY_OCTETS]; /* "": none known */
	bool has_intervals;
	int log_announce_interval, log_sync_interval, log_min_delay_req_interval;
};
