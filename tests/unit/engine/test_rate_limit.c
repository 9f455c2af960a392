// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets by sender: what one may send, what strangers may, and that neither harms another. */
#include "bc/engine/rate_limit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "util/macros.h"

#define START_NS (1000 * (uint64_t)NSEC_PER_SEC)

static struct bc_rate_limit *limit;

static struct bc_rate_limit_config config(void)
{
	struct bc_rate_limit_config c = {.n_senders = 64, .seed = 7};

	for (size_t i = 0; i < BC_RATE_KINDS; i++) {
		c.kinds[i].sender = (struct bc_rate){NSEC_PER_SEC / 10, 5};
		c.kinds[i].newcomers = (struct bc_rate){NSEC_PER_SEC / 4, 20};
	}
	return c;
}

static int setup(void **state)
{
	struct bc_rate_limit_config c = config();

	(void)state;
	return bc_rate_limit_new(&c, &limit);
}

static int teardown(void **state)
{
	(void)state;
	bc_rate_limit_free(limit);
	return 0;
}

static struct ptp_port_identity sender(unsigned int i)
{
	return (struct ptp_port_identity){
		{0xa0, 0, 0, 0xff, 0xfe, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, 1};
}

static bool allows(unsigned int i, uint64_t now_ns)
{
	struct ptp_port_identity s = sender(i);

	return bc_rate_limit_allows(limit, BC_RATE_ANNOUNCE, &s, false, now_ns);
}

static void a_sender_gets_its_burst_and_then_its_rate(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		n += allows(1, START_NS);
	assert_int_equal(n, 5);
	/* 1000 messages a second for ten seconds, ten of them each second. */
	n = 0;
	for (uint64_t t = 1; t <= 10000; t++)
		n += allows(1, START_NS + t * NSEC_PER_MSEC);
	assert_int_equal(n, 100);
	/* Silence fills the bucket, but no more than that. */
	n = 0;
	for (unsigned int i = 0; i < 100; i++)
		n += allows(1, START_NS + 3600 * (uint64_t)NSEC_PER_SEC);
	assert_int_equal(n, 5);
}

static void one_does_not_pay_for_another_nor_one_kind_for_the_other(void **state)
{
	struct ptp_port_identity s = sender(1), other_port = {.port_number = 2};

	(void)state;
	memcpy(other_port.clock_identity, s.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	while (allows(1, START_NS))
		;
	assert_true(allows(2, START_NS));
	assert_true(bc_rate_limit_allows(limit, BC_RATE_ANNOUNCE, &other_port, false, START_NS));
	assert_true(bc_rate_limit_allows(limit, BC_RATE_MANAGEMENT, &s, false, START_NS));
	assert_false(allows(1, START_NS));
}

static void an_identity_for_each_message_gains_nothing(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 200000; i++)
		n += allows(i, START_NS + i * 50 * (uint64_t)NSEC_PER_USEC);
	/* Ten seconds: the burst and four a second; a few identities are still remembered and never met
	 * again. */
	assert_in_range(n, 58, 61);
}

static void a_known_sender_is_heard_through_a_flood(void **state)
{
	struct ptp_port_identity known = sender(0xffffff);

	(void)state;
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t now = START_NS + i * 50 * (uint64_t)NSEC_PER_USEC;

		allows(i, now);
		if (i % 20000 == 0)
			assert_true(bc_rate_limit_allows(limit, BC_RATE_ANNOUNCE, &known, true, now));
	}
}

static void without_an_interval_there_is_no_limit(void **state)
{
	struct bc_rate_limit_config c = config();

	(void)state;
	bc_rate_limit_free(limit);
	c.kinds[BC_RATE_ANNOUNCE].sender.interval_ns = 0;
	c.kinds[BC_RATE_ANNOUNCE].newcomers.interval_ns = 0;
	assert_int_equal(bc_rate_limit_new(&c, &limit), 0);
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(allows(i % 3, START_NS));
}

static void nonsense_is_refused(void **state)
{
	struct bc_rate_limit_config c = config();
	struct bc_rate_limit *none = NULL;

	(void)state;
	c.n_senders = 0;
	assert_int_equal(bc_rate_limit_new(&c, &none), -EINVAL);
	c.n_senders = 65537;
	assert_int_equal(bc_rate_limit_new(&c, &none), -EINVAL);
	c = config();
	c.kinds[BC_RATE_SIGNALING].newcomers.burst = 0;
	assert_int_equal(bc_rate_limit_new(&c, &none), -EINVAL);
	assert_null(none);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_sender_gets_its_burst_and_then_its_rate),
		T(one_does_not_pay_for_another_nor_one_kind_for_the_other),
		T(an_identity_for_each_message_gains_nothing),
		T(a_known_sender_is_heard_through_a_flood),
		T(without_an_interval_there_is_no_limit),
		T(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
