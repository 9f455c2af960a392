// SPDX-License-Identifier: GPL-2.0-or-later
/* The default controller with both directions of the path: what each is worth, and paths that change. */
#include "tests/unit/servo/ideal.h"

#include <stdlib.h>

#define INTERVAL_S 0.125

static const struct bc_servo_config kalman_config = {
	.type = BC_SERVO_KALMAN,
	.first_step_threshold_s = 0.00002,
	.max_frequency_ppb = 500000,
};

/* A path, measured in both directions by turns; the delay filter of the engine is a moving median. */
struct path {
	struct ideal ideal;
	struct bc_delay_filter *filter;
	double forward_ns, back_ns; /* what each takes */
	double noise_ns;	    /* uniform, to both sides */
	double last_sync_ns, told_delay_ns;
	bool has_delay;
	bool is_back_told; /* the servo hears of the direction back */
	double sum2_ns2, max_ns;
	unsigned int n;
	uint32_t seed;
};

static double noise(struct path *p)
{
	p->seed = p->seed * 1664525 + 1013904223;
	return p->noise_ns * ((p->seed >> 16) / 32768.0 - 1.0);
}

static struct path path_new(double delay_ns, bool is_back_told)
{
	struct path p = {.ideal = ideal_new(kalman_config, INTERVAL_S),
			 .forward_ns = delay_ns,
			 .back_ns = delay_ns,
			 .is_back_told = is_back_told,
			 .seed = 1};

	p.ideal.drift_ppb = 35000;
	p.ideal.error_ns = 100e6;
	assert_int_equal(bc_delay_filter_new(BC_DELAY_FILTER_MOVING_MEDIAN, 10, &p.filter), 0);
	return p;
}

static void path_free(struct path *p)
{
	bc_delay_filter_free(p->filter);
	bc_servo_free(p->ideal.servo);
}

static void sync(struct path *p)
{
	double before_ns;

	if (!p->has_delay) {
		p->ideal.mono_ns += (uint64_t)(INTERVAL_S * 1e9);
		p->ideal.error_ns += (p->ideal.drift_ppb - p->ideal.command_ppb) * INTERVAL_S;
		p->last_sync_ns = p->ideal.error_ns + p->forward_ns + noise(p);
		return;
	}
	/* Half of the interval has passed before the last exchange. */
	before_ns = p->forward_ns + noise(p) - p->told_delay_ns;
	ideal_sample(&p->ideal, INTERVAL_S / 2, before_ns);
	p->last_sync_ns = p->ideal.error_ns + p->forward_ns;
	p->max_ns = fmax(p->max_ns, fabs(p->ideal.error_ns));
	p->sum2_ns2 += p->ideal.error_ns * p->ideal.error_ns;
	p->n++;
}

static void exchange(struct path *p)
{
	double elapsed_s = p->has_delay ? INTERVAL_S / 2 : 0, back_ns;

	p->ideal.mono_ns += (uint64_t)(elapsed_s * 1e9);
	p->ideal.error_ns += (p->ideal.drift_ppb - p->ideal.command_ppb) * elapsed_s;
	back_ns = p->back_ns + noise(p) - p->ideal.error_ns;
	p->told_delay_ns = (double)bc_delay_filter_sample(
		p->filter, llround((p->last_sync_ns + noise(p) + back_ns) / 2));
	p->has_delay = true;
	if (p->is_back_told)
		bc_servo_delay(p->ideal.servo, llround(back_ns), llround(p->told_delay_ns), p->ideal.mono_ns);
}

static void path_run(struct path *p, double duration_s)
{
	p->sum2_ns2 = p->max_ns = 0;
	p->n = 0;
	for (double t = 0; t < duration_s; t += INTERVAL_S) {
		sync(p);
		exchange(p);
	}
}

static double rms_ns(const struct path *p)
{
	return sqrt(p->sum2_ns2 / p->n);
}

static void the_direction_back_makes_the_clock_less_noisy(void **state)
{
	struct path both = path_new(2000, true), forward = path_new(2000, false);

	(void)state;
	both.noise_ns = forward.noise_ns = 1000;
	path_run(&both, 60);
	path_run(&forward, 60);
	path_run(&both, 600);
	path_run(&forward, 600);
	print_message("rms with both directions %.0f, with offsets alone %.0f ns\n", rms_ns(&both),
		      rms_ns(&forward));
	assert_true(rms_ns(&both) < 0.85 * rms_ns(&forward));
	path_free(&both);
	path_free(&forward);
}

static void a_path_that_becomes_longer_does_not_move_the_clock(void **state)
{
	(void)state;
	for (double change_ns = -20000; change_ns <= 20000; change_ns += 40000) {
		struct path p = path_new(30000, true);

		p.noise_ns = 200;
		path_run(&p, 60);
		p.forward_ns += change_ns;
		p.back_ns += change_ns;
		path_run(&p, 30);
		assert_true(p.max_ns < 500);
		assert_int_equal(p.ideal.jumps, 1);
		path_free(&p);
	}
}

