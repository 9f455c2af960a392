/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps of the kernel programs. Both objects define them from here; the loader gives the second
 * object the descriptors of the first, so that they are one set. Also the small things that every
 * program does with them: count, look the lease up, publish a stamp.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"

/* What follows a forwarded event message. */
enum ebc_follower {
	EBC_FOLLOWER_NONE = 0,
	EBC_FOLLOWER_COMES, /* two-step: by the sender */
	EBC_FOLLOWER_HELD,  /* converted from one-step: by the daemon */
};

/* An event frame on its way from tc egress to the driver: the daemon's own, or one that is forwarded. */
struct ebc_tx_slot {
	__u32 hash; /* the mark in skb->hash; 0: not armed */
	__u32 len;  /* of the frame, at tc egress */
	struct ebc_tx_record record;
	__u8 source_port_identity[10];
	__u8 is_forwarded;
	__u8 follower; /* enum ebc_follower */
	__u16 in_port_index;
	__u8 pad[2];
	/* Forwarded ones. */
	struct ebc_event_key key;
	__u64 rx_mono_ns; /* its receive stamp */
};

/* Which device below which port sees the port's frames last. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EBC_MAX_PORTS *EBC_LOWEST_DEVICES);
	__type(key, struct ebc_tx_dev_key);
	__type(value, __u32);
} ebc_tx_devs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ebc_ctl);
} ebc_ctl_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct ebc_counters);
} ebc_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_TX_SLOTS);
	__type(key, __u32);
	__type(value, struct ebc_tx_slot);
} ebc_tx_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536); /* the loader sets its own */
} ebc_tx_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EBC_STAMPS_ENTRIES);
	__type(key, struct ebc_stamp_key);
	__type(value, struct ebc_stamp_value);
} ebc_stamps SEC(".maps");

static __always_inline struct ebc_ctl *ctl_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ebc_ctl_map, &zero);
}

/* Bottom halves are off wherever these programs run, so a CPU's own counters need no atomics. */
static __always_inline void count(__u32 port_index, enum ebc_counter which)
{
	struct ebc_counters *counters = bpf_map_lookup_elem(&ebc_counters, &port_index);

	if (counters)
		counters->value[which]++;
}

static __always_inline void publish_stamp(__u32 ifindex, __u8 direction, __u8 message_type,
					  __u8 domain_number, const __u8 *source_port_identity,
					  __u16 sequence_id, __u64 stamp_mono_ns, __u8 stamp_source)
{
	struct ebc_stamp_value value = {.stamp_mono_ns = stamp_mono_ns, .stamp_source = stamp_source};
	struct ebc_stamp_key key = {
		.ifindex = ifindex,
		.direction = direction,
		.message_type = message_type,
		.domain_number = domain_number,
		.sequence_id = sequence_id,
	};

	__builtin_memcpy(key.source_port_identity, source_port_identity, sizeof(key.source_port_identity));
	bpf_map_update_elem(&ebc_stamps, &key, &value, BPF_ANY);
}
