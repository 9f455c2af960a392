// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of other programs that keep a clock. */
#include "ctl/check/rivals.h"

#include <stdio.h>
#include <string.h>

#define STOP_SCRIPT "/etc/init.d/%s stop && /etc/init.d/%s disable"

static bool has_port(const struct check_options *options, const char *name)
{
	for (size_t i = 0; i < options->n_ports; i++)
		if (strcmp(options->ports[i], name) == 0)
			return true;
	return false;
}

static const char *shared_port(const struct rival *rival, const struct check_options *options)
{
	for (size_t i = 0; i < rival->n_ports; i++)
		if (has_port(options, rival->ports[i]))
			return rival->ports[i];
	return NULL;
}

/* "ptp4l (pid 12) on eth0 eth1, domain 0" */
static void describe(const struct rival *rival, char *text, size_t size)
{
	int n = snprintf(text, size, "%s (pid %d)", rival->name, rival->pid);

	if (rival->kind == RIVAL_CLOCK)
		return;
	for (size_t i = 0; i < rival->n_ports && n > 0 && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, "%s%s", i ? " " : " on ", rival->ports[i]);
	if (rival->n_ports > 0 && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, ", domain %d", rival->domain);
}

static void mend_by_stopping(const struct rival *rival, const struct distribution *distribution,
			     struct finding *f)
{
	/* Names of units may have backslashes. */
	const char *quote = strchr(rival->unit, '\\') ? "'" : "";

	if (*rival->script)
		finding_mend(f, STOP_SCRIPT, rival->script, rival->script);
	else if (*rival->unit && rival->is_unit_its_own && distribution->has_systemd)
		finding_mend(f, "systemctl disable --now %s%s%s", quote, rival->unit, quote);
	else if (*rival->unit)
		finding_mend(f, "kill %d  # and see that %s does not start it again", rival->pid,
			     rival->unit);
	else
		finding_mend(f, "kill %d  # and see that nothing starts it again", rival->pid);
}

static void mend_by_chrony(const struct rival *rival, const struct distribution *distribution,
			   struct finding *f)
{
	if (distribution->family == FAMILY_UNKNOWN)
		finding_mend(f, "chrony in its place");
	else if (*rival->script)
		finding_mend(f, "%s chrony && " STOP_SCRIPT, distribution_install(distribution),
			     rival->script, rival->script);
	else
		finding_mend(f, "%s chrony  # in its place", distribution_install(distribution));
}

static void judge_clock_rival(const struct rival *rival, const struct plan *plan, struct findings *findings)
{
	bool takes_ours = plan->exports_time && !plan->is_system_clock;
	bool is_good = rival->leaves_clock || takes_ours;
	struct finding *f = finding_add(findings,
					is_good			? FINDING_GOOD
					: plan->is_system_clock ? FINDING_PROBLEM
								: FINDING_NOTE,
					"rivals", "");

	finding_text(f, "%s (pid %d) runs%s", rival->name, rival->pid,
		     rival->leaves_clock ? ", and leaves the system's clock alone"
		     : takes_ours	 ? ", and may take the time that ebpf-bc exports"
					 : ": it steers the system's clock");
	if (is_good)
		return;
	if (plan->is_system_clock)
		finding_why(f,
			    "with local_clock system ebpf-bc steers it too: each undoes what the other does");
	else if (rival->slews_visibly)
		finding_why(f, "with local_clock virtual ebpf-bc leaves that clock alone and feeds forward "
			       "how it is slewed, so both may run; with local_clock system they would fight");
	else
		finding_why(f,
			    "with local_clock virtual ebpf-bc leaves that clock alone; but this one slews it "
			    "by means that the kernel does not tell (adjtime(3), the kernel's loop), which "
			    "moves PTP time until the servo has found it out. chronyd does not");
	if (plan->is_system_clock)
		mend_by_stopping(rival, &findings->distribution, f);
	else if (!rival->slews_visibly)
		mend_by_chrony(rival, &findings->distribution, f);
}

static void judge_tools(const struct rival *rival, const struct plan *plan, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_NOTE, "rivals", "");

	finding_text(f, "%s (pid %d) runs: it may set the system's clock to the host's", rival->name,
		     rival->pid);
	finding_why(
		f, "%s",
		plan->is_system_clock
			? "if it is told to, it and ebpf-bc undo what the other does (local_clock system)"
			: "steps do no harm, since with local_clock virtual ebpf-bc leaves that clock alone; "
			  "slews move PTP time until the servo has found them out");
	finding_mend(f, "%s",
		     strcmp(rival->name, "vmtoolsd") == 0
			     ? "vmware-toolbox-cmd timesync disable"
			     : "VBoxService --disable-timesync  # in place of how it is started");
}

