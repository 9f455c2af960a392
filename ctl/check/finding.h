/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the doctor (ebpf-bcctl check) has to say: findings, each with its reason and what mends it. Looking
 * (facts: files, netlink, system calls) and judging (pure functions from facts to findings) are kept apart,
 * so that every judgement has a test without the machine it is about.
 */
#pragma once

#include <stddef.h>

#include "ctl/check/distribution.h"

enum finding_level {
	FINDING_GOOD,
	FINDING_NOTE,	 /* costs something, or cannot be found out */
	FINDING_PROBLEM, /* the clock will not start, or its time will be wrong */
};

struct finding {
	enum finding_level level;
	char topic[24]; /* what was looked at: "clocksource", "coalescing"; stable, for programs */
	char port[16];	/* "": the host */
	char text[192]; /* what was found, one line */
	char why[384];	/* why it matters; "" where that goes without saying */
	char mend[256]; /* the command that changes it; "": none */
};

struct findings {
	size_t n, n_allocated;
	struct finding *list;
	int error;			  /* -ENOMEM: some are missing */
	struct distribution distribution; /* whose commands mend */
};

/* What finding_add() returns is filled in by the caller: topic, port and level are set. Never NULL (when
 * memory is out, a finding that is forgotten again). */
struct finding *finding_add(struct findings *findings, enum finding_level level, const char *topic,
			    const char *port);
/* printf() into one of the three texts; too long ones are cut. */
void finding_text(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_why(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_mend(struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What mends it is an option of the configuration, or of UCI where that is made of it. */
void finding_mend_by_option(struct finding *finding, const struct distribution *distribution,
			    const char *option, const char *value);
void findings_free(struct findings *findings);
