// SPDX-License-Identifier: GPL-2.0-or-later
/* A recording is kept as rows in the order of time, each of one direction. */
#include "tests/sim/recorded.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define MAX_ROWS  8192
#define LINE_SIZE 160

static const char heading[] = "forward_ns,back_ns";

struct row {
	int32_t delay_ns;
	uint8_t direction;
};

struct sim_recording {
	size_t n_rows;
	size_t n[SIM_RECORDED_DIRECTIONS];
	int32_t *ordered_ns[SIM_RECORDED_DIRECTIONS]; /* n[] each */
	struct row rows[MAX_ROWS];
};

/* "DELAY," or ",DELAY" */
static bool parse_row(const char *line, struct row *ret_row)
{
	bool is_back = line[0] == ',';
	const char *number = line + is_back;
	char *end;
	long delay_ns = strtol(number, &end, 10);

	if (end == number || labs(delay_ns) > NSEC_PER_SEC || strcmp(end, is_back ? "\n" : ",\n") != 0)
		return false;
	ret_row->delay_ns = (int32_t)delay_ns;
	ret_row->direction = is_back ? SIM_RECORDED_BACK : SIM_RECORDED_FORWARD;
	return true;
}

static bool is_heading(const char *line)
{
	return strncmp(line, heading, strlen(heading)) == 0 && strcmp(line + strlen(heading), "\n") == 0;
}

static bool read_rows(FILE *file, struct sim_recording *recording)
{
	bool has_heading = false;
	char line[LINE_SIZE];

	while (fgets(line, sizeof(line), file)) {
		struct row row;

		if (line[0] == '#')
			continue;
		if (!has_heading) {
			if (!is_heading(line))
				return false;
			has_heading = true;
			continue;
		}
		if (recording->n_rows == MAX_ROWS || !parse_row(line, &row))
			return false;
		recording->rows[recording->n_rows++] = row;
		recording->n[row.direction]++;
	}
	return !ferror(file) && recording->n[SIM_RECORDED_FORWARD] > 0 && recording->n[SIM_RECORDED_BACK] > 0;
}

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static bool order(struct sim_recording *recording, enum sim_recorded_direction direction)
{
	int32_t *to = calloc(recording->n[direction], sizeof(*to));

	recording->ordered_ns[direction] = to;
	if (!to)
		return false;
	for (size_t i = 0; i < recording->n_rows; i++)
		if (recording->rows[i].direction == direction)
			*to++ = recording->rows[i].delay_ns;
	qsort(recording->ordered_ns[direction], recording->n[direction], sizeof(*to), compare);
	return true;
}

static void cleanup_recording(struct sim_recording **recording)
{
	sim_recording_free(*recording);
}

struct sim_recording *sim_recording_load(const char *path)
{
	_cleanup_(cleanup_recording) struct sim_recording *recording = calloc(1, sizeof(*recording));
	_cleanup_file_ FILE *file = fopen(path, "re");

	if (!file || !recording) {
		fprintf(stderr, "%s: %m\n", path);
		return NULL;
	}
	if (!read_rows(file, recording)) {
		fprintf(stderr, "%s: not a recording of both directions (row %zu)\n", path,
			recording->n_rows + 1);
		return NULL;
	}
	if (!order(recording, SIM_RECORDED_FORWARD) || !order(recording, SIM_RECORDED_BACK)) {
		fprintf(stderr, "%s: %m\n", path);
		return NULL;
	}
	return TAKE_PTR(recording);
}

void sim_recording_free(struct sim_recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < SIM_RECORDED_DIRECTIONS; i++)
		free(recording->ordered_ns[i]);
	free(recording);
}

size_t sim_recording_n(const struct sim_recording *recording, enum sim_recorded_direction direction)
{
	return recording->n[direction];
}

int64_t sim_recording_quantile_ns(const struct sim_recording *recording,
				  enum sim_recorded_direction direction, double q)
{
	double rank = ceil(q * (double)recording->n[direction]);

	return recording->ordered_ns[direction][(size_t)MAX(rank, 1.0) - 1];
}

static void begin_block(struct sim_replay *replay, const struct sim_recording *recording)
{
	size_t row = (size_t)(sim_random_unit(&replay->random) * (double)recording->n_rows);

	for (size_t i = 0; i < SIM_RECORDED_DIRECTIONS; i++)
		replay->next_row[i] = row;
	replay->n_left = SIM_REPLAY_BLOCK;
}

int64_t sim_replay_next(struct sim_replay *replay, const struct sim_recording *recording,
			enum sim_recorded_direction direction)
{
	size_t *next = &replay->next_row[direction];
	const struct row *row;

	if (replay->n_left == 0)
		begin_block(replay, recording);
	replay->n_left--;
	do {
		row = &recording->rows[*next];
		*next = (*next + 1) % recording->n_rows;
	} while (row->direction != direction);
	return row->delay_ns;
}
