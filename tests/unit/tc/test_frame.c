// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames taken from records, corrected, and turned into their followers: each transport, each place of a tag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/tc/packet.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

/* Every transport with every way of being tagged, bare and with options or extension headers. */
static const struct packet shapes[] = {
#define SHAPE(t, tags, beside, extension)                                                              \
	{                                                                                              \
		.transport = t, .num_tags = tags, .has_tag_beside = beside, .extension_len = extension \
	}
#define TAGGED(t, extension)                                                                        \
	SHAPE(t, 0, false, extension), SHAPE(t, 0, true, extension), SHAPE(t, 1, false, extension), \
		SHAPE(t, 2, false, extension), SHAPE(t, 2, true, extension)
	TAGGED(EBC_TRANSPORT_IEEE_802_3, 0), TAGGED(EBC_TRANSPORT_UDP_IPV4, 0),
	TAGGED(EBC_TRANSPORT_UDP_IPV4, 8),   TAGGED(EBC_TRANSPORT_UDP_IPV6, 0),
	TAGGED(EBC_TRANSPORT_UDP_IPV6, 16),
};

static struct packet packet_of(const struct packet *shape, uint8_t type)
{
	struct packet p = *shape;

	p.type = type;
	p.sequence_id = 0xfedc;
	p.correction_sns = 0x0000123456789abcLL;
	if (p.transport == EBC_TRANSPORT_UDP_IPV6)
		p.padding_len = 2;
	return p;
}

static bool has_udp(const struct packet *p)
{
	return p->transport != EBC_TRANSPORT_IEEE_802_3;
}

/* Through memory of exactly the record's size, so that a sanitizer sees what is read beyond it. */
static bool take(const union packet_record *r, struct tclk_frame *ret)
{
	size_t len = sizeof(r->record) + r->record.frame_len;
	_cleanup_free_ struct ebc_rx_record *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, r, len);
	return tclk_frame_from_record(copy, ret);
}

static struct tclk_frame frame_of(const struct packet *p)
{
	union packet_record r;
	struct tclk_frame f;

	packet_build(p, &r);
	assert_true(take(&r, &f));
	return f;
}

static uint16_t stored_checksum(const struct tclk_frame *f)
{
	return get_be16(f->octets + f->ptp_offset - 2);
}

static void a_tag_beside_the_frame_is_put_back_behind_the_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct packet p = packet_of(&shapes[i], PTP_SYNC);
		size_t tag_len = p.has_tag_beside ? 4 : 0;
		union packet_record r;
		struct tclk_frame f;

		packet_build(&p, &r);
		assert_true(take(&r, &f));
		assert_int_equal(f.len, r.record.frame_len + tag_len);
		assert_int_equal(f.ptp_offset, r.record.ptp_offset + tag_len);
		assert_memory_equal(f.octets, r.record.frame, 12);
		if (p.has_tag_beside)
			assert_memory_equal(f.octets + 12, ((const uint8_t[]){0x81, 0x00, 0xa1, 0x23}), 4);
		assert_memory_equal(f.octets + 12 + tag_len, r.record.frame + 12, r.record.frame_len - 12);
	}
}

static void a_partial_checksum_becomes_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct packet p = packet_of(&shapes[i], PTP_FOLLOW_UP);
		struct tclk_frame f, whole = frame_of(&p);

		if (!has_udp(&p))
			continue;
		assert_int_equal(packet_udp_error(&whole), 0);
		p.checksum = PACKET_PARTIAL;
		f = frame_of(&p);
		assert_int_equal(packet_udp_error(&f), 0);
		assert_int_equal(f.len, whole.len);
		assert_memory_equal(f.octets, whole.octets, whole.len);
	}
}

static void no_checksum_stays_none_and_a_wrong_one_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct packet p = packet_of(&shapes[i], PTP_FOLLOW_UP);
		struct tclk_frame f;
		uint32_t error;

		if (!has_udp(&p))
			continue;
		p.checksum = PACKET_NONE;
		f = frame_of(&p);
		tclk_frame_add_correction(&f, 0x123456);
		assert_int_equal(stored_checksum(&f), 0);

		p.checksum = PACKET_WRONG;
		f = frame_of(&p);
		error = packet_udp_error(&f);
		assert_int_not_equal(error, 0);
		tclk_frame_add_correction(&f, 0x123456);
		assert_int_equal(packet_udp_error(&f), error);
	}
}

