// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames held and made by the transparent clock. Checksums are updated by what changed (RFC 1624), never
 * computed anew where one stands, so that a frame that came in damaged does not leave as a sound one.
 */
#include "tc/frame.h"

#include <string.h>

#include "bpf/ptp_wire.h"
#include "util/ether.h"
#include "util/inet_sum.h"
#include "util/unaligned.h"

/* Offsets in the headers that are read and changed here. */
enum {
	MAC_ADDRESSES_LEN = 12,

	IPV4_MIN_LEN = 20,
	IPV4_TOTAL_LENGTH = 2,
	IPV4_FRAGMENT = 6,
	IPV4_PROTOCOL = 9,
	IPV4_CHECKSUM = 10,
	IPV6_LEN = 40,
	IPV6_PAYLOAD_LENGTH = 4,

	UDP_LEN = 8,
	UDP_DESTINATION = 2,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
};

#define IPV4_FRAGMENT_MASK 0x3FFF /* more fragments, fragment offset */
/* Behind a message over IPv6, for clocks that keep the checksum right with them (annex D). */
#define IPV6_PADDING 2

/* Behind the PTP header. */
enum {
	BODY_REQUESTING = 44, /* requestingPortIdentity of Pdelay_Resp and its follower */
	SYNC_LEN = 44,	      /* and Follow_Up */
	PDELAY_RESP_LEN = 54, /* and Pdelay_Resp_Follow_Up */
};

/* 13.3.2.13, 13.3.2.14 */
#define CONTROL_FOLLOW_UP	 2
#define CONTROL_OTHER		 5
#define LOG_INTERVAL_UNSPECIFIED 0x7F

static bool has_udp(enum ebc_transport transport)
{
	return transport == EBC_TRANSPORT_UDP_IPV4 || transport == EBC_TRANSPORT_UDP_IPV6;
}

static uint8_t message_type(const uint8_t *ptp)
{
	return ptp[offsetof(struct ptp_header, major_sdo_id_message_type)] & 0x0f;
}

/* The least length of the messages that are looked into beyond their header. */
static size_t least_message_len(uint8_t type)
{
	switch (type) {
	case PTP_SYNC:
	case PTP_FOLLOW_UP:
		return SYNC_LEN;
	case PTP_PDELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		return PDELAY_RESP_LEN;
	default:
		return PTP_HEADER_LEN;
	}
}

/* A message of versionPTP 2 in `room` octets, which is as long as its type demands and as it says itself. */
static bool message_is_sound(const uint8_t *ptp, size_t room)
{
	size_t len;

	if (room < PTP_HEADER_LEN ||
	    (ptp[offsetof(struct ptp_header, minor_version_version)] & 0x0f) != PTP_VERSION)
		return false;
	len = get_be16(ptp + offsetof(struct ptp_header, message_length_be16));
	return len >= least_message_len(message_type(ptp)) && len <= room;
}

/* Whether an IP packet at `ip_offset`, whole and in one piece, holds UDP from `udp_offset` to `udp_end`. */
static bool ip_is_sound(const struct tclk_frame *frame, uint16_t ethertype, size_t udp_offset, size_t udp_end)
{
	const uint8_t *ip = frame->octets + frame->ip_offset;
	size_t header_len, ip_end;

	if (frame->transport == EBC_TRANSPORT_UDP_IPV4) {
		if (ethertype != ETHER_TYPE_IPV4 || frame->ip_offset + IPV4_MIN_LEN > udp_offset)
			return false;
		header_len = (size_t)(ip[0] & 0x0f) * 4;
		if (ip[0] >> 4 != 4 || frame->ip_offset + header_len != udp_offset)
			return false;
		if (ip[IPV4_PROTOCOL] != INET_PROTOCOL_UDP ||
		    get_be16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK)
			return false;
		ip_end = frame->ip_offset + get_be16(ip + IPV4_TOTAL_LENGTH);
	} else {
		/* Extension headers may lie between. */
		if (ethertype != ETHER_TYPE_IPV6 || frame->ip_offset + IPV6_LEN > udp_offset ||
		    ip[0] >> 4 != 6)
			return false;
		ip_end = frame->ip_offset + IPV6_LEN + get_be16(ip + IPV6_PAYLOAD_LENGTH);
	}
	return udp_end <= ip_end && ip_end <= frame->len;
}

