// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From option to effect: each option's value arrives where the module that acts on it looks, for the port
 * that it was given for and no other; and no option that counts as implemented is forgotten here.
 */
#include "bc/daemon/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "util/macros.h"

enum kind {
	NUMBER, /* any integer, enumeration or bool */
	REAL,
	WORDS,
	OCTETS,
};

/* What becomes of an option's value, which is not the default. */
struct row {
	const char *option, *value;
	const char *others;  /* lines for [global] without which the option has no meaning; or NULL */
	size_t offset, size; /* in struct settings; of a port's field, that of port 0 */
	size_t stride;	     /* from a port's field to the next one's; 0: one for the clock */
	enum kind kind;
	int64_t number;
	double real;
	const char *text; /* WORDS; OCTETS, `size` of them */
};

#define FIELD_SIZE(field)   sizeof(((struct settings *)0)->field)
#define FIELD_KIND(field)   _Generic(((struct settings *)0)->field, double : REAL, default : NUMBER)
#define FIELD_STRIDE(array) FIELD_SIZE(array[0])

#define CLOCK(name, text_value, lines, field, expected)                                    \
	{                                                                                  \
		.option = name, .value = text_value, .others = lines,                      \
		.offset = offsetof(struct settings, field), .size = FIELD_SIZE(field),     \
		.kind = FIELD_KIND(field), .number = (int64_t)(expected), .real = expected \
	}
#define CLOCK_WORDS(name, text_value, field)                                                     \
	{                                                                                        \
		.option = name, .value = text_value, .offset = offsetof(struct settings, field), \
		.kind = WORDS, .text = text_value                                                \
	}
#define CLOCK_OCTETS(name, text_value, field, expected)                                          \
	{                                                                                        \
		.option = name, .value = text_value, .offset = offsetof(struct settings, field), \
		.kind = OCTETS, .size = sizeof(expected) - 1, .text = expected                   \
	}
#define PORT(name, text_value, lines, array, field, expected)                                            \
	{                                                                                                \
		.option = name, .value = text_value, .others = lines,                                    \
		.offset = offsetof(struct settings, array[0].field), .size = FIELD_SIZE(array[0].field), \
		.stride = FIELD_STRIDE(array), .kind = FIELD_KIND(array[0].field),                       \
		.number = (int64_t)(expected), .real = expected                                          \
	}
#define PORT_OCTETS(name, text_value, lines, array, field, expected)                               \
	{                                                                                          \
		.option = name, .value = text_value, .others = lines, .kind = OCTETS,              \
		.size = sizeof(expected) - 1, .offset = offsetof(struct settings, array[0].field), \
		.stride = FIELD_STRIDE(array), .text = expected                                    \
	}

#define ENGINE(name, value, field, expected)	  CLOCK(name, value, NULL, engine.field, expected)
#define ENGINE_PORT(name, value, field, expected) PORT(name, value, NULL, engine_ports, field, expected)
#define PEER(name, value, field, expected)	  PORT(name, value, NULL, transparent.peer_delay, field, expected)
#define LOADER(name, value, field, expected)	  CLOCK(name, value, NULL, loader.field, expected)
#define TC(name, value, field, expected)	  CLOCK(name, value, "clock_type E2E_TC\n", field, expected)

#define L2	   "network_transport L2\n"
#define UDPV4	   "network_transport UDPv4\n"
#define UDPV6	   "network_transport UDPv6\n"
#define IS_CLIENT  "clientOnly 1\n"
#define SERVES	   "unicast_listen 1\n"
#define TABLE	   "[unicast_master_table]\ntable_id 5\nlogQueryInterval 2\nUDPv4 192.0.2.1\n[global]\n"
#define GROUP_IPV4 "\xe0\x00\x01\x85"
#define SECOND	   1000000000

