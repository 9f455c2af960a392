// SPDX-License-Identifier: GPL-2.0-or-later
/* Data-set comparison: figure 34 where grandmasters differ, figure 35 where they are one. */
#include "bc/engine/bmca.h"

#include <string.h>

static enum bc_comparison lower_wins(int diff)
{
	return diff < 0 ? BC_A_BETTER : BC_B_BETTER;
}

/* a is one step further away than b: better by topology unless a came in over the path to its own sender. */
static enum bc_comparison nearer_by_one(const struct bc_dataset *farther)
{
	int diff = bc_port_identity_compare(&farther->receiver, &farther->sender);

	if (diff < 0)
		return BC_A_BETTER;
	return diff > 0 ? BC_A_BETTER_BY_TOPOLOGY : BC_SAME;
}

/* Figure 35: the same grandmaster, so the way to it decides. */
static enum bc_comparison compare_topology(const struct bc_dataset *a, const struct bc_dataset *b)
{
	int steps = (int)a->steps_removed - (int)b->steps_removed;
	int diff;

	if (steps < -1)
		return BC_A_BETTER;
	if (steps > 1)
		return BC_B_BETTER;
	if (steps == -1)
		return nearer_by_one(b);
	if (steps == 1)
		return (enum bc_comparison) - nearer_by_one(a);

	diff = bc_port_identity_compare(&a->sender, &b->sender);
	if (diff == 0)
		diff = (int)a->receiver.port_number - (int)b->receiver.port_number;
	if (diff == 0)
		return BC_SAME;
	return diff < 0 ? BC_A_BETTER_BY_TOPOLOGY : BC_B_BETTER_BY_TOPOLOGY;
}

/* clockClass, clockAccuracy, offsetScaledLogVariance, priority2: the difference of the first that differs, or
 * 0. */
static int compare_quality(const struct bc_dataset *a, const struct bc_dataset *b)
{
	if (a->quality.clock_class != b->quality.clock_class)
		return a->quality.clock_class - b->quality.clock_class;
	if (a->quality.clock_accuracy != b->quality.clock_accuracy)
		return a->quality.clock_accuracy - b->quality.clock_accuracy;
	if (a->quality.offset_scaled_log_variance != b->quality.offset_scaled_log_variance)
		return (int)a->quality.offset_scaled_log_variance -
		       (int)b->quality.offset_scaled_log_variance;
	return a->priority2 - b->priority2;
}

enum bc_comparison bc_dataset_compare(const struct bc_dataset *a, const struct bc_dataset *b)
{
	int identity = memcmp(a->identity, b->identity, PTP_CLOCK_IDENTITY_LEN), quality;

	if (identity == 0)
		return compare_topology(a, b);
	if (a->priority1 != b->priority1)
		return lower_wins(a->priority1 - b->priority1);
	quality = compare_quality(a, b);
	return lower_wins(quality != 0 ? quality : identity);
}

enum bc_comparison bc_dataset_compare_telecom(const struct bc_dataset *a, const struct bc_dataset *b)
{
	int identity = memcmp(a->identity, b->identity, PTP_CLOCK_IDENTITY_LEN);
	int diff = compare_quality(a, b);

	if (diff == 0)
		diff = a->local_priority - b->local_priority;
	if (diff != 0)
		return lower_wins(diff);
	if (identity == 0 || a->quality.clock_class <= BC_CLOCK_CLASS_MASTER_MAX)
		return compare_topology(a, b);
	return lower_wins(identity);
}

void bc_dataset_from_announce(const struct bc_msg *msg, const struct ptp_port_identity *receiver,
			      struct bc_dataset *ret_dataset)
{
	*ret_dataset = (struct bc_dataset){
		.priority1 = msg->announce.grandmaster_priority1,
		.quality = msg->announce.grandmaster_clock_quality,
		.priority2 = msg->announce.grandmaster_priority2,
		.steps_removed = msg->announce.steps_removed,
		.sender = msg->source,
		.receiver = *receiver,
	};
	memcpy(ret_dataset->identity, msg->announce.grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
}
