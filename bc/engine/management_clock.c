// SPDX-License-Identifier: GPL-2.0-or-later
/* The data sets of the clock as management reads and sets them (15.5.3, and linuxptp's). */
#include <string.h>

#include "bc/engine/management_private.h"
#include "util/unaligned.h"

#define DEFAULT_DS_TWO_STEP   (1 << 0)
#define DEFAULT_DS_SLAVE_ONLY (1 << 1)

/* parentDS without statistics (8.2.3). */
#define OBSERVED_VARIANCE_UNKNOWN     0xffff
#define OBSERVED_PHASE_CHANGE_UNKNOWN 0x7fffffff

/* leap61 to frequencyTraceable: what may be said of our own time. */
#define SETTABLE_TIME_FLAGS 0x3f

#define GRANDMASTER_SETTINGS_LEN 8
#define ALTERNATE_OFFSET_LEN	 16 /* with an octet of padding */
#define SUBSCRIPTION_LEN	 (2 + BC_SUBSCRIPTION_OCTETS)

static void put_datum(struct bc_data_writer *data, uint8_t value)
{
	bc_data_put8(data, value);
	bc_data_put8(data, 0);
}

/* Sync leaves in two steps, by some port at least. */
static bool is_two_step(const struct bc_engine *engine)
{
	for (size_t i = 0; i < engine->n_ports; i++)
		if (!engine->ports[i].is_one_step)
			return true;
	return false;
}

static bool is_client_only(const struct bc_engine *engine)
{
	return engine->config.client_only;
}

