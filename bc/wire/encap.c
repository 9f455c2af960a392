// SPDX-License-Identifier: GPL-2.0-or-later
/* Envelopes for PTP messages and the checksums they need (RFC 768, 791, 1071, 8200). */
#include "bc/wire/encap.h"

#include <string.h>

#include "bpf/ptp_wire.h"
#include "util/ether.h"
#include "util/inet_sum.h"
#include "util/unaligned.h"

enum {
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	UDP_LEN = 8,
	/* A transparent clock may use two octets behind the message to keep the checksum right (annex D). */
	IPV6_PADDING = 2,
};

/* Sum of the pseudo-header; `ip` points at the IP header. */
static uint32_t pseudo_sum(const uint8_t *ip, enum ebc_transport transport, size_t udp_len)
{
	return transport == EBC_TRANSPORT_UDP_IPV4 ? inet_sum_pseudo_ipv4(ip, udp_len)
						   : inet_sum_pseudo_ipv6(ip, udp_len);
}

static void write_ipv4(const struct bc_encap *e, size_t udp_len, uint8_t *ip)
{
	memset(ip, 0, IPV4_LEN);
	ip[0] = 0x45;
	ip[1] = (uint8_t)(e->dscp << 2);
	put_be16(ip + 2, (uint16_t)(IPV4_LEN + udp_len));
	put_be16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = e->hop_limit;
	ip[9] = INET_PROTOCOL_UDP;
	memcpy(ip + 12, e->source.ip, 4);
	memcpy(ip + 16, e->destination.ip, 4);
	put_be16(ip + 10, (uint16_t)~inet_fold(inet_sum(ip, IPV4_LEN, 0)));
}

static void write_ipv6(const struct bc_encap *e, size_t udp_len, uint8_t *ip)
{
	memset(ip, 0, IPV6_LEN);
	put_be16(ip, (uint16_t)(0x6000 | e->dscp << 6));
	put_be16(ip + 4, (uint16_t)udp_len);
	ip[6] = INET_PROTOCOL_UDP;
	ip[7] = e->hop_limit;
	memcpy(ip + 8, e->source.ip, 16);
	memcpy(ip + 24, e->destination.ip, 16);
}

static void write_udp(const struct bc_encap *e, bool is_event, size_t udp_len, const uint8_t *ip,
		      uint8_t *udp)
{
	uint16_t port = is_event ? PTP_EVENT_PORT : PTP_GENERAL_PORT;

	put_be16(udp, port);
	put_be16(udp + 2, port);
	put_be16(udp + 4, (uint16_t)udp_len);
	put_be16(udp + 6, 0);
	put_be16(udp + 6, inet_udp_checksum(inet_sum(udp, udp_len, pseudo_sum(ip, e->transport, udp_len))));
}

size_t bc_encap_write(const struct bc_encap *e, bool is_event, const uint8_t *message, size_t message_len,
		      uint8_t *frame, size_t size)
{
	size_t ip_len = e->transport == EBC_TRANSPORT_UDP_IPV4	 ? IPV4_LEN
			: e->transport == EBC_TRANSPORT_UDP_IPV6 ? IPV6_LEN
								 : 0;
	size_t udp_header_len = ip_len ? UDP_LEN : 0;
	size_t padding = e->transport == EBC_TRANSPORT_UDP_IPV6 ? IPV6_PADDING : 0;
	size_t udp_len = udp_header_len + message_len + padding;
	size_t frame_len = ETHER_HEADER_LEN + ip_len + udp_len;
	uint8_t *ip = frame + ETHER_HEADER_LEN, *payload = frame + ETHER_HEADER_LEN + ip_len + udp_header_len;

	if (message_len > PTP_MESSAGE_MAX || frame_len > size)
		return 0;

	memcpy(frame, e->destination.mac, 6);
	memcpy(frame + 6, e->source.mac, 6);
	memcpy(payload, message, message_len);
	memset(payload + message_len, 0, padding);

	switch (e->transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		put_be16(frame + ETHER_TYPE_OFFSET, ETHER_TYPE_IPV4);
		write_ipv4(e, udp_len, ip);
		write_udp(e, is_event, udp_len, ip, ip + IPV4_LEN);
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		put_be16(frame + ETHER_TYPE_OFFSET, ETHER_TYPE_IPV6);
		write_ipv6(e, udp_len, ip);
		write_udp(e, is_event, udp_len, ip, ip + IPV6_LEN);
		break;
	default:
		put_be16(frame + ETHER_TYPE_OFFSET, PTP_ETHERTYPE);
		break;
	}
	return frame_len;
}

static bool checksum_is_sound(const uint8_t *ip, const uint8_t *udp, size_t udp_room,
			      enum ebc_transport transport)
{
	uint16_t stored = get_be16(udp + 6);
	size_t udp_len = get_be16(udp + 4);
	uint32_t pseudo;

	if (udp_len < UDP_LEN || udp_len > udp_room)
		return false;
	if (stored == 0)
		return transport == EBC_TRANSPORT_UDP_IPV4;
	pseudo = pseudo_sum(ip, transport, udp_len);
	return inet_fold(inet_sum(udp, udp_len, pseudo)) == 0xffff || stored == inet_fold(pseudo);
}

bool bc_encap_read(const uint8_t *frame, size_t frame_len, size_t ptp_offset, enum ebc_transport transport,
		   struct bc_address *ret_source, bool *ret_is_multicast)
{
	struct bc_address source = {};
	bool is_multicast;
	size_t ip_off, ip_min = transport == EBC_TRANSPORT_UDP_IPV4 ? IPV4_LEN : IPV6_LEN;
	const uint8_t *ip, *udp;

	if (frame_len < ETHER_HEADER_LEN || ptp_offset > frame_len)
		return false;
	memcpy(source.mac, frame + 6, 6);
	is_multicast = (frame[0] & 1) != 0;

	if (transport == EBC_TRANSPORT_UDP_IPV4 || transport == EBC_TRANSPORT_UDP_IPV6) {
		ip_off = ether_payload_offset(frame, frame_len);
		if (ip_off + ip_min + UDP_LEN > ptp_offset)
			return false;
		ip = frame + ip_off;
		udp = frame + ptp_offset - UDP_LEN;
		if (!checksum_is_sound(ip, udp, frame_len - (ptp_offset - UDP_LEN), transport))
			return false;
		if (transport == EBC_TRANSPORT_UDP_IPV4)
			memcpy(source.ip, ip + 12, 4);
		else
			memcpy(source.ip, ip + 8, 16);
		if (!is_multicast && transport == EBC_TRANSPORT_UDP_IPV4)
			memcpy(source.local_ip, ip + 16, 4);
		else if (!is_multicast)
			memcpy(source.local_ip, ip + 24, 16);
	}

	*ret_is_multicast = is_multicast;
	*ret_source = source;
	return true;
}
