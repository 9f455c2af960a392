// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads every option once, at the start. */
#include "bc/daemon/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bc/daemon/guard_settings.h"
#include "bc/daemon/management_settings.h"
#include "bc/daemon/unicast_settings.h"
#include "util/macros.h"

#define GLOBAL EBC_CONFIG_GLOBAL

/* clockClass of a clock that can only be a client (IEEE 1588-2019 table 4). */
#define CLOCK_CLASS_CLIENT_ONLY 255

static int get(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	return (int)ebc_config_int(config, port, option);
}

static enum bc_servo_type servo_type(int value)
{
	switch (value) {
	case EBC_CLOCK_SERVO_PI:
		return BC_SERVO_PI;
	case EBC_CLOCK_SERVO_LINREG:
		return BC_SERVO_LINREG;
	case EBC_CLOCK_SERVO_NULLF:
		return BC_SERVO_NULLF;
	default:
		return BC_SERVO_KALMAN;
	}
}

static void read_servo(const struct ebc_config *c, struct bc_servo_config *ret)
{
	*ret = (struct bc_servo_config){
		.type = servo_type(get(c, GLOBAL, EBC_OPT_CLOCK_SERVO)),
		.step_threshold_s = ebc_config_double(c, GLOBAL, EBC_OPT_STEP_THRESHOLD),
		.first_step_threshold_s = ebc_config_double(c, GLOBAL, EBC_OPT_FIRST_STEP_THRESHOLD),
		.max_frequency_ppb = (double)ebc_config_int(c, GLOBAL, EBC_OPT_MAX_FREQUENCY),
		.offset_threshold_ns = get(c, GLOBAL, EBC_OPT_SERVO_OFFSET_THRESHOLD),
		.num_offset_values = get(c, GLOBAL, EBC_OPT_SERVO_NUM_OFFSET_VALUES),
		.pi_proportional_const = ebc_config_double(c, GLOBAL, EBC_OPT_PI_PROPORTIONAL_CONST),
		.pi_integral_const = ebc_config_double(c, GLOBAL, EBC_OPT_PI_INTEGRAL_CONST),
		.pi_proportional_scale = ebc_config_double(c, GLOBAL, EBC_OPT_PI_PROPORTIONAL_SCALE),
		.pi_proportional_exponent = ebc_config_double(c, GLOBAL, EBC_OPT_PI_PROPORTIONAL_EXPONENT),
		.pi_proportional_norm_max = ebc_config_double(c, GLOBAL, EBC_OPT_PI_PROPORTIONAL_NORM_MAX),
		.pi_integral_scale = ebc_config_double(c, GLOBAL, EBC_OPT_PI_INTEGRAL_SCALE),
		.pi_integral_exponent = ebc_config_double(c, GLOBAL, EBC_OPT_PI_INTEGRAL_EXPONENT),
		.pi_integral_norm_max = ebc_config_double(c, GLOBAL, EBC_OPT_PI_INTEGRAL_NORM_MAX),
	};
	/* 0: the clock's own limit, and a virtual clock has none but that it must not stand still. */
	if (ret->max_frequency_ppb <= 0 || ret->max_frequency_ppb > 900000000.0)
		ret->max_frequency_ppb = 900000000.0;
}

