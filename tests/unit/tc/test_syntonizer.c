// SPDX-License-Identifier: GPL-2.0-or-later
/* Masters of known rates, heard through noise, outliers, losses, steps and each other. In virtual time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/ptp_wire.h"
#include "tc/syntonizer.h"
#include "tests/unit/tc/packet.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define PPM 1e-6
#define PPB 1e-9

struct master {
	uint8_t identity; /* last octet of its clockIdentity */
	uint8_t priority1;
	uint16_t port_index;
	double rate_offset;
	int64_t epoch_ns; /* its time when ours was 0 */
	bool is_one_step, follows_first;
	uint16_t sequence_id;
	int64_t sync_correction_ns, follow_up_correction_ns;
};

struct bench {
	struct tclk_syntonizer *syntonizer;
	uint64_t now_mono_ns, seed;
	uint64_t interval_ns;
	double noise_ns, outlier_ns, outlier_share, loss_share;
};

static int setup(void **state)
{
	static struct bench bench;

	bench = (struct bench){
		.now_mono_ns = 1000 * NSEC_PER_SEC, .seed = 7, .interval_ns = NSEC_PER_SEC / 16};
	*state = &bench;
	return tclk_syntonizer_new(&bench.syntonizer);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	tclk_syntonizer_free(b->syntonizer);
	return 0;
}

static double uniform(struct bench *b)
{
	return (double)(packet_random(&b->seed) >> 11) * 0x1p-53;
}

/* Nearly normal, of standard deviation 1. */
static double normal(struct bench *b)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += uniform(b);
	return sum - 6;
}

static struct master master_of(uint8_t identity, double rate_offset)
{
	return (struct master){
		.identity = identity,
		.priority1 = 128,
		.rate_offset = rate_offset,
		.epoch_ns = 1700000000 * NSEC_PER_SEC,
		.sequence_id = 0xfff0,
	};
}

static void write_header(const struct master *m, uint8_t type, size_t len, int64_t correction_ns, uint8_t *p)
{
	memset(p, 0, len);
	p[0] = type;
	p[1] = 0x12;
	put_be16(p + 2, (uint16_t)len);
	put_be64(p + 8, (uint64_t)correction_ns << 16);
	p[20] = 0x10;
	p[27] = m->identity;
	p[29] = 1;
	put_be16(p + 30, m->sequence_id);
	p[33] = 0;
}

static void put_time(uint8_t *p, int64_t ns)
{
	put_be48(p, (uint64_t)(ns / NSEC_PER_SEC));
	put_be32(p + 6, (uint32_t)(ns % NSEC_PER_SEC));
}

static void receive(struct bench *b, const struct master *m, const uint8_t *message, size_t len,
		    uint64_t stamp_mono_ns)
{
	tclk_syntonizer_handle_rx(b->syntonizer, message, len, m->port_index, stamp_mono_ns, b->now_mono_ns);
}

static void announce(struct bench *b, const struct master *m)
{
	uint8_t p[64];

	write_header(m, PTP_ANNOUNCE, sizeof(p), 0, p);
	p[47] = m->priority1;
	p[48] = 6;
	p[49] = 0x21;
	p[53] = 0x10;
	p[60] = m->identity;
	receive(b, m, p, sizeof(p), 0);
}

static int64_t time_of(const struct master *m, uint64_t mono_ns)
{
	return m->epoch_ns + (int64_t)mono_ns + llround((double)mono_ns * m->rate_offset);
}

/* A Sync, and its Follow_Up, that left now; the stamp is late by noise. */
static void sync_of(struct bench *b, struct master *m)
{
	uint64_t stamp_mono_ns = b->now_mono_ns + 50000 + (uint64_t)(int64_t)llround(b->noise_ns * normal(b));
	int64_t origin_ns = time_of(m, b->now_mono_ns) - m->sync_correction_ns - m->follow_up_correction_ns;
	uint8_t sync[44], follow_up[44];
	bool is_lost = uniform(b) < b->loss_share;

	if (uniform(b) < b->outlier_share)
		stamp_mono_ns += (uint64_t)b->outlier_ns;
	m->sequence_id++;
	write_header(m, PTP_SYNC, sizeof(sync), m->sync_correction_ns, sync);
	if (m->is_one_step) {
		put_time(sync + 34, origin_ns + m->follow_up_correction_ns);
		receive(b, m, sync, sizeof(sync), stamp_mono_ns);
		return;
	}
	sync[6] = PTP_FLAG_TWO_STEP >> 8;
	write_header(m, PTP_FOLLOW_UP, sizeof(follow_up), m->follow_up_correction_ns, follow_up);
	put_time(follow_up + 34, origin_ns);
	if (m->follows_first && !is_lost)
		receive(b, m, follow_up, sizeof(follow_up), stamp_mono_ns);
	receive(b, m, sync, sizeof(sync), stamp_mono_ns);
	if (!m->follows_first && !is_lost)
		receive(b, m, follow_up, sizeof(follow_up), stamp_mono_ns);
}

