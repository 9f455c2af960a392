// SPDX-License-Identifier: GPL-2.0-or-later
/* Which judgements a port needs. */
#include "ctl/check/port_judge.h"

#include <errno.h>
#include <string.h>

void port_unseen(const struct port_facts *facts, struct findings *findings, const char *topic,
		 const char *what, int error)
{
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, topic);

	finding_text(f, "%s cannot be looked at: %s", what, strerror(-error));
	if (error == -EPERM) {
		finding_why(f, "only root may");
		finding_mend(f, "ebpf-bcctl check --port %s  # as root", facts->link.name);
	} else {
		finding_why(f, "something may be there that is not told here");
	}
}

void port_mend_by_other(const struct port_facts *facts, const struct findings *findings, const char *other,
			struct finding *finding)
{
	if (*findings->distribution.uci_clock)
		finding_mend(finding, "option device '%s'  # in /etc/config/ebpf-bc, in place of '%s'", other,
			     facts->link.name);
	else
		finding_mend(finding, "[%s]  # in the configuration, in place of [%s]", other,
			     facts->link.name);
}

void port_judge(const struct port_facts *facts, struct findings *findings)
{
	if (!facts->below || facts->error)
		port_judge_link(facts, findings);
	if (facts->error || !facts->link.is_ethernet)
		return;
	port_judge_driver(facts, findings);
	port_judge_tuning(facts, findings);
	port_judge_stack(facts, findings);
	port_judge_queue(facts, findings);
	port_judge_hooks(facts, findings);
	port_judge_cpu(facts, findings);
}
