/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judgements about ports: from what was seen (port_facts.h) to findings. Pure. port_judge() asks all that
 * apply; the others are here for it and for tests.
 */
#pragma once

#include "ctl/check/port_facts.h"

/* Everything about a port, or of an interface below one what concerns the wire. */
void port_judge(const struct port_facts *facts, struct findings *findings);

/* Is it there, up, connected; its MTU, MAC and IP addresses. */
void port_judge_link(const struct port_facts *facts, struct findings *findings);
/* What kind of card or virtual device, and whether it stamps. */
void port_judge_driver(const struct port_facts *facts, struct findings *findings);
/* Offloads, the ring for sending, interrupt coalescing, EEE. */
void port_judge_tuning(const struct port_facts *facts, struct findings *findings);
/* Bridge, bond, VLAN, macvlan, switch chip. */
void port_judge_stack(const struct port_facts *facts, struct findings *findings);
/* The queueing discipline. */
void port_judge_queue(const struct port_facts *facts, struct findings *findings);
/* Who may take frames away before or behind our programs: XDP, tc, flow tables. */
void port_judge_hooks(const struct port_facts *facts, struct findings *findings);
/* On which CPU and in which context frames are stamped: RPS, threaded NAPI, deferred interrupts. */
void port_judge_cpu(const struct port_facts *facts, struct findings *findings);

/* A note that `what` is not known. */
void port_unseen(const struct port_facts *facts, struct findings *findings, const char *topic,
		 const char *what, int error);

/* Another interface as port, in place of this one. */
void port_mend_by_other(const struct port_facts *facts, const struct findings *findings, const char *other,
			struct finding *finding);

static inline struct finding *port_finding(const struct port_facts *facts, struct findings *findings,
					   enum finding_level level, const char *topic)
{
	return finding_add(findings, level, topic, facts->error ? facts->name : facts->link.name);
}
