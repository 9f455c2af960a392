// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The controller for a clock whose rate is disciplined by something else (Synchronous Ethernet):
 * it steps like the others, and leaves the frequency at 0.
 */
#include "bc/servo/servo_private.h"

#include <stdlib.h>

static double nullf_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
			   enum bc_servo_state *ret_state)
{
	(void)local_mono_ns;
	(void)weight;
	*ret_state = bc_servo_wants_step(servo, (double)offset_ns) ? BC_SERVO_JUMP : BC_SERVO_LOCKED;
	return 0;
}

static void nullf_set_interval(struct bc_servo *servo, double interval_s)
{
	(void)servo;
	(void)interval_s;
}

static void nullf_reset(struct bc_servo *servo)
{
	(void)servo;
}

static double nullf_frequency_ppb(const struct bc_servo *servo)
{
	(void)servo;
	return 0;
}

static const struct bc_servo_ops nullf_ops = {
	.sample = nullf_sample,
	.set_interval = nullf_set_interval,
	.reset = nullf_reset,
	.frequency_ppb = nullf_frequency_ppb,
};

struct bc_servo *bc_servo_nullf_new(const struct bc_servo_config *config, double frequency_ppb)
{
	struct bc_servo *servo = calloc(1, sizeof(*servo));

	(void)config;
	(void)frequency_ppb;
	if (servo)
		servo->ops = &nullf_ops;
	return servo;
}
