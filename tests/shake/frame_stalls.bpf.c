/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel stands still on a frame's way now and then, 16 us to 2 ms: between the stamps of a sender, of
 * what is in between, and of a receiver.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SHORTEST_NS 16000ULL
#define N_LENGTHS   8 /* each twice the one before */
#define MAX_TURNS   (1 << 20)

const volatile __u32 ebc_one_in = 1;

static long is_over(__u32 turn, __u64 *end_mono_ns)
{
	return bpf_ktime_get_ns() >= *end_mono_ns;
}

static __always_inline int stall(void)
{
	__u64 end_mono_ns;

	if (bpf_get_prandom_u32() % ebc_one_in)
		return 0;
	end_mono_ns = bpf_ktime_get_ns() + (SHORTEST_NS << bpf_get_prandom_u32() % N_LENGTHS);
	bpf_loop(MAX_TURNS, is_over, &end_mono_ns, 0);
	return 0;
}

SEC("tp_btf/net_dev_queue") int BPF_PROG(stall_at_queue)
{
	return stall();
}

SEC("tp_btf/net_dev_start_xmit") int BPF_PROG(stall_at_start_xmit)
{
	return stall();
}

SEC("tp_btf/net_dev_xmit") int BPF_PROG(stall_at_xmit)
{
	return stall();
}

SEC("tp_btf/netif_rx") int BPF_PROG(stall_at_rx)
{
	return stall();
}

SEC("tp_btf/netif_receive_skb") int BPF_PROG(stall_at_receive)
{
	return stall();
}

char ebc_license[] SEC("license") = "GPL";