static void read_engine(const struct ebc_config *c, struct settings *s)
{
	struct bc_engine_config *e = &s->engine;

	*e = (struct bc_engine_config){
		.sdo_id = (uint16_t)(get(c, GLOBAL, EBC_OPT_TRANSPORT_SPECIFIC) << 8),
		.domain_number = (uint8_t)get(c, GLOBAL, EBC_OPT_DOMAIN_NUMBER),
		.minor_version = (uint8_t)get(c, GLOBAL, EBC_OPT_PTP_MINOR_VERSION),
		.priority1 = (uint8_t)get(c, GLOBAL, EBC_OPT_PRIORITY1),
		.priority2 = (uint8_t)get(c, GLOBAL, EBC_OPT_PRIORITY2),
		.clock_quality =
			{
				.clock_class = (uint8_t)get(c, GLOBAL, EBC_OPT_CLOCK_CLASS),
				.clock_accuracy = (uint8_t)get(c, GLOBAL, EBC_OPT_CLOCK_ACCURACY),
				.offset_scaled_log_variance =
					(uint16_t)get(c, GLOBAL, EBC_OPT_OFFSET_SCALED_LOG_VARIANCE),
			},
		.client_only = get(c, GLOBAL, EBC_OPT_CLIENT_ONLY),
		.never_grandmaster = !get(c, GLOBAL, EBC_OPT_GM_CAPABLE),
		.is_telecom = get(c, GLOBAL, EBC_OPT_DATASET_COMPARISON) == EBC_DATASET_COMPARISON_G8275,
		.local_priority = (uint8_t)get(c, GLOBAL, EBC_OPT_G8275_DEFAULT_LOCAL_PRIORITY),
		.clock_class_threshold = (uint8_t)get(c, GLOBAL, EBC_OPT_CLOCK_CLASS_THRESHOLD),
		.free_running = get(c, GLOBAL, EBC_OPT_FREE_RUNNING),
		.assume_two_step = get(c, GLOBAL, EBC_OPT_ASSUME_TWO_STEP),
		.max_steps_removed = (uint16_t)get(c, GLOBAL, EBC_OPT_MAX_STEPS_REMOVED),
		.utc_offset_s = (int16_t)get(c, GLOBAL, EBC_OPT_UTC_OFFSET),
		/* As our own grandmaster we serve TAI: the system's time plus utc_offset. */
		.time_flags = PTP_FLAG_PTP_TIMESCALE,
		.time_source = (uint8_t)get(c, GLOBAL, EBC_OPT_TIME_SOURCE),
		.max_unicast_clients = (uint32_t)get(c, GLOBAL, EBC_OPT_UNICAST_MAX_CLIENTS_TOTAL),
		.foreign_master_limit = (uint32_t)get(c, GLOBAL, EBC_OPT_FOREIGN_MASTER_LIMIT),
		.sanity_freq_limit_ppb = (double)ebc_config_int(c, GLOBAL, EBC_OPT_SANITY_FREQ_LIMIT),
	};
	if (e->client_only || e->never_grandmaster)
		e->clock_quality.clock_class = CLOCK_CLASS_CLIENT_ONLY;
	read_servo(c, &e->servo);
	s->has_clock_identity =
		ebc_config_is_set(c, GLOBAL, EBC_OPT_CLOCK_IDENTITY) &&
		ebc_parse_clock_identity(ebc_config_string(c, GLOBAL, EBC_OPT_CLOCK_IDENTITY),
					 e->clock_identity) == 0 &&
		memcmp(e->clock_identity, (uint8_t[PTP_CLOCK_IDENTITY_LEN]){}, PTP_CLOCK_IDENTITY_LEN) != 0;
}

static enum ebc_transport transport_of(int value)
{
	switch (value) {
	case EBC_NETWORK_TRANSPORT_UDPV4:
		return EBC_TRANSPORT_UDP_IPV4;
	case EBC_NETWORK_TRANSPORT_UDPV6:
		return EBC_TRANSPORT_UDP_IPV6;
	default:
		return EBC_TRANSPORT_IEEE_802_3;
	}
}

static uint64_t fault_interval_ns(int log)
{
	return log <= -10 ? 0
	       : log < 0  ? (uint64_t)NSEC_PER_SEC >> -log
			  : (uint64_t)NSEC_PER_SEC << MIN(log, 20);
}

static struct bc_power_profile power_profile_of(const struct ebc_config *c, size_t i)
{
	static const enum bc_power_profile_version versions[] = {
		[EBC_POWER_PROFILE_NONE] = BC_POWER_PROFILE_NONE,
		[EBC_POWER_PROFILE_2011] = BC_POWER_PROFILE_2011,
		[EBC_POWER_PROFILE_2017] = BC_POWER_PROFILE_2017,
	};

