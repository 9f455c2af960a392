// SPDX-License-Identifier: GPL-2.0-or-later
/* The data sets of a port as management reads and sets them (15.5.3, and linuxptp's). */
#include <string.h>

#include "bc/engine/link_delay.h"
#include "bc/engine/management_private.h"
#include "bc/engine/unicast.h"
#include "util/unaligned.h"

/* delayMechanism, table 21. */
#define DELAY_MECHANISM_E2E  0x01
#define DELAY_MECHANISM_P2P  0x02
#define DELAY_MECHANISM_NONE 0xfe

/* clockType, table 60. */
#define CLOCK_TYPE_ORDINARY 0x8000
#define CLOCK_TYPE_BOUNDARY 0x4000

/* networkProtocol, table 3. */
#define NETWORK_UDP_IPV4   1
#define NETWORK_UDP_IPV6   2
#define NETWORK_IEEE_802_3 3

/* PORT_PROPERTIES_NP: how the port stamps. What is not "software" linuxptp's tools take for a hardware clock
 * of the interface that they could read; ports with software stamps they leave alone. */
#define TIMESTAMPING_SOFTWARE 0
#define NO_PHC		      0xffffffff

#define PORT_DATA_SET_NP_LEN 8
#define PORT_CORRECTIONS_LEN 24
#define POWER_PROFILE_LEN    16
#define MESSAGE_TYPES	     16

static void put_datum(struct bc_data_writer *data, uint8_t value)
{
	bc_data_put8(data, value);
	bc_data_put8(data, 0);
}

static uint8_t state_on_wire(const struct bc_port *port)
{
	return port->state == BC_STATE_GRAND_MASTER ? BC_STATE_MASTER : (uint8_t)port->state;
}

/* The one in force. */
static uint8_t mechanism_on_wire(const struct bc_port *port)
{
	switch (port->mechanism) {
	case BC_DELAY_P2P:
		return DELAY_MECHANISM_P2P;
	case BC_DELAY_NONE:
		return DELAY_MECHANISM_NONE;
	default:
		return DELAY_MECHANISM_E2E;
	}
}

void bc_management_put_port_data_set(const struct bc_port *port, struct bc_data_writer *data)
{
	struct bc_link_delay_status link;

	bc_engine_link_delay(port->engine, port->index, &link);
	bc_data_put_port_identity(data, &port->identity);
	bc_data_put8(data, state_on_wire(port));
	bc_data_put8(data, (uint8_t)port->log_delay_req_interval);
	bc_data_put_time_interval(data, link.peer.mean_link_delay_ns);
	bc_data_put8(data, (uint8_t)port->log_announce_interval);
	bc_data_put8(data, port->config.announce_receipt_timeout);
	bc_data_put8(data, (uint8_t)port->log_sync_interval);
	bc_data_put8(data, mechanism_on_wire(port));
	bc_data_put8(data, (uint8_t)port->config.log_min_pdelay_req_interval);
	bc_data_put8(data, PTP_VERSION);
}

static void put_port_data_set_np(const struct bc_port *port, struct bc_data_writer *data)
{
	struct bc_link_delay_status link;

	bc_engine_link_delay(port->engine, port->index, &link);
	bc_data_put32(data, (uint32_t)port->config.neighbor_prop_delay_thresh_ns);
	bc_data_put32(data, link.is_capable);
}

static void put_protocol_address(const struct bc_port *port, const struct bc_address *address,
				 struct bc_data_writer *data)
{
	switch (port->config.transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		bc_data_put16(data, NETWORK_UDP_IPV4);
		bc_data_put16(data, 4);
		bc_data_put(data, address->ip, 4);
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		bc_data_put16(data, NETWORK_UDP_IPV6);
		bc_data_put16(data, 16);
		bc_data_put(data, address->ip, 16);
		break;
	default:
		bc_data_put16(data, NETWORK_IEEE_802_3);
		bc_data_put16(data, 6);
		bc_data_put(data, address->mac, 6);
		break;
	}
}

static void put_text(const char *text, struct bc_data_writer *data)
{
	bc_data_put_text(data, text ? text : "", text ? strlen(text) : 0);
}

static void put_clock_description(const struct bc_port *port, struct bc_data_writer *data)
{
	const struct bc_clock_description *d = &port->engine->config.description;

	bc_data_put16(data, port->engine->n_ports > 1 ? CLOCK_TYPE_BOUNDARY : CLOCK_TYPE_ORDINARY);
	put_text("IEEE 802.3", data);
	bc_data_put16(data, 6);
	bc_data_put(data, port->description.address.mac, 6);
	put_protocol_address(port, &port->description.address, data);
	bc_data_put(data, d->manufacturer_identity, sizeof(d->manufacturer_identity));
	bc_data_put8(data, 0);
	put_text(d->product, data);
	put_text(d->revision, data);
	put_text(d->user, data);
	bc_data_put(data, port->config.profile_identity, sizeof(port->config.profile_identity));
}

