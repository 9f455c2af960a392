// SPDX-License-Identifier: GPL-2.0-or-later
/* The affine clock; all products go through mul_shift_s64(), which is wide enough for its whole range. */
#include "bc/engine/local_clock.h"

#include "util/mulshift.h"

#define RATE_ONE ((double)(1LL << 62))

/* PTP time with its fraction. The low 32 bits of (product >> 30) are the fraction of (product >> 62),
 * whatever was cut off above them. */
static int64_t convert(const struct bc_local_clock *clock, uint64_t mono_ns, uint32_t *ret_frac)
{
	int64_t elapsed_ns = (int64_t)(mono_ns - clock->ref_mono_ns);
	int64_t whole_ns = mul_shift_s64(elapsed_ns, clock->rate_q62, 62);
	uint64_t frac = (uint32_t)mul_shift_s64(elapsed_ns, clock->rate_q62, 30);

	frac += clock->ref_frac;
	*ret_frac = (uint32_t)frac;
	return clock->ref_ptp_ns + elapsed_ns + whole_ns + (int64_t)(frac >> 32);
}

void bc_local_clock_init(struct bc_local_clock *clock, uint64_t mono_ns, int64_t ptp_ns)
{
	*clock = (struct bc_local_clock){.ref_mono_ns = mono_ns, .ref_ptp_ns = ptp_ns};
}

int64_t bc_local_clock_ptp_ns(const struct bc_local_clock *clock, uint64_t mono_ns)
{
	uint32_t frac;

	return convert(clock, mono_ns, &frac);
}

void bc_local_clock_set_rate(struct bc_local_clock *clock, uint64_t now_mono_ns, double rate_ppb)
{
	uint32_t frac;

	clock->ref_ptp_ns = convert(clock, now_mono_ns, &frac);
	clock->ref_frac = frac;
	clock->ref_mono_ns = now_mono_ns;
	clock->rate_q62 = (int64_t)(rate_ppb * 1e-9 * RATE_ONE);
}

void bc_local_clock_step(struct bc_local_clock *clock, int64_t step_ns)
{
	clock->ref_ptp_ns += step_ns;
}

bool bc_local_clock_equal(const struct bc_local_clock *a, const struct bc_local_clock *b)
{
	return a->ref_mono_ns == b->ref_mono_ns && a->ref_ptp_ns == b->ref_ptp_ns &&
	       a->ref_frac == b->ref_frac && a->rate_q62 == b->rate_q62;
}

double bc_local_clock_rate_ppb(const struct bc_local_clock *clock)
{
	return (double)clock->rate_q62 / RATE_ONE * 1e9;
}
