// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter of path delays, as ptp4l's delay_filter: the mean or the median of the last N samples.
 * Both are exact for every 64-bit value: the mean keeps its sum in two parts, the median a sorted
 * copy of the window.
 */
#include "bc/servo/servo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct bc_delay_filter {
	enum bc_delay_filter_type type;
	unsigned int length, count, next;
	int64_t high_sum; /* of the upper 32 bits of each sample, rounded down */
	uint64_t low_sum; /* of the lower 32 bits */
	int64_t *sorted;  /* the second half of the allocation */
	int64_t window[];
};

int bc_delay_filter_new(enum bc_delay_filter_type type, unsigned int length,
			struct bc_delay_filter **ret_filter)
{
	struct bc_delay_filter *f;

	if (type != BC_DELAY_FILTER_MOVING_AVERAGE && type != BC_DELAY_FILTER_MOVING_MEDIAN)
		return -EINVAL;
	if (length < 1 || length > BC_DELAY_FILTER_MAX_LENGTH)
		return -EINVAL;
	f = calloc(1, sizeof(*f) + 2 * length * sizeof(f->window[0]));
	if (!f)
		return -ENOMEM;
	f->type = type;
	f->length = length;
	f->sorted = f->window + length;
	*ret_filter = f;
	return 0;
}

void bc_delay_filter_free(struct bc_delay_filter *filter)
{
	free(filter);
}

void bc_delay_filter_reset(struct bc_delay_filter *f)
{
	f->count = 0;
	f->next = 0;
	f->high_sum = 0;
	f->low_sum = 0;
}

void bc_delay_filter_copy(struct bc_delay_filter *f, const struct bc_delay_filter *from)
{
	f->count = from->count;
	f->next = from->next;
	f->high_sum = from->high_sum;
	f->low_sum = from->low_sum;
	memcpy(f->window, from->window, 2 * f->length * sizeof(f->window[0]));
}

/* The first place in the sorted copy whose value is not below v. */
static unsigned int sorted_place(const struct bc_delay_filter *f, unsigned int count, int64_t v)
{
	unsigned int lo = 0, hi = count;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (f->sorted[mid] < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void sorted_remove(struct bc_delay_filter *f, unsigned int count, int64_t v)
{
	unsigned int at = sorted_place(f, count, v);

	memmove(&f->sorted[at], &f->sorted[at + 1], (count - at - 1) * sizeof(v));
}

static void sorted_insert(struct bc_delay_filter *f, unsigned int count, int64_t v)
{
	unsigned int at = sorted_place(f, count, v);

	memmove(&f->sorted[at + 1], &f->sorted[at], (count - at) * sizeof(v));
	f->sorted[at] = v;
}

static int64_t median(const struct bc_delay_filter *f)
{
	int64_t upper = f->sorted[f->count / 2], lower;

	if (f->count % 2)
		return upper;
	lower = f->sorted[f->count / 2 - 1];
	/* upper >= lower, but their difference may need the 64th bit. */
	return lower + (int64_t)(((uint64_t)upper - (uint64_t)lower) / 2);
}

/* Rounded down. (high_sum * 2^32 + low_sum) / count, by long division. */
static int64_t mean(const struct bc_delay_filter *f)
{
	int64_t count = f->count;
	int64_t quotient = f->high_sum / count, rest = f->high_sum % count;

	if (rest < 0) {
		rest += count;
		quotient--;
	}
	return (int64_t)((uint64_t)quotient << 32) +
	       (int64_t)((((uint64_t)rest << 32) + f->low_sum) / (uint64_t)count);
}

int64_t bc_delay_filter_sample(struct bc_delay_filter *f, int64_t delay_ns)
{
	if (f->count == f->length) {
		int64_t oldest_ns = f->window[f->next];

		f->high_sum -= oldest_ns >> 32;
		f->low_sum -= (uint32_t)oldest_ns;
		sorted_remove(f, f->count, oldest_ns);
		f->count--;
	}
	f->high_sum += delay_ns >> 32;
	f->low_sum += (uint32_t)delay_ns;
	sorted_insert(f, f->count, delay_ns);
	f->count++;
	f->window[f->next] = delay_ns;
	f->next = (f->next + 1) % f->length;
	return f->type == BC_DELAY_FILTER_MOVING_MEDIAN ? median(f) : mean(f);
}
