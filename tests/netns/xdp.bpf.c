/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody's XDP program, which lets everything pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int foreign_xdp(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char foreign_license[] SEC("license") = "GPL";
