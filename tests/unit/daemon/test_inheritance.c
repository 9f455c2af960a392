// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of every option that has an effect: whether a master that was heard before the option was changed is still
 * known after a reload. Whatever decides whom a port hears and may follow must forget him; for the rest that
 * would be a needless pause. An option without a decision here fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bc/daemon/settings.h"
#include "util/macros.h"

#define NOW_MONO_NS (1000 * (uint64_t)NSEC_PER_SEC)

struct decision {
	bool forgets;
	const char *option;
	const char *value;  /* NULL: any but the default */
	const char *others; /* lines for [global], before and after; or NULL */
};

#define KEEPS(name)            \
	{                      \
		.option = name \
	}
#define KEEPS_AT(name, text)                  \
	{                                     \
		.option = name, .value = text \
	}
#define FORGETS(name)                           \
	{                                       \
		.forgets = true, .option = name \
	}
#define FORGETS_AT(name, text)                                 \
	{                                                      \
		.forgets = true, .option = name, .value = text \
	}
#define FORGETS_WITH(lines, name, text)                                         \
	{                                                                       \
		.forgets = true, .option = name, .value = text, .others = lines \
	}
#define TABLE "[unicast_master_table]\ntable_id 5\nUDPv4 192.0.2.1\n[global]\n"
#define L2    "network_transport L2\n"
#define UDPV6 "network_transport UDPv6\n"

