// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames that wait and departures that nobody waited for, each in a table of its own, since the two come
 * over different rings in either order; and a queue of what is complete. A converted message waits as the
 * follower that it becomes, so that both kinds are completed alike.
 */
#include "tc/completer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/ptp_wire.h"
#include "tc/table.h"
#include "util/cleanup.h"
#include "util/macros.h"

struct held {
	struct tclk_send send;
	uint64_t tc_mono_ns; /* of a converted message */
	bool is_converted;
};

struct departure {
	uint64_t tc_mono_ns;
	int64_t queued_sns;
};

struct tclk_completer {
	size_t capacity;
	struct tclk_table held_table, departure_table;
	struct held *held;	      /* by slot of held_table */
	struct departure *departures; /* by slot of departure_table */

	struct tclk_send *ready; /* a ring */
	size_t first_ready, num_ready;

	uint32_t ifindex_of_port[EBC_MAX_PORTS]; /* as the frames held had it; 0: none yet */
	uint64_t counters[EBC_MAX_PORTS + 1][TCLK_COUNTER_MAX];
};

static void cleanup_completer(struct tclk_completer **completer)
{
	tclk_completer_free(*completer);
}

const char *tclk_counter_name(enum tclk_counter counter)
{
	static const char *const names[] = {
#define X(id, name) [TCLK_COUNTER_##id] = name,
		TCLK_COUNTERS(X)
#undef X
	};

	return names[counter];
}

int tclk_completer_new(size_t capacity, struct tclk_completer **ret_completer)
{
	_cleanup_(cleanup_completer) struct tclk_completer *completer = NULL;

	if (capacity < 1 || capacity > TCLK_TABLE_MAX)
		return -EINVAL;
	completer = calloc(1, sizeof(*completer));
	if (!completer)
		return -ENOMEM;
	completer->capacity = capacity;
	completer->held = calloc(capacity, sizeof(completer->held[0]));
	completer->departures = calloc(capacity, sizeof(completer->departures[0]));
	completer->ready = calloc(capacity, sizeof(completer->ready[0]));
	if (!completer->held || !completer->departures || !completer->ready ||
	    tclk_table_init(&completer->held_table, capacity) < 0 ||
	    tclk_table_init(&completer->departure_table, capacity) < 0)
		return -ENOMEM;
	*ret_completer = TAKE_PTR(completer);
	return 0;
}

void tclk_completer_free(struct tclk_completer *completer)
{
	if (!completer)
		return;
	tclk_table_release(&completer->held_table);
	tclk_table_release(&completer->departure_table);
	free(completer->held);
	free(completer->departures);
	free(completer->ready);
	free(completer);
}

static void count(struct tclk_completer *completer, uint16_t port_index, enum tclk_counter counter)
{
	completer->counters[MIN(port_index, TCLK_PORT_UNKNOWN)][counter]++;
}

static void count_unmatched(struct tclk_completer *completer, uint32_t ifindex)
{
	uint16_t port = 0;

	while (port < EBC_MAX_PORTS && completer->ifindex_of_port[port] != ifindex)
		port++;
	count(completer, port, TCLK_COUNTER_UNMATCHED);
}

static void forget_oldest_departure(struct tclk_completer *completer)
{
	uint16_t slot = completer->departure_table.oldest;

	count_unmatched(completer, completer->departure_table.slots[slot].key.ifindex);
	tclk_table_give(&completer->departure_table, slot);
}

static void drop_oldest_held(struct tclk_completer *completer, enum tclk_counter why)
{
	uint16_t slot = completer->held_table.oldest;

	count(completer, completer->held[slot].send.port_index, why);
	tclk_table_give(&completer->held_table, slot);
}

static bool is_due(const struct tclk_table *table, uint64_t now_mono_ns)
{
	uint64_t oldest_mono_ns = tclk_table_oldest_mono_ns(table);

	return oldest_mono_ns != UINT64_MAX && oldest_mono_ns + EBC_FOLLOW_MAX_AGE_NS <= now_mono_ns;
}

void tclk_completer_handle_timer(struct tclk_completer *completer, uint64_t now_mono_ns)
{
	while (is_due(&completer->held_table, now_mono_ns))
		drop_oldest_held(completer, TCLK_COUNTER_EXPIRED);
	while (is_due(&completer->departure_table, now_mono_ns))
		forget_oldest_departure(completer);
}

uint64_t tclk_completer_next_deadline_mono_ns(const struct tclk_completer *completer)
{
	uint64_t oldest_mono_ns = MIN(tclk_table_oldest_mono_ns(&completer->held_table),
				      tclk_table_oldest_mono_ns(&completer->departure_table));

	return oldest_mono_ns == UINT64_MAX ? UINT64_MAX : oldest_mono_ns + EBC_FOLLOW_MAX_AGE_NS;
}

/* Queues a frame that its event message's departure completes. */
static void complete(struct tclk_completer *completer, const struct held *held, int64_t queued_sns)
{
	struct tclk_send *send;

	if (completer->num_ready == completer->capacity) {
		count(completer, completer->ready[completer->first_ready].port_index, TCLK_COUNTER_EVICTED);
		completer->first_ready = (completer->first_ready + 1) % completer->capacity;
		completer->num_ready--;
	}
	send = &completer->ready[(completer->first_ready + completer->num_ready++) % completer->capacity];
	*send = held->send;
	tclk_frame_add_correction(&send->frame, queued_sns);
	count(completer, send->port_index,
	      held->is_converted ? TCLK_COUNTER_GENERATED : TCLK_COUNTER_COMPLETED);
}

