/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets from the PTP header are of IEEE 1588-2019 clause 13: see message.h. */
#include "tests/bpf/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "util/unaligned.h"

#define FLAGS	    6
#define CORRECTION  8
#define SOURCE	    20
#define REQUESTING  44
#define UDP_HEADER  8
#define IDENTITY    10
#define TWO_STEP    0x02 /* in the first octet of flagField */
#define IS_GENERAL  0x08
#define IPV4_DST    12 /* of a UDP header without options: how far before it the addresses begin, ... */
#define IPV4_OCTETS 8  /* ... and how many octets they are */
#define IPV6_OCTETS 32

static size_t body_octets(uint8_t type)
{
	switch (type) {
	case TYPE_PDELAY_REQ:
	case TYPE_PDELAY_RESP:
	case TYPE_PDELAY_RESP_FOLLOW_UP:
	case TYPE_DELAY_RESP:
		return 54;
	case TYPE_ANNOUNCE:
		return 64;
	default:
		return 44;
	}
}

struct frame_spec message_spec(enum ebc_transport transport, uint8_t type, uint16_t sequence_id)
{
	struct frame_spec spec = frame_sync(transport);
	bool is_peer_delay =
		type == TYPE_PDELAY_REQ || type == TYPE_PDELAY_RESP || type == TYPE_PDELAY_RESP_FOLLOW_UP;

	spec.message_type = type;
	spec.sequence_id = sequence_id;
	spec.ptp_octets = body_octets(type);
	spec.dst_port = type & IS_GENERAL ? 320 : 319;
	if (!is_peer_delay)
		return spec;
	if (transport == EBC_TRANSPORT_UDP_IPV4) {
		memcpy(spec.dst_mac, "\x01\x00\x5E\x00\x00\x6B", 6);
		spec.dst_ipv4 = 0xE000006B;
	} else if (transport == EBC_TRANSPORT_UDP_IPV6) {
		memcpy(spec.dst_mac, "\x33\x33\x00\x00\x00\x6B", 6);
		memcpy(spec.dst_ipv6, "\xFF\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x6B", 16);
	} else {
		memcpy(spec.dst_mac, "\x01\x80\xC2\x00\x00\x0E", 6);
	}
	return spec;
}

static bool has_udp(const struct message *message)
{
	return message->transport != EBC_TRANSPORT_IEEE_802_3;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

/* The one's complement of the sum; never 0, which says that there is none. */
static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)(sum == 0xFFFF ? 0xFFFF : ~sum);
}

/* Where the IP header begins: behind Ethernet and its tags. */
static size_t ip_offset(const struct message *message)
{
	size_t offset = 12;

	while (get_be16(message->octets + offset) == 0x8100 || get_be16(message->octets + offset) == 0x88A8)
		offset += 4;
	return offset + 2;
}

static void renew_checksum(struct message *message)
{
	if (has_udp(message))
		message_store_checksum(message, message_udp_checksum(message));
}

/* Of an IPv4 header, which a bridge with netfilter looks at. */
static void put_ipv4_checksum(struct message *message)
{
	uint8_t *ip = message->octets + ip_offset(message);

	put_be16(ip + 10, 0);
	put_be16(ip + 10, fold(sum_words(0, ip, (ip[0] & 0x0FU) * 4)));
}

void message_build(const struct frame_spec *spec, struct message *ret)
{
	ret->transport = spec->transport;
	ret->len = frame_build(spec, ret->octets, &ret->ptp_offset);
	if (ret->transport == EBC_TRANSPORT_UDP_IPV4)
		put_ipv4_checksum(ret);
	renew_checksum(ret);
}

void message_new(enum ebc_transport transport, uint8_t type, uint16_t sequence_id, struct message *ret)
{
	struct frame_spec spec = message_spec(transport, type, sequence_id);

	message_build(&spec, ret);
}

uint8_t *message_ptp(struct message *message)
{
	return message->octets + message->ptp_offset;
}

int64_t message_correction_sns(const struct message *message)
{
	return (int64_t)get_be64(message->octets + message->ptp_offset + CORRECTION);
}

void message_set_correction_sns(struct message *message, int64_t correction_sns)
{
	put_be64(message_ptp(message) + CORRECTION, (uint64_t)correction_sns);
	renew_checksum(message);
}

bool message_is_two_step(const struct message *message)
{
	return message->octets[message->ptp_offset + FLAGS] & TWO_STEP;
}

void message_set_two_step(struct message *message, bool is_two_step)
{
	uint8_t *flags = message_ptp(message) + FLAGS;

	*flags = (uint8_t)(is_two_step ? *flags | TWO_STEP : *flags & ~TWO_STEP);
	renew_checksum(message);
}

void message_set_source(struct message *message, const uint8_t *port_identity)
{
	memcpy(message_ptp(message) + SOURCE, port_identity, IDENTITY);
	renew_checksum(message);
}

void message_set_requesting(struct message *message, const uint8_t *port_identity)
{
	memcpy(message_ptp(message) + REQUESTING, port_identity, IDENTITY);
	renew_checksum(message);
}

uint16_t message_udp_checksum(const struct message *message)
{
	const uint8_t *udp = message->octets + message->ptp_offset - UDP_HEADER,
		      *ip = message->octets + ip_offset(message);
	bool is_ipv4 = message->transport == EBC_TRANSPORT_UDP_IPV4;
	uint16_t udp_octets = get_be16(udp + 4);
	uint32_t sum = 17U + udp_octets;

	sum = is_ipv4 ? sum_words(sum, ip + IPV4_DST, IPV4_OCTETS) : sum_words(sum, ip + 8, IPV6_OCTETS);
	sum = sum_words(sum, udp, 6);
	sum = sum_words(sum, udp + UDP_HEADER, udp_octets - (size_t)UDP_HEADER);
	return fold(sum);
}

uint16_t message_stored_checksum(const struct message *message)
{
	return get_be16(message->octets + message->ptp_offset - 2);
}

void message_store_checksum(struct message *message, uint16_t checksum)
{
	put_be16(message->octets + message->ptp_offset - 2, checksum);
}

void message_expect_same(const struct message *before, const struct message *after)
{
	assert_int_equal(after->len, before->len);
	for (size_t i = 0; i < before->len; i++) {
		bool is_correction =
			     i >= before->ptp_offset + CORRECTION && i < before->ptp_offset + CORRECTION + 8,
		     is_checksum = has_udp(before) && i >= before->ptp_offset - 2 && i < before->ptp_offset;

		if (!is_correction && !is_checksum && before->octets[i] != after->octets[i])
			fail_msg("octet %zu was %02x and is %02x", i, before->octets[i], after->octets[i]);
	}
}
