// SPDX-License-Identifier: GPL-2.0-or-later
/* A table by sequenceId, and a ring of what is in it by age. */
#include "bc/engine/unicast_syncs.h"

static const struct bc_unicast_sync *place_of(const struct bc_unicast_syncs *syncs, uint16_t sequence_id)
{
	return &syncs->list[sequence_id % BC_UNICAST_SYNCS];
}

bool bc_unicast_syncs_has(const struct bc_unicast_syncs *syncs, uint16_t sequence_id)
{
	const struct bc_unicast_sync *sync = place_of(syncs, sequence_id);

	return sync->is_waiting && sync->sequence_id == sequence_id;
}

bool bc_unicast_syncs_has_place(const struct bc_unicast_syncs *syncs, uint16_t sequence_id)
{
	return !place_of(syncs, sequence_id)->is_waiting;
}

/* The first in order; false: it has got its stamp. */
static bool drop_oldest(struct bc_unicast_syncs *syncs)
{
	uint16_t sequence_id = syncs->order[syncs->first_in_order];
	bool was_waiting = bc_unicast_syncs_has(syncs, sequence_id);

	if (was_waiting)
		syncs->list[sequence_id % BC_UNICAST_SYNCS].is_waiting = false;
	syncs->first_in_order = (syncs->first_in_order + 1) % BC_UNICAST_SYNCS;
	syncs->n_in_order--;
	return was_waiting;
}

static void drop_stamped(struct bc_unicast_syncs *syncs)
{
	while (syncs->n_in_order > 0 && !bc_unicast_syncs_has(syncs, syncs->order[syncs->first_in_order]))
		drop_oldest(syncs);
}

bool bc_unicast_syncs_add(struct bc_unicast_syncs *syncs, uint16_t sequence_id,
			  const struct bc_address *address, uint64_t now_mono_ns)
{
	bool is_one_given_up = syncs->n_in_order == BC_UNICAST_SYNCS && drop_oldest(syncs);

	syncs->list[sequence_id % BC_UNICAST_SYNCS] = (struct bc_unicast_sync){.is_waiting = true,
									       .sequence_id = sequence_id,
									       .sent_mono_ns = now_mono_ns,
									       .address = *address};
	syncs->order[(syncs->first_in_order + syncs->n_in_order++) % BC_UNICAST_SYNCS] = sequence_id;
	drop_stamped(syncs);
	return is_one_given_up;
}

bool bc_unicast_syncs_take(struct bc_unicast_syncs *syncs, uint16_t sequence_id,
			   struct bc_address *ret_address)
{
	if (!bc_unicast_syncs_has(syncs, sequence_id))
		return false;
	syncs->list[sequence_id % BC_UNICAST_SYNCS].is_waiting = false;
	*ret_address = place_of(syncs, sequence_id)->address;
	drop_stamped(syncs);
	return true;
}

bool bc_unicast_syncs_expire(struct bc_unicast_syncs *syncs, uint64_t now_mono_ns)
{
	if (now_mono_ns < bc_unicast_syncs_deadline(syncs))
		return false;
	drop_oldest(syncs);
	drop_stamped(syncs);
	return true;
}

uint64_t bc_unicast_syncs_deadline(const struct bc_unicast_syncs *syncs)
{
	if (syncs->n_in_order == 0)
		return NEVER;
	return place_of(syncs, syncs->order[syncs->first_in_order])->sent_mono_ns + BC_PENDING_MAX_AGE_NS;
}
