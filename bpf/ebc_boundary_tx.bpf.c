/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transmit stamps of a boundary clock: all marked frames are the daemon's own. */
#include "bpf/xmit.bpf.h"

SEC("tp_btf/net_dev_xmit")
int BPF_PROG(ebc_xmit, struct sk_buff *skb, int rc)
{
	struct departure departure;
	struct ebc_tx_slot *slot = departed(skb, rc, &departure);

	if (slot)
		report_own(slot, &departure);
	return 0;
}

char ebc_license[] SEC("license") = "GPL";
