// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/tc/packet.h"

#include <string.h>

#include "util/unaligned.h"

static const uint8_t macs[12] = {0x01, 0x1b, 0x19, 0, 0, 0, 0x02, 0x10, 0x20, 0x30, 0x40, 0x50};
static const uint8_t source[10] = {0x10, 0x22, 0x33, 0xff, 0xfe, 0x44, 0x55, 0x66, 0xbe, 0xef};
static const uint8_t requesting[10] = {0xa0, 0xb1, 0xc2, 0xff, 0xfe, 0xd3, 0xe4, 0xf5, 0x01, 0x02};
static const uint8_t timestamp[10] = {0, 1, 0x65, 0x43, 0x21, 0x0f, 0x12, 0x34, 0x56, 0x78};

size_t packet_body_len(uint8_t type)
{
	switch (type) {
	case PTP_PDELAY_REQ:
	case PTP_PDELAY_RESP:
	case PTP_DELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		return 54;
	case PTP_ANNOUNCE:
		return 64;
	default:
		return 44;
	}
}

static uint32_t octet_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum + p[i] * (i % 2 ? 1u : 256u)) % 65535u;
	return sum;
}

static uint32_t pseudo_sum(const uint8_t *ip, bool is_ipv6, size_t udp_len)
{
	uint32_t sum = is_ipv6 ? octet_sum(ip + 8, 32, 0) : octet_sum(ip + 12, 8, 0);

	return (sum + 17 + (uint32_t)udp_len) % 65535u;
}

uint32_t packet_udp_error(const struct tclk_frame *f)
{
	const uint8_t *udp = f->octets + f->ptp_offset - 8, *ip = f->octets + f->ip_offset;
	size_t len = get_be16(udp + 4);

	return octet_sum(udp, len, pseudo_sum(ip, f->transport == EBC_TRANSPORT_UDP_IPV6, len));
}

uint32_t packet_ip_error(const struct tclk_frame *f)
{
	const uint8_t *ip = f->octets + f->ip_offset;

	return octet_sum(ip, (size_t)(ip[0] & 0xf) * 4, 0);
}

static size_t write_message(const struct packet *p, uint8_t *ptp)
{
	size_t body_len = packet_body_len(p->type), len = body_len + p->tlv_len;

	memset(ptp, 0, len + p->padding_len);
	ptp[0] = (uint8_t)(0x10 | p->type);
	ptp[1] = 0x12;
	put_be16(ptp + 2, (uint16_t)len);
	ptp[4] = 77;
	ptp[5] = 0xa5;
	put_be16(ptp + 6, p->flags);
	put_be64(ptp + 8, (uint64_t)p->correction_sns);
	put_be32(ptp + 16, 0xc0ffee01);
	memcpy(ptp + 20, source, 10);
	put_be16(ptp + 30, p->sequence_id);
	ptp[32] = p->type == PTP_FOLLOW_UP ? 2 : p->type == PTP_SYNC ? 0 : 5;
	ptp[33] = 0xfd;
	memcpy(ptp + 34, timestamp, 10);
	if (body_len == 54)
		memcpy(ptp + 44, requesting, 10);
	memset(ptp + body_len, 0x5a, p->tlv_len);
	return len + p->padding_len;
}