	/* -1 is the greatest value: unknown. */
	return (struct bc_power_profile){
		.version = versions[get(c, i, EBC_OPT_POWER_PROFILE_VERSION)],
		.grandmaster_id = (uint16_t)get(c, i, EBC_OPT_POWER_PROFILE_GRANDMASTER_ID),
		.grandmaster_inaccuracy_ns = (uint32_t)get(c, i, EBC_OPT_POWER_PROFILE_2011_GM_INACCURACY),
		.network_inaccuracy_ns = (uint32_t)get(c, i, EBC_OPT_POWER_PROFILE_2011_NETWORK_INACCURACY),
		.total_inaccuracy_ns = (uint32_t)get(c, i, EBC_OPT_POWER_PROFILE_2017_TOTAL_INACCURACY),
	};
}

static enum bc_delay_mechanism mechanism_of(int value)
{
	switch (value) {
	case EBC_DELAY_MECHANISM_P2P:
		return BC_DELAY_P2P;
	case EBC_DELAY_MECHANISM_AUTO:
		return BC_DELAY_AUTO;
	case EBC_DELAY_MECHANISM_NONE:
		return BC_DELAY_NONE;
	default:
		return BC_DELAY_E2E;
	}
}

static enum bc_tsproc_mode tsproc_mode_of(int value)
{
	switch (value) {
	case EBC_TSPROC_MODE_RAW:
		return BC_TSPROC_RAW;
	case EBC_TSPROC_MODE_FILTER_WEIGHT:
		return BC_TSPROC_FILTER_WEIGHT;
	case EBC_TSPROC_MODE_RAW_WEIGHT:
		return BC_TSPROC_RAW_WEIGHT;
	default:
		return BC_TSPROC_FILTER;
	}
}

static void read_delay(const struct ebc_config *c, size_t i, struct bc_port_config *ret)
{
	ret->delay_mechanism = mechanism_of(get(c, i, EBC_OPT_DELAY_MECHANISM));
	ret->initial_delay_ns = ebc_config_int(c, GLOBAL, EBC_OPT_INITIAL_DELAY);
	ret->log_min_pdelay_req_interval = (int8_t)get(c, i, EBC_OPT_LOG_MIN_PDELAY_REQ_INTERVAL);
	ret->neighbor_prop_delay_thresh_ns = get(c, i, EBC_OPT_NEIGHBOR_PROP_DELAY_THRESH);
	ret->min_neighbor_prop_delay_ns = get(c, i, EBC_OPT_MIN_NEIGHBOR_PROP_DELAY);
	ret->allowed_lost_responses = (unsigned int)get(c, i, EBC_OPT_ALLOWED_LOST_RESPONSES);
	ret->follow_up_info = get(c, i, EBC_OPT_FOLLOW_UP_INFO);
	ret->tsproc_mode = tsproc_mode_of(get(c, i, EBC_OPT_TSPROC_MODE));
	ret->delay_request_variability = ebc_config_double(c, i, EBC_OPT_DELAY_REQUEST_VARIABILITY);
	ret->delay_response_timeout = (unsigned int)get(c, i, EBC_OPT_DELAY_RESPONSE_TIMEOUT);
	ret->is_always_capable = get(c, i, EBC_OPT_AS_CAPABLE) == EBC_AS_CAPABLE_TRUE;
}

/* Options that move stamps, by microseconds. */
static unsigned int stamping_of(const struct ebc_config *c)
{
	bool uses_sockets = get(c, GLOBAL, EBC_OPT_TIME_STAMPING) == EBC_TIME_STAMPING_SOFTWARE;

	return (unsigned int)(get(c, GLOBAL, EBC_OPT_TX_STAMP_POINT) << 16 |
			      get(c, GLOBAL, EBC_OPT_RX_STAMP_POINT) << 8 |
			      get(c, GLOBAL, EBC_OPT_BPF_ATTACH) << 4 | uses_sockets);
}