static const struct row rows[] = {
	ENGINE("assume_two_step", "1", assume_two_step, true),
	ENGINE("clientOnly", "1", client_only, true),
	ENGINE("clientOnly", "1", clock_quality.clock_class, 255),
	ENGINE("clockAccuracy", "0x21", clock_quality.clock_accuracy, 0x21),
	ENGINE("clockClass", "6", clock_quality.clock_class, 6),
	CLOCK_OCTETS("clockIdentity", "001122.fffe.334455", engine.clock_identity,
		     "\x00\x11\x22\xff\xfe\x33\x44\x55"),
	CLOCK("clockIdentity", "001122.fffe.334455", NULL, has_clock_identity, true),
	ENGINE("clock_class_threshold", "135", clock_class_threshold, 135),
	ENGINE("clock_servo", "pi", servo.type, BC_SERVO_PI),
	ENGINE("clock_servo", "linreg", servo.type, BC_SERVO_LINREG),
	ENGINE("clock_servo", "nullf", servo.type, BC_SERVO_NULLF),
	CLOCK("clock_servo", "ntpshm", NULL, host_time.export, REFCLOCK_SHM),
	CLOCK("clock_servo", "refclock_sock", NULL, host_time.export, REFCLOCK_SOCK),
	LOADER("clock_type", "E2E_TC", mode, EBC_MODE_TRANSPARENT),
	LOADER("clock_type", "P2P_TC", mode, EBC_MODE_TRANSPARENT),
	LOADER("clock_type", "MONITOR", mode, EBC_MODE_MONITOR),
	CLOCK("clock_type", "P2P_TC", NULL, transparent.is_p2p, true),
	CLOCK("clock_type", "MONITOR", NULL, transparent.forward, EBC_FORWARD_NONE),
	ENGINE("dataset_comparison", "G.8275.x", is_telecom, true),
	PORT("dscp_event", "46", NULL, ports, dscp_event, 46),
	PORT("dscp_general", "34", NULL, ports, dscp_general, 34),
	ENGINE("domainNumber", "24", domain_number, 24),
	LOADER("domainNumber", "24", domain_number, 24),
	PEER("domainNumber", "24", domain_number, 24),
	ENGINE("first_step_threshold", "0.25", servo.first_step_threshold_s, 0.25),
	ENGINE("free_running", "1", free_running, true),
	TC("free_running", "1", transparent.is_syntonized, false),
	ENGINE("G.8275.defaultDS.localPriority", "3", local_priority, 3),
	ENGINE("gmCapable", "0", never_grandmaster, true),
	ENGINE("gmCapable", "0", clock_quality.clock_class, 255),
	PORT("initial_delay", "4321", NULL, engine_ports, initial_delay_ns, 4321),
	CLOCK("kernel_leap", "0", NULL, host_time.is_leap_by_kernel, false),
	CLOCK("kernel_leap", "0", "local_clock system\n", engine.is_leap_by_kernel, false),
	CLOCK_WORDS("leapfile", "/usr/share/leap-seconds.list", host_time.leap_path),
	ENGINE("maxStepsRemoved", "9", max_steps_removed, 9),
	CLOCK_OCTETS("manufacturerIdentity", "00:1A:2b", engine.description.manufacturer_identity,
		     "\x00\x1a\x2b"),
	ENGINE("max_frequency", "512", servo.max_frequency_ppb, 512.0),
	CLOCK("ntpshm_segment", "2", NULL, host_time.export_unit, 2),
	ENGINE("offsetScaledLogVariance", "0x4e5d", clock_quality.offset_scaled_log_variance, 0x4e5d),
	ENGINE("pi_proportional_const", "0.1", servo.pi_proportional_const, 0.1),
	ENGINE("pi_integral_const", "0.2", servo.pi_integral_const, 0.2),
	ENGINE("pi_proportional_scale", "0.3", servo.pi_proportional_scale, 0.3),
	ENGINE("pi_proportional_exponent", "0.4", servo.pi_proportional_exponent, 0.4),
	ENGINE("pi_proportional_norm_max", "0.5", servo.pi_proportional_norm_max, 0.5),
	ENGINE("pi_integral_scale", "0.6", servo.pi_integral_scale, 0.6),
	ENGINE("pi_integral_exponent", "0.7", servo.pi_integral_exponent, 0.7),
	ENGINE("pi_integral_norm_max", "0.8", servo.pi_integral_norm_max, 0.8),
	ENGINE("priority1", "1", priority1, 1),
	ENGINE("priority2", "2", priority2, 2),
	CLOCK_WORDS("productDescription", "maker;box;1", engine.description.product),
	ENGINE("ptp_minor_version", "0", minor_version, 0),
	PEER("ptp_minor_version", "0", minor_version, 0),
	CLOCK_WORDS("refclock_sock_address", "/run/chrony.sock", host_time.export_path),
	CLOCK_WORDS("revisionData", "a;b;c", engine.description.revision),
	ENGINE("sanity_freq_limit", "5000", sanity_freq_limit_ppb, 5000.0),
	ENGINE("servo_num_offset_values", "4", servo.num_offset_values, 4),
	ENGINE("servo_offset_threshold", "77", servo.offset_threshold_ns, 77),
	CLOCK_WORDS("slave_event_monitor", "/run/monitor", management.slave_event_monitor),
	ENGINE("slave_event_monitor", "/run/monitor", monitors_slave_events, true),
	CLOCK("socket_priority", "5", NULL, socket_priority, 5),
	ENGINE("step_threshold", "0.125", servo.step_threshold_s, 0.125),
	ENGINE("step_window", "6", step_window, 6),
	CLOCK("summary_interval", "3", NULL, summary_interval, 3),
	CLOCK("summary_interval", "2147483647", NULL, summary_interval, 30),
	CLOCK("summary_interval", "-2147483648", NULL, summary_interval, -30),
	TC("tc_spanning_tree", "1", transparent.counts_steps, true),
	ENGINE("timeSource", "0x20", time_source, 0x20),
	CLOCK("time_stamping", "software", NULL, uses_sockets, true),
	CLOCK("time_stamping", "software", NULL, engine.is_system_clock, true),
	CLOCK("time_stamping", "bpf", NULL, demands_bpf, true),
	CLOCK("twoStepFlag", "0", NULL, one_step, true),
	CLOCK_WORDS("uds_address", "/run/uds", management.address),
	CLOCK_WORDS("uds_ro_address", "/run/udsro", management.read_only_address),
	CLOCK_WORDS("userDescription", "name;place", engine.description.user),
	ENGINE("utc_offset", "36", utc_offset_s, 36),

	ENGINE_PORT("allowedLostResponses", "7", allowed_lost_responses, 7),
	PEER("allowedLostResponses", "7", allowed_lost_responses, 7),
	ENGINE_PORT("announceReceiptTimeout", "5", announce_receipt_timeout, 5),
	ENGINE_PORT("asCapable", "true", is_always_capable, true),
	PORT("BMCA", "noop", IS_CLIENT, engine_ports, is_role_fixed, true),
	ENGINE_PORT("delayAsymmetry", "-300", delay_asymmetry_ns, -300),
	PEER("delayAsymmetry", "-300", delay_asymmetry_ns, -300),
	ENGINE_PORT("delay_filter", "moving_average", delay_filter, BC_DELAY_FILTER_MOVING_AVERAGE),
	PEER("delay_filter", "moving_average", delay_filter, BC_DELAY_FILTER_MOVING_AVERAGE),
	ENGINE_PORT("delay_filter_length", "33", delay_filter_length, 33),
	PEER("delay_filter_length", "33", delay_filter_length, 33),
	ENGINE_PORT("delay_request_variability", "0.5", delay_request_variability, 0.5),
	ENGINE_PORT("delay_mechanism", "P2P", delay_mechanism, BC_DELAY_P2P),
	ENGINE_PORT("delay_mechanism", "Auto", delay_mechanism, BC_DELAY_AUTO),
	ENGINE_PORT("delay_mechanism", "NONE", delay_mechanism, BC_DELAY_NONE),
	ENGINE_PORT("delay_response_timeout", "8", delay_response_timeout, 8),
	ENGINE_PORT("egressLatency", "120", egress_latency_ns, 120),
	PEER("egressLatency", "120", egress_latency_ns, 120),
	ENGINE_PORT("fault_reset_interval", "2", fault_reset_interval_ns, 4LL * SECOND),
	ENGINE_PORT("fault_reset_interval", "-2", fault_reset_interval_ns, SECOND / 4),
	ENGINE_PORT("fault_reset_interval", "127", fault_reset_interval_ns, (1LL << 20) * SECOND),
	ENGINE_PORT("fault_reset_interval", "ASAP", fault_reset_interval_ns, 0),
	ENGINE_PORT("follow_up_info", "1", follow_up_info, true),
	ENGINE_PORT("G.8275.portDS.localPriority", "4", local_priority, 4),
	ENGINE_PORT("hybrid_e2e", "1", hybrid_e2e, true),
	ENGINE_PORT("ignore_source_id", "1", ignore_source_id, true),
	ENGINE_PORT("ingressLatency", "-130", ingress_latency_ns, -130),
	PEER("ingressLatency", "-130", ingress_latency_ns, -130),
	ENGINE_PORT("inhibit_announce", "1", inhibit_announce, true),
	ENGINE_PORT("inhibit_delay_req", "1", inhibit_delay_req, true),
	ENGINE_PORT("inhibit_multicast_service", "1", inhibit_multicast_service, true),
	ENGINE_PORT("logAnnounceInterval", "-3", log_announce_interval, -3),
	ENGINE_PORT("logMinDelayReqInterval", "-4", log_min_delay_req_interval, -4),
	ENGINE_PORT("logMinPdelayReqInterval", "-5", log_min_pdelay_req_interval, -5),
	PEER("logMinPdelayReqInterval", "-5", log_min_pdelay_req_interval, -5),
	ENGINE_PORT("logSyncInterval", "-6", log_sync_interval, -6),
	ENGINE_PORT("min_neighbor_prop_delay", "-9", min_neighbor_prop_delay_ns, -9),
	PEER("min_neighbor_prop_delay", "-9", min_neighbor_prop_delay_ns, -9),
	ENGINE_PORT("msg_interval_request", "1", requests_intervals, true),
	ENGINE_PORT("neighborPropDelayThresh", "800", neighbor_prop_delay_thresh_ns, 800),
	PEER("neighborPropDelayThresh", "800", neighbor_prop_delay_thresh_ns, 800),
	ENGINE_PORT("network_transport", "L2", transport, EBC_TRANSPORT_IEEE_802_3),
	ENGINE_PORT("network_transport", "UDPv6", transport, EBC_TRANSPORT_UDP_IPV6),
	PEER("network_transport", "UDPv6", transport, EBC_TRANSPORT_UDP_IPV6),
	PORT("network_transport", "UDPv6", NULL, ports, groups.transport, EBC_TRANSPORT_UDP_IPV6),
	ENGINE_PORT("operLogPdelayReqInterval", "2", oper_log_pdelay_req_interval, 2),
	ENGINE_PORT("operLogSyncInterval", "-2", oper_log_sync_interval, -2),
	PORT_OCTETS("p2p_dst_ipv4", "224.0.1.133", NULL, ports, groups.ipv4[1], GROUP_IPV4),
	PORT_OCTETS("p2p_dst_ipv4", "224.0.1.133", UDPV4, ports, peer_destination.ip, GROUP_IPV4),
	PORT_OCTETS("p2p_dst_ipv4", "224.0.1.133", UDPV4, ports, peer_destination.mac,
		    "\x01\x00\x5e\x00\x01\x85"),
	PORT_OCTETS("p2p_dst_ipv6", "ff02::1234", NULL, ports, groups.ipv6[1].s6_addr[13], "\0\x12\x34"),
	PORT_OCTETS("p2p_dst_ipv6", "ff02::1234", UDPV6, ports, peer_destination.ip[13], "\0\x12\x34"),
	PORT_OCTETS("p2p_dst_ipv6", "ff02::1234", UDPV6, ports, peer_destination.mac,
		    "\x33\x33\x00\x00\x12\x34"),
	PORT_OCTETS("p2p_dst_mac", "01:02:03:04:05:06", NULL, ports, groups.mac[1], "\1\2\3\4\5\6"),
	PORT_OCTETS("p2p_dst_mac", "01:02:03:04:05:06", L2, ports, peer_destination.mac, "\1\2\3\4\5\6"),
	ENGINE_PORT("path_trace_enabled", "1", is_path_traced, true),
	ENGINE_PORT("power_profile.version", "2011", power_profile.version, BC_POWER_PROFILE_2011),
	ENGINE_PORT("power_profile.version", "2017", power_profile.version, BC_POWER_PROFILE_2017),
	ENGINE_PORT("power_profile.grandmasterID", "260", power_profile.grandmaster_id, 260),
	ENGINE_PORT("power_profile.2011.grandmasterTimeInaccuracy", "11",
		    power_profile.grandmaster_inaccuracy_ns, 11),
	ENGINE_PORT("power_profile.2011.networkTimeInaccuracy", "12", power_profile.network_inaccuracy_ns,
		    12),
	ENGINE_PORT("power_profile.2017.totalTimeInaccuracy", "13", power_profile.total_inaccuracy_ns, 13),
	PORT_OCTETS("profileIdentity", "00:1B:19:00:01:00", NULL, engine_ports, profile_identity,
		    "\x00\x1b\x19\x00\x01\x00"),
	PORT_OCTETS("ptp_dst_ipv4", "224.0.1.133", NULL, ports, groups.ipv4[0], GROUP_IPV4),
	PORT_OCTETS("ptp_dst_ipv4", "224.0.1.133", UDPV4, ports, destination.ip, GROUP_IPV4),
	PORT_OCTETS("ptp_dst_ipv4", "224.0.1.133", UDPV4, ports, destination.mac, "\x01\x00\x5e\x00\x01\x85"),
	PORT_OCTETS("ptp_dst_ipv6", "ff05::1234", NULL, ports, groups.ipv6[0].s6_addr[13], "\0\x12\x34"),
	PORT_OCTETS("ptp_dst_ipv6", "ff05::1234", UDPV6, ports, destination.ip[13], "\0\x12\x34"),
	PORT_OCTETS("ptp_dst_ipv6", "ff05::1234", UDPV6, ports, destination.mac, "\x33\x33\x00\x00\x12\x34"),
	PORT_OCTETS("ptp_dst_mac", "01:02:03:04:05:06", NULL, ports, groups.mac[0], "\1\2\3\4\5\6"),
	PORT_OCTETS("ptp_dst_mac", "01:02:03:04:05:06", L2, ports, destination.mac, "\1\2\3\4\5\6"),
	ENGINE_PORT("serverOnly", "1", server_only, true),
	ENGINE_PORT("syncReceiptTimeout", "6", sync_receipt_timeout, 6),
	ENGINE("transportSpecific", "1", sdo_id, 0x100),
	LOADER("transportSpecific", "1", sdo_id, 0x100),
	PEER("transportSpecific", "1", sdo_id, 0x100),
	ENGINE_PORT("tsproc_mode", "raw", tsproc_mode, BC_TSPROC_RAW),
	ENGINE_PORT("tsproc_mode", "filter_weight", tsproc_mode, BC_TSPROC_FILTER_WEIGHT),
	ENGINE_PORT("tsproc_mode", "raw_weight", tsproc_mode, BC_TSPROC_RAW_WEIGHT),
	PORT("udp_ttl", "64", NULL, ports, hop_limit, 64),
	PORT("udp6_scope", "0x05", NULL, ports, groups.ipv6[0].s6_addr[1], 5),
	PORT("udp6_scope", "0x05", UDPV6, ports, destination.ip[1], 5),
	CLOCK("uds_file_mode", "0600", NULL, management.mode, 0600),
	CLOCK("uds_ro_file_mode", "0644", NULL, management.read_only_mode, 0644),
	ENGINE_PORT("unicast_listen", "1", unicast_limits.max_clients, 1024),
	ENGINE_PORT("unicast_listen", "1", hybrid_e2e, true),
	PORT("unicast_master_table", "5", TABLE, unicast_tables, n_masters, 1),
	PORT("unicast_master_table", "5", TABLE, unicast_tables, log_query_interval, 2),
	PORT_OCTETS("unicast_master_table", "5", TABLE, unicast_tables, masters[0].ip, "\xc0\x00\x02\x01"),
	ENGINE_PORT("unicast_req_duration", "60", unicast_req_duration_s, 60),

	ENGINE_PORT("acceptable_masters", "001122.fffe.334455", n_acceptable_masters, 1),
	ENGINE("announce_rate_limit", "17", announce_rate_limit, 17),
	ENGINE("arbitrary_timescale", "refuse", arbitrary_timescale, BC_ARBITRARY_REFUSE),
	CLOCK("arbitrary_timescale", "accept", "local_clock system\n", engine.arbitrary_timescale,
	      BC_ARBITRARY_ACCEPT),
	LOADER("bpf_attach", "tcx", attach_mode, EBC_ATTACH_TCX),
	LOADER("bpf_attach", "clsact", attach_mode, EBC_ATTACH_CLSACT),
	CLOCK_WORDS("bpf_pin_path", "/sys/fs/bpf/mine", pin_directory),
	CLOCK_OCTETS("bpf_pin_path", "/sys/fs/bpf/mine", stamps_pin_path, "/sys/fs/bpf/mine/stamps_0_0_p0"),
	CLOCK_WORDS("control_socket", "/run/control", control_socket),
	ENGINE("foreign_master_limit", "20", foreign_master_limit, 20),
	ENGINE("management_rate_limit", "18", management_rate_limit, 18),
	ENGINE_PORT("interval_request_min", "-4", interval_request_min, -4),
	ENGINE_PORT("interval_request_max", "3", interval_request_max, 3),
	ENGINE_PORT("interval_request_stop", "1", interval_request_may_stop, true),
	ENGINE("holdover_timetable", "0:135 60:165", holdover.n_rows, 2),
	ENGINE("holdover_traceable", "30", holdover.traceable_ns, 30LL * SECOND),
	ENGINE("local_clock", "system", is_system_clock, true),
	ENGINE("local_clock", "system", is_leap_by_kernel, true),
	ENGINE("local_clock", "system", arbitrary_timescale, BC_ARBITRARY_PLAUSIBLE),
	LOADER("publish_stamps", "1", publish_stamps, true),
	LOADER("rx_rate_limit", "4000", rx_rate_per_s, 4000),
	LOADER("rx_rate_limit", "4000", rx_burst, 1000),
	LOADER("rx_ring_bytes", "65536", rx_ring_bytes, 65536),
	LOADER("rx_stamp_point", "tc", rx_stamp, EBC_STAMP_TC),
	TC("tc_auth_mutable", "1", transparent.is_auth_mutable, true),
	TC("tc_domains", "own", loader.has_all_domains, false),
	TC("tc_forward", "bridge", transparent.forward, EBC_FORWARD_BRIDGE),
	TC("tc_forward", "direct", transparent.forward, EBC_FORWARD_DIRECT),
	TC("tc_one_step", "keep", transparent.one_step, EBC_ONE_STEP_KEEP),
	TC("tc_one_step", "convert", transparent.one_step, EBC_ONE_STEP_CONVERT),
	CLOCK("tc_other_domains", "E2E", NULL, has_other_domains, true),
	TC("tc_priority", "9", transparent.priority, 9),
	TC("tc_priority", "9", socket_priority, 9),
	CLOCK("time_export", "sock", NULL, host_time.export, REFCLOCK_SOCK),
	CLOCK("time_export", "shm", NULL, host_time.export, REFCLOCK_SHM),
	LOADER("tx_stamp_point", "xmit", tx_stamp, EBC_STAMP_XMIT),
	LOADER("tx_stamp_point", "start_xmit", tx_stamp, EBC_STAMP_START_XMIT),
	LOADER("tx_stamp_point", "driver", tx_stamp, EBC_STAMP_DRIVER),
	LOADER("tx_stamp_point", "tc", tx_stamp, EBC_STAMP_TC),
	ENGINE("step_guard_action", "follow", step_guard.only_warns, true),
	ENGINE("step_guard_budget", "2", step_guard.budget_ns, 2LL * SECOND),
	ENGINE("step_guard_limit", "0.5", step_guard.limit_ns, SECOND / 2),
	ENGINE("signaling_rate_limit", "19", signaling_rate_limit, 19),
	PORT("udp_source_address", "192.0.2.7", UDPV4, ports, has_source_ip, true),
	PORT_OCTETS("udp_source_address", "192.0.2.7", UDPV4, ports, source_ip, "\xc0\x00\x02\x07"),
	PORT_OCTETS("udp_source_address", "2001:db8::7", UDPV6, ports, source_ip, "\x20\x01\x0d\xb8"),
	PORT("unicast_max_clients", "10", SERVES, engine_ports, unicast_limits.max_clients, 10),
	ENGINE("unicast_max_clients_total", "20", max_unicast_clients, 20),
	PORT("unicast_max_duration", "300", SERVES, engine_ports, unicast_limits.max_duration_s, 300),
	PORT("unicast_max_host_share", "40", SERVES, engine_ports, unicast_limits.max_host_percent, 40),
	PORT("unicast_max_rate", "100", SERVES, engine_ports, unicast_limits.max_rate, 100),
	PORT("unicast_min_interval", "-3", SERVES, engine_ports, unicast_limits.min_log_interval, -3),
	CLOCK("virtual_clock_start_offset", "-1000000000001", NULL, clock_start_offset_ns, -1000000000001),
};