static void put_properties(const struct bc_port *port, struct bc_data_writer *data)
{
	bc_data_put_port_identity(data, &port->identity);
	bc_data_put8(data, state_on_wire(port));
	bc_data_put8(data, TIMESTAMPING_SOFTWARE);
	put_text(port->description.interface_name, data);
}

static void put_hwclock(const struct bc_port *port, struct bc_data_writer *data)
{
	bc_data_put_port_identity(data, &port->identity);
	bc_data_put32(data, NO_PHC);
	put_datum(data, 0); /* flags */
}

/* Received and sent, by messageType. */
static void put_stats(const struct bc_port *port, struct bc_data_writer *data)
{
	static const struct {
		uint8_t type;
		enum bc_counter rx, tx;
	} counters[] = {
		{PTP_SYNC, BC_COUNTER_RX_SYNC, BC_COUNTER_TX_SYNC},
		{PTP_DELAY_REQ, BC_COUNTER_RX_DELAY_REQ, BC_COUNTER_TX_DELAY_REQ},
		{PTP_PDELAY_REQ, BC_COUNTER_RX_PDELAY_REQ, BC_COUNTER_TX_PDELAY_REQ},
		{PTP_PDELAY_RESP, BC_COUNTER_RX_PDELAY_RESP, BC_COUNTER_TX_PDELAY_RESP},
		{PTP_FOLLOW_UP, BC_COUNTER_RX_FOLLOW_UP, BC_COUNTER_TX_FOLLOW_UP},
		{PTP_DELAY_RESP, BC_COUNTER_RX_DELAY_RESP, BC_COUNTER_TX_DELAY_RESP},
		{PTP_PDELAY_RESP_FOLLOW_UP, BC_COUNTER_RX_PDELAY_RESP_FOLLOW_UP,
		 BC_COUNTER_TX_PDELAY_RESP_FOLLOW_UP},
		{PTP_ANNOUNCE, BC_COUNTER_RX_ANNOUNCE, BC_COUNTER_TX_ANNOUNCE},
		{PTP_SIGNALING, BC_COUNTER_RX_SIGNALING, BC_COUNTER_TX_SIGNALING},
		{PTP_MANAGEMENT, BC_COUNTER_RX_MANAGEMENT, BC_COUNTER_TX_MANAGEMENT},
	};
	uint64_t rx[MESSAGE_TYPES] = {}, tx[MESSAGE_TYPES] = {};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		rx[counters[i].type] = port->counters.value[counters[i].rx];
		tx[counters[i].type] = port->counters.value[counters[i].tx];
	}
	bc_data_put_port_identity(data, &port->identity);
	for (size_t i = 0; i < MESSAGE_TYPES; i++)
		bc_data_put_le64(data, rx[i]);
	for (size_t i = 0; i < MESSAGE_TYPES; i++)
		bc_data_put_le64(data, tx[i]);
}

static void put_service_stats(const struct bc_port *port, struct bc_data_writer *data)
{
	const uint64_t *value = port->counters.value;

	bc_data_put_port_identity(data, &port->identity);
	bc_data_put_le64(data, value[BC_COUNTER_ANNOUNCE_TIMEOUT]);
	bc_data_put_le64(data, value[BC_COUNTER_SYNC_TIMEOUT]);
	bc_data_put_le64(data, value[BC_COUNTER_DELAY_RESP_TIMEOUT]);
	bc_data_put_le64(data, 0); /* unicast_service_timeout */
	bc_data_put_le64(data, 0); /* unicast_request_timeout */
	bc_data_put_le64(data, value[BC_COUNTER_TX_ANNOUNCE]);
	bc_data_put_le64(data, value[BC_COUNTER_TX_SYNC]);
	bc_data_put_le64(data, value[BC_COUNTER_QUALIFICATION_TIMEOUT]);
	bc_data_put_le64(data, value[BC_COUNTER_SYNC_UNPAIRED]);
	bc_data_put_le64(data, value[BC_COUNTER_FOLLOW_UP_ORPHAN]);
}

static void put_power_profile(const struct bc_port *port, struct bc_data_writer *data)
{
	const struct bc_power_profile *p = &port->config.power_profile;

	bc_data_put16(data, (uint16_t)p->version);
	bc_data_put16(data, p->grandmaster_id);
	bc_data_put32(data, p->grandmaster_inaccuracy_ns);
	bc_data_put32(data, p->network_inaccuracy_ns);
	bc_data_put32(data, p->total_inaccuracy_ns);
}