static void read_engine_port(const struct ebc_config *c, size_t i, struct bc_port_config *ret)
{
	*ret = (struct bc_port_config){
		.transport = transport_of(get(c, i, EBC_OPT_NETWORK_TRANSPORT)),
		.log_announce_interval = (int8_t)get(c, i, EBC_OPT_LOG_ANNOUNCE_INTERVAL),
		.log_sync_interval = (int8_t)get(c, i, EBC_OPT_LOG_SYNC_INTERVAL),
		.log_min_delay_req_interval = (int8_t)get(c, i, EBC_OPT_LOG_MIN_DELAY_REQ_INTERVAL),
		.announce_receipt_timeout = (uint8_t)get(c, i, EBC_OPT_ANNOUNCE_RECEIPT_TIMEOUT),
		.sync_receipt_timeout = (uint8_t)get(c, i, EBC_OPT_SYNC_RECEIPT_TIMEOUT),
		.server_only = get(c, i, EBC_OPT_SERVER_ONLY),
		.is_role_fixed = get(c, i, EBC_OPT_BMCA) == EBC_BMCA_NOOP,
		.local_priority = (uint8_t)get(c, i, EBC_OPT_G8275_PORT_LOCAL_PRIORITY),
		.is_path_traced = get(c, i, EBC_OPT_PATH_TRACE_ENABLED),
		.power_profile = power_profile_of(c, i),
		.interval_request_min = (int8_t)get(c, i, EBC_OPT_INTERVAL_REQUEST_MIN),
		.interval_request_max = (int8_t)get(c, i, EBC_OPT_INTERVAL_REQUEST_MAX),
		.interval_request_may_stop = get(c, i, EBC_OPT_INTERVAL_REQUEST_STOP),
		.requests_intervals = get(c, i, EBC_OPT_MSG_INTERVAL_REQUEST),
		.oper_log_sync_interval = (int8_t)get(c, i, EBC_OPT_OPER_LOG_SYNC_INTERVAL),
		.oper_log_pdelay_req_interval = (int8_t)get(c, i, EBC_OPT_OPER_LOG_PDELAY_REQ_INTERVAL),
		.inhibit_announce = get(c, i, EBC_OPT_INHIBIT_ANNOUNCE),
		.inhibit_delay_req = get(c, i, EBC_OPT_INHIBIT_DELAY_REQ),
		.ignore_source_id = get(c, i, EBC_OPT_IGNORE_SOURCE_ID),
		.delay_asymmetry_ns = ebc_config_int(c, i, EBC_OPT_DELAY_ASYMMETRY),
		.ingress_latency_ns = ebc_config_int(c, i, EBC_OPT_INGRESS_LATENCY),
		.egress_latency_ns = ebc_config_int(c, i, EBC_OPT_EGRESS_LATENCY),
		.stamping = stamping_of(c),
		.fault_reset_interval_ns = fault_interval_ns(get(c, i, EBC_OPT_FAULT_RESET_INTERVAL)),
		.delay_filter = get(c, i, EBC_OPT_DELAY_FILTER) == EBC_DELAY_FILTER_MOVING_AVERAGE
					? BC_DELAY_FILTER_MOVING_AVERAGE
					: BC_DELAY_FILTER_MOVING_MEDIAN,
		.delay_filter_length = (unsigned int)get(c, i, EBC_OPT_DELAY_FILTER_LENGTH),
	};
	read_delay(c, i, ret);
}

/* RFC 1112 section 6.4, RFC 2464 section 7. */
static void group_mac_ipv4(const uint8_t *ip, uint8_t *mac)
{
	memcpy(mac, (uint8_t[]){0x01, 0x00, 0x5e, ip[1] & 0x7f, ip[2], ip[3]}, 6);
}

