/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A noiseless clock to drive a servo with: the offset follows exactly from the drift and from what
 * the servo commanded. Header only; each test feeds it its own story.
 */
#pragma once

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/servo/servo.h"

struct ideal {
	struct bc_servo *servo;
	uint64_t mono_ns;
	double error_ns;    /* local minus master */
	double drift_ppb;   /* of the free-running clock */
	double command_ppb; /* in force */
	enum bc_servo_state state;
	unsigned int jumps;
};

static inline struct ideal ideal_new(struct bc_servo_config config, double interval_s)
{
	struct ideal ideal = {.mono_ns = 1000000000};

	config.pi_proportional_exponent = -0.3;
	config.pi_integral_exponent = 0.4;
	assert_int_equal(bc_servo_new(&config, 0, &ideal.servo), 0);
	bc_servo_set_interval(ideal.servo, interval_s);
	return ideal;
}

/* Time passes, then the servo sees the error plus noise_ns. */
static inline void ideal_sample(struct ideal *i, double elapsed_s, double noise_ns)
{
	int64_t offset_ns;

	i->mono_ns += (uint64_t)llround(elapsed_s * 1e9);
	i->error_ns += (i->drift_ppb - i->command_ppb) * elapsed_s;
	offset_ns = llround(i->error_ns + noise_ns);
	i->command_ppb = bc_servo_sample(i->servo, offset_ns, i->mono_ns, 1.0, &i->state);
	if (i->state == BC_SERVO_JUMP) {
		i->error_ns -= (double)offset_ns;
		i->jumps++;
	}
}

static inline void ideal_run(struct ideal *i, double interval_s, double duration_s)
{
	for (double t = 0; t < duration_s; t += interval_s)
		ideal_sample(i, interval_s, 0);
}
