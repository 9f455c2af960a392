// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings of delays: what is one, and that blocks of it keep the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/sim/recorded.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define HEADING "# a comment\nforward_ns,back_ns\n"
#define N	10

/* As if there were a file with that text. */
static struct sim_recording *load(const char *text)
{
	_cleanup_fd_ int fd = memfd_create("recording", MFD_CLOEXEC);
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sim_recording_load(path);
}

static void what_is_not_a_recording_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"1,\n,2\n",
		"forward_ns,back\n1,\n,2\n",
		HEADING,
		HEADING "1,\n2,\n",
		HEADING ",1\n,2\n",
		HEADING "1,2\n,2\n",
		HEADING "1,\n,\n",
		HEADING "1,\n,x\n",
		HEADING "1,\n,2",
		HEADING "1,\n,2000000000\n",
		HEADING "1,\n,99999999999999999999\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(load(texts[i]));
	assert_null(sim_recording_load("/dev/null/recording"));
}

/* Forward 0 to N - 1, after each of them the same below 0 back. */
static struct sim_recording *load_ramp(void)
{
	char text[512] = HEADING;
	struct sim_recording *recording;

	for (int i = 0; i < N; i++) {
		char row[32];

		snprintf(row, sizeof(row), "%d,\n,%d\n", i, -i);
		strcat(text, row);
	}
	recording = load(text);
	assert_non_null(recording);
	return recording;
}

static void quantiles_are_those_of_a_direction(void **state)
{
	struct sim_recording *recording = load_ramp();

	(void)state;
	assert_int_equal(sim_recording_n(recording, SIM_RECORDED_FORWARD), N);
	assert_int_equal(sim_recording_n(recording, SIM_RECORDED_BACK), N);
	assert_int_equal(sim_recording_quantile_ns(recording, SIM_RECORDED_FORWARD, 0), 0);
	assert_int_equal(sim_recording_quantile_ns(recording, SIM_RECORDED_FORWARD, 0.5), 4);
	assert_int_equal(sim_recording_quantile_ns(recording, SIM_RECORDED_FORWARD, 1), N - 1);
	assert_int_equal(sim_recording_quantile_ns(recording, SIM_RECORDED_BACK, 0), -(N - 1));
	assert_int_equal(sim_recording_quantile_ns(recording, SIM_RECORDED_BACK, 1), 0);
	sim_recording_free(recording);
}

/* Of a whole block's samples only the step into the next block may be another than to the next sample. */
static void within_a_block_both_directions_go_on_in_the_order_recorded(void **state)
{
	struct sim_recording *recording = load_ramp();
	struct sim_replay replay = {.random = {1}};
	unsigned int n_breaks = 0;
	int64_t last = -1;

	(void)state;
	for (int i = 0; i < SIM_REPLAY_BLOCK * 20; i++) {
		int64_t forward = sim_replay_next(&replay, recording, SIM_RECORDED_FORWARD);
		int64_t back = sim_replay_next(&replay, recording, SIM_RECORDED_BACK);

		/* A block may begin with either. */
		assert_true(back == -forward || back == -((forward + N - 1) % N));
		n_breaks += last >= 0 && forward != (last + 1) % N;
		last = forward;
	}
	/* One block in N begins where the last one ended. */
	assert_in_range(n_breaks, 20, 40);
	sim_recording_free(recording);
}

static void another_seed_begins_elsewhere_and_the_same_one_does_not(void **state)
{
	struct sim_recording *recording = load_ramp();
	unsigned int n_equal = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct sim_replay a = {.random = {seed}}, b = a, c = {.random = {seed + 1000}};
		int64_t first = sim_replay_next(&a, recording, SIM_RECORDED_FORWARD);

		assert_true(sim_replay_next(&b, recording, SIM_RECORDED_FORWARD) == first);
		n_equal += sim_replay_next(&c, recording, SIM_RECORDED_FORWARD) == first;
	}
	assert_in_range(n_equal, 1, 30);
	sim_recording_free(recording);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_a_recording_is_refused),
		cmocka_unit_test(quantiles_are_those_of_a_direction),
		cmocka_unit_test(within_a_block_both_directions_go_on_in_the_order_recorded),
		cmocka_unit_test(another_seed_begins_elsewhere_and_the_same_one_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