static bool udp_is_sound(const struct tclk_frame *frame, uint16_t ethertype, size_t ptp_len)
{
	size_t udp_offset, udp_len;

	if (frame->ptp_offset < frame->ip_offset + UDP_LEN)
		return false;
	udp_offset = frame->ptp_offset - UDP_LEN;
	udp_len = get_be16(frame->octets + udp_offset + UDP_LENGTH);
	return udp_len >= UDP_LEN + ptp_len &&
	       ip_is_sound(frame, ethertype, udp_offset, udp_offset + udp_len);
}

static void complete_partial_checksum(struct tclk_frame *frame)
{
	const uint8_t *ip = frame->octets + frame->ip_offset;
	uint8_t *udp = frame->octets + frame->ptp_offset - UDP_LEN;
	uint16_t stored = get_be16(udp + UDP_CHECKSUM);
	size_t udp_len = get_be16(udp + UDP_LENGTH);
	uint32_t pseudo = frame->transport == EBC_TRANSPORT_UDP_IPV4 ? inet_sum_pseudo_ipv4(ip, udp_len)
								     : inet_sum_pseudo_ipv6(ip, udp_len);

	if (stored != inet_fold(pseudo) || inet_fold(inet_sum(udp, udp_len, pseudo)) == 0xffff)
		return;
	put_be16(udp + UDP_CHECKSUM, 0);
	put_be16(udp + UDP_CHECKSUM, inet_udp_checksum(inet_sum(udp, udp_len, pseudo)));
}

static bool insert_tag(struct tclk_frame *frame, uint16_t ethertype, uint16_t tci)
{
	uint8_t *tag = frame->octets + MAC_ADDRESSES_LEN;

	if (!ether_type_is_vlan(ethertype) || frame->len + ETHER_VLAN_TAG_LEN > TCLK_FRAME_MAX)
		return false;
	memmove(tag + ETHER_VLAN_TAG_LEN, tag, frame->len - MAC_ADDRESSES_LEN);
	put_be16(tag, ethertype);
	put_be16(tag + 2, tci);
	frame->len += ETHER_VLAN_TAG_LEN;
	frame->ptp_offset += ETHER_VLAN_TAG_LEN;
	frame->ip_offset += ETHER_VLAN_TAG_LEN;
	return true;
}

bool tclk_frame_from_record(const struct ebc_rx_record *record, struct tclk_frame *ret_frame)
{
	struct tclk_frame *frame = ret_frame;
	size_t payload_offset;
	uint16_t ethertype;

	if (record->frame_len > TCLK_FRAME_MAX || record->frame_len < ETHER_HEADER_LEN)
		return false;
	if ((size_t)record->ptp_offset + record->ptp_len > record->frame_len)
		return false;
	memcpy(frame->octets, record->frame, record->frame_len);
	frame->len = record->frame_len;
	frame->ptp_offset = record->ptp_offset;
	frame->transport = record->transport;

	payload_offset = ether_payload_offset(frame->octets, frame->len);
	ethertype = get_be16(frame->octets + payload_offset - 2);
	frame->ip_offset = payload_offset;
	if (has_udp(frame->transport)) {
		if (!udp_is_sound(frame, ethertype, record->ptp_len))
			return false;
	} else if (frame->transport != EBC_TRANSPORT_IEEE_802_3 || ethertype != PTP_ETHERTYPE ||
		   frame->ptp_offset != payload_offset) {
		return false;
	}
	if (!message_is_sound(frame->octets + frame->ptp_offset, record->ptp_len))
		return false;

	if (has_udp(frame->transport))
		complete_partial_checksum(frame);
	return !record->has_vlan ||
	       insert_tag(frame, get_be16((const uint8_t *)&record->vlan_ethertype_be16), record->vlan_tci);
}