static void run(struct bench *b, struct master *m, double seconds)
{
	uint64_t end_mono_ns = b->now_mono_ns + (uint64_t)(seconds * NSEC_PER_SEC);

	for (; b->now_mono_ns < end_mono_ns; b->now_mono_ns += b->interval_ns)
		sync_of(b, m);
}

static struct tclk_syntonizer_status status_of(struct bench *b)
{
	struct tclk_syntonizer_status status;

	tclk_syntonizer_status(b->syntonizer, b->now_mono_ns, &status);
	return status;
}

static void assert_rate(struct bench *b, double rate_offset, double within, uint8_t identity)
{
	struct tclk_syntonizer_status status = status_of(b);

	assert_true(status.is_known);
	if (fabs(status.rate_offset - rate_offset) > within)
		fail_msg("rate %.1f ppb, expected %.1f", status.rate_offset / PPB, rate_offset / PPB);
	assert_int_equal(status.clock_identity[7], identity);
}

static void a_rate_is_found_through_noise_and_outliers(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);
	struct tclk_syntonizer_status status;

	b->noise_ns = 1000;
	b->outlier_ns = 20000;
	b->outlier_share = 0.1;
	run(b, &m, 20);
	/* At any time from then on, not by luck at one. */
	for (int i = 0; i < 100; i++) {
		run(b, &m, 0.5);
		assert_rate(b, 35 * PPM, 50 * PPB, 1);
	}
	status = status_of(b);
	assert_true(status.deviation > 2 * PPB && status.deviation < 50 * PPB);
	assert_in_range(status.n_outliers, 50, 200);
	assert_in_range(status.n_samples, 900, 1100);
	assert_int_equal(status.n_unpaired, 0);
}

/* The deviation that is told is the one that is there. */
static void the_deviation_is_honest(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, -120 * PPM);
	double sum2 = 0, sum_told2 = 0;

	b->noise_ns = 3000;
	for (int i = 0; i < 60; i++) {
		struct tclk_syntonizer_status status;

		run(b, &m, 20);
		status = status_of(b);
		assert_true(status.is_known);
		sum2 += (status.rate_offset + 120 * PPM) * (status.rate_offset + 120 * PPM);
		sum_told2 += status.deviation * status.deviation;
	}
	assert_true(sum2 < 2 * sum_told2 && sum_told2 < 2 * sum2);
}

static void any_interval_from_slow_to_fast_will_do(void **state)
{
	static const double intervals_s[] = {1.0 / 128, 1.0 / 8, 1, 4};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(intervals_s); i++) {
		struct master m = master_of((uint8_t)(i + 1), -20 * PPM);

		b->interval_ns = (uint64_t)(intervals_s[i] * NSEC_PER_SEC);
		b->noise_ns = 500;
		b->now_mono_ns += 10 * NSEC_PER_SEC;
		run(b, &m, 60);
		assert_rate(b, -20 * PPM, 100 * PPB, m.identity);
	}
}

static void nothing_is_known_before_two_seconds(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	run(b, &m, 1.9);
	assert_false(status_of(b).is_known);
	assert_true(status_of(b).rate_offset == 0);
	run(b, &m, 1);
	assert_rate(b, 35 * PPM, 50 * PPB, 1);
}

static void a_rate_amid_great_noise_is_not_known_early(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	b->noise_ns = 20000;
	run(b, &m, 3);
	assert_false(status_of(b).is_known);
	run(b, &m, 30);
	assert_rate(b, 35 * PPM, 2 * PPM, 1);
}

static void both_corrections_count(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	for (int i = 0; i < 200; i++) {
		m.sync_correction_ns = (int64_t)(packet_random(&b->seed) % 3000000);
		m.follow_up_correction_ns = (int64_t)(packet_random(&b->seed) % 5000000) - 2500000;
		run(b, &m, 0.0625);
	}
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
	assert_int_equal(status_of(b).n_outliers, 0);
}