static const struct decision decisions[] = {
	/* Another clock, or one in another domain. */
	FORGETS_AT("clockIdentity", "001122.fffe.334455"),
	FORGETS("domainNumber"),
	FORGETS("transportSpecific"),
	/* Whom a port hears: over which transport, in which group, whom it asks. */
	FORGETS_AT("network_transport", "L2"),
	FORGETS_AT("network_transport", "UDPv6"),
	FORGETS_AT("ptp_dst_ipv4", "224.0.1.130"),
	FORGETS_WITH(UDPV6, "ptp_dst_ipv6", "FF0E::182"),
	FORGETS_WITH(L2, "ptp_dst_mac", "01:1B:19:00:00:01"),
	FORGETS_AT("p2p_dst_ipv4", "224.0.0.108"),
	FORGETS_WITH(UDPV6, "p2p_dst_ipv6", "FF02::6C"),
	FORGETS_WITH(L2, "p2p_dst_mac", "01:80:C2:00:00:0F"),
	FORGETS_WITH(UDPV6, "udp6_scope", "2"),
	FORGETS_WITH(TABLE, "unicast_master_table", "5"),
	/* Whom it takes for a master. */
	FORGETS_AT("acceptable_masters", "a00000.fffe.000001"),
	FORGETS_AT("maxStepsRemoved", "9"),
	FORGETS_AT("clock_class_threshold", "135"),
	FORGETS_AT("arbitrary_timescale", "refuse"),
	FORGETS_AT("local_clock", "system"), /* what arbitrary_timescale auto makes of that */
	FORGETS_AT("time_stamping", "software"),
	FORGETS("path_trace_enabled"),
	FORGETS("power_profile.version"),
	FORGETS("serverOnly"),
	FORGETS_WITH("clientOnly 1\n", "BMCA", "noop"),
	FORGETS("ignore_source_id"),
	FORGETS("follow_up_info"),
	FORGETS_WITH("asCapable true\n", "follow_up_info", NULL),

	/* The same where they are of no account. */
	KEEPS_AT("ptp_dst_mac", "01:1B:19:00:00:01"),
	KEEPS("asCapable"),
	/* What the decision weighs anew. */
	KEEPS("priority1"),
	KEEPS("priority2"),
	KEEPS_AT("clockClass", "6"),
	KEEPS_AT("clockAccuracy", "0x21"),
	KEEPS_AT("offsetScaledLogVariance", "1"),
	KEEPS("clientOnly"),
	KEEPS("gmCapable"),
	KEEPS("dataset_comparison"),
	KEEPS("G.8275.defaultDS.localPriority"),
	KEEPS("G.8275.portDS.localPriority"),
	/* What is judged message by message. */
	KEEPS("assume_two_step"),
	KEEPS_AT("sanity_freq_limit", "0"),
	KEEPS("step_guard_action"),
	KEEPS("step_guard_budget"),
	KEEPS("step_guard_limit"),
	KEEPS("announce_rate_limit"),
	KEEPS("management_rate_limit"),
	KEEPS("signaling_rate_limit"),
	KEEPS("rx_rate_limit"),
	KEEPS("foreign_master_limit"),
	/* When. */
	KEEPS("announceReceiptTimeout"),
	KEEPS("syncReceiptTimeout"),
	KEEPS("delay_response_timeout"),
	KEEPS("logAnnounceInterval"),
	KEEPS("logSyncInterval"),
	KEEPS("logMinDelayReqInterval"),
	KEEPS("logMinPdelayReqInterval"),
	KEEPS("operLogSyncInterval"),
	KEEPS("operLogPdelayReqInterval"),
	KEEPS("msg_interval_request"),
	KEEPS("interval_request_min"),
	KEEPS("interval_request_max"),
	KEEPS("interval_request_stop"),
	KEEPS_AT("delay_request_variability", "0.5"),
	KEEPS("fault_reset_interval"),
	/* The path's delay. */
	KEEPS_AT("delay_mechanism", "P2P"),
	KEEPS("delay_filter"),
	KEEPS("delay_filter_length"),
	KEEPS("delayAsymmetry"),
	KEEPS("egressLatency"),
	KEEPS("ingressLatency"),
	KEEPS("initial_delay"),
	KEEPS("neighborPropDelayThresh"),
	KEEPS("min_neighbor_prop_delay"),
	KEEPS("allowedLostResponses"),
	KEEPS("tsproc_mode"),
	/* The servo and the clock. */
	KEEPS_AT("clock_servo", "pi"),
	KEEPS("first_step_threshold"),
	KEEPS("step_threshold"),
	KEEPS("step_window"),
	KEEPS("free_running"),
	KEEPS_AT("max_frequency", "1000"),
	KEEPS("pi_proportional_const"),
	KEEPS("pi_integral_const"),
	KEEPS("pi_proportional_scale"),
	KEEPS("pi_proportional_exponent"),
	KEEPS("pi_proportional_norm_max"),
	KEEPS("pi_integral_scale"),
	KEEPS("pi_integral_exponent"),
	KEEPS("pi_integral_norm_max"),
	KEEPS("servo_num_offset_values"),
	KEEPS("servo_offset_threshold"),
	KEEPS("kernel_leap"),
	KEEPS_AT("leapfile", "/x"),
	KEEPS("utc_offset"),
	KEEPS("time_export"),
	KEEPS("ntpshm_segment"),
	KEEPS_AT("refclock_sock_address", "/x"),
	KEEPS("virtual_clock_start_offset"),
	KEEPS_AT("holdover_timetable", "0:135"),
	KEEPS("holdover_traceable"),
	/* What is sent, and how. */
	KEEPS("inhibit_announce"),
	KEEPS("inhibit_delay_req"),
	KEEPS("inhibit_multicast_service"),
	KEEPS("hybrid_e2e"),
	KEEPS("twoStepFlag"),
	KEEPS("timeSource"),
	KEEPS_AT("ptp_minor_version", "0"),
	KEEPS("dscp_event"),
	KEEPS("dscp_general"),
	KEEPS("socket_priority"),
	KEEPS("udp_ttl"),
	KEEPS_AT("udp_source_address", "192.0.2.7"),
	KEEPS("power_profile.grandmasterID"),
	KEEPS("power_profile.2011.grandmasterTimeInaccuracy"),
	KEEPS("power_profile.2011.networkTimeInaccuracy"),
	KEEPS("power_profile.2017.totalTimeInaccuracy"),
	/* Unicast service, and for how long it is asked for. */
	KEEPS("unicast_listen"),
	KEEPS("unicast_req_duration"),
	KEEPS("unicast_max_clients"),
	KEEPS("unicast_max_clients_total"),
	KEEPS_AT("unicast_max_duration", "100"),
	KEEPS("unicast_max_host_share"),
	KEEPS("unicast_max_rate"),
	KEEPS("unicast_min_interval"),
	/* Management, the control socket, the log. */
	KEEPS_AT("manufacturerIdentity", "00:11:22"),
	KEEPS_AT("productDescription", "a;b;c"),
	KEEPS_AT("revisionData", "a;b;c"),
	KEEPS_AT("userDescription", "a;b"),
	KEEPS_AT("profileIdentity", "00:1B:19:00:01:00"),
	KEEPS_AT("slave_event_monitor", "/x"),
	KEEPS_AT("uds_address", "/x"),
	KEEPS_AT("uds_ro_address", "/x"),
	KEEPS_AT("uds_file_mode", "0600"),
	KEEPS_AT("uds_ro_file_mode", "0600"),
	KEEPS_AT("control_socket", "/x"),
	KEEPS("logging_level"),
	KEEPS_AT("message_tag", "x"),
	KEEPS("summary_interval"),
	KEEPS("use_syslog"),
	KEEPS("verbose"),
	/* The programs, and the transparent clock that they may be. */
	KEEPS("bpf_attach"),
	KEEPS_AT("bpf_pin_path", "/x"),
	KEEPS("publish_stamps"),
	KEEPS_AT("rx_ring_bytes", "8192"),
	KEEPS("rx_stamp_point"),
	KEEPS("tx_stamp_point"),
	KEEPS_AT("clock_type", "E2E_TC"),
	KEEPS("tc_auth_mutable"),
	KEEPS("tc_domains"),
	KEEPS("tc_forward"),
	KEEPS("tc_one_step"),
	KEEPS_AT("tc_other_domains", "E2E"),
	KEEPS_AT("tc_priority", "1"),
	KEEPS("tc_spanning_tree"),
};