bool tclk_frame_event_key(const struct tclk_frame *frame, uint32_t ifindex, struct ebc_event_key *ret_key)
{
	const uint8_t *ptp = frame->octets + frame->ptp_offset;
	const struct ptp_header *header = (const struct ptp_header *)ptp;
	struct ebc_event_key key = {.ifindex = ifindex};

	switch (message_type(ptp)) {
	case PTP_SYNC:
	case PTP_DELAY_REQ:
	case PTP_PDELAY_REQ:
		key.message_type = message_type(ptp);
		break;
	case PTP_FOLLOW_UP:
		key.message_type = PTP_SYNC;
		break;
	case PTP_PDELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		key.message_type = PTP_PDELAY_RESP;
		memcpy(key.requesting_port_identity, ptp + BODY_REQUESTING,
		       sizeof(key.requesting_port_identity));
		break;
	default:
		return false;
	}
	key.domain_number = header->domain_number;
	key.sequence_id = get_be16(ptp + offsetof(struct ptp_header, sequence_id_be16));
	key.sdo_id = (uint16_t)((header->major_sdo_id_message_type & 0xf0) << 4 | header->minor_sdo_id);
	memcpy(key.source_port_identity, header->source_port_identity, sizeof(key.source_port_identity));
	*ret_key = key;
	return true;
}

/* A stored checksum after what it covers had the sum `before` and now has `after`. */
static uint16_t updated_checksum(uint16_t stored, uint32_t before, uint32_t after)
{
	uint32_t sum = (uint16_t)~stored;

	return (uint16_t)~inet_fold(sum + (uint16_t)~inet_fold(before) + inet_fold(after));
}

static void update_udp_checksum(uint8_t *udp, uint32_t before, uint32_t after)
{
	uint16_t stored = get_be16(udp + UDP_CHECKSUM);
	uint16_t checksum = updated_checksum(stored, before, after);

	if (stored != 0)
		put_be16(udp + UDP_CHECKSUM, checksum ? checksum : 0xffff);
}

void tclk_frame_add_correction(struct tclk_frame *frame, int64_t correction_sns)
{
	uint8_t *ptp = frame->octets + frame->ptp_offset;
	uint8_t *field = ptp + offsetof(struct ptp_header, correction_be64);
	int64_t sns = (int64_t)get_be64(field);
	uint32_t before = inet_sum(field, sizeof(sns), 0);

	/* The extremes say that the correction does not fit: nothing that is added later makes it known. */
	if (sns == INT64_MAX || sns == INT64_MIN)
		return;
	if (__builtin_add_overflow(sns, correction_sns, &sns))
		sns = correction_sns > 0 ? INT64_MAX : INT64_MIN;
	put_be64(field, (uint64_t)sns);
	if (has_udp(frame->transport))
		update_udp_checksum(ptp - UDP_LEN, before, inet_sum(field, sizeof(sns), 0));
}

/* What the UDP checksum covers, but for itself and for the addresses, which do not change. */
static uint32_t sum_covered(const uint8_t *udp)
{
	size_t udp_len = get_be16(udp + UDP_LENGTH);

	return inet_sum(udp + UDP_LEN, udp_len - UDP_LEN, inet_sum(udp, UDP_CHECKSUM, (uint32_t)udp_len));
}

