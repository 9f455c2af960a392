// SPDX-License-Identifier: GPL-2.0-or-later
/* The key is a hash of 64 bits: that two different requests share one is no concern. */
#include "bc/engine/duplicates.h"

#include "util/macros.h"

#define REMEMBERED_NS NSEC_PER_SEC

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

bool bc_duplicates_has(struct bc_duplicates *duplicates, uint64_t seed,
		       const struct ptp_port_identity *sender, uint16_t sequence_id, uint64_t now_mono_ns)
{
	uint64_t key = seed;
	size_t slot;

	for (size_t i = 0; i < PTP_CLOCK_IDENTITY_LEN; i++)
		key = mix(key + sender->clock_identity[i]);
	key = mix(key + ((uint32_t)sender->port_number << 16 | sequence_id)) | 1;
	slot = (key >> 1) % BC_DUPLICATES_SLOTS;
	if (duplicates->slots[slot].key == key &&
	    now_mono_ns - duplicates->slots[slot].mono_ns < (uint64_t)REMEMBERED_NS)
		return true;
	duplicates->slots[slot].key = key;
	duplicates->slots[slot].mono_ns = now_mono_ns;
	return false;
}
