/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames octet by octet, independent of the headers that the programs under test use. */
#include "tests/bpf/frames.h"

#include <string.h>

#include "util/unaligned.h"

struct frame_spec frame_sync(enum ebc_transport transport)
{
	struct frame_spec spec = {
		.transport = transport,
		.dst_port = 319,
		.ip_length = FRAME_AS_IT_IS,
		.udp_length = FRAME_AS_IT_IS,
		.message_length = FRAME_AS_IT_IS,
		.ptp_octets = 44,
		.version = 0x12, /* minor version 1 */
		.sequence_id = 4711,
	};

	if (transport == EBC_TRANSPORT_UDP_IPV4) {
		memcpy(spec.dst_mac, "\x01\x00\x5E\x00\x01\x81", 6);
		spec.dst_ipv4 = 0xE0000181;
	} else if (transport == EBC_TRANSPORT_UDP_IPV6) {
		memcpy(spec.dst_mac, "\x33\x33\x00\x00\x01\x81", 6);
		memcpy(spec.dst_ipv6, "\xFF\x0E\0\0\0\0\0\0\0\0\0\0\0\0\x01\x81", 16);
	} else {
		memcpy(spec.dst_mac, "\x01\x1B\x19\x00\x00\x00", 6);
	}
	return spec;
}

static uint16_t length_or(uint32_t wished, size_t right)
{
	return wished == FRAME_AS_IT_IS ? (uint16_t)right : (uint16_t)wished;
}

static uint8_t *put_ipv4(const struct frame_spec *spec, uint8_t *p)
{
	size_t header = (spec->ihl ? spec->ihl : 5) * 4U;

	/* A header length below 5 is a lie: what follows stays where it belongs. */
	size_t octets = header < 20 ? 20 : header;

	memset(p, 1, octets); /* options: no operation */
	p[0] = (uint8_t)(0x40 | header / 4);
	p[1] = 0;
	put_be16(p + 2, length_or(spec->ip_length, octets + 8 + spec->ptp_octets));
	put_be16(p + 4, 1);
	put_be16(p + 6, spec->ipv4_fragment);
	p[8] = 1;
	p[9] = 17;
	put_be16(p + 10, 0);
	put_be32(p + 12, 0xC0000201);
	put_be32(p + 16, spec->dst_ipv4);
	return p + octets;
}

static uint8_t *put_ipv6(const struct frame_spec *spec, uint8_t *p)
{
	size_t payload = 8 + spec->ptp_octets;
	uint8_t *next;

	for (size_t i = 0; i < spec->n_exts; i++)
		payload += 8 + (spec->exts[i].type == 44 ? 0 : spec->exts[i].length_8octets * 8U);
	memset(p, 0, 40);
	p[0] = 0x60;
	put_be16(p + 4, length_or(spec->ip_length, payload));
	next = p + 6;
	p[7] = 1;
	p[8] = 0xFE;
	p[9] = 0x80;
	p[23] = 1;
	memcpy(p + 24, spec->dst_ipv6, 16);
	p += 40;
	for (size_t i = 0; i < spec->n_exts; i++) {
		size_t octets = 8 + (spec->exts[i].type == 44 ? 0 : spec->exts[i].length_8octets * 8U);

		*next = spec->exts[i].type;
		next = p;
		memset(p, 0, octets);
		p[1] = spec->exts[i].length_8octets;
		put_be16(p + 2, spec->exts[i].fragment);
		p += octets;
	}
	*next = 17;
	return p;
}

static uint8_t *put_udp(const struct frame_spec *spec, uint8_t *p)
{
	put_be16(p, 319);
	put_be16(p + 2, spec->dst_port);
	put_be16(p + 4, length_or(spec->udp_length, 8 + spec->ptp_octets));
	put_be16(p + 6, 0);
	return p + 8;
}

static void put_ptp(const struct frame_spec *spec, uint8_t *p)
{
	uint8_t header[34] = {};

	header[0] = (uint8_t)(spec->sdo_id >> 8 << 4 | spec->message_type);
	header[1] = spec->version;
	put_be16(header + 2, length_or(spec->message_length, spec->ptp_octets));
	header[4] = spec->domain_number;
	header[5] = (uint8_t)spec->sdo_id;
	memcpy(header + 20, "\x00\x11\x22\xFF\xFE\x33\x44\x55\x00\x01", 10);
	put_be16(header + 30, spec->sequence_id);
	memset(p, 0xA5, spec->ptp_octets);
	memcpy(p, header, spec->ptp_octets < sizeof(header) ? spec->ptp_octets : sizeof(header));
}

size_t frame_build(const struct frame_spec *spec, uint8_t *frame, size_t *ret_ptp_offset)
{
	uint8_t *p = frame + 12;

	memcpy(frame, spec->dst_mac, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x00\x99", 6);
	for (size_t i = 0; i < FRAME_TAGS && spec->tags[i].ethertype; i++, p += 4) {
		put_be16(p, spec->tags[i].ethertype);
		put_be16(p + 2, spec->tags[i].vid);
	}
	if (spec->transport == EBC_TRANSPORT_UDP_IPV4) {
		put_be16(p, 0x0800);
		p = put_udp(spec, put_ipv4(spec, p + 2));
	} else if (spec->transport == EBC_TRANSPORT_UDP_IPV6) {
		put_be16(p, 0x86DD);
		p = put_udp(spec, put_ipv6(spec, p + 2));
	} else {
		put_be16(p, 0x88F7);
		p += 2;
	}
	put_ptp(spec, p);
	if (ret_ptp_offset)
		*ret_ptp_offset = (size_t)(p - frame);
	memset(p + spec->ptp_octets, 0, spec->padding);
	return (size_t)(p - frame) + spec->ptp_octets + spec->padding;
}
