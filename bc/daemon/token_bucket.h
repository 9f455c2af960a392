/* SPDX-License-Identifier: GPL-2.0-or-later */
/* So many a second on average, and so many at once. Pure. */
#pragma once

#include <stdint.h>

struct token_bucket {
	uint64_t interval_ns; /* from one token to the next */
	uint64_t limit_ns;    /* what it holds when full, in time */
	uint64_t credit_ns;
	uint64_t last_mono_ns;
};

/* Full. `rate_per_s` 1 to 10^9, `burst` at least 1. */
struct token_bucket token_bucket_new(uint32_t rate_per_s, uint32_t burst, uint64_t now_mono_ns);
/* How many may be taken now. A time before the last one is that one. */
uint64_t token_bucket_available(struct token_bucket *bucket, uint64_t now_mono_ns);
/* No more than are available. */
void token_bucket_take(struct token_bucket *bucket, uint64_t n);