static void follow_up_may_come_first_and_one_step_needs_none(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	m.follows_first = true;
	run(b, &m, 5);
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
	m.is_one_step = true;
	m.sync_correction_ns = 777;
	run(b, &m, 5);
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
	assert_int_equal(status_of(b).n_samples, 160);
}

static void lost_follow_ups_cost_their_samples_alone(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);
	struct tclk_syntonizer_status status;

	b->loss_share = 0.5;
	b->noise_ns = 100;
	run(b, &m, 20);
	assert_rate(b, 35 * PPM, 20 * PPB, 1);
	status = status_of(b);
	assert_in_range(status.n_samples, 120, 200);
	assert_true(status.n_samples + status.n_unpaired + 16 >= 320);
}

/* 65536 numbers, and the same again with a Follow_Up that was lost long ago. */
static void sequence_numbers_wrap(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	b->interval_ns = NSEC_PER_SEC / 128;
	b->loss_share = 0.01;
	run(b, &m, 1030);
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
	assert_int_equal(status_of(b).n_outliers, 0);
}

static void halves_that_are_a_second_apart_are_no_pair(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	for (int i = 0; i < 2; i++) {
		m.follows_first = i;
		b->loss_share = 0;
		run(b, &m, 1);
		b->loss_share = 1;
		sync_of(b, &m);
		/* The same number again. */
		m.sequence_id--;
		b->now_mono_ns += NSEC_PER_SEC + 1;
		b->loss_share = 0;
		sync_of(b, &m);
		b->now_mono_ns += b->interval_ns;
	}
	assert_int_equal(status_of(b).n_samples, 2 * 17);
	assert_int_equal(status_of(b).n_outliers, 0);
}

static void a_step_restarts_and_one_outlier_does_not(void **state)
{
	static const int64_t steps_ns[] = {60000, -37 * NSEC_PER_SEC, 300 * 86400 * NSEC_PER_SEC};
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	b->noise_ns = 200;
	run(b, &m, 20);
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		uint64_t n_outliers = status_of(b).n_outliers;

		m.epoch_ns += steps_ns[i];
		run(b, &m, 0.0625);
		m.epoch_ns -= steps_ns[i];
		run(b, &m, 1);
		assert_int_equal(status_of(b).n_outliers, n_outliers + 1);
		assert_rate(b, 35 * PPM, 30 * PPB, 1);

		m.epoch_ns += steps_ns[i];
		for (int j = 0; j < 40; j++) {
			run(b, &m, 0.5);
			assert_rate(b, 35 * PPM, 30 * PPB, 1);
		}
		assert_rate(b, 35 * PPM, 30 * PPB, 1);
		assert_int_equal(status_of(b).n_outliers, n_outliers + 5);
	}
}

static void a_new_rate_of_the_same_master_is_found(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	b->noise_ns = 200;
	run(b, &m, 20);
	/* Its time goes on from where it is. */
	m.epoch_ns += llround((double)b->now_mono_ns * 40 * PPM);
	m.rate_offset = -5 * PPM;
	run(b, &m, 20);
	assert_rate(b, -5 * PPM, 30 * PPB, 1);
}

static void the_best_announced_master_is_listened_to(void **state)
{
	struct bench *b = *state;
	struct master good = master_of(9, 35 * PPM), better = master_of(5, -80 * PPM);

	b->noise_ns = 100;
	better.port_index = 1;
	for (int i = 0; i < 20; i++) {
		announce(b, &good);
		run(b, &good, 1);
	}
	assert_rate(b, 35 * PPM, 30 * PPB, 9);

	better.priority1 = 127;
	for (int i = 0; i < 20; i++) {
		announce(b, &good);
		announce(b, &better);
		run(b, &good, 0.5);
		run(b, &better, 0.5);
		/* Until the new rate is known, the old one stands. */
		if (i == 0)
			assert_rate(b, 35 * PPM, 30 * PPB, 9);
	}
	assert_rate(b, -80 * PPM, 30 * PPB, 5);

	/* It falls silent. */
	for (int i = 0; i < 20; i++) {
		announce(b, &good);
		run(b, &good, 1);
	}
	assert_rate(b, 35 * PPM, 30 * PPB, 9);
	/* Another master's time is no outlier of the last one's. */
	assert_int_equal(status_of(b).n_outliers, 0);
}

static void a_crowd_of_masters_does_not_push_out_the_best(void **state)
{
	struct bench *b = *state;
	struct master best = master_of(1, 35 * PPM);

	best.priority1 = 1;
	b->noise_ns = 100;
	for (int i = 0; i < 20; i++) {
		announce(b, &best);
		for (int j = 0; j < 50; j++) {
			struct master other = master_of((uint8_t)(100 + j), 1 * PPM);

			announce(b, &other);
			sync_of(b, &other);
		}
		run(b, &best, 1);
	}
	assert_rate(b, 35 * PPM, 30 * PPB, 1);
	assert_int_equal(status_of(b).n_samples, 320);
}

