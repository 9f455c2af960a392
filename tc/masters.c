// SPDX-License-Identifier: GPL-2.0-or-later
/* Announce puts its fields in the order of their weight, so that ranks are compared octet by octet. */
#include "tc/masters.h"

#include <string.h>

#include "bpf/ptp_wire.h"
#include "util/macros.h"
#include "util/unaligned.h"

/* 13.5: grandmasterPriority1 to stepsRemoved. */
#define ANNOUNCE_RANK	  47
#define ANNOUNCE_RANK_LEN 16
/* 9.3.2.5 d: from here on an Announce goes in circles. */
#define STEPS_REMOVED_MAX 255

/* announceReceiptTimeout, 7.7.3.1; not below a second, since what is lost here is only a rate. */
#define RECEIPT_TIMEOUT	 3
#define LOG_INTERVAL_MIN (-1)
#define LOG_INTERVAL_MAX 4
/* What logMessageInterval is where it says nothing (0x7F): the default profile's. */
#define LOG_INTERVAL_DEFAULT 1

_Static_assert(sizeof(struct tclk_rank) == ANNOUNCE_RANK_LEN + TCLK_PORT_IDENTITY_LEN + 2,
	       "ranks have no gaps");

static bool is_live(const struct tclk_master *master, uint64_t now_mono_ns)
{
	return master->is_used && now_mono_ns < master->silent_from_mono_ns;
}

static uint64_t receipt_timeout_ns(int8_t log_interval)
{
	int log2_s = log_interval == 0x7f ? LOG_INTERVAL_DEFAULT
					  : CLAMP(log_interval, LOG_INTERVAL_MIN, LOG_INTERVAL_MAX);
	uint64_t interval_ns = log2_s < 0 ? NSEC_PER_SEC >> -log2_s : NSEC_PER_SEC << log2_s;

	return RECEIPT_TIMEOUT * interval_ns;
}

const struct tclk_master *tclk_masters_best(const struct tclk_masters *masters, uint64_t now_mono_ns)
{
	const struct tclk_master *best = NULL;

	for (size_t i = 0; i < TCLK_MASTERS_MAX; i++) {
		const struct tclk_master *m = &masters->masters[i];

		if (is_live(m, now_mono_ns) && (!best || memcmp(&m->rank, &best->rank, sizeof(m->rank)) < 0))
			best = m;
	}
	return best;
}

static bool is_same_sender(const struct tclk_rank *a, const struct tclk_rank *b)
{
	return memcmp(a->source_port_identity, b->source_port_identity, TCLK_PORT_IDENTITY_LEN) == 0 &&
	       memcmp(a->port_index_be16, b->port_index_be16, 2) == 0;
}

/* The sender's own entry, else a free one, else that of the one heard longest ago. */
static struct tclk_master *entry_for(struct tclk_masters *masters, const struct tclk_rank *rank,
				     uint64_t now_mono_ns)
{
	const struct tclk_master *best = tclk_masters_best(masters, now_mono_ns);
	struct tclk_master *choice = NULL;

	for (size_t i = 0; i < TCLK_MASTERS_MAX; i++) {
		struct tclk_master *m = &masters->masters[i];

		if (m->is_used && is_same_sender(&m->rank, rank))
			return m;
		if (m == best)
			continue;
		if (!choice || (choice->is_used && (!m->is_used || m->heard_mono_ns < choice->heard_mono_ns)))
			choice = m;
	}
	return choice;
}

void tclk_masters_announce(struct tclk_masters *masters, const uint8_t *message, uint16_t port_index,
			   uint64_t now_mono_ns)
{
	int8_t log_interval = (int8_t)message[offsetof(struct ptp_header, log_message_interval)];
	struct tclk_rank rank;

	memcpy(&rank, message + ANNOUNCE_RANK, ANNOUNCE_RANK_LEN);
	memcpy(rank.source_port_identity, message + offsetof(struct ptp_header, source_port_identity),
	       TCLK_PORT_IDENTITY_LEN);
	put_be16(rank.port_index_be16, port_index);
	if (get_be16(rank.steps_removed) >= STEPS_REMOVED_MAX)
		return;
	*entry_for(masters, &rank, now_mono_ns) = (struct tclk_master){
		.is_used = true,
		.rank = rank,
		.heard_mono_ns = now_mono_ns,
		.silent_from_mono_ns = now_mono_ns + receipt_timeout_ns(log_interval),
	};
}
