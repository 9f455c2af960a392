/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The best master clock algorithm's data-set comparison (IEEE 1588-2019 9.3.4, figures 34 and 35), and the
 * telecom profiles' alternate one (ITU-T G.8275.1 and G.8275.2, clause 6.3). Pure. */
#pragma once

#include "bc/wire/msg.h"

/* Clocks of a clockClass up to this one never follow others (7.6.2.5). */
#define BC_CLOCK_CLASS_MASTER_MAX 127

struct bc_dataset {
	uint8_t priority1;
	struct ptp_clock_quality quality;
	uint8_t priority2;
	uint8_t identity[PTP_CLOCK_IDENTITY_LEN]; /* of the grandmaster */
	uint16_t steps_removed;
	uint8_t local_priority; /* telecom: the receiving port's, or of our own data set the clock's */
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
/* Without priority1, with localPriority; grandmasters of clockClass 127 or less may be active side by side,
 * so that between two equal ones the way to them decides and not their identity. */
enum bc_comparison bc_dataset_compare_telecom(const struct bc_dataset *a, const struct bc_dataset *b);
/* The data set that an Announce describes, received by `receiver`; its localPriority is left 0. */
void bc_dataset_from_announce(const struct bc_msg *announce, const struct ptp_port_identity *receiver,
			      struct bc_dataset *ret_dataset);
