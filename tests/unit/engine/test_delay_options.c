// SPDX-License-Identifier: GPL-2.0-or-later
/* What initial_delay and tsproc_mode make of the delay that is measured end to end; and requests that come
 * twice. */
#include <math.h>
#include <stdlib.h>

#include "bc/engine/duplicates.h"
#include "tests/unit/engine/two_port_bench.h"

static struct rig_master *master;

static void a_delay_that_is_given_serves_until_one_is_measured(void **state)
{
	(void)state;
	rig.ports[0].initial_delay_ns = 1000;
	rig.ports[0].inhibit_delay_req = true;
	master = rig_start_following(&rig);
	assert_in_range(rig_error_ns(&rig, master) + 5, 0, 10);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_wrong_one_is_replaced_by_what_is_measured(void **state)
{
	static const enum bc_servo_type servos[] = {BC_SERVO_KALMAN, BC_SERVO_PI};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(servos); i++) {
		rig_init(&rig, 2);
		rig.config.servo.type = servos[i];
		rig.ports[0].initial_delay_ns = 500000;
		master = rig_start_following(&rig);
		rig_run_s(&rig, 120);
		assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
		assert_in_range(rig_error_ns(&rig, master) + 20, 0, 40);
		if (i == 0)
			rig_stop(&rig);
	}
}

/* One Sync that took 4 us longer than usual: what its offset and delay are said to be. */
static void one_late_sync(enum bc_tsproc_mode mode, enum bc_servo_type servo)
{
	rig_init(&rig, 2);
	rig.config.servo.type = servo;
	rig.config.free_running = true;
	rig.ports[0].tsproc_mode = mode;
	master = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns);
	rig_run_s(&rig, 30);
	master->delay_out_ns += 4000;
	rig_master_sync(&rig, master);
	master->delay_out_ns -= 4000;
}

static void modes_tell_a_late_sync_differently(void **state)
{
	static const struct {
		enum bc_tsproc_mode mode;
		enum bc_servo_type servo;
		int64_t offset_ns, delay_ns;
	} cases[] = {
		{BC_TSPROC_FILTER, BC_SERVO_PI, 4000, 1000},
		{BC_TSPROC_FILTER_WEIGHT, BC_SERVO_PI, 4000, 1000},
		/* Half of it is taken for the path's. */
		{BC_TSPROC_RAW, BC_SERVO_PI, 2000, 3000},
		{BC_TSPROC_RAW_WEIGHT, BC_SERVO_LINREG, 2000, 3000},
		/* It is told both directions. */
		{BC_TSPROC_RAW, BC_SERVO_KALMAN, 4000, 1000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		one_late_sync(cases[i].mode, cases[i].servo);
		assert_int_equal(rig.last_sync.sync.offset_ns, cases[i].offset_ns);
		assert_int_equal(rig.last_sync.sync.path_delay_ns, cases[i].delay_ns);
		if (i + 1 < ARRAY_SIZE(cases))
			rig_stop(&rig);
	}
}

/* How far a clock is thrown off by one Sync that took 400 us longer. */
static double thrown_off_ns(enum bc_tsproc_mode mode)
{
	double worst_ns = 0;

	rig_init(&rig, 2);
	rig.config.servo = (struct bc_servo_config){.type = BC_SERVO_PI,
						    .first_step_threshold_s = 0.00002,
						    .pi_proportional_exponent = -0.3,
						    .pi_integral_exponent = 0.4};
	rig.ports[0].tsproc_mode = mode;
	master = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 300);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	master->delay_out_ns += 400000;
	rig_master_sync(&rig, master);
	master->delay_out_ns -= 400000;
	for (int i = 0; i < 10; i++) {
		rig_run_ns(&rig, NSEC_PER_SEC / 20);
		worst_ns = fmax(worst_ns, fabs((double)rig_error_ns(&rig, master)));
	}
	rig_stop(&rig);
	return worst_ns;
}

static void a_sync_that_took_long_counts_for_less_with_weights(void **state)
{
	double filter_ns = thrown_off_ns(BC_TSPROC_FILTER),
	       weighted_ns = thrown_off_ns(BC_TSPROC_FILTER_WEIGHT);

	(void)state;
	print_message("%.0f ns, with weights %.0f ns\n", filter_ns, weighted_ns);
	assert_true(filter_ns > 1000);
	assert_true(weighted_ns < filter_ns / 10);
	rig_init(&rig, 2);
	master = rig_start_following(&rig);
}

static void requests_are_the_same_by_sender_and_number_within_a_second(void **state)
{
	static struct bc_duplicates seen;
	struct ptp_port_identity a = {{1, 2, 3, 4, 5, 6, 7, 8}, 1}, b = {{1, 2, 3, 4, 5, 6, 7, 8}, 2};
	uint64_t now = 5000 * (uint64_t)NSEC_PER_SEC;
	unsigned int n = 0;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_false(bc_duplicates_has(&seen, 1, &a, 7, now));
	assert_true(bc_duplicates_has(&seen, 1, &a, 7, now + NSEC_PER_SEC - 1));
	assert_false(bc_duplicates_has(&seen, 1, &a, 8, now));
	assert_false(bc_duplicates_has(&seen, 1, &b, 7, now));
	assert_false(bc_duplicates_has(&seen, 1, &a, 7, now + NSEC_PER_SEC));
	/* However many there are, none that is new goes for known. */
	for (uint16_t port = 1; port <= 1000; port++)
		for (uint16_t sequence = 0; sequence < 20; sequence++) {
			a.port_number = (uint16_t)(port + 10);
			n += bc_duplicates_has(&seen, 1, &a, sequence, now);
		}
	assert_int_equal(n, 0);
	rig_start_following(&rig);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_delay_that_is_given_serves_until_one_is_measured),
		T(a_wrong_one_is_replaced_by_what_is_measured),
		T(modes_tell_a_late_sync_differently),
		T(a_sync_that_took_long_counts_for_less_with_weights),
		T(requests_are_the_same_by_sender_and_number_within_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
