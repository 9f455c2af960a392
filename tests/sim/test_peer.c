// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks that measure peer to peer, in a row; and alarms of paths' delays: in time, and never without reason.
 */
#include <math.h>

#include "bc/engine/link_delay.h"
#include "tests/sim/topology.h"

#define CLOCKS	6
#define NEAR_NS 2000.0

static void set_mechanism(struct sim_node *node, enum bc_delay_mechanism mechanism)
{
	node->port.delay_mechanism = mechanism;
	node->port.log_min_pdelay_req_interval = -3;
	node->port.log_min_delay_req_interval = -3;
	node->port.neighbor_prop_delay_thresh_ns = 20 * NSEC_PER_MSEC;
	node->port.min_neighbor_prop_delay_ns = -20 * NSEC_PER_MSEC;
	node->port.allowed_lost_responses = 3;
}

static struct sim *row(uint64_t seed, size_t n, enum bc_delay_mechanism mechanism, enum bc_servo_type servo,
		       const struct sim_link *link)
{
	struct sim *sim = sim_new(seed);

	for (size_t i = 0; i < n; i++) {
		struct sim_node node = i == 0 ? noisy_grandmaster(1, 100)
					      : noisy_clock((unsigned int)i + 1, i + 1 < n ? 2 : 1);

		/* What a recording holds are the stamps' errors, too. */
		if (link->recording)
			node.stamp_noise_ns = 0;
		set_mechanism(&node, mechanism);
		node.engine.servo.type = servo;
		sim_add(sim, &node);
	}
	for (size_t i = 1; i < n; i++)
		sim_connect(sim, i - 1, i == 1 ? 0 : 1, i, 0, link);
	sim_start(sim);
	return sim;
}

static uint64_t n_alarms(struct sim *sim, size_t node, enum bc_counter counter)
{
	return bc_engine_counters(sim_engine(sim, node), 0)->value[counter];
}

static void a_row_of_peers_settles_and_stays(void **state)
{
	static const enum bc_servo_type servos[] = {BC_SERVO_KALMAN, BC_SERVO_LINREG};
	struct sim_link link = noisy_link();

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(servos); s++) {
		struct sim *sim = row(3 + s, CLOCKS, BC_DELAY_P2P, servos[s], &link);

		sim_run_s(sim, 120);
		sim_clear_stats(sim);
		sim_run_s(sim, 600);
		for (size_t i = 1; i < CLOCKS; i++) {
			struct bc_link_delay_status status;

			show(sim, "peer", i);
			assert_state(sim, i, 0, BC_STATE_SLAVE);
			assert_true(sim_stats(sim, i).max_abs_ns < NEAR_NS * sqrt((double)i));
			assert_int_equal(sim_stats(sim, i).n_state_changes, 0);
			bc_engine_link_delay(sim_engine(sim, i), 0, &status);
			assert_true(status.peer.is_valid && status.peer.has_neighbor_rate);
			assert_int_equal(n_alarms(sim, i, BC_COUNTER_PATH_DELAY_JUMP), 0);
			assert_int_equal(n_alarms(sim, i, BC_COUNTER_PATH_DELAY_DRIFT), 0);
			assert_int_equal(
				bc_engine_counters(sim_engine(sim, i), 0)->value[BC_COUNTER_TX_DELAY_REQ], 0);
		}
		sim_free(sim);
	}
}

/* Another cable may be there afterwards; that is no jump. */
static void after_a_break_of_the_link_it_is_measured_anew(void **state)
{
	struct sim_link link = noisy_link();
	struct sim *sim = row(7, 2, BC_DELAY_P2P, BC_SERVO_KALMAN, &link);
	struct bc_link_delay_status status;

	(void)state;
	sim_run_s(sim, 60);
	sim_set_link(sim, 0, false);
	bc_engine_link_delay(sim_engine(sim, 1), 0, &status);
	assert_false(status.peer.is_valid);
	sim_run_s(sim, 5);
	sim_link_of(sim, 0)->delay_ns[0] = sim_link_of(sim, 0)->delay_ns[1] = 20000;
	sim_set_link(sim, 0, true);
	sim_run_s(sim, 30);
	bc_engine_link_delay(sim_engine(sim, 1), 0, &status);
	assert_true(status.peer.is_valid);
	assert_true(fabs((double)status.peer.mean_link_delay_ns - 20000) < 1000);
	assert_state(sim, 1, 0, BC_STATE_SLAVE);
	assert_true(fabs(sim_error_ns(sim, 1)) < NEAR_NS);
	assert_int_equal(n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_JUMP), 0);
	sim_free(sim);
}

static void set_delay(struct sim *sim, double delay_ns)
{
	sim_link_of(sim, 0)->delay_ns[0] = sim_link_of(sim, 0)->delay_ns[1] = (int64_t)delay_ns;
}

static void drifts_and_jumps_of_a_path_are_told_in_time(void **state)
{
	static const enum bc_delay_mechanism mechanisms[] = {BC_DELAY_E2E, BC_DELAY_P2P};
	struct sim_link link = noisy_link();

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		for (size_t m = 0; m < ARRAY_SIZE(mechanisms); m++) {
			struct sim *sim = row(seed, 2, mechanisms[m], BC_SERVO_KALMAN, &link);
			double drift_s = 0, jump_s = 0;

			sim_run_s(sim, 120);
			for (; drift_s < 60 && n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_DRIFT) == 0;
			     drift_s += 0.1) {
				set_delay(sim, 2000 + 1000 * drift_s);
				sim_run_s(sim, 0.1);
			}
			sim_run_s(sim, 120);
			assert_int_equal(n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_JUMP), 0);
			set_delay(sim, 2000 + 1000 * drift_s + 10000);
			for (; jump_s < 5 && n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_JUMP) == 0;
			     jump_s += 0.05)
				sim_run_s(sim, 0.05);
			print_message("%s: drift told after %.1f s, jump after %.2f s\n",
				      mechanisms[m] == BC_DELAY_P2P ? "P2P" : "E2E", drift_s, jump_s);
			assert_true(drift_s <= 45);
			assert_int_equal(n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_DRIFT), 1);
			assert_true(jump_s <= 1.0);
			assert_state(sim, 1, 0, BC_STATE_SLAVE);
			sim_free(sim);
		}
	}
}

/* An hour each of what was measured on a cable, with the machine idle and with busy loops; end to end see
 * test_recorded.c. */
static void recorded_delays_raise_no_alarm(void **state)
{
	static const char *const paths[] = {RECORDED_DIRECTORY "/idle.csv", RECORDED_DIRECTORY "/busy.csv"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct sim_recording *recording = sim_recording_load(paths[i]);
		struct sim_link link = {.delay_ns = {50000, 50000}, .recording = recording};
		struct sim *sim;

		assert_non_null(recording);
		sim = row(11 + i, 2, BC_DELAY_P2P, BC_SERVO_KALMAN, &link);
		sim_run_s(sim, 3600);
		assert_state(sim, 1, 0, BC_STATE_SLAVE);
		assert_int_equal(n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_JUMP), 0);
		assert_int_equal(n_alarms(sim, 1, BC_COUNTER_PATH_DELAY_DRIFT), 0);
		sim_free(sim);
		sim_recording_free(recording);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_of_peers_settles_and_stays),
		cmocka_unit_test(after_a_break_of_the_link_it_is_measured_anew),
		cmocka_unit_test(drifts_and_jumps_of_a_path_are_told_in_time),
		cmocka_unit_test(recorded_delays_raise_no_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