static const char *other_than_default(const struct ebc_option_info *info, char *text, size_t size)
{
	long long preset = strtoll(info->default_text, NULL, 0);

	switch (info->type) {
	case EBC_TYPE_INT:
	case EBC_TYPE_BOOL:
		snprintf(text, size, "%lld", preset < info->int_max ? preset + 1 : preset - 1);
		return text;
	case EBC_TYPE_DOUBLE:
		snprintf(text, size, "%f", strtod(info->default_text, NULL) + 0.01);
		return text;
	case EBC_TYPE_ENUM:
		for (size_t i = 0; i < info->n_values; i++)
			if (info->values[i].status == EBC_STATUS_IMPLEMENTED &&
			    strcmp(info->values[i].name, info->default_text) != 0)
				return info->values[i].name;
		break;
	default:
		break;
	}
	fail_msg("%s: which value?", info->name);
	return NULL;
}

struct run {
	struct ebc_config *config;
	struct settings settings;
	struct bc_engine *engine;
};

static void start(struct run *run, const struct decision *decision, const char *line)
{
	static const uint8_t identity[PTP_CLOCK_IDENTITY_LEN] = {2, 0, 0, 0xff, 0xfe, 0, 0, 1};
	char text[1024], reason[256] = "";

	snprintf(text, sizeof(text), "[global]\n%s%s[p0]\n[p1]\n", decision->others ?: "", line);
	assert_int_equal(ebc_config_new(&run->config), 0);
	if (ebc_config_read_text(run->config, "test.conf", text, strlen(text)) < 0 ||
	    ebc_config_finish(run->config) < 0)
		fail_msg("%s: %s", line, ebc_config_note(run->config, 0).text);
	if (settings_from_config(run->config, &run->settings, reason, sizeof(reason)) < 0)
		fail_msg("%s: %s", line, reason);
	if (!run->settings.has_clock_identity)
		memcpy(run->settings.engine.clock_identity, identity, sizeof(identity));
	assert_int_equal(bc_engine_new(&run->settings.engine, NOW_MONO_NS, 0, &run->engine), 0);
}

static void end(struct run *run)
{
	bc_engine_free(run->engine);
	ebc_config_free(run->config);
}