/* Whether the event message that left at `tc_mono_ns` is what `held` waits for, given that the keys agree: of
 * a converted message there is a copy for each time that it left. */
static bool is_complete_with(const struct held *held, uint64_t tc_mono_ns)
{
	return !held->is_converted || held->tc_mono_ns == tc_mono_ns;
}

static bool keys_agree(const struct tclk_table *table, uint16_t slot, const struct ebc_event_key *key)
{
	return memcmp(&table->slots[slot].key, key, sizeof(*key)) == 0;
}

/* What to wait with, and for which event message; false: the record is not what its reason says. */
static bool prepare(const struct ebc_rx_record *record, struct held *ret_held, struct ebc_event_key *ret_key)
{
	struct tclk_frame *frame = &ret_held->send.frame, event;
	uint8_t type;

	if (record->port_index >= EBC_MAX_PORTS || !tclk_frame_from_record(record, &event) ||
	    !tclk_frame_event_key(&event, record->ifindex, ret_key))
		return false;
	ret_held->send.port_index = record->port_index;
	ret_held->send.ifindex = record->ifindex;
	ret_held->tc_mono_ns = record->tc_mono_ns;
	ret_held->is_converted = record->reason == EBC_RX_CONVERTED;
	if (ret_held->is_converted)
		return tclk_frame_make_follower(&event, 0, frame);

	type = event.octets[event.ptp_offset] & 0x0f;
	*frame = event;
	return record->reason == EBC_RX_PARKED && !PTP_IS_EVENT(type);
}

void tclk_completer_hold(struct tclk_completer *completer, const struct ebc_rx_record *record,
			 uint64_t now_mono_ns)
{
	struct tclk_table *departures = &completer->departure_table;
	struct ebc_event_key key;
	struct held held;
	uint16_t slot;

	tclk_completer_handle_timer(completer, now_mono_ns);
	if (!prepare(record, &held, &key)) {
		count(completer, record->port_index, TCLK_COUNTER_MALFORMED);
		return;
	}
	completer->ifindex_of_port[held.send.port_index] = held.send.ifindex;

	slot = tclk_table_first(departures, &key);
	for (int n = 0; n < TCLK_TABLE_PROBES && slot != TCLK_TABLE_NONE; n++) {
		if (keys_agree(departures, slot, &key) &&
		    is_complete_with(&held, completer->departures[slot].tc_mono_ns)) {
			complete(completer, &held, completer->departures[slot].queued_sns);
			tclk_table_give(departures, slot);
			return;
		}
		slot = tclk_table_after(departures, slot);
	}

	slot = tclk_table_take(&completer->held_table, &key, now_mono_ns);
	if (slot == TCLK_TABLE_NONE) {
		drop_oldest_held(completer, TCLK_COUNTER_EVICTED);
		slot = tclk_table_take(&completer->held_table, &key, now_mono_ns);
	}
	completer->held[slot] = held;
}

/* Also several: a Follow_Up may have been doubled on its way here. */
static bool complete_all(struct tclk_completer *completer, const struct ebc_departure_record *record)
{
	struct tclk_table *table = &completer->held_table;
	uint16_t slot = tclk_table_first(table, &record->key);
	bool is_any = false;

	for (int n = 0; n < TCLK_TABLE_PROBES && slot != TCLK_TABLE_NONE; n++) {
		uint16_t after = tclk_table_after(table, slot);

		if (keys_agree(table, slot, &record->key) &&
		    is_complete_with(&completer->held[slot], record->tc_mono_ns)) {
			complete(completer, &completer->held[slot], record->queued_sns);
			tclk_table_give(table, slot);
			is_any = true;
		}
		slot = after;
	}
	return is_any;
}

void tclk_completer_departed(struct tclk_completer *completer, const struct ebc_departure_record *record,
			     uint64_t now_mono_ns)
{
	uint16_t slot;

	tclk_completer_handle_timer(completer, now_mono_ns);
	if (complete_all(completer, record))
		return;

	slot = tclk_table_take(&completer->departure_table, &record->key, now_mono_ns);
	if (slot == TCLK_TABLE_NONE) {
		forget_oldest_departure(completer);
		slot = tclk_table_take(&completer->departure_table, &record->key, now_mono_ns);
	}
	completer->departures[slot] = (struct departure){record->tc_mono_ns, record->queued_sns};
}

bool tclk_completer_pop(struct tclk_completer *completer, struct tclk_send *ret_send)
{
	if (completer->num_ready == 0)
		return false;
	*ret_send = completer->ready[completer->first_ready];
	completer->first_ready = (completer->first_ready + 1) % completer->capacity;
	completer->num_ready--;
	return true;
}

uint64_t tclk_completer_count(const struct tclk_completer *completer, uint16_t port_index,
			      enum tclk_counter counter)
{
	return completer->counters[MIN(port_index, TCLK_PORT_UNKNOWN)][counter];
}
