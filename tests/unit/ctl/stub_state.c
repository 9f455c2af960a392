// SPDX-License-Identifier: GPL-2.0-or-later
/* See stub_state.h. */
#include "tests/unit/ctl/stub_state.h"

#include <string.h>

static struct {
	struct control_status status;
	struct control_port_status port;
	struct history *history;
	struct log_ring log;
} stub;

static void get_status(void *context, struct control_status *ret_status)
{
	(void)context;
	*ret_status = stub.status;
}

/* Every port is the same, but for its interface. */
static void get_port_status(void *context, size_t port, struct control_port_status *ret_status)
{
	(void)context;
	*ret_status = stub.port;
	ret_status->ifindex = (int)port + 10;
}

static void list_counters(void *context, size_t port, struct counter_list *list)
{
	(void)context;
	counter_list_add(list, "rx_sync", 100 * (port + 1));
	counter_list_add(list, "rx_refused_stale", 3);
	counter_list_add(list, "tx_sync", 0);
	counter_list_add(list, "rx_refused_stale", 4);
}

static int find_port(void *context, uint32_t ifindex)
{
	(void)context;
	return ifindex >= 10 && ifindex < 20 ? (int)ifindex - 10 : -1;
}

void stub_state_reset(void)
{
	history_free(stub.history);
	memset(&stub, 0, sizeof(stub));
	stub.history = history_new(0);
	stub.status = (struct control_status){
		.pid = 4711,
		.started_mono_ns = 81000000000,
		.now_mono_ns = 81234567890123,
		.local_clock = "virtual",
		.stamping = "bpf",
		.clock_identity = "001122.fffe.334455",
		.state = "locked",
		.has_clock = true,
		.time = {.ptp_ns = 1795000000000000000,
			 .is_ptp_timescale = true,
			 .is_utc_offset_valid = true,
			 .utc_offset_s = 37,
			 .time_source = 0x20},
		.grandmaster = {.identity = "aabbcc.fffe.ddeeff",
				.clock_class = 6,
				.clock_accuracy = 0x21,
				.offset_scaled_log_variance = 0x4e5d,
				.priority1 = 128,
				.priority2 = 127},
		.steps_removed = 1,
		.has_parent = true,
		.parent = {.identity = "aabbcc.fffe.ddeeff-1"},
		.has_offset = true,
		.offset = {.last_ns = -34,
			   .max_ns = 160,
			   .path_delay_ns = 412,
			   .rms_ns = 51.2,
			   .frequency_ppb = -1203.1,
			   .n = 16,
			   .age_ns = 31000000},
		.holdover.expected_error_ns = -1,
	};
	stub.port = (struct control_port_status){
		.state = "SLAVE",
		.since_mono_ns = 81000000000,
		.is_usable = true,
		.reason = "",
		.has_mac = true,
		.mac = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55},
		.driver = "igb",
		.transport = "UDPv4",
		.delay_mechanism = "E2E",
		.has_delay = true,
		.delay_ns = 412,
		.tx_stamp = EBC_STAMP_DRIVER,
		.peer = "aabbcc.fffe.ddeeff-1",
		.has_intervals = true,
		.log_announce_interval = 1,
	};
}

struct control_status *stub_state_status(void)
{
	return &stub.status;
}

struct control_port_status *stub_state_port(void)
{
	return &stub.port;
}

struct history *stub_state_history(void)
{
	return stub.history;
}

struct log_ring *stub_state_log(void)
{
	return &stub.log;
}

void stub_state_fill(struct control_sources *sources)
{
	if (!stub.history)
		stub_state_reset();
	sources->state = (struct control_state){
		.get_status = get_status,
		.get_port_status = get_port_status,
		.list_counters = list_counters,
		.find_port = find_port,
	};
	sources->history = stub.history;
	sources->log = &stub.log;
	sources->stamps_loader = sources->loader;
	sources->no_stamps_reason = "publish_stamps is off";
}