static void hear_master(struct run *run)
{
	const struct bc_msg announce = {
		.type = PTP_ANNOUNCE,
		.minor_version = 1,
		.source = {{0xa0, 0, 0, 0xff, 0xfe, 0, 0, 1}, 1},
		.announce = {.grandmaster_identity = {0xa0, 0, 0, 0xff, 0xfe, 0, 0, 1},
			     .grandmaster_clock_quality = {6, 0x21, 0x4e5d}},
	};
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {
		.message = octets,
		.len = bc_msg_write(&announce, octets),
		.transport = run->settings.engine_ports[0].transport,
	};

	bc_engine_handle_link(run->engine, 0, BC_LINK_UP, NOW_MONO_NS);
	bc_engine_handle_rx(run->engine, 0, &rx, NOW_MONO_NS);
	assert_int_equal(bc_engine_n_foreign_masters(run->engine, 0), 1);
}

/* As the daemon does. */
static void inherit(struct run *run, const struct run *old)
{
	size_t old_ports[2];

	for (size_t i = 0; i < 2; i++)
		old_ports[i] =
			port_settings_are_of_one_network(&run->settings.ports[i], &old->settings.ports[i])
				? i
				: SIZE_MAX;
	bc_engine_inherit(run->engine, old->engine, old_ports, NOW_MONO_NS);
}

static bool forgets(const struct decision *decision, const char *line)
{
	static struct run old, new;
	size_t n;

	start(&old, decision, "");
	hear_master(&old);
	start(&new, decision, line);
	inherit(&new, &old);
	n = bc_engine_n_foreign_masters(new.engine, 0);
	end(&new);
	end(&old);
	return n == 0;
}

static void each_option_forgets_or_keeps_masters_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
		const struct decision *decision = &decisions[i];
		enum ebc_option option;
		char line[256], value[64];

		assert_int_equal(ebc_option_find(decision->option, &option), 0);
		snprintf(line, sizeof(line), "%s %s\n", decision->option,
			 decision->value
				 ?: other_than_default(ebc_option_info(option), value, sizeof(value)));
		if (forgets(decision, line) != decision->forgets)
			fail_msg("%.*s: the masters are %s", (int)strlen(line) - 1, line,
				 decision->forgets ? "kept" : "forgotten");
	}
}

static bool is_decided(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++)
		if (strcmp(decisions[i].option, name) == 0)
			return true;
	return false;
}

static void there_is_a_decision_on_every_option_that_has_an_effect(void **state)
{
	(void)state;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);

		if (info->status == EBC_STATUS_IMPLEMENTED && !is_decided(info->name))
			fail_msg("does a reload that changes %s forget the masters, or not?", info->name);
	}
}

static void a_port_of_another_name_is_another_one(void **state)
{
	struct port_settings a = {.name = "eth0"}, b = {.name = "eth1"};

	(void)state;
	assert_true(port_settings_are_of_one_network(&a, &a));
	assert_false(port_settings_are_of_one_network(&a, &b));
}

static unsigned int stamping_with(const char *line)
{
	static const struct decision nothing;
	static struct run run;
	unsigned int stamping;

	start(&run, &nothing, line);
	stamping = run.settings.engine_ports[1].stamping;
	assert_int_equal(run.settings.transparent.peer_delay[1].stamping, stamping);
	end(&run);
	return stamping;
}

static void options_that_move_stamps_are_told_apart(void **state)
{
	static const char *const lines[] = {
		"",
		"time_stamping software\n",
		"rx_stamp_point tc\n",
		"tx_stamp_point tc\n",
		"bpf_attach clsact\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (size_t k = 0; k < ARRAY_SIZE(lines); k++)
			assert_int_equal(stamping_with(lines[i]) == stamping_with(lines[k]), i == k);
	assert_int_equal(stamping_with("time_stamping hardware\n"), stamping_with(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_forgets_or_keeps_masters_as_it_should),
		cmocka_unit_test(there_is_a_decision_on_every_option_that_has_an_effect),
		cmocka_unit_test(a_port_of_another_name_is_another_one),
		cmocka_unit_test(options_that_move_stamps_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
