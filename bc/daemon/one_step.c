// SPDX-License-Identifier: GPL-2.0-or-later
/* When Syncs of a port may tell their time themselves. */
#include "bc/daemon/one_step.h"

#include "util/macros.h"

/* More than the caches of a busy machine make of the way to the driver (6 us), less than one large frame at
 * 1 Gbit/s. */
#define QUEUE_NS 10000
/* Of two in a row this is no interrupt in between: a queue has begun. */
#define QUEUE_SURE_NS 50000
/* So many Syncs with a short queue before one-step comes back: not now this, now that. */
#define RETURN_AFTER 16u
/* A frame that waits for longer has another's record, or met a halt. */
#define STAMP_MAX_NS (2 * NSEC_PER_SEC)

static const struct one_step_sample *sample(const struct one_step *o, unsigned int back)
{
	return &o->recent[(o->n - 1 - back) % ONE_STEP_SYNCS];
}

/* Of the newest n: the (n / 2)th of the values in their order. */
static uint32_t median(const uint32_t *values, unsigned int n)
{
	uint32_t sorted[ONE_STEP_SYNCS];

	for (unsigned int i = 0; i < n; i++) {
		unsigned int place = i;

		for (; place > 0 && sorted[place - 1] > values[i]; place--)
			sorted[place] = sorted[place - 1];
		sorted[place] = values[i];
	}
	return n > 0 ? sorted[n / 2] : 0;
}

uint32_t one_step_queue_ns(const struct one_step *o)
{
	unsigned int n = (unsigned int)MIN(o->n, ONE_STEP_QUEUE_SYNCS);
	uint32_t values[ONE_STEP_SYNCS];

	for (unsigned int i = 0; i < n; i++)
		values[i] = sample(o, i)->queue_ns;
	return median(values, n);
}

int64_t one_step_allowance_ns(const struct one_step *o)
{
	unsigned int n = (unsigned int)MIN(o->n, ONE_STEP_SYNCS);
	uint32_t values[ONE_STEP_SYNCS] = {};
	int64_t limit_ns, sum_ns = 0;

	for (unsigned int i = 0; i < n; i++)
		values[i] = sample(o, i)->stamp_ns;
	limit_ns = 2 * (int64_t)median(values, n);
	for (unsigned int i = 0; i < n; i++)
		sum_ns += MIN(values[i], limit_ns);
	return n > 0 ? sum_ns / n : 0;
}

static bool is_queueing(const struct one_step *o)
{
	return one_step_queue_ns(o) >= QUEUE_NS ||
	       (sample(o, 0)->queue_ns >= QUEUE_SURE_NS && sample(o, 1)->queue_ns >= QUEUE_SURE_NS);
}

void one_step_handle_sync(struct one_step *o, uint64_t tc_mono_ns, uint64_t start_mono_ns,
			  uint64_t stamp_mono_ns)
{
	int64_t queue_ns = (int64_t)(start_mono_ns - tc_mono_ns),
		stamp_ns = (int64_t)(stamp_mono_ns - tc_mono_ns);

	if (queue_ns < 0 || queue_ns > STAMP_MAX_NS || stamp_ns < 0 || stamp_ns > STAMP_MAX_NS)
		return;
	o->recent[o->n % ONE_STEP_SYNCS] =
		(struct one_step_sample){.queue_ns = (uint32_t)queue_ns, .stamp_ns = (uint32_t)stamp_ns};
	o->n++;
	o->last_mono_ns = stamp_mono_ns;
	if (o->n < ONE_STEP_QUEUE_SYNCS)
		return;
	if (is_queueing(o)) {
		o->is_on = false;
		o->has_queue = true;
		o->n_short = 0;
	} else if (!o->is_on && (!o->has_queue || ++o->n_short >= RETURN_AFTER)) {
		o->is_on = true;
		o->has_queue = false;
	}
}

bool one_step_is_on(const struct one_step *o, uint64_t now_mono_ns)
{
	return o->is_on && (int64_t)(now_mono_ns - o->last_mono_ns) < (int64_t)EBC_QUEUE_RECENT_AGE_NS;
}