/* Returns the length of the header. */
static size_t write_ip(const struct packet *p, size_t udp_len, uint8_t *ip)
{
	size_t header_len = (p->transport == EBC_TRANSPORT_UDP_IPV4 ? 20 : 40) + p->extension_len;

	memset(ip, 0, header_len);
	if (p->transport == EBC_TRANSPORT_UDP_IPV4) {
		ip[0] = (uint8_t)(0x40 | header_len / 4);
		ip[1] = 0xb8;
		put_be16(ip + 2, (uint16_t)(header_len + udp_len));
		put_be16(ip + 4, 0x1234);
		put_be16(ip + 6, 0x4000);
		ip[8] = 9;
		ip[9] = 17;
		memcpy(ip + 12, (const uint8_t[]){192, 0, 2, 33, 224, 0, 1, 129}, 8);
		memset(ip + 20, 1, p->extension_len); /* no operation */
		put_be16(ip + 10, (uint16_t)(0xffff - octet_sum(ip, header_len, 0)));
		return header_len;
	}
	put_be32(ip, 0x6b800000);
	put_be16(ip + 4, (uint16_t)(p->extension_len + udp_len));
	ip[6] = p->extension_len ? 0 : 17;
	ip[7] = 9;
	memcpy(ip + 8, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8, [15] = 0x21}, 16);
	memcpy(ip + 24, (const uint8_t[]){0xff, 0x0e, [14] = 0x01, [15] = 0x81}, 16);
	if (p->extension_len) { /* hop by hop, filled with PadN */
		ip[40] = 17;
		ip[41] = (uint8_t)(p->extension_len / 8 - 1);
		ip[42] = 1;
		ip[43] = (uint8_t)(p->extension_len - 4);
	}
	return header_len;
}

static void write_udp(const struct packet *p, size_t udp_len, const uint8_t *ip, uint8_t *udp)
{
	uint16_t port = PTP_IS_EVENT(p->type) ? 319 : 320;
	uint32_t pseudo = pseudo_sum(ip, p->transport == EBC_TRANSPORT_UDP_IPV6, udp_len);
	uint16_t whole;

	put_be16(udp, port);
	put_be16(udp + 2, port);
	put_be16(udp + 4, (uint16_t)udp_len);
	put_be16(udp + 6, 0);
	whole = (uint16_t)(0xffff - octet_sum(udp, udp_len, pseudo));
	switch (p->checksum) {
	case PACKET_WHOLE:
		put_be16(udp + 6, whole);
		break;
	case PACKET_PARTIAL:
		put_be16(udp + 6, (uint16_t)pseudo);
		break;
	case PACKET_NONE:
		break;
	case PACKET_WRONG:
		put_be16(udp + 6, (uint16_t)(whole ^ 0x0410));
		break;
	}
}

void packet_build(const struct packet *p, union packet_record *ret)
{
	bool has_udp = p->transport != EBC_TRANSPORT_IEEE_802_3;
	uint8_t message[1400], *frame = ret->record.frame;
	size_t message_room = write_message(p, message), udp_len = message_room + 8, at = 12;
	static const uint16_t tag_types[] = {0x88a8, 0x8100};

	memset(ret, 0, sizeof(*ret));
	memcpy(frame, macs, 12);
	for (unsigned int i = 0; i < p->num_tags; i++, at += 4) {
		put_be16(frame + at, tag_types[2 - p->num_tags + i]);
		put_be16(frame + at + 2, (uint16_t)(0x6100 + i));
	}
	put_be16(frame + at, !has_udp ? 0x88f7 : p->transport == EBC_TRANSPORT_UDP_IPV4 ? 0x0800 : 0x86dd);
	at += 2;
	if (has_udp) {
		size_t ip_offset = at;

		at += write_ip(p, udp_len, frame + at);
		memcpy(frame + at + 8, message, message_room);
		write_udp(p, udp_len, frame + ip_offset, frame + at);
		at += 8;
	} else {
		memcpy(frame + at, message, message_room);
	}

	ret->record = (struct ebc_rx_record){
		.stamp_mono_ns = PACKET_TC_MONO_NS,
		.tc_mono_ns = PACKET_TC_MONO_NS,
		.ifindex = PACKET_IFINDEX,
		.port_index = PACKET_PORT_INDEX,
		.frame_len = (uint16_t)(at + message_room),
		.ptp_offset = (uint16_t)at,
		.ptp_len = (uint16_t)message_room,
		.transport = (uint8_t)p->transport,
		.stamp_source = EBC_STAMP_TC,
		.reason = p->reason,
		.has_vlan = p->has_tag_beside,
		.vlan_tci = p->has_tag_beside ? 0xa123 : 0,
	};
	if (p->has_tag_beside)
		put_be16((uint8_t *)&ret->record.vlan_ethertype_be16, 0x8100);
}
