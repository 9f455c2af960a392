/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other people's tc filter: counts every frame; one form ends the classification with "ok", the other leaves
 * it to the next. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} foreign_count SEC(".maps");

static __always_inline void count(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&foreign_count, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("ok")
int foreign_ok(struct __sk_buff *skb)
{
	(void)skb;
	count();
	return TC_ACT_OK;
}

SEC("next")
int foreign_next(struct __sk_buff *skb)
{
	(void)skb;
	count();
	return TC_ACT_UNSPEC;
}

char foreign_license[] SEC("license") = "GPL";
