// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queueing discipline. Transmit stamps are taken after it where the kernel lets BPF do that or the driver
 * stamps, so a wait in it is no error of a two-step clock; it delays answers, though, and keeps one-step
 * messages from being sent.
 */
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/port_judge.h"
#include "util/macros.h"

enum queueing {
	QUEUES,	 /* only while the line is busy */
	SHAPES,	 /* also while it is free */
	DISTURBS /* does to frames what no network should */
};

static const struct {
	const char *kind;
	enum queueing queueing;
} kinds[] = {
	{"tbf", SHAPES},    {"htb", SHAPES}, {"hfsc", SHAPES},	  {"cbq", SHAPES},    {"cake", SHAPES},
	{"taprio", SHAPES}, {"cbs", SHAPES}, {"netem", DISTURBS}, {"plug", DISTURBS}, {"blackhole", DISTURBS},
};

static enum queueing queueing_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].queueing;
	return QUEUES;
}

/* That of the hooks is none: nothing waits there. */
static bool is_queue(const struct ebc_qdisc *qdisc)
{
	return qdisc->parent != TC_H_CLSACT;
}

/* The root's, with those that are in its classes behind it: "mq of fq_codel". */
static void describe(const struct port_facts *facts, char *text, size_t size, enum queueing *ret_worst)
{
	const char *root = "", *inner = "";

	*ret_worst = QUEUES;
	for (size_t i = 0; i < MIN(facts->n_qdiscs, ARRAY_SIZE(facts->qdiscs)); i++) {
		const struct ebc_qdisc *qdisc = &facts->qdiscs[i];

		if (!is_queue(qdisc))
			continue;
		*ret_worst = MAX(*ret_worst, queueing_of(qdisc->kind));
		if (qdisc->parent == TC_H_ROOT)
			root = qdisc->kind;
		else if (*inner == '\0' || queueing_of(qdisc->kind) > queueing_of(inner))
			inner = qdisc->kind;
	}
	snprintf(text, size, "%s%s%s", root, *inner ? " with " : "", inner);
}

static bool has_etf(const struct port_facts *facts, bool is_root)
{
	for (size_t i = 0; i < MIN(facts->n_qdiscs, ARRAY_SIZE(facts->qdiscs)); i++)
		if (strcmp(facts->qdiscs[i].kind, "etf") == 0 &&
		    (facts->qdiscs[i].parent == TC_H_ROOT) == is_root)
			return true;
	return false;
}

static bool is_stamped_after(const struct port_facts *facts)
{
	return facts->use.is_stamped_behind_queue ||
	       (facts->driver.has_tx_software && !facts->use.is_transparent);
}

static void judge_etf(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_PROBLEM, "qdisc");

	finding_text(f, "the queueing discipline is etf");
	finding_why(
		f,
		"it drops every frame that does not bear the time at which it is to leave, and PTP's do not");
	finding_mend(f, "tc qdisc del dev %s root", facts->link.name);
}

/* As TSN is mostly set up: one class for what is sent at a set time. */
static void judge_etf_of_class(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, "etf");

	finding_text(f, "etf is the queueing discipline of a class");
	finding_why(f,
		    "it drops every frame that does not bear the time at which it is to leave, and PTP's do "
		    "not: PTP has to go by another class, which socket_priority chooses");
	finding_mend(f, "tc -s qdisc show dev %s  # what etf dropped", facts->link.name);
}

static void judge_slow(const struct port_facts *facts, const char *text, enum queueing worst,
		       struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, "qdisc");

	finding_text(f, "frames are kept back while the line is free: %s", text);
	if (worst == DISTURBS)
		finding_why(f, "it is there to spoil traffic, for experiments");
	else
		finding_why(
			f,
			"%s; a Delay_Req that waits is answered late, and one-step Sync is not sent "
			"meanwhile. "
			"A class of its own for PTP, which no rate limits, does as well as none",
			is_stamped_after(facts)
				? "the stamps of what is sent are taken after it, so they stay right"
				: "here the stamps of what is sent are taken before it (see btf), and are as "
				  "wrong as frames wait");
	finding_mend(f, "tc qdisc del dev %s root", facts->link.name);
}

static void judge_plain(const struct port_facts *facts, const char *text, struct findings *findings)
{
	bool waits = strcmp(text, "noqueue") != 0;
	struct finding *f;

	f = port_finding(facts, findings, waits && !is_stamped_after(facts) ? FINDING_NOTE : FINDING_GOOD,
			 "qdisc");
	finding_text(f, "queueing discipline %s", text);
	if (!waits)
		return;
	if (is_stamped_after(facts)) {
		finding_why(f, "frames wait only while the line is busy, and are stamped after that");
	} else {
		finding_why(f,
			    "without a program around the driver (see btf), and with a driver that does not "
			    "stamp or as a transparent clock, the stamps of what is sent are taken before "
			    "it: a frame that "
			    "waits behind other traffic has a wrong one");
		finding_mend(f, "tc qdisc replace dev %s root pfifo_fast  # PTP with a priority goes first",
			     facts->link.name);
	}
}

void port_judge_queue(const struct port_facts *facts, struct findings *findings)
{
	enum queueing worst;
	char text[48];

	if (facts->qdiscs_error < 0) {
		port_unseen(facts, findings, "qdisc", "queueing disciplines", facts->qdiscs_error);
		return;
	}
	if (has_etf(facts, true)) {
		judge_etf(facts, findings);
		return;
	}
	if (has_etf(facts, false))
		judge_etf_of_class(facts, findings);
	describe(facts, text, sizeof(text), &worst);
	/* An interface that is down has none yet. */
	if (*text == '\0' || strcmp(text, "noop") == 0)
		return;
	if (worst == QUEUES)
		judge_plain(facts, text, findings);
	else
		judge_slow(facts, text, worst, findings);
}