static void a_correction_changes_its_field_and_the_checksum_alone(void **state)
{
	static const int64_t corrections[] = {
		0, 1, -1, 65536, -65536, 0x0000ffffffffffffLL, -0x7000000000000000LL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(corrections); j++) {
			struct packet p = packet_of(&shapes[i], PTP_PDELAY_RESP_FOLLOW_UP);
			struct tclk_frame before = frame_of(&p), f = before;

			tclk_frame_add_correction(&f, corrections[j]);
			assert_int_equal((int64_t)get_be64(f.octets + f.ptp_offset + 8),
					 p.correction_sns + corrections[j]);
			if (has_udp(&p)) {
				assert_int_equal(packet_udp_error(&f), 0);
				assert_int_not_equal(stored_checksum(&f), 0);
				memcpy(f.octets + f.ptp_offset - 2, before.octets + f.ptp_offset - 2, 2);
			}
			memcpy(f.octets + f.ptp_offset + 8, before.octets + f.ptp_offset + 8, 8);
			assert_memory_equal(&f, &before, offsetof(struct tclk_frame, octets) + f.len);
		}
	}
}

/* The sum that leaves 0x0000 as checksum comes up once in 65536 corrections. */
static void a_checksum_is_never_written_as_none(void **state)
{
	struct packet p = packet_of(&(struct packet){.transport = EBC_TRANSPORT_UDP_IPV4}, PTP_FOLLOW_UP);
	unsigned int n_ones = 0;
	struct tclk_frame f;

	(void)state;
	p.correction_sns = 0;
	f = frame_of(&p);
	for (unsigned int i = 0; i < 65536; i++) {
		tclk_frame_add_correction(&f, 1);
		assert_int_not_equal(stored_checksum(&f), 0);
		n_ones += stored_checksum(&f) == 0xffff;
		assert_int_equal(packet_udp_error(&f), 0);
	}
	assert_true(n_ones > 0);
}

static int64_t corrected(int64_t field_sns, int64_t correction_sns)
{
	struct packet p = packet_of(&(struct packet){.transport = EBC_TRANSPORT_UDP_IPV6}, PTP_FOLLOW_UP);
	struct tclk_frame f;

	p.correction_sns = field_sns;
	f = frame_of(&p);
	tclk_frame_add_correction(&f, correction_sns);
	assert_int_equal(packet_udp_error(&f), 0);
	return (int64_t)get_be64(f.octets + f.ptp_offset + 8);
}

static void correction_field_stays_at_its_extremes(void **state)
{
	(void)state;
	assert_int_equal(corrected(INT64_MAX - 1, 1), INT64_MAX);
	assert_int_equal(corrected(INT64_MAX - 1, 2), INT64_MAX);
	assert_int_equal(corrected(INT64_MIN + 1, -2), INT64_MIN);
	assert_int_equal(corrected(INT64_MAX, -65536), INT64_MAX);
	assert_int_equal(corrected(INT64_MIN, 65536), INT64_MIN);
	assert_int_equal(corrected(0x00000000ffffffffLL, 1), 0x100000000LL);
}

