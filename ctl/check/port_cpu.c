// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the interrupt of a card and the receive stamp. */
#include "ctl/check/port_judge.h"

static void judge_rps(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->has_rps) {
		finding_text(port_finding(facts, findings, FINDING_GOOD, "rps"),
			     "received frames stay on the CPU that got them (no RPS)");
		return;
	}
	f = port_finding(facts, findings,
			 facts->is_stamped_before_rps == ANSWER_YES ? FINDING_GOOD : FINDING_NOTE, "rps");
	if (facts->is_stamped_before_rps == ANSWER_UNKNOWN) {
		finding_text(f,
			     "RPS hands received frames to other CPUs; whether they are stamped before that "
			     "cannot be seen in this network namespace");
		finding_why(f, "after it, the stamp is that of a CPU which an interrupt has to wake first");
		finding_mend(f, "sysctl net.core.netdev_tstamp_prequeue  # in the first one: 1 is before");
		return;
	}
	finding_text(f, "RPS hands received frames to other CPUs; they are stamped %s that",
		     facts->is_stamped_before_rps == ANSWER_YES ? "before" : "after");
	if (facts->is_stamped_before_rps == ANSWER_YES)
		return;
	finding_why(
		f,
		"with netdev_tstamp_prequeue 0 the stamp is that of the other CPU, which an interrupt has to "
		"wake first");
	finding_mend(f, "sysctl -w net.core.netdev_tstamp_prequeue=1");
}

static void judge_threaded(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->is_threaded)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "threaded-napi");
	finding_text(f, "frames are received by a thread (threaded NAPI)");
	finding_why(
		f,
		"a message is stamped when the scheduler lets that thread run, on a busy machine much later");
	finding_mend(f, "echo 0 > /sys/class/net/%s/threaded", facts->link.name);
}

static void judge_deferral(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->gro_flush_timeout_ns == 0 || facts->napi_defer_hard_irqs == 0)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "deferred-interrupts");
	finding_text(f, "interrupts are put off for %lld ns (gro_flush_timeout, napi_defer_hard_irqs)",
		     facts->gro_flush_timeout_ns);
	finding_why(f, "that long a message may be here before it is stamped");
	finding_mend(f, "echo 0 > /sys/class/net/%s/napi_defer_hard_irqs", facts->link.name);
}

void port_judge_cpu(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->has_sysfs) {
		f = port_finding(facts, findings, FINDING_NOTE, "rps");
		finding_text(f, "/sys does not show this interface: RPS and threaded NAPI are not known");
		finding_why(f, "it is that of another network namespace");
		finding_mend(f, "ip netns exec NAMESPACE ebpf-bcctl check  # mounts a /sys of its own");
		return;
	}
	judge_rps(facts, findings);
	judge_threaded(facts, findings);
	judge_deferral(facts, findings);
}