/* Options that never reach the settings. */
static const char *const log_options[] = {"logging_level", "message_tag", "use_syslog",
					  "verbose"}; /* main.c */
/* Those that may stand in a port's section, as in ptp4l, and are about the whole clock. */
static const char *const of_the_clock[] = {"transportSpecific", "uds_file_mode", "uds_ro_file_mode"};

static bool contains(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

struct run {
	struct ebc_config *config;
	struct settings settings;
};

/* `global` and `port` are the row's option in the one section or the other, or empty. */
static void run_start(struct run *run, const struct row *row, const char *global, const char *port)
{
	char text[1024], reason[256] = "";

	snprintf(text, sizeof(text), "[global]\n%s%s[p0]\n[p1]\n%s", row->others ?: "", global, port);
	assert_int_equal(ebc_config_new(&run->config), 0);
	if (ebc_config_read_text(run->config, "test.conf", text, strlen(text)) < 0 ||
	    ebc_config_finish(run->config) < 0)
		fail_msg("%s %s: %s", row->option, row->value, ebc_config_note(run->config, 0).text);
	if (settings_from_config(run->config, &run->settings, reason, sizeof(reason)) < 0)
		fail_msg("%s %s: %s", row->option, row->value, reason);
}

static void run_end(struct run *run)
{
	ebc_config_free(run->config);
}

/* Whether the field of `port` is as the row says; of the clock, if the row is about that. */
static bool is_as_expected(const struct row *row, const struct settings *settings, size_t port)
{
	const char *field = (const char *)settings + row->offset + port * row->stride;
	const char *words;
	double real;

	switch (row->kind) {
	case NUMBER:
		return memcmp(field, &row->number, row->size) == 0; /* its low octets come first */
	case REAL:
		memcpy(&real, field, sizeof(real));
		return !(real < row->real || real > row->real);
	case WORDS:
		memcpy(&words, field, sizeof(words));
		return words && strcmp(words, row->text) == 0;
	default:
		return memcmp(field, row->text, row->size) == 0;
	}
}

/* As it stands in a file. */
static void write_line(char *line, size_t size, const struct row *row)
{
	snprintf(line, size, "%s %s\n", row->option, row->value);
}

static void no_row_expects_the_default(void **state)
{
	static struct run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		run_start(&run, &rows[i], "", "");
		for (size_t port = 0; port < 2; port++) {
			if (is_as_expected(&rows[i], &run.settings, port))
				fail_msg("%s: %s is the default", rows[i].option, rows[i].value);
		}
		run_end(&run);
	}
}