static void judge_ptp_rival(const struct rival *rival, const struct plan *plan,
			    const struct check_options *options, struct findings *findings)
{
	const char *port = shared_port(rival, options);
	bool is_problem = port && rival->domain == plan->domain;
	char who[128];
	struct finding *f = finding_add(findings, is_problem ? FINDING_PROBLEM : FINDING_NOTE, "rivals", "");

	describe(rival, who, sizeof(who));
	finding_text(f, "another PTP daemon runs: %s", who);
	if (is_problem)
		finding_why(f,
			    "both would serve %s in domain %d: ebpf-bc takes its domain's messages before "
			    "the other sees "
			    "any, and neighbours see two clocks on one wire",
			    port, plan->domain);
	else
		finding_why(f,
			    "two of them on one port and domain do not get along; as a client with software "
			    "stamps it also "
			    "steers the system's clock%s",
			    plan->is_system_clock ? ", as local_clock system does" : "");
	if (is_problem || plan->is_system_clock)
		mend_by_stopping(rival, &findings->distribution, f);
}

static void judge_self(const struct rival *rival, struct findings *findings)
{
	char who[128];

	describe(rival, who, sizeof(who));
	finding_text(finding_add(findings, FINDING_GOOD, "rivals", ""),
		     "%s runs; a second one for the same port and domain would refuse to start", who);
}

static bool speaks_ptp(const struct rival *rival)
{
	return rival->kind == RIVAL_PTP || rival->kind == RIVAL_SELF;
}

/* If their ports are ours is not known. */
static size_t judge_unplaced(const struct rivals_facts *facts, struct findings *findings)
{
	struct finding *f;
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++)
		n += speaks_ptp(&facts->list[i]) && !facts->list[i].is_place_known;
	if (n == 0)
		return 0;
	f = finding_add(findings, FINDING_NOTE, "rivals", "");
	finding_text(f, "as root: whether %zu PTP daemon%s that run%s %s in this network namespace", n,
		     n == 1 ? "" : "s", n == 1 ? "s" : "", n == 1 ? "is" : "are");
	finding_why(f, "if so, they and ebpf-bc do not get along on one port and domain");
	finding_mend(f, "ebpf-bcctl check  # as root");
	return n;
}

/* Their ports are not ours, whatever they are called. */
static size_t judge_elsewhere(const struct rivals_facts *facts, struct findings *findings)
{
	struct finding *f;
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++)
		n += speaks_ptp(&facts->list[i]) && facts->list[i].is_elsewhere;
	if (n == 0)
		return 0;
	f = finding_add(findings, FINDING_NOTE, "rivals", "");
	finding_text(f, "%zu PTP daemon%s run%s in other network namespaces", n, n == 1 ? "" : "s",
		     n == 1 ? "s" : "");
	finding_why(
		f,
		"their ports are others, but the system's clock is the same: a client with software stamps "
		"steers it");
	return n;
}

/* chronyd, for one, is two processes. */
static bool is_told(const struct rivals_facts *facts, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (facts->list[k].kind == RIVAL_CLOCK && facts->list[k].name == facts->list[i].name &&
		    facts->list[k].leaves_clock == facts->list[i].leaves_clock)
			return true;
	return false;
}

static size_t judge_rival(const struct rivals_facts *facts, size_t i, const struct plan *plan,
			  const struct check_options *options, struct findings *findings)
{
	const struct rival *rival = &facts->list[i];

	if (rival->kind == RIVAL_CLOCK) {
		if (is_told(facts, i))
			return 0;
		judge_clock_rival(rival, plan, findings);
		return 1;
	}
	if (rival->kind == RIVAL_TOOLS) {
		judge_tools(rival, plan, findings);
		return 1;
	}
	if (rival->is_elsewhere || !rival->is_place_known)
		return 0;
	if (rival->kind == RIVAL_PTP)
		judge_ptp_rival(rival, plan, options, findings);
	else
		judge_self(rival, findings);
	return 1;
}

static bool is_known_holder(const struct rivals_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		if (speaks_ptp(&facts->list[i]) && !facts->list[i].is_elsewhere &&
		    (facts->list[i].pid == facts->udp_pid || facts->udp_pid == 0))
			return true;
	return false;
}

static void judge_sockets(const struct rivals_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->is_udp_open || is_known_holder(facts))
		return;
	f = finding_add(findings, FINDING_NOTE, "ptp-sockets", "");
	if (facts->udp_pid)
		finding_text(f, "UDP ports 319 and 320 are open, by %s (pid %d)", facts->udp_name,
			     facts->udp_pid);
	else
		finding_text(f, "UDP ports 319 and 320 are open, by whom only root can see");
	finding_why(f, "somebody else speaks PTP here; on ebpf-bc's ports he gets no messages of its domain");
	finding_mend(f, "ss -lunp 'sport = 319'");
}

const char *rivals_keeper(const struct rivals_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		if (facts->list[i].kind == RIVAL_CLOCK && !facts->list[i].leaves_clock)
			return facts->list[i].name;
	return NULL;
}

void rivals_judge(const struct rivals_facts *facts, const struct plan *plan,
		  const struct check_options *options, struct findings *findings)
{
	size_t told = 0;

	for (size_t i = 0; i < facts->n; i++)
		told += judge_rival(facts, i, plan, options, findings);
	told += judge_unplaced(facts, findings);
	told += judge_elsewhere(facts, findings);
	if (told == 0)
		finding_text(finding_add(findings, FINDING_GOOD, "rivals", ""),
			     "no program runs that is known to keep the system's clock or to speak PTP");
	judge_sockets(facts, findings);
}