static void set_ip_len(struct tclk_frame *frame)
{
	uint8_t *ip = frame->octets + frame->ip_offset;
	uint8_t *total_length = ip + IPV4_TOTAL_LENGTH;
	size_t ip_len = frame->len - frame->ip_offset;
	uint32_t before = get_be16(total_length);

	if (frame->transport == EBC_TRANSPORT_UDP_IPV6) {
		put_be16(ip + IPV6_PAYLOAD_LENGTH, (uint16_t)(ip_len - IPV6_LEN));
		return;
	}
	put_be16(total_length, (uint16_t)ip_len);
	put_be16(ip + IPV4_CHECKSUM,
		 updated_checksum(get_be16(ip + IPV4_CHECKSUM), before, get_be16(total_length)));
}

/* Turns the header of an event message into its follower's; the bodies have the same layout. */
static void write_follower_header(uint8_t *ptp, uint8_t type, size_t message_len, int64_t correction_sns)
{
	uint8_t *flags = ptp + offsetof(struct ptp_header, flags_be16);

	ptp[0] = (uint8_t)((ptp[0] & 0xf0) | type);
	put_be16(ptp + offsetof(struct ptp_header, message_length_be16), (uint16_t)message_len);
	/* Table 37: twoStepFlag is an event message's; the others that may be set belong to both. */
	put_be16(flags, get_be16(flags) & (uint16_t)~PTP_FLAG_TWO_STEP);
	put_be64(ptp + offsetof(struct ptp_header, correction_be64), (uint64_t)correction_sns);
	memset(ptp + offsetof(struct ptp_header, message_type_specific_be32), 0, 4);
	if (type == PTP_FOLLOW_UP) {
		ptp[offsetof(struct ptp_header, control_field)] = CONTROL_FOLLOW_UP;
	} else {
		ptp[offsetof(struct ptp_header, control_field)] = CONTROL_OTHER;
		ptp[offsetof(struct ptp_header, log_message_interval)] = LOG_INTERVAL_UNSPECIFIED;
	}
}

/* Octets behind the message that the follower gets too. */
static size_t follower_padding(const struct tclk_frame *event, size_t event_message_len)
{
	const uint8_t *udp = event->octets + event->ptp_offset - UDP_LEN;

	if (event->transport != EBC_TRANSPORT_UDP_IPV6)
		return 0;
	return get_be16(udp + UDP_LENGTH) >= UDP_LEN + event_message_len + IPV6_PADDING ? IPV6_PADDING : 0;
}

bool tclk_frame_make_follower(const struct tclk_frame *event, int64_t correction_sns,
			      struct tclk_frame *ret_follower)
{
	const uint8_t *event_ptp = event->octets + event->ptp_offset;
	uint8_t event_type = message_type(event_ptp), type;
	size_t message_len, padding;
	uint8_t *ptp, *udp;

	if (event_type != PTP_SYNC && event_type != PTP_PDELAY_RESP)
		return false;
	type = event_type == PTP_SYNC ? PTP_FOLLOW_UP : PTP_PDELAY_RESP_FOLLOW_UP;
	message_len = least_message_len(type);
	padding = follower_padding(event,
				   get_be16(event_ptp + offsetof(struct ptp_header, message_length_be16)));

	ret_follower->transport = event->transport;
	ret_follower->ptp_offset = event->ptp_offset;
	ret_follower->ip_offset = event->ip_offset;
	ret_follower->len = event->ptp_offset + message_len + padding;
	memcpy(ret_follower->octets, event->octets, event->ptp_offset + message_len);
	ptp = ret_follower->octets + event->ptp_offset;
	memset(ptp + message_len, 0, padding);
	write_follower_header(ptp, type, message_len, correction_sns);

	if (has_udp(event->transport)) {
		udp = ptp - UDP_LEN;
		put_be16(udp, PTP_GENERAL_PORT);
		put_be16(udp + UDP_DESTINATION, PTP_GENERAL_PORT);
		put_be16(udp + UDP_LENGTH, (uint16_t)(UDP_LEN + message_len + padding));
		update_udp_checksum(udp, sum_covered(event_ptp - UDP_LEN), sum_covered(udp));
		set_ip_len(ret_follower);
	}
	return true;
}
