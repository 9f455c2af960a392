// SPDX-License-Identifier: GPL-2.0-or-later
/* Which master is listened to, and what of its messages makes a sample: pairs of Sync and Follow_Up. */
#include "tc/syntonizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/ebc_abi.h"
#include "bpf/ptp_wire.h"
#include "tc/masters.h"
#include "tc/rate.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define SYNC_LEN	 44 /* and Follow_Up */
#define ORIGIN_TIMESTAMP PTP_HEADER_LEN
/* Year 2242: the nanoseconds fit int64_t. */
#define TIMESTAMP_MAX_S ((1ULL << 33) - 1)

/* Messages that wait for their other half: so many, and no longer than EBC_FOLLOW_MAX_AGE_NS. */
#define HALVES 16u

/* Without Announce messages another sender is listened to when the last one has been silent for so long. */
#define SILENCE_NS (4 * NSEC_PER_SEC)
#define KNOWN_NS   (60 * NSEC_PER_SEC)

/* A Sync or a Follow_Up, decoded. Zero: none. */
struct half {
	bool is_used;
	uint16_t sequence_id;
	int64_t origin_ns, correction_sns;
	uint64_t stamp_mono_ns, heard_mono_ns;
};

struct halves {
	struct half half[HALVES];
	unsigned int next; /* the oldest: it gives way */
};

/* Who is listened to. */
struct sender {
	bool is_set;
	bool is_announced; /* clock_identity is the grandmaster's */
	uint8_t port_identity[TCLK_PORT_IDENTITY_LEN];
	uint16_t port_index;
	uint8_t clock_identity[TCLK_IDENTITY_LEN];
	uint64_t heard_mono_ns;
};

struct tclk_syntonizer {
	struct tclk_masters masters;
	struct sender sender;
	struct halves syncs, follow_ups;
	struct tclk_rate rate;
	uint8_t rate_identity[TCLK_IDENTITY_LEN]; /* whose the estimate is */
	uint64_t n_samples, n_outliers, n_unpaired, n_malformed;
};

int tclk_syntonizer_new(struct tclk_syntonizer **ret_syntonizer)
{
	struct tclk_syntonizer *syntonizer = calloc(1, sizeof(*syntonizer));

	if (!syntonizer)
		return -ENOMEM;
	*ret_syntonizer = syntonizer;
	return 0;
}

void tclk_syntonizer_free(struct tclk_syntonizer *syntonizer)
{
	free(syntonizer);
}

static uint16_t flags_of(const uint8_t *message)
{
	return get_be16(message + offsetof(struct ptp_header, flags_be16));
}

static const uint8_t *source_of(const uint8_t *message)
{
	return message + offsetof(struct ptp_header, source_port_identity);
}

static bool is_sound(const uint8_t *message, size_t len, size_t least_len)
{
	size_t message_len;

	if (len < least_len ||
	    (message[offsetof(struct ptp_header, minor_version_version)] & 0x0f) != PTP_VERSION)
		return false;
	message_len = get_be16(message + offsetof(struct ptp_header, message_length_be16));
	return message_len >= least_len && message_len <= len;
}

/* False: the time or the correction is out of range. */
static bool decode(const uint8_t *message, uint64_t stamp_mono_ns, uint64_t now_mono_ns, struct half *ret)
{
	uint64_t s = get_be48(message + ORIGIN_TIMESTAMP);
	uint32_t ns = get_be32(message + ORIGIN_TIMESTAMP + 6);
	int64_t correction_sns = (int64_t)get_be64(message + offsetof(struct ptp_header, correction_be64));

	if (s > TIMESTAMP_MAX_S || ns >= NSEC_PER_SEC)
		return false;
	/* 13.3.2.9: too big to be told. */
	if (correction_sns == INT64_MAX || correction_sns == INT64_MIN)
		return false;
	*ret = (struct half){
		.is_used = true,
		.sequence_id = get_be16(message + offsetof(struct ptp_header, sequence_id_be16)),
		.origin_ns = (int64_t)s * NSEC_PER_SEC + ns,
		.correction_sns = correction_sns,
		.stamp_mono_ns = stamp_mono_ns,
		.heard_mono_ns = now_mono_ns,
	};
	return true;
}

static struct half *find_half(struct halves *halves, uint16_t sequence_id, uint64_t now_mono_ns)
{
	for (unsigned int i = 0; i < HALVES; i++) {
		struct half *h = &halves->half[i];

		if (h->is_used && h->sequence_id == sequence_id &&
		    now_mono_ns - h->heard_mono_ns <= EBC_FOLLOW_MAX_AGE_NS)
			return h;
	}
	return NULL;
}

/* Of messages with one number the first counts: what comes later is a replay. */
static void keep_half(struct tclk_syntonizer *s, struct halves *halves, const struct half *half)
{
	if (find_half(halves, half->sequence_id, half->heard_mono_ns))
		return;
	s->n_unpaired += halves->half[halves->next].is_used;
	halves->half[halves->next] = *half;
	halves->next = (halves->next + 1) % HALVES;
}

static void restart(struct tclk_syntonizer *s)
{
	s->syncs = (struct halves){};
	s->follow_ups = (struct halves){};
	tclk_rate_restart(&s->rate);
}

static bool is_sender(const struct sender *sender, const uint8_t *port_identity, uint16_t port_index)
{
	return sender->is_set && sender->port_index == port_index &&
	       memcmp(sender->port_identity, port_identity, TCLK_PORT_IDENTITY_LEN) == 0;
}

