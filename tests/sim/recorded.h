/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delays that were measured on a real cable (tests/bench/record-delays), and drawing from them: blocks of the
 * recording, each from a random place on and in the order recorded, so that bursts, and what both directions
 * have in common, stay as they were, while a simulation longer than the recording does not repeat it.
 *
 * D. N. Politis, J. P. Romano: A circular block-resampling procedure for stationary data, 1992.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/sim/oscillator.h"

/* Samples of a block: 16 s of 8 Sync and 8 Delay_Req a second, longer than what disturbs them in a row. */
#define SIM_REPLAY_BLOCK 256

enum sim_recorded_direction {
	SIM_RECORDED_FORWARD, /* master to slave */
	SIM_RECORDED_BACK,
	SIM_RECORDED_DIRECTIONS,
};

struct sim_recording;

/*
 * A CSV file with the columns forward_ns and back_ns, one of them empty in each row, after lines that begin
 * with '#'. NULL, and a line on stderr: it cannot be read, a row is not of that form, or a direction has no
 * sample. The caller owns the recording.
 */
struct sim_recording *sim_recording_load(const char *path);
/* Accepts NULL. */
void sim_recording_free(struct sim_recording *recording);
size_t sim_recording_n(const struct sim_recording *recording, enum sim_recorded_direction direction);
/* The smallest sample that at least a part q of its direction does not exceed; q in [0, 1]. */
int64_t sim_recording_quantile_ns(const struct sim_recording *recording,
				  enum sim_recorded_direction direction, double q);

/* A place in a recording. All zero but the random numbers' seed: at its start. */
struct sim_replay {
	struct sim_random random;
	size_t next_row[SIM_RECORDED_DIRECTIONS];
	size_t n_left; /* samples of this block */
};

/* The next delay of a direction; may be below 0, where a stamp is taken late. */
int64_t sim_replay_next(struct sim_replay *replay, const struct sim_recording *recording,
			enum sim_recorded_direction direction);
