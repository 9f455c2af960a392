// SPDX-License-Identifier: GPL-2.0-or-later
/* System clocks that follow: the kernel runs monotonic time itself at the frequency found, in a chain and
 * after the loss of the grandmaster. */
#include <math.h>

#include "tests/sim/topology.h"

/* A grandmaster and two clocks behind it, whose oscillators wander, of this kind. */
static struct sim *two_in_a_row(bool is_system_clock)
{
	struct sim *sim = sim_new(17);
	struct sim_node gm = noisy_grandmaster(1, 100);
	struct sim_link link = noisy_link();

	sim_add(sim, &gm);
	for (unsigned int i = 2; i <= 3; i++) {
		struct sim_node node = noisy_clock(i, 2);

		node.engine.is_system_clock = is_system_clock;
		/* What a kernel can. */
		node.engine.servo.max_frequency_ppb = 1e8;
		sim_add(sim, &node);
	}
	sim_connect(sim, 0, 0, 1, 0, &link);
	sim_connect(sim, 1, 1, 2, 0, &link);
	sim_start(sim);
	sim_run_s(sim, 60);
	sim_clear_stats(sim);
	sim_run_s(sim, 300);
	return sim;
}

static void it_is_as_good_as_the_virtual_clock(void **state)
{
	struct sim *virtual = two_in_a_row(false), *system = two_in_a_row(true);

	(void)state;
	for (size_t i = 1; i < 3; i++) {
		show(virtual, "virtual", i);
		show(system, "system", i);
		assert_state(system, i, 0, BC_STATE_SLAVE);
		assert_true(sim_stats(system, i).rms_ns < 1.3 * sim_stats(virtual, i).rms_ns + 10);
		assert_int_equal(sim_stats(system, i).n_state_changes, 0);
	}
	sim_free(virtual);
	sim_free(system);
}

static void without_a_grandmaster_it_runs_on_at_the_frequency_that_it_had(void **state)
{
	struct sim *sim = two_in_a_row(true);
	double error_ns;

	(void)state;
	sim_set_alive(sim, 0, false);
	sim_run_s(sim, 10);
	error_ns = sim_error_ns(sim, 1);
	sim_run_s(sim, 60);
	/* Its oscillator alone is off by some ppm: more than 100 us by now. */
	assert_true(fabs(sim_error_ns(sim, 1) - error_ns) < 20000);
	assert_true(fabs(sim_error_ns(sim, 2) - sim_error_ns(sim, 1)) < 5000);
	sim_free(sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_as_good_as_the_virtual_clock),
		cmocka_unit_test(without_a_grandmaster_it_runs_on_at_the_frequency_that_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