static void group_mac_ipv6(const uint8_t *ip, uint8_t *mac)
{
	memcpy(mac, (uint8_t[]){0x33, 0x33, ip[12], ip[13], ip[14], ip[15]}, 6);
}

static void read_port(const struct ebc_config *c, size_t i, struct settings *s)
{
	struct port_settings *p = &s->ports[i];
	enum ebc_transport transport = s->engine_ports[i].transport;
	const char *source = ebc_config_string(c, i, EBC_OPT_UDP_SOURCE_ADDRESS);
	uint8_t scope = (uint8_t)get(c, i, EBC_OPT_UDP6_SCOPE);

	p->name = ebc_config_port_name(c, i);
	p->groups.transport = transport;
	/* The table has checked their form. */
	ebc_parse_mac(ebc_config_string(c, i, EBC_OPT_PTP_DST_MAC), p->groups.mac[0]);
	ebc_parse_mac(ebc_config_string(c, i, EBC_OPT_P2P_DST_MAC), p->groups.mac[1]);
	inet_pton(AF_INET, ebc_config_string(c, i, EBC_OPT_PTP_DST_IPV4), &p->groups.ipv4[0]);
	inet_pton(AF_INET, ebc_config_string(c, i, EBC_OPT_P2P_DST_IPV4), &p->groups.ipv4[1]);
	inet_pton(AF_INET6, ebc_config_string(c, i, EBC_OPT_PTP_DST_IPV6), &p->groups.ipv6[0]);
	inet_pton(AF_INET6, ebc_config_string(c, i, EBC_OPT_P2P_DST_IPV6), &p->groups.ipv6[1]);
	p->groups.ipv6[0].s6_addr[1] = (uint8_t)((p->groups.ipv6[0].s6_addr[1] & 0xf0) | scope);

	p->groups.all_transports = s->loader.mode != EBC_MODE_BOUNDARY;

	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		memcpy(p->peer_destination.ip, &p->groups.ipv4[1], 4);
		group_mac_ipv4(p->peer_destination.ip, p->peer_destination.mac);
		memcpy(p->destination.ip, &p->groups.ipv4[0], 4);
		group_mac_ipv4(p->destination.ip, p->destination.mac);
		p->has_source_ip = *source && inet_pton(AF_INET, source, p->source_ip) == 1;
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		memcpy(p->peer_destination.ip, &p->groups.ipv6[1], 16);
		group_mac_ipv6(p->peer_destination.ip, p->peer_destination.mac);
		memcpy(p->destination.ip, &p->groups.ipv6[0], 16);
		group_mac_ipv6(p->destination.ip, p->destination.mac);
		p->has_source_ip = *source && inet_pton(AF_INET6, source, p->source_ip) == 1;
		break;
	default:
		memcpy(p->destination.mac, p->groups.mac[0], 6);
		memcpy(p->peer_destination.mac, p->groups.mac[1], 6);
		break;
	}
	p->dscp_event = (uint8_t)get(c, GLOBAL, EBC_OPT_DSCP_EVENT);
	p->dscp_general = (uint8_t)get(c, GLOBAL, EBC_OPT_DSCP_GENERAL);
	p->hop_limit = (uint8_t)get(c, i, EBC_OPT_UDP_TTL);
}

static enum ebc_stamp_source tx_stamp_of(int value)
{
	switch (value) {
	case EBC_TX_STAMP_POINT_XMIT:
		return EBC_STAMP_XMIT;
	case EBC_TX_STAMP_POINT_START_XMIT:
		return EBC_STAMP_START_XMIT;
	case EBC_TX_STAMP_POINT_DRIVER:
		return EBC_STAMP_DRIVER;
	case EBC_TX_STAMP_POINT_TC:
		return EBC_STAMP_TC;
	default:
		return EBC_STAMP_NONE;
	}
}

