/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulses per second and hardware clocks: none is used here, but the kernel may steer its clock by a pulse. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/timex.h>

#include "ctl/check/finding.h"

#define PPS_DEVICES_MAX 8

struct pps_device {
	char device[16];      /* "pps0", "ptp0" */
	char name[48];	      /* who made it: "ptp0", "serial0", "igb" */
	long long n_asserted; /* pulses so far; of a PPS device */
	bool has_pps;	      /* of a hardware clock: it can make pulses */
};

struct pps_facts {
	bool has_sysfs;
	size_t n_pps, n_phc; /* more than PPS_DEVICES_MAX if some are not in the list */
	struct pps_device pps[PPS_DEVICES_MAX], phc[PPS_DEVICES_MAX];
	/* What adjtimex(2) says of the kernel's own consumer. */
	bool is_frequency_steered, is_time_steered; /* by the pulse */
	bool is_pulse_there;			    /* the consumer is bound to a source that pulses */
	bool is_system_clock;			    /* the configuration has local_clock system */
};

/* Devices. */
void pps_look(const char *root, struct pps_facts *facts);
/* What adjtimex(2) returned. */
void pps_read(const struct timex *tx, struct pps_facts *facts);
/* Of devices nothing if `has_sysfs` is not set. */
void pps_judge(const struct pps_facts *facts, struct findings *findings);