static void the_key_is_the_event_messages(void **state)
{
	static const struct {
		uint8_t type, event;
		bool has_requesting;
	} cases[] = {
		{PTP_SYNC, PTP_SYNC, false},
		{PTP_DELAY_REQ, PTP_DELAY_REQ, false},
		{PTP_PDELAY_REQ, PTP_PDELAY_REQ, false},
		{PTP_PDELAY_RESP, PTP_PDELAY_RESP, true},
		{PTP_FOLLOW_UP, PTP_SYNC, false},
		{PTP_PDELAY_RESP_FOLLOW_UP, PTP_PDELAY_RESP, true},
	};
	static const uint8_t others[] = {PTP_DELAY_RESP, PTP_ANNOUNCE, PTP_SIGNALING, PTP_MANAGEMENT, 5};
	struct ebc_event_key key;
	struct tclk_frame f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet p = packet_of(&shapes[i % ARRAY_SIZE(shapes)], cases[i].type);
		struct ebc_event_key expected = {
			.message_type = cases[i].event,
			.domain_number = 77,
			.sequence_id = 0xfedc,
			.sdo_id = 0x1a5,
			.ifindex = 42,
			.source_port_identity = {0x10, 0x22, 0x33, 0xff, 0xfe, 0x44, 0x55, 0x66, 0xbe, 0xef},
		};

		if (cases[i].has_requesting)
			memcpy(expected.requesting_port_identity,
			       ((const uint8_t[]){0xa0, 0xb1, 0xc2, 0xff, 0xfe, 0xd3, 0xe4, 0xf5, 1, 2}), 10);
		f = frame_of(&p);
		assert_true(tclk_frame_event_key(&f, 42, &key));
		assert_memory_equal(&key, &expected, sizeof(key));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct packet p = packet_of(&shapes[0], others[i]);

		f = frame_of(&p);
		assert_false(tclk_frame_event_key(&f, 42, &key));
	}
}

/* A follower built from nothing is the reference: it differs only in what the two have apart. */
static struct tclk_frame expected_follower(const struct packet *event, int64_t correction_sns)
{
	struct packet p = *event;
	struct tclk_frame f;

	p.type = event->type == PTP_SYNC ? PTP_FOLLOW_UP : PTP_PDELAY_RESP_FOLLOW_UP;
	p.flags &= (uint16_t)~PTP_FLAG_TWO_STEP;
	p.correction_sns = correction_sns;
	p.tlv_len = 0;
	p.padding_len = p.transport == EBC_TRANSPORT_UDP_IPV6 && event->padding_len >= 2 ? 2 : 0;
	if (p.checksum == PACKET_PARTIAL)
		p.checksum = PACKET_WHOLE;
	f = frame_of(&p);
	memset(f.octets + f.ptp_offset + 16, 0, 4); /* messageTypeSpecific */
	if (p.type == PTP_PDELAY_RESP_FOLLOW_UP)
		f.octets[f.ptp_offset + 33] = 0x7f;
	/* What was set by hand is in the checksum, too. */
	if (has_udp(&p) && p.checksum == PACKET_WHOLE) {
		uint8_t *checksum = f.octets + f.ptp_offset - 2;

		put_be16(checksum, 0);
		put_be16(checksum, (uint16_t)(0xffff - packet_udp_error(&f)));
	}
	return f;
}

static void assert_followed_by_the_expected(const struct packet *event)
{
	struct tclk_frame f = frame_of(event), expected = expected_follower(event, 0x1122334455LL), follower;

	assert_true(tclk_frame_make_follower(&f, 0x1122334455LL, &follower));
	assert_int_equal(follower.len, expected.len);
	assert_int_equal(follower.ptp_offset, expected.ptp_offset);
	assert_int_equal(follower.transport, expected.transport);
	assert_memory_equal(follower.octets, expected.octets, expected.len);
	if (event->transport == EBC_TRANSPORT_UDP_IPV4)
		assert_int_equal(packet_ip_error(&follower), 0);
	if (has_udp(event) && event->checksum != PACKET_NONE)
		assert_int_equal(packet_udp_error(&follower), 0);
}

static void a_follower_has_the_events_headers_and_time(void **state)
{
	static const uint8_t types[] = {PTP_SYNC, PTP_PDELAY_RESP};
	static const enum packet_checksum checksums[] = {PACKET_WHOLE, PACKET_PARTIAL, PACKET_NONE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes) * ARRAY_SIZE(types) * ARRAY_SIZE(checksums); i++) {
		struct packet p = packet_of(&shapes[i / 6], types[i % 2]);

		p.checksum = checksums[i / 2 % 3];
		p.flags = PTP_FLAG_UNICAST | 0x2000 | 0x4000 | PTP_FLAG_PTP_TIMESCALE;
		assert_followed_by_the_expected(&p);
		p.flags |= PTP_FLAG_TWO_STEP;
		assert_followed_by_the_expected(&p);
		p.tlv_len = 12;
		assert_followed_by_the_expected(&p);
		p.padding_len = 0;
		assert_followed_by_the_expected(&p);
		p.padding_len = 5;
		assert_followed_by_the_expected(&p);
	}
}

