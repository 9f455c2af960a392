/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a PTP message in a frame: Ethernet, UDP over IPv4 and over IPv6, behind VLAN tags, IPv4
 * options and IPv6 extension headers. Inline, shared by the tc programs. It reads through
 * bpf_skb_load_bytes, which checks every bound; what it cannot follow is not PTP and passes.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/ptp_wire.h"

#define VLAN_TAGS_MAX	      2 /* in the frame, besides one in the offload field */
#define VLAN_VID_MASK	      0x0FFF
#define IPV4_MORE_FRAGMENTS   0x2000
#define IPV4_FRAGMENT_OFFSET  0x1FFF
#define IPV6_FRAGMENT_OFFSET  0xFFF8
#define IPV6_EXTENSIONS_MAX   4
#define IPV6_NEXT_HOP_BY_HOP  0
#define IPV6_NEXT_ROUTING     43
#define IPV6_NEXT_FRAGMENT    44
#define IPV6_NEXT_DESTINATION 60

enum frame_kind {
	FRAME_OTHER = 0, /* not PTP */
	FRAME_FRAGMENT,	 /* a piece of a UDP datagram that is PTP, or may be */
	FRAME_PTP,
};

struct frame {
	__u32 ptp_offset;
	__u32 ptp_len; /* octets there: to the end of the UDP payload, or of the frame */
	__u8 transport;
	bool is_tagged; /* by a VLAN: a tag with VID 0 only carries a priority */
	__u8 dst_mac[ETH_ALEN];
	__u32 dst_ip[4]; /* network order; IPv4: only the first */
};

struct vlan_tag {
	__be16 tci_be16;
	__be16 ethertype_be16;
};

struct ipv6_extension {
	__u8 next_header;
	__u8 length_8octets; /* without the first eight; reserved in a fragment header */
	__be16 fragment_be16;
	__be32 identification_be32;
};

static __always_inline bool is_group_mac(const __u8 *mac)
{
	return mac[0] & 1;
}

static __always_inline bool is_ptp_port(__be16 port)
{
	return port == bpf_htons(PTP_EVENT_PORT) || port == bpf_htons(PTP_GENERAL_PORT);
}

/* UDP at `offset` of an IP packet that ends at `ip_end`, both from the start of the frame. */
static __always_inline enum frame_kind parse_udp(struct __sk_buff *skb, __u32 offset, __u32 ip_end,
						 struct frame *frame)
{
	__u32 end = ip_end < skb->len ? ip_end : skb->len;
	struct udphdr udp;

	if (offset + sizeof(udp) > ip_end || bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)))
		return FRAME_OTHER;
	if (!is_ptp_port(udp.dest))
		return FRAME_OTHER;
	if (offset + bpf_ntohs(udp.len) < end)
		end = offset + bpf_ntohs(udp.len);
	frame->ptp_offset = offset + sizeof(udp);
	frame->ptp_len = end > frame->ptp_offset ? end - frame->ptp_offset : 0;
	return FRAME_PTP;
}

static __always_inline enum frame_kind parse_ipv4(struct __sk_buff *skb, __u32 offset, struct frame *frame)
{
	struct iphdr ip;
	__u32 udp_offset;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.protocol != IPPROTO_UDP)
		return FRAME_OTHER;
	if (ip.version != 4 || ip.ihl < 5)
		return FRAME_OTHER;
	if (ip.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return FRAME_FRAGMENT;
	frame->transport = EBC_TRANSPORT_UDP_IPV4;
	frame->dst_ip[0] = ip.daddr;
	udp_offset = offset + ip.ihl * 4;
	if (parse_udp(skb, udp_offset, offset + bpf_ntohs(ip.tot_len), frame) != FRAME_PTP)
		return FRAME_OTHER;
	return ip.frag_off & bpf_htons(IPV4_MORE_FRAGMENTS) ? FRAME_FRAGMENT : FRAME_PTP;
}

static __always_inline enum frame_kind parse_ipv6(struct __sk_buff *skb, __u32 offset, struct frame *frame)
{
	enum frame_kind kind = FRAME_PTP;
	struct ipv6_extension extension;
	struct ipv6hdr ip;
	__u32 end;
	__u8 next;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != 6)
		return FRAME_OTHER;
	frame->transport = EBC_TRANSPORT_UDP_IPV6;
	__builtin_memcpy(frame->dst_ip, &ip.daddr, sizeof(frame->dst_ip));
	offset += sizeof(ip);
	end = offset + bpf_ntohs(ip.payload_len);
	next = ip.nexthdr;

