// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulation behind the servo tests; see the header. */
#include "tests/unit/servo/servo_sim.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define SUBSTEPS     8 /* of an interval: the oscillator's wander, and the true error is looked at */
#define DELAY_NS     25000.0
#define DELAY_LENGTH 10
#define SETTLED_NS   1000.0
#define TWO_PI	     6.283185307179586

struct rng {
	uint64_t state;
};

/* splitmix64 */
static uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double rng_uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) * 0x1p-53;
}

static double rng_normal(struct rng *r)
{
	return sqrt(-2.0 * log(rng_uniform(r))) * cos(TWO_PI * rng_uniform(r));
}

/* What a stamp adds to the delay of a frame: log-normal, and now and then the scheduler's share. */
static double stamp_noise(const struct servo_sim *sim, struct rng *r)
{
	double ns = sim->noise_ns * exp(0.6 * rng_normal(r));

	if (rng_uniform(r) < sim->tail_probability)
		ns += -sim->tail_ns * log(rng_uniform(r));
	return ns;
}

struct servo_sim servo_sim_defaults(void)
{
	return (struct servo_sim){
		.seed = 1,
		.interval_s = 0.125,
		.duration_s = 160,
		.settle_s = 60,
		.drift_ppb = 35000,
		.wander_ppb = 100,
		.wander_period_s = 100,
		.start_offset_ns = 100e6,
		.noise_ns = 350,
		.tail_probability = 0.001,
		.tail_ns = 8000,
		.first_step_threshold_s = 0.00002,
		.max_frequency_ppb = 500000,
	};
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct recorder {
	double *error_ns; /* every one, from the start */
	unsigned int num;
	double frequency_sum, frequency_sum2;
	unsigned int num_frequencies;
};

static void summarize(const struct servo_sim *sim, struct recorder *rec, struct servo_sim_result *result)
{
	double sum = 0, sum2 = 0, substep_s = sim->interval_s / SUBSTEPS;
	unsigned int first = (unsigned int)(sim->settle_s / substep_s), n = rec->num - first;
	unsigned int i = first;

	for (; i > 0; i--) {
		if (fabs(rec->error_ns[i - 1]) > SETTLED_NS)
			break;
	}
	result->settled_s = i * substep_s;

	for (i = first; i < rec->num; i++) {
		sum += rec->error_ns[i];
		sum2 += rec->error_ns[i] * rec->error_ns[i];
		rec->error_ns[i] = fabs(rec->error_ns[i]);
	}
	result->mean_ns = sum / n;
	result->sd_ns = sqrt(fmax(0, sum2 / n - result->mean_ns * result->mean_ns));
	qsort(rec->error_ns + first, n, sizeof(rec->error_ns[0]), compare_doubles);
	result->abs_p50_ns = rec->error_ns[first + n / 2];
	result->abs_p99_ns = rec->error_ns[first + n * 99 / 100];
	result->abs_max_ns = rec->error_ns[rec->num - 1];
	sum = rec->frequency_sum / rec->num_frequencies;
	result->frequency_sd_ppb = sqrt(fmax(0, rec->frequency_sum2 / rec->num_frequencies - sum * sum));
}

static void new_parts(const struct servo_sim *sim, enum bc_servo_type type, struct bc_servo **ret_servo,
		      struct bc_delay_filter **ret_filter)
{
	struct bc_servo_config config = {
		.type = type,
		.step_threshold_s = sim->step_threshold_s,
		.first_step_threshold_s = sim->first_step_threshold_s,
		.max_frequency_ppb = sim->max_frequency_ppb,
		.pi_proportional_exponent = -0.3,
		.pi_integral_exponent = 0.4,
	};

	if (bc_servo_new(&config, 0, ret_servo) < 0 ||
	    bc_delay_filter_new(BC_DELAY_FILTER_MOVING_MEDIAN, DELAY_LENGTH, ret_filter) < 0)
		abort();
	bc_servo_set_interval(*ret_servo, sim->interval_s);
}

struct servo_sim_result servo_sim_run(const struct servo_sim *sim, enum bc_servo_type type)
{
	struct servo_sim_result result = {};
	struct bc_servo *servo;
	struct bc_delay_filter *filter;
	struct rng rng = {sim->seed};
	unsigned int num_samples = (unsigned int)(sim->duration_s / sim->interval_s);
	double substep_s = sim->interval_s / SUBSTEPS;
	double error_ns = sim->start_offset_ns, command_ppb = 0, delay_ns = 0, sync_ns = 0;
	double phase = TWO_PI * rng_uniform(&rng);
	_cleanup_free_ double *errors = calloc((size_t)num_samples * SUBSTEPS, sizeof(*errors));
	struct recorder rec = {.error_ns = errors};
	bool has_delay = false, has_stepped = false, was_locked = false;

	if (!errors)
		abort();
	new_parts(sim, type, &servo, &filter);
	for (unsigned int i = 0; i < num_samples; i++) {
		uint64_t mono_ns = 5000000000 + (uint64_t)(i * sim->interval_s * 1e9);
		bool is_lost = rng_uniform(&rng) < sim->loss_probability;
		enum bc_servo_state state;

		if (sim->master_step_s > 0 && !has_stepped && i * sim->interval_s >= sim->master_step_s) {
			error_ns -= sim->master_step_ns;
			has_stepped = true;
		}
		sync_ns = error_ns + DELAY_NS + stamp_noise(sim, &rng);
		if (has_delay && !is_lost) {
			int64_t offset_ns = (int64_t)llround(sync_ns - delay_ns);

			command_ppb = bc_servo_sample(servo, offset_ns, mono_ns, 1.0, &state);
			if (state == BC_SERVO_JUMP) {
				error_ns -= (double)offset_ns;
				sync_ns -= (double)offset_ns;
				/* Taken while the clock ran at a wrong rate. */
				bc_delay_filter_reset(filter);
				result.steps++;
			}
			if (state == BC_SERVO_UNLOCKED && was_locked)
				result.unlocked_after_lock++;
			was_locked = was_locked || state != BC_SERVO_UNLOCKED;
		}
		for (unsigned int j = 0; j < SUBSTEPS; j++) {
			double t_s = i * sim->interval_s + j * substep_s;
			double natural_ppb =
				sim->drift_ppb +
				sim->wander_ppb * sin(phase + TWO_PI * t_s / sim->wander_period_s);

			error_ns += (natural_ppb - command_ppb) * substep_s;
			rec.error_ns[rec.num++] = error_ns;
			if (j == 0 && t_s >= sim->settle_s) {
				rec.frequency_sum += command_ppb - natural_ppb;
				rec.frequency_sum2 +=
					(command_ppb - natural_ppb) * (command_ppb - natural_ppb);
				rec.num_frequencies++;
			}
			if (j == SUBSTEPS / 2) {
				double request_ns = DELAY_NS + stamp_noise(sim, &rng) - error_ns;

				delay_ns = (double)bc_delay_filter_sample(
					filter, (int64_t)llround((sync_ns + request_ns) / 2));
				has_delay = true;
				bc_servo_delay(servo, (int64_t)llround(request_ns), (int64_t)delay_ns,
					       mono_ns + (uint64_t)(SUBSTEPS / 2 * substep_s * 1e9));
			}
		}
	}
	summarize(sim, &rec, &result);
	bc_delay_filter_free(filter);
	bc_servo_free(servo);
	return result;
}
