// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dispatcher in front of the controllers: checks configuration and samples, keeps the results
 * finite and within max_frequency, and turns LOCKED into LOCKED_STABLE.
 */
#include "bc/servo/servo_private.h"

#include <errno.h>
#include <stdlib.h>

static bool is_not_negative(double v)
{
	return isfinite(v) && v >= 0;
}

static bool is_config_valid(const struct bc_servo_config *c)
{
	return is_not_negative(c->step_threshold_s) && is_not_negative(c->first_step_threshold_s) &&
	       is_not_negative(c->max_frequency_ppb) && c->offset_threshold_ns >= 0 &&
	       c->num_offset_values >= 0 && is_not_negative(c->pi_proportional_const) &&
	       is_not_negative(c->pi_integral_const) && is_not_negative(c->pi_proportional_scale) &&
	       is_not_negative(c->pi_integral_scale) && isfinite(c->pi_proportional_exponent) &&
	       isfinite(c->pi_integral_exponent) && is_not_negative(c->pi_proportional_norm_max) &&
	       is_not_negative(c->pi_integral_norm_max);
}

int bc_servo_new(const struct bc_servo_config *config, double frequency_ppb, struct bc_servo **ret_servo)
{
	struct bc_servo *servo = NULL;
	double max_ppb = BC_SERVO_FREQUENCY_CEILING_PPB;

	if (!is_config_valid(config) || !isfinite(frequency_ppb))
		return -EINVAL;
	if (config->max_frequency_ppb > 0)
		max_ppb = fmin(max_ppb, config->max_frequency_ppb);
	frequency_ppb = fmax(-max_ppb, fmin(max_ppb, frequency_ppb));

	switch (config->type) {
	case BC_SERVO_PI:
		servo = bc_servo_pi_new(config, frequency_ppb);
		break;
	case BC_SERVO_LINREG:
		servo = bc_servo_linreg_new(config, frequency_ppb);
		break;
	case BC_SERVO_NULLF:
		servo = bc_servo_nullf_new(config, frequency_ppb);
		break;
	case BC_SERVO_KALMAN:
		servo = bc_servo_kalman_new(config, frequency_ppb);
		break;
	default:
		return -EINVAL;
	}
	if (!servo)
		return -ENOMEM;

	servo->step_threshold_ns = config->step_threshold_s * 1e9;
	servo->first_step_threshold_ns = config->first_step_threshold_s * 1e9;
	servo->max_frequency_ppb = max_ppb;
	servo->is_first_update = true;
	servo->offset_threshold_ns = config->offset_threshold_ns;
	servo->num_offset_values = config->num_offset_values;
	servo->offset_values_left = config->num_offset_values;
	servo->ops->set_interval(servo, 1.0);
	*ret_servo = servo;
	return 0;
}

void bc_servo_free(struct bc_servo *servo)
{
	free(servo);
}

static bool has_been_stable(struct bc_servo *servo, int64_t offset_ns)
{
	if (servo->offset_threshold_ns == 0)
		return false;
	if (offset_ns >= servo->offset_threshold_ns || offset_ns <= -servo->offset_threshold_ns)
		servo->offset_values_left = servo->num_offset_values;
	else if (servo->offset_values_left > 0)
		servo->offset_values_left--;
	return servo->offset_values_left == 0;
}

double bc_servo_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
		       enum bc_servo_state *ret_state)
{
	enum bc_servo_state state = BC_SERVO_UNLOCKED;
	double ppb;

	if (!(weight > 0))
		weight = 1e-3;
	weight = fmin(weight, 1.0);

	ppb = servo->ops->sample(servo, offset_ns, local_mono_ns, weight, &state);
	switch (state) {
	case BC_SERVO_UNLOCKED:
		servo->offset_values_left = servo->num_offset_values;
		break;
	case BC_SERVO_JUMP:
		servo->is_first_update = false;
		servo->offset_values_left = servo->num_offset_values;
		break;
	case BC_SERVO_LOCKED:
	case BC_SERVO_LOCKED_STABLE:
		servo->is_first_update = false;
		if (has_been_stable(servo, offset_ns))
			state = BC_SERVO_LOCKED_STABLE;
		break;
	}
	*ret_state = state;
	return bc_servo_clamp_ppb(servo, ppb);
}

void bc_servo_first_again(struct bc_servo *servo)
{
	servo->is_first_update = true;
}

void bc_servo_delay(struct bc_servo *servo, int64_t back_ns, int64_t path_delay_ns, uint64_t local_mono_ns)
{
	if (servo->ops->delay)
		servo->ops->delay(servo, back_ns, path_delay_ns, local_mono_ns);
}

void bc_servo_set_interval(struct bc_servo *servo, double interval_s)
{
	if (!isfinite(interval_s) || interval_s <= 0)
		return;
	servo->ops->set_interval(servo,
				 fmax(BC_SERVO_INTERVAL_MIN_S, fmin(BC_SERVO_INTERVAL_MAX_S, interval_s)));
}

void bc_servo_reset(struct bc_servo *servo)
{
	servo->offset_values_left = servo->num_offset_values;
	servo->ops->reset(servo);
}

bool bc_servo_takes_delays(const struct bc_servo *servo)
{
	return servo->ops->delay != NULL;
}

uint64_t bc_servo_n_outliers(const struct bc_servo *servo)
{
	return servo->n_outliers;
}

bool bc_servo_uncertainty(const struct bc_servo *servo, struct bc_servo_uncertainty *ret_uncertainty)
{
	return servo->ops->uncertainty && servo->ops->uncertainty(servo, ret_uncertainty);
}

double bc_servo_frequency_ppb(const struct bc_servo *servo)
{
	return bc_servo_clamp_ppb(servo, servo->ops->frequency_ppb(servo));
}
