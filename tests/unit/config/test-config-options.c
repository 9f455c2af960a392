/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options is sound: names, defaults, ranges, reasons, aliases; and it knows ptp4l's options. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/config/config-fixture.h"
#include "config/private.h"
#include "util/macros.h"

#define FOR_EACH_OPTION(i, info)                                                                     \
	for (size_t i = 0; i < EBC_N_OPTIONS; i++)                                                   \
		for (const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i); info; \
		     info = NULL)

static void every_name_finds_its_own_row(void **state)
{
	(void)state;
	FOR_EACH_OPTION(i, info)
	{
		enum ebc_option option = EBC_N_OPTIONS;

		assert_non_null(info->name);
		assert_int_equal(ebc_option_find(info->name, &option), 0);
		assert_int_equal(option, i); /* so there are no two of the same name */
	}
}

static void unknown_names_are_not_found(void **state)
{
	enum ebc_option option = EBC_N_OPTIONS;

	(void)state;
	assert_int_equal(ebc_option_find("", &option), -ENOENT);
	assert_int_equal(ebc_option_find("Priority1", &option), -ENOENT);
	assert_int_equal(ebc_option_find("priority1 ", &option), -ENOENT);
	assert_int_equal(option, EBC_N_OPTIONS);
}

static void every_default_is_a_value_in_range(void **state)
{
	(void)state;
	FOR_EACH_OPTION(i, info)
	{
		struct ebc_value value = {0};

		assert_int_equal(ebc_value_parse(info, info->default_text, &value), 0);
		if (info->type == EBC_TYPE_ENUM)
			assert_int_equal(info->values[value.integer].status, EBC_STATUS_IMPLEMENTED);
	}
}

static void every_range_is_one(void **state)
{
	(void)state;
	FOR_EACH_OPTION(i, info)
	{
		if (info->type == EBC_TYPE_INT)
			assert_true(info->int_min < info->int_max);
		if (info->type == EBC_TYPE_DOUBLE)
			assert_true(info->double_min < info->double_max);
		if (info->type == EBC_TYPE_ENUM)
			assert_true(info->n_values > 1);
		if (info->type < EBC_TYPE_STRING)
			assert_true(strlen(info->range_text) >= strlen("0..1"));
		else
			assert_string_equal(info->range_text, "");
	}
}

static void every_option_is_described_and_every_refusal_has_a_reason(void **state)
{
	(void)state;
	FOR_EACH_OPTION(i, info)
	{
		assert_true(strlen(info->description) > 10);
		assert_true(info->status != EBC_STATUS_SUBSTITUTED);
		if (info->status == EBC_STATUS_REFUSED)
			assert_non_null(info->reason);
		for (size_t v = 0; v < info->n_values; v++) {
			enum ebc_option_status status = info->values[v].status;

			assert_true(status != EBC_STATUS_NO_EFFECT);
			if (status != EBC_STATUS_IMPLEMENTED)
				assert_non_null(info->values[v].reason);
			/* Substitution looks at [global] alone. */
			if (status == EBC_STATUS_SUBSTITUTED)
				assert_int_equal(info->scope, EBC_SCOPE_GLOBAL);
		}
	}
}

static void names_of_values_are_unique_whatever_their_case(void **state)
{
	(void)state;
	FOR_EACH_OPTION(i, info)
	{
		for (size_t a = 0; a < info->n_values; a++)
			for (size_t b = 0; b < a; b++)
				assert_true(strcasecmp(info->values[a].name, info->values[b].name) != 0);
	}
}

static void range_text_lists_the_values_of_an_enumeration(void **state)
{
	(void)state;
	assert_string_equal(ebc_option_info(EBC_OPT_CLOCK_TYPE)->range_text, "OC|BC|P2P_TC|E2E_TC|MONITOR");
	assert_string_equal(ebc_option_info(EBC_OPT_LOG_SYNC_INTERVAL)->range_text, "-7..15");
	assert_string_equal(ebc_option_info(EBC_OPT_CLOCK_TYPE)->values[EBC_CLOCK_TYPE_BC].name, "BC");
}

static void aliases_resolve_and_hide_no_option(void **state)
{
	static const struct {
		const char *name;
		enum ebc_option option;
	} expected[] = {
		{"slaveOnly", EBC_OPT_CLIENT_ONLY},
		{"masterOnly", EBC_OPT_SERVER_ONLY},
		{"pi_offset_const", EBC_OPT_STEP_THRESHOLD},
		{"pi_f_offset_const", EBC_OPT_FIRST_STEP_THRESHOLD},
		{"pi_max_frequency", EBC_OPT_MAX_FREQUENCY},
	};
	enum ebc_option option;
	const char *alias;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(ebc_option_find(expected[i].name, &option), 0);
		assert_int_equal(option, expected[i].option);
	}
	for (size_t i = 0; (alias = ebc_option_alias(i, &option)); i++) {
		assert_true(i < ARRAY_SIZE(expected));
		FOR_EACH_OPTION(j, info)
		{
			assert_string_not_equal(info->name, alias);
		}
	}
}

