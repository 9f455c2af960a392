// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets in sets of eight: a sender may lie in any place of the one set that its hash names. */
#include "bc/engine/rate_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

#define WAYS		8
#define MAX_SENDERS	65536
#define PORT_NUMBER_LEN 2
#define KEY_LEN		(PTP_CLOCK_IDENTITY_LEN + PORT_NUMBER_LEN)

/* A bucket is told by when it will be full again. */
struct bucket {
	uint64_t full_mono_ns;
	bool in_use;
	uint8_t kind;
	uint8_t key[KEY_LEN];
};

struct bc_rate_limit {
	struct bc_rate_limit_config config;
	uint64_t newcomers_full_mono_ns[BC_RATE_KINDS];
	size_t n_sets; /* a power of two */
	struct bucket buckets[];
};

static bool config_is_sound(const struct bc_rate_limit_config *c)
{
	for (size_t i = 0; i < BC_RATE_KINDS; i++)
		if ((c->kinds[i].sender.interval_ns != 0 && c->kinds[i].sender.burst == 0) ||
		    (c->kinds[i].newcomers.interval_ns != 0 && c->kinds[i].newcomers.burst == 0))
			return false;
	return c->n_senders > 0 && c->n_senders <= MAX_SENDERS;
}

int bc_rate_limit_new(const struct bc_rate_limit_config *config, struct bc_rate_limit **ret_limit)
{
	struct bc_rate_limit *limit;
	size_t n_sets = 1;

	if (!config_is_sound(config))
		return -EINVAL;
	while (n_sets * WAYS < config->n_senders)
		n_sets *= 2;
	limit = calloc(1, sizeof(*limit) + n_sets * WAYS * sizeof(limit->buckets[0]));
	if (!limit)
		return -ENOMEM;
	limit->config = *config;
	limit->n_sets = n_sets;
	*ret_limit = limit;
	return 0;
}

void bc_rate_limit_free(struct bc_rate_limit *limit)
{
	free(limit);
}

static void make_key(const struct ptp_port_identity *sender, uint8_t *ret_key)
{
	memcpy(ret_key, sender->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	memcpy(ret_key + PTP_CLOCK_IDENTITY_LEN, &sender->port_number, PORT_NUMBER_LEN);
}

/* FNV-1a from the seed on, with the finalizer of MurmurHash3, since the low bits choose the set. */
static uint64_t hash(uint64_t seed, enum bc_rate_kind kind, const uint8_t *key)
{
	uint64_t h = seed ^ 0xcbf29ce484222325ULL ^ (uint64_t)kind;

	for (size_t i = 0; i < KEY_LEN; i++)
		h = (h ^ key[i]) * 0x100000001b3ULL;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 33;
}

/* The sender's bucket, else the one that is missed least: free, or the fullest. */
static struct bucket *find(struct bc_rate_limit *limit, enum bc_rate_kind kind, const uint8_t *key)
{
	size_t set = hash(limit->config.seed, kind, key) & (limit->n_sets - 1);
	struct bucket *candidates = &limit->buckets[set * WAYS], *fullest = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		struct bucket *b = &candidates[i];

		if (b->in_use && b->kind == kind && memcmp(b->key, key, KEY_LEN) == 0)
			return b;
		if (!fullest || (fullest->in_use && (!b->in_use || b->full_mono_ns < fullest->full_mono_ns)))
			fullest = b;
	}
	return fullest;
}

static bool take(uint64_t *full_mono_ns, const struct bc_rate *rate, uint64_t now_mono_ns)
{
	uint64_t full = MAX(*full_mono_ns, now_mono_ns);

	if (rate->interval_ns == 0)
		return true;
	if (full - now_mono_ns > (rate->burst - 1) * rate->interval_ns)
		return false;
	*full_mono_ns = full + rate->interval_ns;
	return true;
}

static bool is_of(const struct bucket *b, enum bc_rate_kind kind, const uint8_t *key)
{
	return b->in_use && b->kind == kind && memcmp(b->key, key, KEY_LEN) == 0;
}

bool bc_rate_limit_remembers(struct bc_rate_limit *limit, enum bc_rate_kind kind,
			     const struct ptp_port_identity *sender)
{
	uint8_t key[KEY_LEN];

	make_key(sender, key);
	return is_of(find(limit, kind, key), kind, key);
}

bool bc_rate_limit_allows(struct bc_rate_limit *limit, enum bc_rate_kind kind,
			  const struct ptp_port_identity *sender, bool is_known, uint64_t now_mono_ns)
{
	uint8_t key[KEY_LEN];
	struct bucket *bucket;

	make_key(sender, key);
	bucket = find(limit, kind, key);
	if (!is_of(bucket, kind, key)) {
		if (!is_known && !take(&limit->newcomers_full_mono_ns[kind],
				       &limit->config.kinds[kind].newcomers, now_mono_ns))
			return false;
		*bucket = (struct bucket){.in_use = true, .kind = (uint8_t)kind};
		memcpy(bucket->key, key, KEY_LEN);
	}
	return take(&bucket->full_mono_ns, &limit->config.kinds[kind].sender, now_mono_ns);
}