static void put_unicast_masters(const struct bc_port *port, struct bc_data_writer *data)
{
	struct bc_unicast_master_status masters[BC_UNICAST_MASTERS_MAX];
	size_t n = bc_engine_unicast_masters(port->engine, port->index, masters, ARRAY_SIZE(masters));

	bc_data_put16(data, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		bc_data_put_port_identity(data, &masters[i].identity);
		bc_data_put_clock_quality(data, &masters[i].clock_quality);
		bc_data_put8(data, masters[i].is_selected);
		bc_data_put8(data, (uint8_t)masters[i].state);
		bc_data_put8(data, masters[i].priority1);
		bc_data_put8(data, masters[i].priority2);
		put_protocol_address(port, &masters[i].address, data);
	}
}

static void put_corrections(const struct bc_port *port, struct bc_data_writer *data)
{
	bc_data_put_time_interval(data, port->config.egress_latency_ns);
	bc_data_put_time_interval(data, port->config.ingress_latency_ns);
	bc_data_put_time_interval(data, port->config.delay_asymmetry_ns);
}

enum ptp_management_error bc_management_get_port(struct bc_port *port, const struct bc_request *request,
						 struct bc_data_writer *data)
{
	switch (request->management.id) {
	case PTP_MID_NULL_MANAGEMENT:
		break;
	case PTP_MID_CLOCK_DESCRIPTION:
		put_clock_description(port, data);
		break;
	case PTP_MID_PORT_DATA_SET:
		bc_management_put_port_data_set(port, data);
		break;
	case PTP_MID_LOG_ANNOUNCE_INTERVAL:
		put_datum(data, (uint8_t)port->log_announce_interval);
		break;
	case PTP_MID_ANNOUNCE_RECEIPT_TIMEOUT:
		put_datum(data, port->config.announce_receipt_timeout);
		break;
	case PTP_MID_LOG_SYNC_INTERVAL:
		put_datum(data, (uint8_t)port->log_sync_interval);
		break;
	case PTP_MID_VERSION_NUMBER:
		put_datum(data, PTP_VERSION);
		break;
	case PTP_MID_MASTER_ONLY:
		put_datum(data, port->config.server_only);
		break;
	case PTP_MID_DELAY_MECHANISM:
		put_datum(data, mechanism_on_wire(port));
		break;
	case PTP_MID_LOG_MIN_PDELAY_REQ_INTERVAL:
		put_datum(data, (uint8_t)port->config.log_min_pdelay_req_interval);
		break;
	case PTP_MID_PORT_DATA_SET_NP:
		put_port_data_set_np(port, data);
		break;
	case PTP_MID_UNICAST_MASTER_TABLE_NP:
		put_unicast_masters(port, data);
		break;
	case PTP_MID_PORT_PROPERTIES_NP:
	case PTP_MID_PORT_HWCLOCK_NP:
		/* Names of interfaces are nobody's business on the network. */
		if (request->ingress)
			return PTP_MANAGEMENT_NOT_SUPPORTED;
		if (request->management.id == PTP_MID_PORT_HWCLOCK_NP)
			put_hwclock(port, data);
		else
			put_properties(port, data);
		break;
	case PTP_MID_PORT_STATS_NP:
		put_stats(port, data);
		break;
	case PTP_MID_PORT_SERVICE_STATS_NP:
		put_service_stats(port, data);
		break;
	case PTP_MID_POWER_PROFILE_SETTINGS_NP:
		put_power_profile(port, data);
		break;
	case PTP_MID_PORT_CORRECTIONS_NP:
		put_corrections(port, data);
		break;
	case PTP_MID_ENABLE_PORT:
	case PTP_MID_DISABLE_PORT:
	case PTP_MID_UNICAST_NEGOTIATION_ENABLE:
	case PTP_MID_UNICAST_MASTER_TABLE:
	case PTP_MID_UNICAST_MASTER_MAX_TABLE_SIZE:
	case PTP_MID_ACCEPTABLE_MASTER_TABLE_ENABLED:
	case PTP_MID_ALTERNATE_MASTER:
	case PTP_MID_EXT_PORT_CONFIG_PORT_DATA_SET:
	case PTP_MID_TRANSPARENT_CLOCK_PORT_DATA_SET:
		return PTP_MANAGEMENT_NOT_SUPPORTED;
	default:
		return PTP_MANAGEMENT_NO_SUCH_ID;
	}
	return PTP_MANAGEMENT_OK;
}

/* A correction in the range of its option. */
static bool get_correction(const uint8_t *p, int64_t *ret_ns)
{
	int64_t ns = (int64_t)get_be64(p) >> 16;

	*ret_ns = ns;
	return ns >= INT32_MIN && ns <= INT32_MAX;
}

