// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of masters that are on probation. */
#include "bc/engine/trust.h"

#include <string.h>

#include "util/macros.h"

#define FLAP_BAR_NS	   (8 * (uint64_t)NSEC_PER_SEC)
#define FLAP_DOUBLINGS	   3
#define FLAP_FREE	   2
#define FLAP_MEMORY_NS	   (120 * (uint64_t)NSEC_PER_SEC)
#define REFUSED_BAR_NS	   (60 * (uint64_t)NSEC_PER_SEC)
#define REFUSED_BAR_MAX_NS (3600 * (uint64_t)NSEC_PER_SEC)
#define REFUSED_DOUBLINGS  6
#define REFUSED_MEMORY_NS  (2 * REFUSED_BAR_MAX_NS)

static uint64_t since(uint64_t from_mono_ns, uint64_t now_mono_ns)
{
	return now_mono_ns > from_mono_ns ? now_mono_ns - from_mono_ns : 0;
}

bool bc_trust_is_barred(const struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns)
{
	for (size_t i = 0; i < BC_TRUST_ENTRIES; i++) {
		const struct bc_trust_entry *e = &trust->entries[i];

		if (e->in_use && e->barred_until_mono_ns > now_mono_ns &&
		    memcmp(e->clock_identity, clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0)
			return true;
	}
	return false;
}

/* The master's entry; else a new one, in a free place or in that of the one longest well-behaved. */
static struct bc_trust_entry *entry_of(struct bc_trust *trust, const uint8_t *clock_identity)
{
	struct bc_trust_entry *oldest = &trust->entries[0];

	for (size_t i = 0; i < BC_TRUST_ENTRIES; i++) {
		struct bc_trust_entry *e = &trust->entries[i];

		if (e->in_use && memcmp(e->clock_identity, clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0)
			return e;
		if (oldest->in_use &&
		    (!e->in_use || MAX(e->last_mono_ns, e->barred_until_mono_ns) <
					   MAX(oldest->last_mono_ns, oldest->barred_until_mono_ns)))
			oldest = e;
	}
	*oldest = (struct bc_trust_entry){.in_use = true};
	memcpy(oldest->clock_identity, clock_identity, PTP_CLOCK_IDENTITY_LEN);
	return oldest;
}

static void forget_what_is_long_ago(struct bc_trust_entry *e, uint64_t now_mono_ns)
{
	uint64_t quiet_ns = since(MAX(e->last_mono_ns, e->barred_until_mono_ns), now_mono_ns);

	if (quiet_ns > FLAP_MEMORY_NS)
		e->n_flaps = 0;
	if (quiet_ns > REFUSED_MEMORY_NS)
		e->n_refused = 0;
}

static uint64_t bar(struct bc_trust_entry *e, uint64_t bar_ns, uint64_t now_mono_ns)
{
	e->last_mono_ns = now_mono_ns;
	e->barred_until_mono_ns = MAX(e->barred_until_mono_ns, now_mono_ns + bar_ns);
	return bar_ns;
}

uint64_t bc_trust_flapped(struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns)
{
	struct bc_trust_entry *e = entry_of(trust, clock_identity);
	uint64_t bar_ns = 0;

	forget_what_is_long_ago(e, now_mono_ns);
	if (e->n_flaps >= FLAP_FREE)
		bar_ns = FLAP_BAR_NS << MIN(e->n_flaps - FLAP_FREE, FLAP_DOUBLINGS);
	e->n_flaps = MIN(e->n_flaps + 1, FLAP_FREE + FLAP_DOUBLINGS);
	return bar(e, bar_ns, now_mono_ns);
}

uint64_t bc_trust_refused(struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns)
{
	struct bc_trust_entry *e = entry_of(trust, clock_identity);
	uint64_t bar_ns;

	forget_what_is_long_ago(e, now_mono_ns);
	bar_ns = MIN(REFUSED_BAR_NS << e->n_refused, REFUSED_BAR_MAX_NS);
	e->n_refused = MIN(e->n_refused + 1, REFUSED_DOUBLINGS);
	return bar(e, bar_ns, now_mono_ns);
}
