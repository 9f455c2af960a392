// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots in a list by age and, those of one hash, in another; both doubly linked by slot number. */
#include "tc/table.h"

#include <errno.h>
#include <stdlib.h>

/* FNV-1a over the key, which has no padding. */
static uint32_t hash_of(const struct ebc_event_key *key)
{
	const uint8_t *octets = (const uint8_t *)key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ octets[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static uint16_t *head_of(const struct tclk_table *table, const struct ebc_event_key *key)
{
	return &table->heads[hash_of(key) & table->hash_mask];
}

int tclk_table_init(struct tclk_table *table, size_t capacity)
{
	size_t num_heads = 1;

	while (num_heads < capacity)
		num_heads *= 2;
	*table = (struct tclk_table){
		.slots = calloc(capacity, sizeof(table->slots[0])),
		.heads = calloc(num_heads, sizeof(table->heads[0])),
		.hash_mask = (uint32_t)num_heads - 1,
		.oldest = TCLK_TABLE_NONE,
		.newest = TCLK_TABLE_NONE,
	};
	if (!table->slots || !table->heads) {
		tclk_table_release(table);
		return -ENOMEM;
	}

	for (size_t i = 0; i < num_heads; i++)
		table->heads[i] = TCLK_TABLE_NONE;
	for (size_t i = 0; i < capacity; i++)
		table->slots[i].newer = i + 1 < capacity ? (uint16_t)(i + 1) : TCLK_TABLE_NONE;
	return 0;
}

void tclk_table_release(struct tclk_table *table)
{
	free(table->slots);
	free(table->heads);
	*table = (struct tclk_table){};
}

uint16_t tclk_table_take(struct tclk_table *table, const struct ebc_event_key *key, uint64_t now_mono_ns)
{
	uint16_t slot = table->free, *head = head_of(table, key);
	struct tclk_table_slot *s;

	if (slot == TCLK_TABLE_NONE)
		return slot;
	s = &table->slots[slot];
	table->free = s->newer;
	*s = (struct tclk_table_slot){
		.key = *key,
		.taken_mono_ns = now_mono_ns,
		.older = table->newest,
		.newer = TCLK_TABLE_NONE,
		.before = TCLK_TABLE_NONE,
		.after = *head,
	};

	if (table->newest != TCLK_TABLE_NONE)
		table->slots[table->newest].newer = slot;
	else
		table->oldest = slot;
	table->newest = slot;

	if (*head != TCLK_TABLE_NONE)
		table->slots[*head].before = slot;
	*head = slot;
	return slot;
}

void tclk_table_give(struct tclk_table *table, uint16_t slot)
{
	struct tclk_table_slot *s = &table->slots[slot];

	if (s->older != TCLK_TABLE_NONE)
		table->slots[s->older].newer = s->newer;
	else
		table->oldest = s->newer;
	if (s->newer != TCLK_TABLE_NONE)
		table->slots[s->newer].older = s->older;
	else
		table->newest = s->older;

	if (s->before != TCLK_TABLE_NONE)
		table->slots[s->before].after = s->after;
	else
		*head_of(table, &s->key) = s->after;
	if (s->after != TCLK_TABLE_NONE)
		table->slots[s->after].before = s->before;

	s->newer = table->free;
	table->free = slot;
}

uint16_t tclk_table_first(const struct tclk_table *table, const struct ebc_event_key *key)
{
	return *head_of(table, key);
}