/* `grandmaster`: NULL, when no Announce tells. */
static void listen_to(struct tclk_syntonizer *s, const uint8_t *port_identity, uint16_t port_index,
		      const uint8_t *grandmaster)
{
	struct sender *sender = &s->sender;
	const uint8_t *clock_identity = grandmaster ? grandmaster : port_identity;
	bool is_other = !is_sender(sender, port_identity, port_index);

	/* The same sender with another grandmaster behind it has another rate, too. */
	if (is_other ||
	    (sender->is_announced && memcmp(sender->clock_identity, clock_identity, TCLK_IDENTITY_LEN) != 0))
		restart(s);
	if (is_other)
		*sender = (struct sender){.is_set = true, .port_index = port_index};
	sender->is_announced = grandmaster != NULL;
	memcpy(sender->port_identity, port_identity, TCLK_PORT_IDENTITY_LEN);
	memcpy(sender->clock_identity, clock_identity, TCLK_IDENTITY_LEN);
}

/* Whether a message from `port_identity` is to be listened to. */
static bool choose(struct tclk_syntonizer *s, const uint8_t *port_identity, uint16_t port_index,
		   uint64_t now_mono_ns)
{
	const struct tclk_master *best = tclk_masters_best(&s->masters, now_mono_ns);

	if (best)
		listen_to(s, best->rank.source_port_identity, get_be16(best->rank.port_index_be16),
			  best->rank.grandmaster_identity);
	else if (!s->sender.is_set || now_mono_ns >= s->sender.heard_mono_ns + (uint64_t)SILENCE_NS)
		listen_to(s, port_identity, port_index, NULL);
	if (!is_sender(&s->sender, port_identity, port_index))
		return false;
	s->sender.heard_mono_ns = now_mono_ns;
	return true;
}

/* `follow_up`: NULL for a one-step Sync. */
static void add_sample(struct tclk_syntonizer *s, const struct half *sync, const struct half *follow_up)
{
	const struct half *origin = follow_up ? follow_up : sync;
	int64_t second_sns = follow_up ? follow_up->correction_sns : 0;
	int64_t t1_ns = origin->origin_ns + (sync->correction_sns >> 16) + (second_sns >> 16);
	double fraction_sns = (double)(sync->correction_sns & 0xffff) + (double)(second_sns & 0xffff);
	struct tclk_rate_sample sample = {
		.stamp_mono_ns = sync->stamp_mono_ns,
		.offset_ns = (int64_t)((uint64_t)t1_ns - sync->stamp_mono_ns),
		.fraction_ns = fraction_sns / 65536,
	};
	uint64_t estimated_mono_ns = s->rate.estimate.stamp_mono_ns;

	if (tclk_rate_add(&s->rate, &sample))
		s->n_samples++;
	else
		s->n_outliers++;
	if (s->rate.estimate.stamp_mono_ns != estimated_mono_ns)
		memcpy(s->rate_identity, s->sender.clock_identity, TCLK_IDENTITY_LEN);
}

static void handle_sync(struct tclk_syntonizer *s, const struct half *sync, bool is_two_step)
{
	struct half *follow_up;

	if (!is_two_step) {
		add_sample(s, sync, NULL);
		return;
	}
	follow_up = find_half(&s->follow_ups, sync->sequence_id, sync->heard_mono_ns);
	if (!follow_up) {
		keep_half(s, &s->syncs, sync);
		return;
	}
	add_sample(s, sync, follow_up);
	*follow_up = (struct half){};
}

static void handle_follow_up(struct tclk_syntonizer *s, const struct half *follow_up)
{
	struct half *sync = find_half(&s->syncs, follow_up->sequence_id, follow_up->heard_mono_ns);

	if (!sync) {
		keep_half(s, &s->follow_ups, follow_up);
		return;
	}
	add_sample(s, sync, follow_up);
	*sync = (struct half){};
}

void tclk_syntonizer_handle_rx(struct tclk_syntonizer *s, const uint8_t *message, size_t len,
			       uint16_t port_index, uint64_t stamp_mono_ns, uint64_t now_mono_ns)
{
	uint8_t type = len > 0 ? message[0] & 0x0f : PTP_MANAGEMENT;
	struct half half;

	if (type != PTP_SYNC && type != PTP_FOLLOW_UP && type != PTP_ANNOUNCE)
		return;
	if (!is_sound(message, len, type == PTP_ANNOUNCE ? TCLK_ANNOUNCE_LEN : SYNC_LEN)) {
		s->n_malformed++;
		return;
	}
	/* 17.3: for those who look at more than one master. */
	if (flags_of(message) & PTP_FLAG_ALTERNATE_MASTER)
		return;
	if (type == PTP_ANNOUNCE) {
		tclk_masters_announce(&s->masters, message, port_index, now_mono_ns);
		return;
	}

	if (!choose(s, source_of(message), port_index, now_mono_ns))
		return;
	if (!decode(message, stamp_mono_ns, now_mono_ns, &half))
		s->n_malformed++;
	else if (type == PTP_SYNC)
		handle_sync(s, &half, flags_of(message) & PTP_FLAG_TWO_STEP);
	else
		handle_follow_up(s, &half);
}

void tclk_syntonizer_status(const struct tclk_syntonizer *s, uint64_t now_mono_ns,
			    struct tclk_syntonizer_status *ret_status)
{
	const struct tclk_rate_estimate *estimate = &s->rate.estimate;
	struct tclk_syntonizer_status status = {
		.n_samples = s->n_samples,
		.n_outliers = s->n_outliers,
		.n_unpaired = s->n_unpaired,
		.n_malformed = s->n_malformed,
	};

	if (estimate->is_valid && now_mono_ns < estimate->stamp_mono_ns + (uint64_t)KNOWN_NS) {
		status.is_known = true;
		status.rate_offset = estimate->rate_offset;
		status.deviation = estimate->deviation;
		memcpy(status.clock_identity, s->rate_identity, TCLK_IDENTITY_LEN);
	}
	*ret_status = status;
}
