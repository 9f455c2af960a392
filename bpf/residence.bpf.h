/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the transparent clock's programs remember of event messages that pass: when they came in, that they
 * left, how long they stayed. Shared by tc and tracepoint objects.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"

/*
 * Forwarded event messages that a follower may ask for. The table is a plain array, since a hash map takes
 * long to update with cold caches, while the frame waits: a message has EBC_DEPARTURE_WAYS places, chosen by
 * its key, and takes the first that nobody waits for, or else the one in use for longest.
 */
struct ebc_departure {
	struct ebc_event_key key;
	__u64 tc_mono_ns;  /* when tc egress ran; 0: this place is being written */
	__u64 left;	   /* 0: not yet; else what the queue added, ns, plus 1 */
	__u64 is_parked;   /* a follower waits in the daemon */
	__u64 is_answered; /* a follower had what it asked for */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_DEPARTURES);
	__type(key, __u32);
	__type(value, struct ebc_departure);
} ebc_departures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ebc_departure_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1048576);
} ebc_sample_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EBC_RESIDENCES);
	__type(key, struct ebc_residence_key);
	__type(value, struct ebc_residence);
} ebc_residences SEC(".maps");

/* All zero: what a new entry of ebc_residences begins with, too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ebc_residence);
} ebc_residence_zero SEC(".maps");

/* By port_index: what the queue lately added. Two CPUs may overwrite each other's update: one sample less. */
struct ebc_queue {
	__u32 to_start_ns[EBC_QUEUE_RECENT]; /* tc egress to net_dev_start_xmit */
	__u32 to_stamp_ns[EBC_QUEUE_RECENT]; /* tc egress to the transmit stamp */
	__u32 n;			     /* ever */
	__u32 pad;
	__u64 last_mono_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct ebc_queue);
} ebc_queues SEC(".maps");

/* So that nobody can choose keys that meet in one place. */
const volatile __u32 ebc_rx_mark = 0;

static __always_inline bool is_same_message(const struct ebc_event_key *a, const struct ebc_event_key *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

/* The first of the message's places. */
static __always_inline __u32 departure_place(const struct ebc_event_key *key)
{
	const __u64 *words = (const __u64 *)key;
	__u64 hash = ebc_rx_mark;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15ULL; /* Fibonacci hashing, Knuth volume 3, 6.4 */
		hash ^= hash >> 29;
	}
	return hash & (EBC_DEPARTURES - 1) & ~(EBC_DEPARTURE_WAYS - 1);
}

/* NULL: it did not leave by this port within the last second. */
static __always_inline struct ebc_departure *departure_find(const struct ebc_event_key *key,
							    __u64 now_mono_ns)
{
	__u32 place = departure_place(key);

#pragma unroll
	for (__u32 i = 0; i < EBC_DEPARTURE_WAYS; i++) {
		__u32 index = place + i;
		struct ebc_departure *departure = bpf_map_lookup_elem(&ebc_departures, &index);

		if (departure && departure->tc_mono_ns && is_same_message(&departure->key, key) &&
		    (__s64)(now_mono_ns - departure->tc_mono_ns) < (__s64)EBC_FOLLOW_MAX_AGE_NS)
			return departure;
	}
	return NULL;
}

/* Whether its follower may still come. */
static __always_inline bool is_departure_awaited(const struct ebc_departure *departure, __u64 now_mono_ns)
{
	bool is_settled = departure->is_answered || (departure->is_parked && departure->left);

	return departure->tc_mono_ns && !is_settled &&
	       now_mono_ns - departure->tc_mono_ns < EBC_FOLLOW_MAX_AGE_NS;
}

/* An event message is about to leave. True: it took the place of one whose follower may still come. */
static __always_inline bool departure_begin(const struct ebc_event_key *key, __u64 now_mono_ns)
{
	struct ebc_departure *departure = NULL;
	__u32 place = departure_place(key);
	bool is_evicted = true;

#pragma unroll
	for (__u32 i = 0; i < EBC_DEPARTURE_WAYS; i++) {
		__u32 index = place + i;
		struct ebc_departure *candidate = bpf_map_lookup_elem(&ebc_departures, &index);

		if (!candidate)
			return false;
		if (is_same_message(&candidate->key, key) || !is_departure_awaited(candidate, now_mono_ns)) {
			departure = candidate;
			is_evicted = false;
			break;
		}
		if (!departure || candidate->tc_mono_ns < departure->tc_mono_ns)
			departure = candidate;
	}
	if (!departure)
		return false;
	/* With full barriers around the rest, for readers on other CPUs. */
	__sync_lock_test_and_set(&departure->tc_mono_ns, 0);
	departure->key = *key;
	departure->left = 0;
	departure->is_parked = 0;
	departure->is_answered = 0;
	__sync_lock_test_and_set(&departure->tc_mono_ns, now_mono_ns);
	return is_evicted;
}

/*
 * Nanoseconds of CLOCK_MONOTONIC, 0 .. EBC_RESIDENCE_MAX_NS, as scaled nanoseconds of the grandmaster. The
 * product stays below 2^32 * 2^22 for rates within 2^-10.
 */