static void what_stands_in_global_holds_for_the_clock_and_all_ports(void **state)
{
	static struct run run;
	char line[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		write_line(line, sizeof(line), &rows[i]);
		run_start(&run, &rows[i], line, "");
		for (size_t port = 0; port < 2; port++) {
			if (!is_as_expected(&rows[i], &run.settings, port))
				fail_msg("%s %s (row %zu) does not arrive at port %zu", rows[i].option,
					 rows[i].value, i, port);
		}
		run_end(&run);
	}
}

static bool is_of_a_port(const struct row *row)
{
	enum ebc_option option;

	assert_int_equal(ebc_option_find(row->option, &option), 0);
	return ebc_option_info(option)->scope == EBC_SCOPE_PORT &&
	       !contains(of_the_clock, ARRAY_SIZE(of_the_clock), row->option);
}

static void what_stands_in_a_port_s_section_holds_for_that_port_alone(void **state)
{
	static struct run run;
	size_t n = 0;
	char line[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!is_of_a_port(&rows[i]))
			continue;
		n++;
		assert_true(rows[i].stride > 0);
		write_line(line, sizeof(line), &rows[i]);
		run_start(&run, &rows[i], "", line);
		if (!is_as_expected(&rows[i], &run.settings, 1))
			fail_msg("%s %s (row %zu) does not arrive at its port", rows[i].option, rows[i].value,
				 i);
		if (is_as_expected(&rows[i], &run.settings, 0))
			fail_msg("%s %s (row %zu) arrives at another port", rows[i].option, rows[i].value, i);
		run_end(&run);
	}
	assert_true(n > 50);
}