/* Where each field must be, not by way of the code that built the event. */
static void a_follow_up_over_ipv4_octet_by_octet(void **state)
{
	static const uint8_t expected[] = {
		0x01, 0x1b, 0x19, 0x00, 0x00, 0x00, 0x02, 0x10, 0x20, 0x30, 0x40, 0x50, 0x81, 0x00, 0xa1,
		0x23, 0x08, 0x00, 0x45, 0xb8, 0x00, 0x48, 0x12, 0x34, 0x40, 0x00, 0x09, 0x11, 0xbb, 0x16,
		0xc0, 0x00, 0x02, 0x21, 0xe0, 0x00, 0x01, 0x81, 0x01, 0x40, 0x01, 0x40, 0x00, 0x34, 0x00,
		0x00, 0x18, 0x12, 0x00, 0x2c, 0x4d, 0xa5, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
		0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x22, 0x33, 0xff, 0xfe, 0x44, 0x55, 0x66, 0xbe,
		0xef, 0xfe, 0xdc, 0x02, 0xfd, 0x00, 0x01, 0x65, 0x43, 0x21, 0x0f, 0x12, 0x34, 0x56, 0x78,
	};
	struct packet p = packet_of(
		&(struct packet){.transport = EBC_TRANSPORT_UDP_IPV4, .has_tag_beside = true}, PTP_SYNC);
	struct tclk_frame f, follower;

	(void)state;
	p.checksum = PACKET_NONE;
	f = frame_of(&p);
	assert_true(tclk_frame_make_follower(&f, 0x58000, &follower));
	assert_int_equal(follower.len, sizeof(expected));
	assert_memory_equal(follower.octets, expected, sizeof(expected));
}

static void a_follower_of_a_damaged_event_is_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct packet p = packet_of(&shapes[i], PTP_SYNC);
		struct tclk_frame f, follower;

		if (!has_udp(&p))
			continue;
		p.checksum = PACKET_WRONG;
		f = frame_of(&p);
		assert_true(tclk_frame_make_follower(&f, 0x987654321LL, &follower));
		assert_int_equal(packet_udp_error(&follower), packet_udp_error(&f));
	}
}

static void only_sync_and_pdelay_resp_have_followers(void **state)
{
	struct tclk_frame f, follower;

	(void)state;
	for (uint8_t type = 0; type < 16; type++) {
		struct packet p = packet_of(&shapes[0], type);

		f = frame_of(&p);
		assert_int_equal(tclk_frame_make_follower(&f, 0, &follower),
				 type == PTP_SYNC || type == PTP_PDELAY_RESP);
	}
}

enum spoil {
	SPOIL_TRANSPORT,
	SPOIL_PTP_OFFSET,
	SPOIL_PTP_LEN,
	SPOIL_VERSION,
	SPOIL_MESSAGE_LENGTH_SHORT,
	SPOIL_MESSAGE_LENGTH_LONG,
	SPOIL_ETHERTYPE,
	SPOIL_IP_VERSION,
	SPOIL_IP_LENGTH_SHORT,
	SPOIL_IP_LENGTH_LONG,
	SPOIL_UDP_LENGTH_SHORT,
	SPOIL_UDP_LENGTH_LONG,
	SPOIL_TAG_TYPE,
	SPOIL_MAX
};