static __always_inline __s64 scale_residence(__u64 ns, const struct ebc_ctl *ctl)
{
	return ((__s64)ns << 16) + (((__s64)ns * ctl->rate_offset_2m32) >> 16);
}

/* An event message left for which the daemon holds something. */
static __always_inline void departure_tell(const struct ebc_ctl *ctl, __u32 port_index,
					   const struct ebc_event_key *key, __u64 tc_mono_ns, __u64 queued_ns)
{
	struct ebc_departure_record record = {
		.key = *key,
		.tc_mono_ns = tc_mono_ns,
		.queued_sns = scale_residence(queued_ns, ctl),
	};

	if (bpf_ringbuf_output(&ebc_departure_ring, &record, sizeof(record), BPF_RB_FORCE_WAKEUP))
		count(port_index, EBC_COUNTER_TX_STAMP_RING_FULL);
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 log2 = 0;
	__u64 rest = ns;

	if (ns < 16)
		return ns;
	if (rest >> 32) {
		log2 += 32;
		rest >>= 32;
	}
	if (rest >> 16) {
		log2 += 16;
		rest >>= 16;
	}
	if (rest >> 8) {
		log2 += 8;
		rest >>= 8;
	}
	if (rest >> 4) {
		log2 += 4;
		rest >>= 4;
	}
	if (rest >> 2) {
		log2 += 2;
		rest >>= 2;
	}
	log2 += rest >> 1;
	return (log2 - 3) * 16 + ((ns >> (log2 - 4)) & 15);
}

static __always_inline void histogram_add(struct ebc_histogram *histogram, __u64 ns)
{
	__u32 bucket = bucket_of(ns);
	__u64 square = ns * ns, low; /* ns below 2^32 */

	asm volatile("" : "+r"(bucket)); /* so that the bound is checked on the register that is used */
	if (bucket >= EBC_HISTOGRAM_BUCKETS)
		return;
	__sync_fetch_and_add(&histogram->bucket[bucket], 1);
	__sync_fetch_and_add(&histogram->sum_ns, ns);
	low = __sync_fetch_and_add(&histogram->sum_squares_low, square);
	if (low + square < low)
		__sync_fetch_and_add(&histogram->sum_squares_high, 1);
	/* Two CPUs at once may lose an extreme: no reason for a lock. */
	if (ns < histogram->min_ns || !histogram->count)
		histogram->min_ns = ns;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	__sync_fetch_and_add(&histogram->count, 1);
}

static __always_inline struct ebc_residence *residence_get(__u32 in_port_index, __u32 out_port_index,
							   __u8 message_type)
{
	struct ebc_residence_key key = {.in_port_index = in_port_index,
					.out_port_index = out_port_index,
					.message_type = message_type};
	struct ebc_residence *residence = bpf_map_lookup_elem(&ebc_residences, &key);
	__u32 zero = 0;

	if (residence)
		return residence;
	residence = bpf_map_lookup_elem(&ebc_residence_zero, &zero);
	if (residence && bpf_map_update_elem(&ebc_residences, &key, residence, BPF_NOEXIST) == 0)
		return bpf_map_lookup_elem(&ebc_residences, &key);
	count(out_port_index, EBC_COUNTER_TX_RESIDENCE_FULL);
	return NULL;
}

/* One event message went through. */
static __always_inline void record_residence(const struct ebc_ctl *ctl, const struct ebc_event_key *key,
					     __u32 in_port_index, __u32 out_port_index, __u64 rx_mono_ns,
					     __u64 tc_mono_ns, __u64 queued_ns)
{
	__u64 before_ns = tc_mono_ns - rx_mono_ns;
	struct ebc_residence *residence;

	if (before_ns > EBC_RESIDENCE_MAX_NS ||
	    (queued_ns != EBC_QUEUED_UNKNOWN && before_ns + queued_ns > EBC_RESIDENCE_MAX_NS))
		return;
	residence = residence_get(in_port_index, out_port_index, key->message_type);
	if (residence) {
		histogram_add(&residence->before, before_ns);
		if (queued_ns != EBC_QUEUED_UNKNOWN) {
			histogram_add(&residence->queued, queued_ns);
			histogram_add(&residence->total, before_ns + queued_ns);
		} else {
			histogram_add(&residence->total, before_ns);
		}
	}
	if (ctl->wants_samples) {
		struct ebc_sample sample = {
			.rx_mono_ns = rx_mono_ns,
			.before_ns = before_ns,
			.queued_ns = queued_ns,
			.in_port_index = in_port_index,
			.out_port_index = out_port_index,
			.sequence_id = key->sequence_id,
			.sdo_id = key->sdo_id,
			.message_type = key->message_type,
			.domain_number = key->domain_number,
		};

		__builtin_memcpy(sample.source_port_identity, key->source_port_identity,
				 sizeof(sample.source_port_identity));
		if (bpf_ringbuf_output(&ebc_sample_ring, &sample, sizeof(sample), BPF_RB_NO_WAKEUP))
			count(out_port_index, EBC_COUNTER_TX_SAMPLE_LOST);
	}
}
