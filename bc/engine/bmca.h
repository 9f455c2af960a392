/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The best master clock algorithm's data-set comparison (IEEE 1588-2019 9.3.4, figures 34 and 35). Pure. */
#pragma once

#include "bc/wire/msg.h"

struct bc_dataset {
	uint8_t priority1;
	struct ptp_clock_quality quality;
	uint8_t priority2;
	uint8_t identity[PTP_CLOCK_IDENTITY_LEN]; /* of the grandmaster */
	uint16_t steps_removed;
	struct ptp_port_identity sender;
	struct ptp_port_identity receiver;
};

/* Positive: a is better than b. */
enum bc_comparison {
	BC_A_BETTER = 2,
	BC_A_BETTER_BY_TOPOLOGY = 1,
	BC_SAME = 0, /* error-1 and error-2: a message of our own, or twice the same */
	BC_B_BETTER_BY_TOPOLOGY = -1,
	BC_B_BETTER = -2,
};

enum bc_comparison bc_dataset_compare(const struct bc_dataset *a, const struct bc_dataset *b);
/* The data set that an Announce describes, received by `receiver`. */
void bc_dataset_from_announce(const struct bc_msg *announce, const struct ptp_port_identity *receiver,
			      struct bc_dataset *ret_dataset);