static bool has_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].option, name) == 0)
			return true;
	}
	return false;
}

static void every_option_that_has_an_effect_is_looked_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);

		if (info->status == EBC_STATUS_IMPLEMENTED && !has_row(info->name) &&
		    !contains(log_options, ARRAY_SIZE(log_options), info->name))
			fail_msg("%s has no row here", info->name);
		if (info->status != EBC_STATUS_IMPLEMENTED && has_row(info->name))
			fail_msg("%s has a row, and no effect", info->name);
	}
}

static void ports_of_different_sdo_ids_are_refused(void **state)
{
	static const char text[] = "[global]\n[p0]\n[p1]\ntransportSpecific 1\n";
	static struct settings settings;
	struct ebc_config *config;
	char reason[256] = "";

	(void)state;
	assert_int_equal(ebc_config_new(&config), 0);
	assert_int_equal(ebc_config_read_text(config, "test.conf", text, strlen(text)), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_true(settings_from_config(config, &settings, reason, sizeof(reason)) < 0);
	assert_non_null(strstr(reason, "[p1]"));
	ebc_config_free(config);
}

/* Several clocks in one folder, of one domain, on ports of their own. */
static void published_stamps_bear_the_name_of_the_first_port(void **state)
{
	static const struct row vlan = {.option = "domainNumber",
					.others = "bpf_pin_path /run/x.y\n[eth0.5]\n"};
	static struct run run;

	(void)state;
	run_start(&run, &vlan, "", "");
	assert_string_equal(run.settings.stamps_pin_path, "/run/x.y/stamps_0_0_eth0:5");
	run_end(&run);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_expects_the_default),
		cmocka_unit_test(what_stands_in_global_holds_for_the_clock_and_all_ports),
		cmocka_unit_test(what_stands_in_a_port_s_section_holds_for_that_port_alone),
		cmocka_unit_test(every_option_that_has_an_effect_is_looked_at),
		cmocka_unit_test(ports_of_different_sdo_ids_are_refused),
		cmocka_unit_test(published_stamps_bear_the_name_of_the_first_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
