// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantiles, mean and deviation from log-linear buckets. */
#include "ctl/histogram.h"

#include <math.h>

#include "util/macros.h"

#define LINEAR 16 /* buckets an octave; below this many ns a bucket is one ns wide */

void histogram_bucket_range(size_t bucket, uint64_t *ret_lower_ns, uint64_t *ret_upper_ns)
{
	size_t shift = bucket < 2 * LINEAR ? 0 : bucket / LINEAR - 1;
	uint64_t steps = bucket < LINEAR ? bucket : LINEAR + bucket % LINEAR;

	*ret_lower_ns = steps << shift;
	*ret_upper_ns = (steps + 1) << shift;
}

/* Kernel programs count while they are read: the buckets' own sum is what quantiles must go by. */
static uint64_t sum_of_buckets(const struct ebc_histogram *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++)
		sum += h->bucket[i];
	return sum;
}

/* The rank-th smallest of those in the bucket (from 1), taken as evenly spread over what min and max leave.
 */
static double interpolate_ns(const struct ebc_histogram *h, size_t bucket, uint64_t rank)
{
	uint64_t lower, upper;

	histogram_bucket_range(bucket, &lower, &upper);
	if (bucket == EBC_HISTOGRAM_BUCKETS - 1)
		upper = MAX(upper, h->max_ns + 1);
	lower = MAX(lower, h->min_ns);
	upper = MIN(upper, h->max_ns + 1);
	if (upper <= lower)
		return (double)CLAMP(lower, h->min_ns, h->max_ns);
	return (double)lower + (double)(upper - 1 - lower) * ((double)rank - 0.5) / (double)h->bucket[bucket];
}

double histogram_quantile_ns(const struct ebc_histogram *h, unsigned int per_10000)
{
	uint64_t n = sum_of_buckets(h), below = 0, rank;

	if (n == 0)
		return NAN;
	/* ceil(n * q), without a product that could wrap. */
	rank = n / 10000 * per_10000 + (n % 10000 * per_10000 + 9999) / 10000;
	rank = CLAMP(rank, 1, n);
	if (rank == n)
		return (double)h->max_ns;
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		if (below + h->bucket[i] >= rank)
			return interpolate_ns(h, i, rank - below);
		below += h->bucket[i];
	}
	return (double)h->max_ns;
}

double histogram_mean_ns(const struct ebc_histogram *h)
{
	return h->count ? (double)h->sum_ns / (double)h->count : NAN;
}

double histogram_sd_ns(const struct ebc_histogram *h)
{
	double n = (double)h->count, mean = histogram_mean_ns(h);
	double squares = ldexp((double)h->sum_squares_high, 64) + (double)h->sum_squares_low;

	return h->count < 2 ? NAN : sqrt(fmax(squares - n * mean * mean, 0) / (n - 1));
}

static void find_extremes(struct ebc_histogram *since, const struct ebc_histogram *h,
			  const struct ebc_histogram *earlier)
{
	bool is_first = true;

	since->min_ns = h->min_ns;
	since->max_ns = h->max_ns;
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower, upper;

		if (!since->bucket[i])
			continue;
		histogram_bucket_range(i, &lower, &upper);
		if (is_first && h->min_ns >= earlier->min_ns)
			since->min_ns = MAX(lower, h->min_ns);
		if (h->max_ns <= earlier->max_ns && i < EBC_HISTOGRAM_BUCKETS - 1)
			since->max_ns = MIN(upper - 1, h->max_ns);
		is_first = false;
	}
}

/* Not by the extremes: of two CPUs that count at once one may take the other's back. */
bool histogram_was_cleared(const struct ebc_histogram *h, const struct ebc_histogram *earlier)
{
	if (h->count < earlier->count || h->sum_ns < earlier->sum_ns ||
	    h->sum_squares_high < earlier->sum_squares_high ||
	    (h->sum_squares_high == earlier->sum_squares_high &&
	     h->sum_squares_low < earlier->sum_squares_low))
		return true;
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++)
		if (h->bucket[i] < earlier->bucket[i])
			return true;
	return false;
}

void histogram_since(const struct ebc_histogram *h, const struct ebc_histogram *earlier,
		     struct ebc_histogram *ret_since)
{
	*ret_since = *h;
	if (earlier->count == 0)
		return;
	ret_since->count -= earlier->count;
	ret_since->sum_ns -= earlier->sum_ns;
	ret_since->sum_squares_high -= earlier->sum_squares_high;
	ret_since->sum_squares_high -= h->sum_squares_low < earlier->sum_squares_low;
	ret_since->sum_squares_low -= earlier->sum_squares_low;
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++)
		ret_since->bucket[i] -= earlier->bucket[i];
	find_extremes(ret_since, h, earlier);
}