static void without_announce_the_one_who_is_heard_is_followed(void **state)
{
	struct bench *b = *state;
	struct master first = master_of(9, 35 * PPM), second = master_of(1, -80 * PPM);

	for (int i = 0; i < 40; i++) {
		run(b, &first, 0.25);
		run(b, &second, 0.25);
	}
	assert_rate(b, 35 * PPM, 30 * PPB, 9);
	run(b, &second, 10);
	assert_rate(b, -80 * PPM, 30 * PPB, 1);
}

static void an_alternate_master_is_not_heard(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);
	uint8_t p[64];

	write_header(&m, PTP_ANNOUNCE, sizeof(p), 0, p);
	p[6] = PTP_FLAG_ALTERNATE_MASTER >> 8;
	m.identity = 2;
	receive(b, &m, p, sizeof(p), 0);
	run(b, &m, 5);
	assert_rate(b, 35 * PPM, 1 * PPB, 2);
}

static void a_rate_is_forgotten_after_a_minute_of_silence(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);

	run(b, &m, 5);
	b->now_mono_ns += 59 * NSEC_PER_SEC;
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
	b->now_mono_ns += NSEC_PER_SEC;
	assert_false(status_of(b).is_known);
	run(b, &m, 5);
	assert_rate(b, 35 * PPM, 1 * PPB, 1);
}

static void a_rate_beyond_500_ppm_is_cut_off(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, -700 * PPM);

	run(b, &m, 5);
	assert_rate(b, -500 * PPM, 0.001 * PPB, 1);
}

static void impossible_messages_are_counted_and_leave_no_trace(void **state)
{
	struct bench *b = *state;
	struct master m = master_of(1, 35 * PPM);
	uint8_t p[44];

	for (unsigned int i = 0; i < 7; i++) {
		write_header(&m, PTP_SYNC, sizeof(p), 0, p);
		put_time(p + 34, m.epoch_ns);
		switch (i) {
		case 0: /* nanoseconds of a whole second */
			put_be32(p + 40, 1000000000);
			break;
		case 1: /* seconds beyond what nanoseconds can tell */
			put_be48(p + 34, 1ULL << 33);
			break;
		case 2: /* too big a correction, either way */
			put_be64(p + 8, INT64_MAX);
			break;
		case 3:
			put_be64(p + 8, (uint64_t)INT64_MIN);
			break;
		case 4: /* messageLength beyond what came, and below the type's */
			put_be16(p + 2, 45);
			break;
		case 5:
			put_be16(p + 2, 43);
			break;
		case 6:
			p[1] = 1;
			break;
		}
		receive(b, &m, p, sizeof(p), b->now_mono_ns);
	}
	assert_int_equal(status_of(b).n_malformed, 7);
	assert_int_equal(status_of(b).n_samples, 0);
	write_header(&m, PTP_DELAY_REQ, sizeof(p), 0, p);
	receive(b, &m, p, sizeof(p), b->now_mono_ns);
	receive(b, &m, p, 0, b->now_mono_ns);
	assert_int_equal(status_of(b).n_malformed, 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_rate_is_found_through_noise_and_outliers),
		TEST(the_deviation_is_honest),
		TEST(any_interval_from_slow_to_fast_will_do),
		TEST(nothing_is_known_before_two_seconds),
		TEST(a_rate_amid_great_noise_is_not_known_early),
		TEST(both_corrections_count),
		TEST(follow_up_may_come_first_and_one_step_needs_none),
		TEST(lost_follow_ups_cost_their_samples_alone),
		TEST(sequence_numbers_wrap),
		TEST(halves_that_are_a_second_apart_are_no_pair),
		TEST(a_step_restarts_and_one_outlier_does_not),
		TEST(a_new_rate_of_the_same_master_is_found),
		TEST(the_best_announced_master_is_listened_to),
		TEST(a_crowd_of_masters_does_not_push_out_the_best),
		TEST(without_announce_the_one_who_is_heard_is_followed),
		TEST(an_alternate_master_is_not_heard),
		TEST(a_rate_is_forgotten_after_a_minute_of_silence),
		TEST(a_rate_beyond_500_ppm_is_cut_off),
		TEST(impossible_messages_are_counted_and_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