static enum ebc_attach_mode attach_of(int value)
{
	switch (value) {
	case EBC_BPF_ATTACH_TCX:
		return EBC_ATTACH_TCX;
	case EBC_BPF_ATTACH_CLSACT:
		return EBC_ATTACH_CLSACT;
	default:
		return EBC_ATTACH_AUTO;
	}
}

static enum ebc_mode mode_of(int clock_type)
{
	switch (clock_type) {
	case EBC_CLOCK_TYPE_E2E_TC:
	case EBC_CLOCK_TYPE_P2P_TC:
		return EBC_MODE_TRANSPARENT;
	case EBC_CLOCK_TYPE_MONITOR:
		return EBC_MODE_MONITOR;
	default:
		return EBC_MODE_BOUNDARY;
	}
}

static enum ebc_one_step one_step_of(int value)
{
	switch (value) {
	case EBC_TC_ONE_STEP_KEEP:
		return EBC_ONE_STEP_KEEP;
	case EBC_TC_ONE_STEP_CONVERT:
		return EBC_ONE_STEP_CONVERT;
	default:
		return EBC_ONE_STEP_AUTO;
	}
}

static enum ebc_forward forward_of(int value)
{
	switch (value) {
	case EBC_TC_FORWARD_BRIDGE:
		return EBC_FORWARD_BRIDGE;
	case EBC_TC_FORWARD_DIRECT:
		return EBC_FORWARD_DIRECT;
	default:
		return EBC_FORWARD_AUTO;
	}
}

static void read_peer_delay(const struct ebc_config *c, size_t i, struct settings *s)
{
	const struct bc_port_config *port = &s->engine_ports[i];

	s->transparent.peer_delay[i] = (struct bc_peer_delay_config){
		.sdo_id = s->engine.sdo_id,
		.domain_number = s->engine.domain_number,
		.minor_version = s->engine.minor_version,
		.transport = port->transport,
		.log_min_pdelay_req_interval = (int8_t)get(c, i, EBC_OPT_LOG_MIN_PDELAY_REQ_INTERVAL),
		.ingress_latency_ns = port->ingress_latency_ns,
		.egress_latency_ns = port->egress_latency_ns,
		.delay_asymmetry_ns = port->delay_asymmetry_ns,
		.stamping = port->stamping,
		.neighbor_prop_delay_thresh_ns = get(c, i, EBC_OPT_NEIGHBOR_PROP_DELAY_THRESH),
		.min_neighbor_prop_delay_ns = get(c, i, EBC_OPT_MIN_NEIGHBOR_PROP_DELAY),
		.allowed_lost_responses = (unsigned int)get(c, i, EBC_OPT_ALLOWED_LOST_RESPONSES),
		.delay_filter = port->delay_filter,
		.delay_filter_length = port->delay_filter_length,
	};
}

static void read_transparent(const struct ebc_config *c, struct settings *s)
{
	s->transparent = (struct transparent_settings){
		.is_p2p = get(c, GLOBAL, EBC_OPT_CLOCK_TYPE) == EBC_CLOCK_TYPE_P2P_TC,
		.is_syntonized = !s->engine.free_running && s->loader.mode == EBC_MODE_TRANSPARENT,
		.is_auth_mutable = get(c, GLOBAL, EBC_OPT_TC_AUTH_MUTABLE),
		.counts_steps = get(c, GLOBAL, EBC_OPT_TC_SPANNING_TREE),
		.priority = (uint32_t)get(c, GLOBAL, EBC_OPT_TC_PRIORITY),
		.one_step = one_step_of(get(c, GLOBAL, EBC_OPT_TC_ONE_STEP)),
		.forward = s->loader.mode == EBC_MODE_MONITOR
				   ? EBC_FORWARD_NONE
				   : forward_of(get(c, GLOBAL, EBC_OPT_TC_FORWARD)),
	};
	for (size_t i = 0; i < s->n_ports; i++)
		read_peer_delay(c, i, s);
}

