// SPDX-License-Identifier: GPL-2.0-or-later
/* See token_bucket.h. */
#include "bc/daemon/token_bucket.h"

#include "util/macros.h"

struct token_bucket token_bucket_new(uint32_t rate_per_s, uint32_t burst, uint64_t now_mono_ns)
{
	uint64_t interval_ns = NSEC_PER_SEC / rate_per_s;

	return (struct token_bucket){
		.interval_ns = interval_ns,
		.limit_ns = interval_ns * burst,
		.credit_ns = interval_ns * burst,
		.last_mono_ns = now_mono_ns,
	};
}

uint64_t token_bucket_available(struct token_bucket *b, uint64_t now_mono_ns)
{
	if (now_mono_ns > b->last_mono_ns) {
		/* Not more than fits, which also keeps the sum from wrapping. */
		b->credit_ns += MIN(now_mono_ns - b->last_mono_ns, b->limit_ns - b->credit_ns);
		b->last_mono_ns = now_mono_ns;
	}
	return b->credit_ns / b->interval_ns;
}

void token_bucket_take(struct token_bucket *b, uint64_t n)
{
	b->credit_ns -= MIN(n * b->interval_ns, b->credit_ns);
}
