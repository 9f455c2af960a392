/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of slots under the keys of event messages, in the order in which they were taken: looked up
 * by hash, emptied from the oldest. What belongs to a slot is the owner's, in an array of the same capacity.
 * Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

#define TCLK_TABLE_MAX	4096
#define TCLK_TABLE_NONE UINT16_MAX
/* A look-up goes over no more slots than these: with this many equal keys somebody plays. */
#define TCLK_TABLE_PROBES 64

struct tclk_table_slot {
	struct ebc_event_key key;
	uint64_t taken_mono_ns;
	uint16_t older, newer;	/* newer: also the next free one */
	uint16_t before, after; /* slots with the same hash, newest first */
};

struct tclk_table {
	struct tclk_table_slot *slots;
	uint16_t *heads; /* by hash */
	uint32_t hash_mask;
	uint16_t oldest, newest, free;
};

/* `capacity`: 1..TCLK_TABLE_MAX. 0 or -ENOMEM. tclk_table_release() takes a table of zeros, too. */
int tclk_table_init(struct tclk_table *table, size_t capacity);
void tclk_table_release(struct tclk_table *table);

/* Takes a slot; TCLK_TABLE_NONE: the table is full. Keys need not be unique. */
uint16_t tclk_table_take(struct tclk_table *table, const struct ebc_event_key *key, uint64_t now_mono_ns);
/* Gives back a slot that was taken. */
void tclk_table_give(struct tclk_table *table, uint16_t slot);
/* The newest of the slots whose keys have the hash of `key`; tclk_table_after(): the next one. */
uint16_t tclk_table_first(const struct tclk_table *table, const struct ebc_event_key *key);

static inline uint16_t tclk_table_after(const struct tclk_table *table, uint16_t slot)
{
	return table->slots[slot].after;
}

/* When the oldest slot was taken; UINT64_MAX: the table is empty. */
static inline uint64_t tclk_table_oldest_mono_ns(const struct tclk_table *table)
{
	return table->oldest == TCLK_TABLE_NONE ? UINT64_MAX : table->slots[table->oldest].taken_mono_ns;
}
