// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changed and truncated records and messages from a fixed seed, through all that takes them. The sanitizers
 * are the judge; besides, what is accepted keeps its checksum and its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tc/completer.h"
#include "tc/syntonizer.h"
#include "tests/unit/tc/packet.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define ROUNDS 400000u

static struct packet random_packet(uint64_t *seed)
{
	static const uint8_t types[] = {PTP_SYNC,      PTP_PDELAY_REQ, PTP_PDELAY_RESP,
					PTP_FOLLOW_UP, PTP_ANNOUNCE,   PTP_PDELAY_RESP_FOLLOW_UP};
	uint64_t r = packet_random(seed);
	struct packet p = {
		.transport = EBC_TRANSPORT_UDP_IPV4 + r % 3,
		.num_tags = (r >> 8) % 3,
		.has_tag_beside = r >> 12 & 1,
		.extension_len = (r >> 16) % 3 * 8,
		.checksum = (r >> 20) % 4,
		.type = types[(r >> 24) % ARRAY_SIZE(types)],
		.flags = r >> 28 & 1 ? PTP_FLAG_TWO_STEP : 0,
		.sequence_id = (r >> 32) % 8,
		.correction_sns = (int64_t)packet_random(seed) >> (r >> 40) % 64,
		.tlv_len = r >> 48 & 1 ? 8 : 0,
		.padding_len = (r >> 52) % 4,
		.reason = r >> 56 & 1 ? EBC_RX_PARKED : EBC_RX_CONVERTED,
	};

	if (p.transport == EBC_TRANSPORT_IEEE_802_3)
		p.extension_len = 0;
	return p;
}

/* Often nothing, else one to four octets of the record's fields or the frame, or its length. */
static void mutate(union packet_record *r, uint64_t *seed)
{
	static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff};
	uint64_t how = packet_random(seed);

	if (how & 1)
		return;
	for (unsigned int n = how >> 1 & 3, i = 0; i <= n; i++) {
		uint64_t x = packet_random(seed);
		/* Everything but frame_len, which says how much there is. */
		size_t at = x & 0x100 ? 24 + (x >> 16) % 12 : 40 + (x >> 16) % r->record.frame_len;

		r->octets[at] = x & 0x200 ? (uint8_t)x : values[x % ARRAY_SIZE(values)];
	}
	if (how & 0x10)
		r->record.frame_len = (uint16_t)((how >> 8) % (r->record.frame_len + 1u));
}

static struct ebc_rx_record *exact_copy(const union packet_record *r)
{
	size_t len = sizeof(r->record) + r->record.frame_len;
	struct ebc_rx_record *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, r, len);
	return copy;
}

static bool has_udp(const struct tclk_frame *f)
{
	return f->transport != EBC_TRANSPORT_IEEE_802_3;
}

/* As right or as wrong as `before`. */
static void assert_same_error(const struct tclk_frame *f, const struct tclk_frame *before)
{
	if (has_udp(f) && get_be16(before->octets + before->ptp_offset - 2) != 0)
		assert_int_equal(packet_udp_error(f), packet_udp_error(before));
}

static void changed_frames_are_refused_or_keep_their_checksum(void **state)
{
	unsigned int n_taken = 0, n_followers = 0;
	uint64_t seed = 1588;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct packet p = random_packet(&seed);
		_cleanup_free_ struct ebc_rx_record *record = NULL;
		struct tclk_frame f, before, follower;
		struct ebc_event_key key;
		union packet_record r;

		packet_build(&p, &r);
		mutate(&r, &seed);
		record = exact_copy(&r);
		if (!tclk_frame_from_record(record, &f))
			continue;
		n_taken++;
		assert_true(f.len <= TCLK_FRAME_MAX && f.ptp_offset + PTP_HEADER_LEN <= f.len);
		tclk_frame_event_key(&f, 1, &key);
		before = f;
		tclk_frame_add_correction(&f, p.correction_sns);
		assert_same_error(&f, &before);
		if (!tclk_frame_make_follower(&f, p.correction_sns, &follower))
			continue;
		n_followers++;
		assert_true(follower.len <= TCLK_FRAME_MAX);
		assert_same_error(&follower, &f);
	}
	assert_in_range(n_taken, ROUNDS / 4, ROUNDS * 3 / 4);
	assert_in_range(n_followers, ROUNDS / 20, ROUNDS);
}

static void a_completer_is_not_confused_by_changed_records(void **state)
{
	struct tclk_completer *c = NULL;
	uint64_t seed = 319, now_mono_ns = 1, n_popped = 0;
	struct tclk_send send;

	(void)state;
	assert_int_equal(tclk_completer_new(8, &c), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct packet p = random_packet(&seed);
		_cleanup_free_ struct ebc_rx_record *record = NULL;
		struct ebc_departure_record departure = {.tc_mono_ns = PACKET_TC_MONO_NS, .queued_sns = 77};
		union packet_record r;
		struct tclk_frame f;

		packet_build(&p, &r);
		if (tclk_frame_from_record(&r.record, &f) &&
		    tclk_frame_event_key(&f, PACKET_IFINDEX, &departure.key) && i % 3 == 0)
			tclk_completer_departed(c, &departure, now_mono_ns);
		mutate(&r, &seed);
		record = exact_copy(&r);
		tclk_completer_hold(c, record, now_mono_ns);
		now_mono_ns += packet_random(&seed) % 200000000;
		if (i % 5 == 0)
			tclk_completer_handle_timer(c, now_mono_ns);
		while (i % 7 == 0 && tclk_completer_pop(c, &send)) {
			assert_true(send.frame.len <= TCLK_FRAME_MAX);
			n_popped++;
		}
	}
	assert_true(n_popped > ROUNDS / 100);
	tclk_completer_free(c);
}

static void a_syntonizer_survives_changed_messages(void **state)
{
	struct tclk_syntonizer *s = NULL;
	struct tclk_syntonizer_status status;
	uint64_t seed = 320, now_mono_ns = 1;

	(void)state;
	assert_int_equal(tclk_syntonizer_new(&s), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct packet p = random_packet(&seed);
		_cleanup_free_ uint8_t *message = NULL;
		union packet_record r;
		size_t len;

		p.transport = EBC_TRANSPORT_IEEE_802_3;
		p.num_tags = p.extension_len = 0;
		packet_build(&p, &r);
		mutate(&r, &seed);
		len = r.record.frame_len > 14 ? r.record.frame_len - 14u : 0;
		message = malloc(len + !len);
		assert_non_null(message);
		memcpy(message, r.record.frame + 14, len);
		tclk_syntonizer_handle_rx(s, message, len, (uint16_t)(packet_random(&seed) % 2),
					  packet_random(&seed) >> i % 64, now_mono_ns);
		now_mono_ns += packet_random(&seed) % 50000000;
	}
	tclk_syntonizer_status(s, now_mono_ns, &status);
	assert_true(status.n_samples > 0 && status.n_outliers > 0 && status.n_malformed > 0 &&
		    status.n_unpaired > 0);
	tclk_syntonizer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_frames_are_refused_or_keep_their_checksum),
		cmocka_unit_test(a_completer_is_not_confused_by_changed_records),
		cmocka_unit_test(a_syntonizer_survives_changed_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
