// SPDX-License-Identifier: GPL-2.0-or-later
/* Time namespaces: the daemon reckons with them, other programs may not. */
#include "ctl/check/time_namespace.h"

#include <string.h>

#include "ctl/check/look.h"
#include "util/macros.h"
#include "util/time_namespace.h"

void time_namespace_look(const char *root, struct time_namespace_facts *ret)
{
	char ours[64], first[64];

	*ret = (struct time_namespace_facts){};
	ret->error = time_namespace_ahead_ns(root, &ret->ahead_ns);
	ret->is_of_first = look_link(root, ours, sizeof(ours), "/proc/self/ns/time") == 0 &&
			   look_link(root, first, sizeof(first), "/proc/1/ns/time") == 0 &&
			   strcmp(ours, first) == 0;
}

void time_namespace_judge(const struct time_namespace_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->error < 0) {
		f = finding_add(findings, FINDING_PROBLEM, "time-namespace", "");
		finding_text(f, "/proc/self/timens_offsets cannot be read: %s", strerror(-facts->error));
		finding_why(f, "in a time namespace CLOCK_MONOTONIC is not the clock that frames are stamped "
			       "with; the "
			       "daemon does not start unless it knows the difference");
		finding_mend(f, "mount -t proc proc /proc");
		return;
	}
	if (facts->ahead_ns == 0) {
		finding_text(finding_add(findings, FINDING_GOOD, "time-namespace", ""),
			     "CLOCK_MONOTONIC is the kernel's");
		return;
	}
	f = finding_add(findings, FINDING_NOTE, "time-namespace", "");
	finding_text(f, "a time namespace: CLOCK_MONOTONIC here is %+.9f s from the kernel's",
		     (double)facts->ahead_ns / NSEC_PER_SEC);
	finding_why(f, "frames are stamped with the kernel's, and the daemon uses that one; but its "
		       "*_mono_ns are not "
		       "the CLOCK_MONOTONIC of other programs here");
	finding_mend(f, facts->is_of_first ? "start ebpf-bc outside of this container"
					   : "nsenter --target 1 --time ebpf-bc ...  # starts it outside");
}
