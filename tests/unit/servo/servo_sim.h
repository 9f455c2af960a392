/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seeded simulation of one port that follows a master: an oscillator with drift and wander, stamps
 * with one-sided heavy-tailed noise, one Delay_Req per Sync, a delay filter, and the servo under test.
 * The true time error is known at every moment.
 */
#pragma once

#include <stdint.h>

#include "bc/servo/servo.h"

struct servo_sim {
	uint64_t seed;
	double interval_s; /* between Sync messages */
	double duration_s;
	double settle_s; /* statistics begin here */
	double drift_ppb;
	double wander_ppb, wander_period_s;
	double start_offset_ns;
	/* Stamp noise: the median excess delay of a frame, and how often one is held up, and how long. */
	double noise_ns;
	double tail_probability, tail_ns;
	double loss_probability;
	/* The master steps by so much at a time; 0: never. */
	double master_step_s, master_step_ns;
	double first_step_threshold_s, step_threshold_s, max_frequency_ppb;
};

struct servo_sim_result {
	double mean_ns, sd_ns, abs_p50_ns, abs_p99_ns, abs_max_ns; /* of the true error after settle_s */
	double settled_s;	 /* from here to settle_s the true error stayed within 1 us */
	double frequency_sd_ppb; /* of the commanded against the ideal correction */
	unsigned int steps;
	unsigned int unlocked_after_lock;
};

struct servo_sim servo_sim_defaults(void);
struct servo_sim_result servo_sim_run(const struct servo_sim *sim, enum bc_servo_type type);