static enum ptp_management_error set_corrections(struct bc_port *port, const uint8_t *p, size_t len)
{
	int64_t egress_ns, ingress_ns, asymmetry_ns;

	if (len != PORT_CORRECTIONS_LEN)
		return PTP_MANAGEMENT_WRONG_LENGTH;
	if (!get_correction(p, &egress_ns) || !get_correction(p + 8, &ingress_ns) ||
	    !get_correction(p + 16, &asymmetry_ns))
		return PTP_MANAGEMENT_WRONG_VALUE;
	port->config.egress_latency_ns = egress_ns;
	port->config.ingress_latency_ns = ingress_ns;
	port->config.delay_asymmetry_ns = asymmetry_ns;
	if (port->peer_delay)
		bc_peer_delay_set_corrections(port->peer_delay, ingress_ns, egress_ns, asymmetry_ns);
	return PTP_MANAGEMENT_OK;
}

/* asCapable, which comes with it, is found out, not set; as in ptp4l. */
static enum ptp_management_error set_port_data_set_np(struct bc_port *port, const uint8_t *p, size_t len)
{
	if (len != PORT_DATA_SET_NP_LEN)
		return PTP_MANAGEMENT_WRONG_LENGTH;
	if (get_be32(p) > INT32_MAX)
		return PTP_MANAGEMENT_WRONG_VALUE;
	port->config.neighbor_prop_delay_thresh_ns = get_be32(p);
	if (port->peer_delay)
		bc_peer_delay_set_threshold(port->peer_delay, port->config.neighbor_prop_delay_thresh_ns);
	return PTP_MANAGEMENT_OK;
}

static enum ptp_management_error set_power_profile(struct bc_port *port, const uint8_t *p, size_t len)
{
	if (len != POWER_PROFILE_LEN)
		return PTP_MANAGEMENT_WRONG_LENGTH;
	if (get_be16(p) > BC_POWER_PROFILE_2017)
		return PTP_MANAGEMENT_WRONG_VALUE;
	port->config.power_profile = (struct bc_power_profile){
		.version = (enum bc_power_profile_version)get_be16(p),
		.grandmaster_id = get_be16(p + 2),
		.grandmaster_inaccuracy_ns = get_be32(p + 4),
		.network_inaccuracy_ns = get_be32(p + 8),
		.total_inaccuracy_ns = get_be32(p + 12),
	};
	return PTP_MANAGEMENT_OK;
}

enum ptp_management_error bc_management_set_port(struct bc_port *port, const struct bc_request *request)
{
	const uint8_t *p = request->management.data;
	size_t len = request->management.data_len;
	struct bc_data_writer unused = {};
	enum ptp_management_error error;

	switch (request->management.id) {
	case PTP_MID_NULL_MANAGEMENT:
		return PTP_MANAGEMENT_OK;
	case PTP_MID_PORT_DATA_SET_NP:
		return set_port_data_set_np(port, p, len);
	case PTP_MID_POWER_PROFILE_SETTINGS_NP:
		return set_power_profile(port, p, len);
	case PTP_MID_PORT_CORRECTIONS_NP:
		return set_corrections(port, p, len);
	default:
		error = bc_management_get_port(port, request, &unused);
		return error == PTP_MANAGEMENT_OK ? PTP_MANAGEMENT_NOT_SETABLE : error;
	}
}

static void enable(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->state != BC_STATE_DISABLED)
		return;
	bc_port_event(port, BC_EVENT_DESIGNATED_ENABLED, false, now_mono_ns);
	bc_port_event(port, port->has_link ? BC_EVENT_INIT_COMPLETE : BC_EVENT_FAULT_DETECTED, false,
		      now_mono_ns);
}

enum ptp_management_error bc_management_command_port(struct bc_port *port, const struct bc_request *request)
{
	struct bc_data_writer unused = {};
	enum ptp_management_error error;

	switch (request->management.id) {
	case PTP_MID_NULL_MANAGEMENT:
		return PTP_MANAGEMENT_OK;
	case PTP_MID_ENABLE_PORT:
		enable(port, request->now_mono_ns);
		return PTP_MANAGEMENT_OK;
	case PTP_MID_DISABLE_PORT:
		port->fault_deadline = NEVER;
		port->n_faults = 0;
		bc_port_event(port, BC_EVENT_DESIGNATED_DISABLED, false, request->now_mono_ns);
		return PTP_MANAGEMENT_OK;
	default:
		error = bc_management_get_port(port, request, &unused);
		return error == PTP_MANAGEMENT_OK ? PTP_MANAGEMENT_NOT_SUPPORTED : error;
	}
}