static void options_of_other_programs_are_told_by_their_prefix(void **state)
{
	(void)state;
	assert_true(ebc_option_is_foreign("ts2phc.pulsewidth"));
	assert_false(ebc_option_is_foreign("ts2phc."));
	assert_false(ebc_option_is_foreign("ts2phc"));
	FOR_EACH_OPTION(i, info)
	{
		assert_false(ebc_option_is_foreign(info->name));
	}
}

/* The options of linuxptp 4.4 with their defaults and scopes. */
static void ptp4l_options_are_known_with_its_defaults(void **state)
{
	static const struct {
		const char *name, *value;
	} global[] =
		{
			{"assume_two_step", "0"},
			{"check_fup_sync", "0"},
			{"clientOnly", "0"},
			{"clockAccuracy", "0xfe"},
			{"clockClass", "248"},
			{"clockIdentity", "000000.0000.000000"},
			{"clock_class_threshold", "248"},
			{"clock_type", "OC"},
			{"dataset_comparison", "ieee1588"},
			{"dscp_event", "0"},
			{"dscp_general", "0"},
			{"domainNumber", "0"},
			{"first_step_threshold", "0.00002"},
			{"free_running", "0"},
			{"G.8275.defaultDS.localPriority", "128"},
			{"gmCapable", "1"},
			{"hwts_filter", "normal"},
			{"initial_delay", "0"},
			{"kernel_leap", "1"},
			{"leapfile", ""},
			{"logging_level", "6"},
			{"maxStepsRemoved", "255"},
			{"message_tag", ""},
			{"manufacturerIdentity", "00:00:00"},
			{"max_frequency", "900000000"},
			{"ntpshm_segment", "0"},
			{"offsetScaledLogVariance", "0xffff"},
			{"pi_proportional_const", "0"},
			{"pi_integral_const", "0"},
			{"pi_proportional_scale", "0"},
			{"pi_proportional_exponent", "-0.3"},
			{"pi_proportional_norm_max", "0.7"},
			{"pi_integral_scale", "0"},
			{"pi_integral_exponent", "0.4"},
			{"pi_integral_norm_max", "0.3"},
			{"priority1", "128"},
			{"priority2", "128"},
			{"productDescription", ";;"},
			{"ptp_minor_version", "1"},
			{"refclock_sock_address", "/var/run/refclock.ptp.sock"},
			{"revisionData", ";;"},
			{"sa_file", ""},
			{"sanity_freq_limit", "200000000"},
			{"servo_num_offset_values", "10"},
			{"servo_offset_threshold", "0"},
			{"slave_event_monitor", ""},
			{"socket_priority", "0"},
			{"step_threshold", "0"},
			{"step_window", "0"},
			{"summary_interval", "0"},
			{"tc_spanning_tree", "0"},
			{"timeSource", "0xA0"},
			{"twoStepFlag", "1"},
			{"tx_timestamp_timeout", "10"},
			{"uds_address", "/var/run/ptp4l"},
			{"uds_ro_address", "/var/run/ptp4lro"},
			{"use_syslog", "1"},
			{"user", ""},
			{"userDescription", ""},
			{"utc_offset", "37"},
			{"verbose", "0"},
			{"write_phase_mode", "0"},
		},
	  port[] = {
		  {"active_key_id", "0"},
		  {"allow_unauth", "0"},
		  {"allowedLostResponses", "3"},
		  {"announceReceiptTimeout", "3"},
		  {"asCapable", "auto"},
		  {"boundary_clock_jbod", "0"},
		  {"BMCA", "ptp"},
		  {"cmlds.client_address", "/var/run/cmlds_client"},
		  {"cmlds.domainNumber", "0"},
		  {"cmlds.majorSdoId", "2"},
		  {"cmlds.port", "0"},
		  {"cmlds.server_address", "/var/run/cmlds_server"},
		  {"delayAsymmetry", "0"},
		  {"delay_filter", "moving_median"},
		  {"delay_filter_length", "10"},
		  {"delay_request_variability", "1.0"},
		  {"delay_mechanism", "E2E"},
		  {"delay_response_timeout", "0"},
		  {"egressLatency", "0"},
		  {"fault_badpeernet_interval", "16"},
		  {"fault_reset_interval", "4"},
		  {"follow_up_info", "0"},
		  {"freq_est_interval", "1"},
		  {"G.8275.portDS.localPriority", "128"},
		  {"hybrid_e2e", "0"},
		  {"ignore_source_id", "0"},
		  {"ignore_transport_specific", "0"},
		  {"ingressLatency", "0"},
		  {"inhibit_announce", "0"},
		  {"inhibit_delay_req", "0"},
		  {"inhibit_multicast_service", "0"},
		  {"interface_rate_tlv", "0"},
		  {"logAnnounceInterval", "1"},
		  {"logMinDelayReqInterval", "0"},
		  {"logMinPdelayReqInterval", "0"},
		  {"logSyncInterval", "0"},
		  {"min_neighbor_prop_delay", "-20000000"},
		  {"msg_interval_request", "0"},
		  {"neighborPropDelayThresh", "20000000"},
		  {"net_sync_monitor", "0"},
		  {"network_transport", "UDPv4"},
		  {"operLogPdelayReqInterval", "0"},
		  {"operLogSyncInterval", "0"},
		  {"p2p_dst_ipv4", "224.0.0.107"},
		  {"p2p_dst_ipv6", "FF02::6B"},
		  {"p2p_dst_mac", "01:80:C2:00:00:0E"},
		  {"path_trace_enabled", "0"},
		  {"phc_index", "-1"},
		  {"power_profile.version", "none"},
		  {"power_profile.grandmasterID", "0"},
		  {"power_profile.2011.grandmasterTimeInaccuracy", "-1"},
		  {"power_profile.2011.networkTimeInaccuracy", "-1"},
		  {"power_profile.2017.totalTimeInaccuracy", "-1"},
		  {"profileIdentity", "00:00:00:00:00:00"},
		  {"ptp_dst_ipv4", "224.0.1.129"},
		  {"ptp_dst_ipv6", "FF0E::181"},
		  {"ptp_dst_mac", "01:1B:19:00:00:00"},
		  {"serverOnly", "0"},
		  {"spp", "-1"},
		  {"syncReceiptTimeout", "0"},
		  {"transportSpecific", "0"},
		  {"tsproc_mode", "filter"},
		  {"udp_ttl", "1"},
		  {"udp6_scope", "0x0E"},
		  {"uds_file_mode", "0660"},
		  {"uds_ro_file_mode", "0666"},
		  {"unicast_listen", "0"},
		  {"unicast_master_table", "0"},
		  {"unicast_req_duration", "3600"},
	  };
	enum ebc_option option;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(global); i++) {
		assert_int_equal(ebc_option_find(global[i].name, &option), 0);
		assert_int_equal(ebc_option_info(option)->scope, EBC_SCOPE_GLOBAL);
		assert_string_equal(ebc_option_info(option)->default_text, global[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(port); i++) {
		assert_int_equal(ebc_option_find(port[i].name, &option), 0);
		assert_int_equal(ebc_option_info(option)->scope, EBC_SCOPE_PORT);
		assert_string_equal(ebc_option_info(option)->default_text, port[i].value);
	}
}

/* A file that says nothing of them changes its meaning with these. */
static void options_of_our_own_have_these_defaults(void **state)
{
	static const struct {
		const char *name, *value;
	} expected[] = {
		{"bpf_pin_path", "/sys/fs/bpf/ebpf-bc"},
		{"control_socket", "/run/ebpf-bc/control"},
		{"tc_auth_mutable", "0"},
		{"tc_domains", "all"},
		{"tc_forward", "auto"},
		{"tc_one_step", "auto"},
		{"tc_other_domains", "none"},
		{"tc_priority", "7"},
	};
	enum ebc_option option;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(ebc_option_find(expected[i].name, &option), 0);
		assert_int_equal(ebc_option_info(option)->scope, EBC_SCOPE_GLOBAL);
		assert_int_equal(ebc_option_info(option)->status, EBC_STATUS_IMPLEMENTED);
		assert_string_equal(ebc_option_info(option)->default_text, expected[i].value);
	}
}

static void our_own_defaults_differ_from_ptp4l_in_two_options_alone(void **state)
{
	(void)state;
	assert_string_equal(ebc_option_info(EBC_OPT_CLOCK_SERVO)->default_text, "kalman");
	assert_string_equal(ebc_option_info(EBC_OPT_TIME_STAMPING)->default_text, "bpf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_finds_its_own_row),
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(every_default_is_a_value_in_range),
		cmocka_unit_test(every_range_is_one),
		cmocka_unit_test(every_option_is_described_and_every_refusal_has_a_reason),
		cmocka_unit_test(names_of_values_are_unique_whatever_their_case),
		cmocka_unit_test(range_text_lists_the_values_of_an_enumeration),
		cmocka_unit_test(aliases_resolve_and_hide_no_option),
		cmocka_unit_test(options_of_other_programs_are_told_by_their_prefix),
		cmocka_unit_test(ptp4l_options_are_known_with_its_defaults),
		cmocka_unit_test(options_of_our_own_have_these_defaults),
		cmocka_unit_test(our_own_defaults_differ_from_ptp4l_in_two_options_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