static void spoil(union packet_record *r, enum spoil how)
{
	uint8_t *frame = r->record.frame, *ptp = frame + r->record.ptp_offset, *udp = ptp - 8,
		*ip = frame + 14;
	uint8_t *ip_len = r->record.transport == EBC_TRANSPORT_UDP_IPV4 ? ip + 2 : ip + 4;

	switch (how) {
	case SPOIL_TRANSPORT:
		r->record.transport = 9;
		break;
	case SPOIL_PTP_OFFSET:
		r->record.ptp_offset -= 4;
		break;
	case SPOIL_PTP_LEN:
		r->record.ptp_len += 3;
		break;
	case SPOIL_VERSION:
		ptp[1] = 1;
		break;
	case SPOIL_MESSAGE_LENGTH_SHORT:
		put_be16(ptp + 2, 43);
		break;
	case SPOIL_MESSAGE_LENGTH_LONG:
		put_be16(ptp + 2, (uint16_t)(r->record.ptp_len + 1));
		break;
	case SPOIL_ETHERTYPE:
		put_be16(frame + 12, 0x1234);
		break;
	case SPOIL_IP_VERSION:
		ip[0] ^= 0xf0;
		break;
	case SPOIL_IP_LENGTH_SHORT:
		put_be16(ip_len, (uint16_t)(get_be16(ip_len) - 1));
		break;
	case SPOIL_IP_LENGTH_LONG:
		put_be16(ip_len, (uint16_t)(get_be16(ip_len) + 1));
		break;
	case SPOIL_UDP_LENGTH_SHORT:
		put_be16(udp + 4, (uint16_t)(get_be16(udp + 4) - 1));
		break;
	case SPOIL_UDP_LENGTH_LONG:
		put_be16(udp + 4, (uint16_t)(get_be16(udp + 4) + 1));
		break;
	case SPOIL_TAG_TYPE:
		r->record.has_vlan = true;
		put_be16((uint8_t *)&r->record.vlan_ethertype_be16, 0x0800);
		break;
	case SPOIL_MAX:
		break;
	}
}

static void a_record_that_does_not_hold_what_it_claims_is_refused(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(transports) * SPOIL_MAX; i++) {
		struct packet p = packet_of(&(struct packet){.transport = transports[i % 2]}, PTP_FOLLOW_UP);
		union packet_record r;
		struct tclk_frame f;

		packet_build(&p, &r);
		assert_true(take(&r, &f));
		spoil(&r, i / 2);
		if (take(&r, &f))
			fail_msg("transport %d, spoiled in way %u: taken", transports[i % 2], i / 2);
	}
}

static void a_fragment_or_another_protocol_is_refused(void **state)
{
	struct packet p = packet_of(&(struct packet){.transport = EBC_TRANSPORT_UDP_IPV4}, PTP_SYNC);
	union packet_record r;
	struct tclk_frame f;

	(void)state;
	packet_build(&p, &r);
	r.record.frame[14 + 6] |= 0x20;
	assert_false(take(&r, &f));
	packet_build(&p, &r);
	r.record.frame[14 + 9] = 6;
	assert_false(take(&r, &f));
}

static void a_frame_longer_than_is_held_is_refused(void **state)
{
	struct packet p = packet_of(&(struct packet){.transport = EBC_TRANSPORT_IEEE_802_3}, PTP_SYNC);
	struct tclk_frame f;
	union packet_record r;

	(void)state;
	p.tlv_len = TCLK_FRAME_MAX - 14 - 44;
	packet_build(&p, &r);
	assert_int_equal(r.record.frame_len, TCLK_FRAME_MAX);
	assert_true(take(&r, &f));
	p.has_tag_beside = true;
	packet_build(&p, &r);
	assert_false(take(&r, &f));
	p.tlv_len -= 4;
	packet_build(&p, &r);
	assert_true(take(&r, &f));
	assert_int_equal(f.len, TCLK_FRAME_MAX);
	p.has_tag_beside = false;
	p.tlv_len += 5;
	packet_build(&p, &r);
	assert_false(take(&r, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_beside_the_frame_is_put_back_behind_the_addresses),
		cmocka_unit_test(a_partial_checksum_becomes_whole),
		cmocka_unit_test(no_checksum_stays_none_and_a_wrong_one_wrong),
		cmocka_unit_test(a_correction_changes_its_field_and_the_checksum_alone),
		cmocka_unit_test(a_checksum_is_never_written_as_none),
		cmocka_unit_test(correction_field_stays_at_its_extremes),
		cmocka_unit_test(the_key_is_the_event_messages),
		cmocka_unit_test(a_follower_has_the_events_headers_and_time),
		cmocka_unit_test(a_follow_up_over_ipv4_octet_by_octet),
		cmocka_unit_test(a_follower_of_a_damaged_event_is_damaged),
		cmocka_unit_test(only_sync_and_pdelay_resp_have_followers),
		cmocka_unit_test(a_record_that_does_not_hold_what_it_claims_is_refused),
		cmocka_unit_test(a_fragment_or_another_protocol_is_refused),
		cmocka_unit_test(a_frame_longer_than_is_held_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