static const char *clock_type_name(int clock_type)
{
	static const char *const names[] = {
		[EBC_CLOCK_TYPE_OC] = "OC",	      [EBC_CLOCK_TYPE_BC] = "BC",
		[EBC_CLOCK_TYPE_P2P_TC] = "P2P_TC",   [EBC_CLOCK_TYPE_E2E_TC] = "E2E_TC",
		[EBC_CLOCK_TYPE_MONITOR] = "MONITOR",
	};

	return names[clock_type];
}

static void read_loader(const struct ebc_config *c, struct settings *s)
{
	enum ebc_mode mode = mode_of(get(c, GLOBAL, EBC_OPT_CLOCK_TYPE));

	s->loader = (struct ebc_loader_options){
		.mode = mode,
		.has_all_domains =
			mode != EBC_MODE_BOUNDARY && get(c, GLOBAL, EBC_OPT_TC_DOMAINS) == EBC_TC_DOMAINS_ALL,
		.attach_mode = attach_of(get(c, GLOBAL, EBC_OPT_BPF_ATTACH)),
		.tx_stamp = tx_stamp_of(get(c, GLOBAL, EBC_OPT_TX_STAMP_POINT)),
		.rx_stamp = get(c, GLOBAL, EBC_OPT_RX_STAMP_POINT) == EBC_RX_STAMP_POINT_TC ? EBC_STAMP_TC
											    : EBC_STAMP_SKB,
		.sdo_id = s->engine.sdo_id,
		.domain_number = s->engine.domain_number,
		.publish_stamps = get(c, GLOBAL, EBC_OPT_PUBLISH_STAMPS),
		.rx_ring_bytes = (uint32_t)get(c, GLOBAL, EBC_OPT_RX_RING_BYTES),
		.tx_ring_bytes = 65536,
		.rx_rate_per_s = (uint32_t)get(c, GLOBAL, EBC_OPT_RX_RATE_LIMIT),
		/* A quarter of a second's worth: clients that answer one multicast all at once. */
		.rx_burst = (uint32_t)get(c, GLOBAL, EBC_OPT_RX_RATE_LIMIT) / 4,
	};
	if (*s->pin_directory)
		s->loader.made_directory = s->pin_directory;
	if (s->loader.publish_stamps)
		s->loader.stamps_pin_path = s->stamps_pin_path;
	/* In every mode: a dead transparent clock's set may be in the way of a boundary clock. */
	if (*s->pin_directory && !s->has_other_domains) /* then that one sees to it */
		s->loader.set_pin_directory = s->pin_directory;
}