#pragma unroll
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		if (next != IPV6_NEXT_HOP_BY_HOP && next != IPV6_NEXT_ROUTING && next != IPV6_NEXT_FRAGMENT &&
		    next != IPV6_NEXT_DESTINATION)
			break;
		if (bpf_skb_load_bytes(skb, offset, &extension, sizeof(extension)))
			return FRAME_OTHER;
		if (next == IPV6_NEXT_FRAGMENT) {
			kind = FRAME_FRAGMENT;
			offset += sizeof(extension);
			if (extension.fragment_be16 & bpf_htons(IPV6_FRAGMENT_OFFSET))
				return extension.next_header == IPPROTO_UDP ? FRAME_FRAGMENT : FRAME_OTHER;
		} else {
			offset += (extension.length_8octets + 1) * 8;
		}
		next = extension.next_header;
	}
	if (next != IPPROTO_UDP || parse_udp(skb, offset, end, frame) != FRAME_PTP)
		return FRAME_OTHER;
	return kind;
}

/*
 * Whether a first look is enough to see that the frame is not PTP, as it is for nearly every frame of a
 * host. It looks at the frame directly, if that is linear so far; false only means to look closer.
 */
static __always_inline bool is_surely_other(const void *data, const void *data_end, __be16 ethertype)
{
	const struct udphdr *udp;

	data += sizeof(struct ethhdr);
	if (ethertype == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = data;

		udp = data + sizeof(*ip);
		if ((const void *)(udp + 1) > data_end)
			return false;
		return ip->protocol != IPPROTO_UDP ||
		       (ip->ihl == 5 &&
			!(ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) &&
			!is_ptp_port(udp->dest));
	}
	if (ethertype == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = data;

		udp = data + sizeof(*ip);
		if ((const void *)(udp + 1) > data_end)
			return false;
		return ip->nexthdr == IPPROTO_TCP || (ip->nexthdr == IPPROTO_UDP && !is_ptp_port(udp->dest));
	}
	return ethertype != bpf_htons(PTP_ETHERTYPE) && ethertype != bpf_htons(ETH_P_8021Q) &&
	       ethertype != bpf_htons(ETH_P_8021AD);
}

/*
 * What `skb` is; *frame is meaningful only for FRAME_PTP. The Ethernet type is read from the frame:
 * skb->protocol is whatever the sender of a packet socket said.
 */
static __always_inline enum frame_kind parse_frame(struct __sk_buff *skb, struct frame *frame)
{
	const void *data = (const void *)(long)skb->data, *data_end = (const void *)(long)skb->data_end;
	__u32 offset = sizeof(struct ethhdr);
	struct vlan_tag tag;
	__be16 ethertype;

	if (data + sizeof(struct ethhdr) <= data_end) {
		ethertype = ((const struct ethhdr *)data)->h_proto;
		if (is_surely_other(data, data_end, ethertype))
			return FRAME_OTHER;
	} else if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &ethertype, sizeof(ethertype))) {
		return FRAME_OTHER;
	}

	frame->is_tagged = skb->vlan_present && (skb->vlan_tci & VLAN_VID_MASK);
#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		if (ethertype != bpf_htons(ETH_P_8021Q) && ethertype != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_load_bytes(skb, offset, &tag, sizeof(tag)))
			return FRAME_OTHER;
		if (tag.tci_be16 & bpf_htons(VLAN_VID_MASK))
			frame->is_tagged = true;
		ethertype = tag.ethertype_be16;
		offset += sizeof(tag);
	}

	if (ethertype == bpf_htons(ETH_P_IP))
		return parse_ipv4(skb, offset, frame);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(skb, offset, frame);
	if (ethertype != bpf_htons(PTP_ETHERTYPE))
		return FRAME_OTHER;
	frame->transport = EBC_TRANSPORT_IEEE_802_3;
	frame->ptp_offset = offset;
	frame->ptp_len = skb->len > offset ? skb->len - offset : 0;
	return FRAME_PTP;
}