static void put_default(const struct bc_engine *engine, struct bc_data_writer *data)
{
	const struct bc_engine_config *c = &engine->config;

	bc_data_put8(data, (uint8_t)((is_two_step(engine) ? DEFAULT_DS_TWO_STEP : 0) |
				     (is_client_only(engine) ? DEFAULT_DS_SLAVE_ONLY : 0)));
	bc_data_put8(data, 0);
	bc_data_put16(data, (uint16_t)engine->n_ports);
	bc_data_put8(data, c->priority1);
	bc_data_put_clock_quality(data, &c->clock_quality);
	bc_data_put8(data, c->priority2);
	bc_data_put(data, c->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	put_datum(data, c->domain_number);
}

static void put_current(const struct bc_engine *engine, struct bc_data_writer *data)
{
	bc_data_put16(data, engine->status.steps_removed);
	bc_data_put_time_interval(data, engine->status.offset_from_master_ns);
	bc_data_put_time_interval(data, engine->status.mean_path_delay_ns);
}

void bc_management_put_parent(const struct bc_engine *engine, struct bc_data_writer *data)
{
	const struct bc_status *s = &engine->status;

	bc_data_put_port_identity(data, &s->parent);
	put_datum(data, 0); /* parentStats */
	bc_data_put16(data, OBSERVED_VARIANCE_UNKNOWN);
	bc_data_put32(data, OBSERVED_PHASE_CHANGE_UNKNOWN);
	bc_data_put8(data, s->grandmaster_priority1);
	bc_data_put_clock_quality(data, &s->grandmaster_clock_quality);
	bc_data_put8(data, s->grandmaster_priority2);
	bc_data_put(data, s->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
}

static void put_time_properties(const struct bc_engine *engine, struct bc_data_writer *data)
{
	bc_data_put16(data, (uint16_t)engine->status.utc_offset_s);
	bc_data_put8(data, (uint8_t)bc_management_time_flags(engine));
	bc_data_put8(data, engine->status.time_source);
}

static int64_t ingress_time_ns(const struct bc_engine *engine)
{
	if (!engine->slave || !engine->slave->sync_rx.has_pair)
		return 0;
	return bc_local_clock_ptp_ns(&engine->clock, engine->slave->sync_rx.t2_mono_ns);
}

void bc_management_put_time_status(const struct bc_engine *engine, struct bc_data_writer *data)
{
	const struct bc_status *s = &engine->status;
	bool is_self =
		memcmp(s->grandmaster_identity, engine->config.clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0;

	bc_data_put64(data, (uint64_t)s->offset_from_master_ns);
	bc_data_put64(data, (uint64_t)ingress_time_ns(engine));
	bc_data_put32(data, (uint32_t)s->follow_up_info.cumulative_scaled_rate_offset);
	bc_data_put32(data, (uint32_t)s->follow_up_info.scaled_last_gm_freq_change);
	bc_data_put16(data, s->follow_up_info.gm_time_base_indicator);
	bc_data_put(data, s->follow_up_info.last_gm_phase_change,
		    sizeof(s->follow_up_info.last_gm_phase_change));
	bc_data_put32(data, !is_self);
	bc_data_put(data, s->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
}

static void put_grandmaster_settings(const struct bc_engine *engine, struct bc_data_writer *data)
{
	const struct bc_engine_config *c = &engine->config;

	bc_data_put_clock_quality(data, &c->clock_quality);
	bc_data_put16(data, (uint16_t)c->utc_offset_s);
	bc_data_put8(data, (uint8_t)c->time_flags);
	bc_data_put8(data, c->time_source);
}

static void put_subscription(const struct bc_engine *engine, const struct bc_request *request,
			     struct bc_data_writer *data)
{
	const struct bc_subscriber *s = bc_management_subscription(engine, request);
	uint8_t mask[BC_SUBSCRIPTION_OCTETS] = {};

	mask[0] = s ? s->events : 0;
	bc_data_put16(data, s ? s->duration_s : 0);
	bc_data_put(data, mask, sizeof(mask));
}

static void put_text(const char *text, struct bc_data_writer *data)
{
	bc_data_put_text(data, text ? text : "", text ? strlen(text) : 0);
}

/* keyField comes first; a GET without data means the first one. NULL: there is no such key. */
static const struct bc_alternate_time *alternate_time(const struct bc_engine *engine,
						      const struct bc_request *request, uint8_t *ret_key)
{
	*ret_key = request->management.data_len > 0 ? request->management.data[0] : 0;
	return *ret_key < BC_ALTERNATE_TIMES ? &engine->management.alternate_times[*ret_key] : NULL;
}

static enum ptp_management_error get_alternate_time(const struct bc_engine *engine,
						    const struct bc_request *request,
						    struct bc_data_writer *data)
{
	const struct bc_alternate_time *time;
	uint8_t key;

	time = alternate_time(engine, request, &key);
	if (!time)
		return PTP_MANAGEMENT_WRONG_VALUE;
	bc_data_put8(data, key);
	switch (request->management.id) {
	case PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE:
		bc_data_put8(data, time->is_enabled);
		break;
	case PTP_MID_ALTERNATE_TIME_OFFSET_NAME:
		bc_data_put_text(data, time->name, time->name_len);
		break;
	default:
		bc_data_put32(data, (uint32_t)time->current_offset_s);
		bc_data_put32(data, (uint32_t)time->jump_s);
		bc_data_put48(data, time->next_jump_ptp_s);
		bc_data_put8(data, 0);
		break;
	}
	return PTP_MANAGEMENT_OK;
}

enum ptp_management_error bc_management_get_clock(struct bc_engine *engine, const struct bc_request *request,
						  struct bc_data_writer *data)
{
	const struct bc_engine_config *c = &engine->config;

	switch (request->management.id) {
	case PTP_MID_USER_DESCRIPTION:
		put_text(c->description.user, data);
		break;
	case PTP_MID_DEFAULT_DATA_SET:
		put_default(engine, data);
		break;
	case PTP_MID_CURRENT_DATA_SET:
		put_current(engine, data);
		break;
	case PTP_MID_PARENT_DATA_SET:
		bc_management_put_parent(engine, data);
		break;
	case PTP_MID_TIME_PROPERTIES_DATA_SET:
		put_time_properties(engine, data);
		break;
	case PTP_MID_PRIORITY1:
		put_datum(data, c->priority1);
		break;
	case PTP_MID_PRIORITY2:
		put_datum(data, c->priority2);
		break;
	case PTP_MID_DOMAIN:
		put_datum(data, c->domain_number);
		break;
	case PTP_MID_SLAVE_ONLY:
		put_datum(data, is_client_only(engine));
		break;
	case PTP_MID_CLOCK_ACCURACY:
		put_datum(data, c->clock_quality.clock_accuracy);
		break;
	case PTP_MID_TRACEABILITY_PROPERTIES:
		put_datum(data, (uint8_t)(bc_management_time_flags(engine) &
					  (PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE)));
		break;
	case PTP_MID_TIMESCALE_PROPERTIES:
		put_datum(data, (uint8_t)(bc_management_time_flags(engine) & PTP_FLAG_PTP_TIMESCALE));
		break;
	case PTP_MID_ALTERNATE_TIME_OFFSET_MAX_KEY:
		put_datum(data, BC_ALTERNATE_TIMES - 1);
		break;
	case PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE:
	case PTP_MID_ALTERNATE_TIME_OFFSET_NAME:
	case PTP_MID_ALTERNATE_TIME_OFFSET_PROPERTIES:
		return get_alternate_time(engine, request, data);
	case PTP_MID_TIME_STATUS_NP:
		bc_management_put_time_status(engine, data);
		break;
	case PTP_MID_GRANDMASTER_SETTINGS_NP:
		put_grandmaster_settings(engine, data);
		break;
	case PTP_MID_SUBSCRIBE_EVENTS_NP:
		/* Events go to sockets alone, and a subscription is one's own. */
		if (!bc_request_may_write(request))
			return PTP_MANAGEMENT_NOT_SUPPORTED;
		put_subscription(engine, request, data);
		break;
	case PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP:
		put_datum(data, (uint8_t)engine->management.sync_uncertain);
		break;
	case PTP_MID_SAVE_IN_NON_VOLATILE_STORAGE:
	case PTP_MID_RESET_NON_VOLATILE_STORAGE:
	case PTP_MID_INITIALIZE:
	case PTP_MID_FAULT_LOG:
	case PTP_MID_FAULT_LOG_RESET:
	case PTP_MID_TIME:
	case PTP_MID_UTC_PROPERTIES:
	case PTP_MID_PATH_TRACE_LIST:
	case PTP_MID_PATH_TRACE_ENABLE:
	case PTP_MID_GRANDMASTER_CLUSTER_TABLE:
	case PTP_MID_ACCEPTABLE_MASTER_TABLE:
	case PTP_MID_ACCEPTABLE_MASTER_MAX_TABLE_SIZE:
	case PTP_MID_EXTERNAL_PORT_CONFIGURATION_ENABLED:
	case PTP_MID_HOLDOVER_UPGRADE_ENABLE:
	case PTP_MID_TRANSPARENT_CLOCK_DEFAULT_DATA_SET:
	case PTP_MID_PRIMARY_DOMAIN:
		return PTP_MANAGEMENT_NOT_SUPPORTED;
	default:
		return PTP_MANAGEMENT_NO_SUCH_ID;
	}
	return PTP_MANAGEMENT_OK;
}

static void decide_anew(struct bc_engine *engine)
{
	bc_decision_force(engine);
}

static enum ptp_management_error set_grandmaster_settings(struct bc_engine *engine, const uint8_t *p,
							  size_t len)
{
	struct bc_engine_config *c = &engine->config;
	int16_t utc_offset_s;

	if (len != GRANDMASTER_SETTINGS_LEN)
		return PTP_MANAGEMENT_WRONG_LENGTH;
	utc_offset_s = (int16_t)get_be16(p + 4);
	if (utc_offset_s < 0 || p[6] & ~SETTABLE_TIME_FLAGS ||
	    (p[6] & PTP_FLAG_LEAP61 && p[6] & PTP_FLAG_LEAP59))
		return PTP_MANAGEMENT_WRONG_VALUE;
	c->clock_quality = (struct ptp_clock_quality){
		.clock_class = p[0],
		.clock_accuracy = p[1],
		.offset_scaled_log_variance = get_be16(p + 2),
	};
	c->utc_offset_s = utc_offset_s;
	c->time_flags = p[6];
	c->time_source = p[7];
	/* Whoever sets them says of our time what is true now, whatever it was taken from before. */
	if (!engine->slave)
		engine->has_followed = engine->system.is_in_hand = false;
	decide_anew(engine);
	return PTP_MANAGEMENT_OK;
}

static enum ptp_management_error set_alternate_name(struct bc_alternate_time *time, const uint8_t *p,
						    size_t len)
{
	if (len < 2 || len != 2 + (size_t)p[1] + p[1] % 2)
		return PTP_MANAGEMENT_WRONG_LENGTH;
	if (p[1] > BC_ALTERNATE_TIME_NAME_MAX)
		return PTP_MANAGEMENT_WRONG_VALUE;
	time->name_len = p[1];
	memcpy(time->name, p + 2, p[1]);
	return PTP_MANAGEMENT_OK;
}

static enum ptp_management_error set_alternate_time(struct bc_engine *engine,
						    const struct bc_request *request)
{
	const uint8_t *p = request->management.data;
	size_t len = request->management.data_len;
	struct bc_alternate_time *time;
	uint8_t key = p[0];

	if (key >= BC_ALTERNATE_TIMES)
		return PTP_MANAGEMENT_WRONG_VALUE;
	time = &engine->management.alternate_times[key];
	switch (request->management.id) {
	case PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE:
		if (len != 2)
			return PTP_MANAGEMENT_WRONG_LENGTH;
		time->is_enabled = p[1] & 1;
		return PTP_MANAGEMENT_OK;
	case PTP_MID_ALTERNATE_TIME_OFFSET_NAME:
		return set_alternate_name(time, p, len);
	default:
		if (len != ALTERNATE_OFFSET_LEN)
			return PTP_MANAGEMENT_WRONG_LENGTH;
		time->current_offset_s = (int32_t)get_be32(p + 1);
		time->jump_s = (int32_t)get_be32(p + 5);
		time->next_jump_ptp_s = get_be48(p + 9);
		return PTP_MANAGEMENT_OK;
	}
}

static enum ptp_management_error set_sync_uncertain(struct bc_engine *engine, uint8_t value)
{
	switch (value) {
	case BC_SYNC_UNCERTAIN_FALSE:
	case BC_SYNC_UNCERTAIN_TRUE:
	case BC_SYNC_UNCERTAIN_DONT_CARE:
		engine->management.sync_uncertain = (enum bc_sync_uncertain)value;
		return PTP_MANAGEMENT_OK;
	default:
		return PTP_MANAGEMENT_WRONG_VALUE;
	}
}

enum ptp_management_error bc_management_set_clock(struct bc_engine *engine, const struct bc_request *request)
{
	const uint8_t *p = request->management.data;
	size_t len = request->management.data_len;

	switch (request->management.id) {
	case PTP_MID_PRIORITY1:
	case PTP_MID_PRIORITY2:
		if (len != 2)
			return PTP_MANAGEMENT_WRONG_LENGTH;
		*(request->management.id == PTP_MID_PRIORITY1 ? &engine->config.priority1
							      : &engine->config.priority2) = p[0];
		decide_anew(engine);
		return PTP_MANAGEMENT_OK;
	case PTP_MID_GRANDMASTER_SETTINGS_NP:
		return set_grandmaster_settings(engine, p, len);
	case PTP_MID_SUBSCRIBE_EVENTS_NP:
		if (len != SUBSCRIPTION_LEN)
			return PTP_MANAGEMENT_WRONG_LENGTH;
		bc_management_subscribe(engine, request, get_be16(p), p[2] & ((1 << BC_NOTIFICATIONS) - 1));
		return PTP_MANAGEMENT_OK;
	case PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP:
		return len == 2 ? set_sync_uncertain(engine, p[0]) : PTP_MANAGEMENT_WRONG_LENGTH;
	case PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE:
	case PTP_MID_ALTERNATE_TIME_OFFSET_NAME:
	case PTP_MID_ALTERNATE_TIME_OFFSET_PROPERTIES:
		return set_alternate_time(engine, request);
	case PTP_MID_ALTERNATE_TIME_OFFSET_MAX_KEY:
		return PTP_MANAGEMENT_NOT_SETABLE;
	default:
		/* ptp4l's word for data sets that it serves, but does not set. */
		return PTP_MANAGEMENT_NOT_SETABLE;
	}
}