static void list_only_bpf(const struct ebc_config *c, struct settings *s)
{
	const struct {
		const char *name;
		bool is_used;
	} options[] = {
		{"publish_stamps", s->loader.publish_stamps},
		{"tx_stamp_point", get(c, GLOBAL, EBC_OPT_TX_STAMP_POINT) != EBC_TX_STAMP_POINT_AUTO},
		{"rx_stamp_point", get(c, GLOBAL, EBC_OPT_RX_STAMP_POINT) != EBC_RX_STAMP_POINT_SKB},
		{"bpf_attach", get(c, GLOBAL, EBC_OPT_BPF_ATTACH) != EBC_BPF_ATTACH_AUTO},
		{"rx_ring_bytes", ebc_config_is_set(c, GLOBAL, EBC_OPT_RX_RING_BYTES)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t len = strlen(s->only_bpf);

		if (options[i].is_used)
			snprintf(s->only_bpf + len, sizeof(s->only_bpf) - len, "%s%s", len > 0 ? ", " : "",
				 options[i].name);
	}
}

/* No two clocks have their domain and their first port in common. */
static int name_stamps(struct settings *s, char *reason, size_t reason_size)
{
	int len = snprintf(s->stamps_pin_path, sizeof(s->stamps_pin_path), "%s/stamps_%x_%u_%s",
			   s->pin_directory, s->engine.sdo_id, s->engine.domain_number,
			   s->n_ports > 0 ? s->ports[0].name : "");
	char *name;

	if (len < 0 || (size_t)len >= sizeof(s->stamps_pin_path)) {
		snprintf(reason, reason_size, "bpf_pin_path is too long");
		return -EINVAL;
	}
	/* A bpf file system refuses dots, and an interface's name has no colon. */
	name = strrchr(s->stamps_pin_path, '/');
	while ((name = strchr(name, '.')))
		*name = ':';
	return 0;
}

bool port_settings_are_of_one_network(const struct port_settings *a, const struct port_settings *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0 &&
	       memcmp(&a->peer_destination, &b->peer_destination, sizeof(a->peer_destination)) == 0;
}

int settings_from_config(const struct ebc_config *config, struct settings *s, char *reason,
			 size_t reason_size)
{
	memset(s, 0, sizeof(*s));
	s->n_ports = ebc_config_n_ports(config);
	s->clock_type = clock_type_name(get(config, GLOBAL, EBC_OPT_CLOCK_TYPE));
	s->control_socket = ebc_config_string(config, GLOBAL, EBC_OPT_CONTROL_SOCKET);
	s->pin_directory = ebc_config_string(config, GLOBAL, EBC_OPT_BPF_PIN_PATH);
	s->uses_sockets = get(config, GLOBAL, EBC_OPT_TIME_STAMPING) == EBC_TIME_STAMPING_SOFTWARE;
	s->demands_bpf = !s->uses_sockets && ebc_config_is_set(config, GLOBAL, EBC_OPT_TIME_STAMPING);
	read_engine(config, s);
	if (host_time_settings_read(config, &s->host_time, &s->engine, reason, reason_size) < 0)
		return -EINVAL;
	if (guard_settings_read(config, &s->engine, reason, reason_size) < 0)
		return -EINVAL;
	s->has_other_domains = get(config, GLOBAL, EBC_OPT_TC_OTHER_DOMAINS) == EBC_TC_OTHER_DOMAINS_E2E &&
			       mode_of(get(config, GLOBAL, EBC_OPT_CLOCK_TYPE)) == EBC_MODE_BOUNDARY;
	read_loader(config, s);
	list_only_bpf(config, s);
	for (size_t i = 0; i < s->n_ports; i++) {
		if (get(config, i, EBC_OPT_TRANSPORT_SPECIFIC) != s->engine.sdo_id >> 8) {
			snprintf(
				reason, reason_size,
				"transportSpecific of [%s] differs from [global]: one instance has one sdoId",
				ebc_config_port_name(config, i));
			return -EINVAL;
		}
		read_engine_port(config, i, &s->engine_ports[i]);
		unicast_settings_read_port(config, i, &s->unicast_tables[i], &s->engine_ports[i]);
		if (guard_settings_read_port(config, i, &s->engine_ports[i], reason, reason_size) < 0)
			return -EINVAL;
		read_port(config, i, s);
	}
	if (management_settings_read(config, s, reason, reason_size) < 0)
		return -EINVAL;
	s->engine.ports = s->engine_ports;
	s->engine.n_ports = s->n_ports;

	if (name_stamps(s, reason, reason_size) < 0)
		return -EINVAL;
	read_transparent(config, s);
	/* What the daemon sends of its own belongs to the same class as what it forwards. */
	s->socket_priority = s->loader.mode == EBC_MODE_TRANSPARENT
				     ? get(config, GLOBAL, EBC_OPT_TC_PRIORITY)
				     : get(config, GLOBAL, EBC_OPT_SOCKET_PRIORITY);
	s->one_step = !get(config, GLOBAL, EBC_OPT_TWO_STEP_FLAG);
	s->summary_interval = CLAMP(get(config, GLOBAL, EBC_OPT_SUMMARY_INTERVAL), -30, 30);
	s->clock_start_offset_ns = ebc_config_int(config, GLOBAL, EBC_OPT_VIRTUAL_CLOCK_START_OFFSET);
	return 0;
}