static void a_path_back_that_becomes_longer_moves_it_by_half_for_nothing_else_can_be_known(void **state)
{
	struct path p = path_new(30000, true);

	(void)state;
	p.noise_ns = 200;
	path_run(&p, 60);
	p.back_ns += 20000;
	path_run(&p, 60);
	assert_true(fabs(p.ideal.error_ns - 10000) < 300);
	path_free(&p);
}

static void with_rare_answers_a_path_that_becomes_longer_is_put_right_by_the_first_of_them(void **state)
{
	struct path p = path_new(30000, true);

	(void)state;
	p.noise_ns = 200;
	path_run(&p, 60);
	for (int n = 0; n < 40; n++) {
		for (int m = 0; m < 63; m++)
			sync(&p);
		exchange(&p);
	}
	assert_true(fabs(p.ideal.error_ns) < 300);
	p.forward_ns += 20000;
	p.back_ns += 20000;
	for (int m = 0; m < 63; m++)
		sync(&p);
	/* Nobody can know yet: it might be the clock. */
	exchange(&p);
	for (int m = 0; m < 32; m++)
		sync(&p);
	assert_true(fabs(p.ideal.error_ns) < 1000);
	path_free(&p);
}

static void answers_that_stop_leave_the_delay_as_it_was(void **state)
{
	struct path p = path_new(30000, true);

	(void)state;
	p.noise_ns = 200;
	path_run(&p, 60);
	for (int n = 0; n < 8 * 3600 * 24; n++)
		sync(&p);
	assert_true(fabs(p.ideal.error_ns) < 300);
	path_free(&p);
}

static void outliers_of_one_direction_do_not_move_the_clock(void **state)
{
	struct path p = path_new(30000, true);

	(void)state;
	p.noise_ns = 200;
	path_run(&p, 60);
	for (int n = 0; n < 400; n++) {
		double wild_ns = n % 7 == 0 ? 50000 : 0;

		p.back_ns += wild_ns;
		exchange(&p);
		p.back_ns -= wild_ns;
		p.forward_ns += n % 11 == 0 ? 50000 : 0;
		sync(&p);
		p.forward_ns -= n % 11 == 0 ? 50000 : 0;
		assert_true(fabs(p.ideal.error_ns) < 500);
	}
	path_free(&p);
}

static void a_stamp_of_the_direction_back_may_be_older_than_the_last_sync(void **state)
{
	struct path p = path_new(2000, true);

	(void)state;
	path_run(&p, 60);
	/* Ten milliseconds older; its time is that of the phase then. */
	for (int n = 0; n < 200; n++) {
		double error_then_ns;

		ideal_sample(&p.ideal, INTERVAL_S, p.forward_ns - p.told_delay_ns);
		error_then_ns = p.ideal.error_ns - (p.ideal.drift_ppb - p.ideal.command_ppb) * 0.01;
		bc_servo_delay(p.ideal.servo, llround(p.back_ns - error_then_ns), llround(p.told_delay_ns),
			       p.ideal.mono_ns - 10000000);
		assert_true(fabs(p.ideal.error_ns) < 20);
	}
	path_free(&p);
}

static void another_master_has_another_path_and_the_same_oscillator(void **state)
{
	struct path p = path_new(2000, true);

	(void)state;
	p.noise_ns = 200;
	path_run(&p, 60);
	bc_servo_reset(p.ideal.servo);
	bc_delay_filter_reset(p.filter);
	p.ideal.command_ppb = bc_servo_frequency_ppb(p.ideal.servo);
	assert_true(fabs(p.ideal.command_ppb - 35000) < 100);
	p.has_delay = false;
	p.forward_ns = p.back_ns = 90000;
	path_run(&p, 30);
	path_run(&p, 10);
	assert_true(p.max_ns < 300);
	assert_int_equal(p.ideal.jumps, 1);
	path_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_direction_back_makes_the_clock_less_noisy),
		cmocka_unit_test(a_path_that_becomes_longer_does_not_move_the_clock),
		cmocka_unit_test(
			a_path_back_that_becomes_longer_moves_it_by_half_for_nothing_else_can_be_known),
		cmocka_unit_test(
			with_rare_answers_a_path_that_becomes_longer_is_put_right_by_the_first_of_them),
		cmocka_unit_test(answers_that_stop_leave_the_delay_as_it_was),
		cmocka_unit_test(outliers_of_one_direction_do_not_move_the_clock),
		cmocka_unit_test(a_stamp_of_the_direction_back_may_be_older_than_the_last_sync),
		cmocka_unit_test(another_master_has_another_path_and_the_same_oscillator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
