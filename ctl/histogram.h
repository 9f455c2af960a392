/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram of the kernel programs (bpf/ebc_abi.h) says of the times that went into it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

/* The times of a bucket, lower <= ns < upper; the inverse of the formula beside struct ebc_histogram. */
void histogram_bucket_range(size_t bucket, uint64_t *ret_lower_ns, uint64_t *ret_upper_ns);

/*
 * The time that so many of ten thousand do not exceed (5000: the median), by nearest rank and interpolated
 * inside its bucket, so wrong by less than the bucket's width, 1/16 of the time; never outside min and max.
 * NaN for an empty histogram.
 */
double histogram_quantile_ns(const struct ebc_histogram *h, unsigned int per_10000);
/* NaN for an empty histogram; exact but for rounding. */
double histogram_mean_ns(const struct ebc_histogram *h);
/* Of the sample (n - 1); NaN below two. */
double histogram_sd_ns(const struct ebc_histogram *h);

/* Whether `h` was cleared after `earlier` was read, as far as it shows: something fell that can only rise. */
bool histogram_was_cleared(const struct ebc_histogram *h, const struct ebc_histogram *earlier);

/*
 * What was added since `earlier`, after which `h` was not cleared. Its minimum and maximum are known only to
 * a bucket, unless they are the whole's and new.
 */
void histogram_since(const struct ebc_histogram *h, const struct ebc_histogram *earlier,
		     struct ebc_histogram *ret_since);
