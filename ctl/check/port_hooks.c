// SPDX-License-Identifier: GPL-2.0-or-later
/* Who else has programs, filters or short cuts where the clock's programs hang. */
#include "ctl/check/port_judge.h"

#include <string.h>

/* Programs of libxdp and Cilium are; only who holds the link can take them away. */
#define LIST_FLOWTABLES \
	"nft list flowtables  # make it anew without flags offload, or keep udp dport 319 and 320 out of it"

#define IF_BY_LINK "  # refused: bpftool link list, and end its owner"

static void judge_xdp(const struct port_facts *facts, struct findings *findings)
{
	static const struct {
		const char *where, *flag;
	} modes[] = {
		[EBC_XDP_NONE] = {"", ""},
		[EBC_XDP_GENERIC] = {"generic", "xdpgeneric"},
		[EBC_XDP_DRIVER] = {"in the driver", "xdpdrv"},
		[EBC_XDP_OFFLOADED] = {"in the card", "xdpoffload"},
		[EBC_XDP_SEVERAL] = {"several", ""},
	};
	enum ebc_xdp_mode mode = facts->detail.xdp;
	struct finding *f;

	if (mode == EBC_XDP_NONE) {
		finding_text(port_finding(facts, findings, FINDING_GOOD, "xdp"), "no XDP program");
		return;
	}
	f = port_finding(facts, findings, FINDING_NOTE, "xdp");
	finding_text(f, "an XDP program is attached (%s)%s%s", modes[mode].where,
		     *facts->xdp_name ? ": " : "", facts->xdp_name);
	finding_why(
		f,
		"it runs before the clock's: messages that it redirects, drops or hands to a process never "
		"come there");
	if (mode == EBC_XDP_SEVERAL)
		finding_mend(f, "ip link set dev %s xdpgeneric off; ip link set dev %s xdpdrv off" IF_BY_LINK,
			     facts->link.name, facts->link.name);
	else
		finding_mend(f, "ip link set dev %s %s off" IF_BY_LINK, facts->link.name, modes[mode].flag);
}

/* Those that see a frame before ours; where ours are not, they will be put in front of all. */
static size_t n_in_front(const struct port_programs *programs)
{
	for (size_t i = 0; i < programs->n; i++)
		if (programs->list[i].is_ours)
			return i;
	return 0;
}

static size_t n_behind(const struct port_programs *programs)
{
	size_t n = 0;

	for (size_t i = 0; i < programs->n; i++)
		n += !programs->list[i].is_ours;
	return n - n_in_front(programs);
}

/* What tells whose it is; not all versions of bpftool net show tcx. */
static void mend_by_asking(const char *name, struct finding *f)
{
	bool is_id = strncmp(name, "id ", 3) == 0;

	finding_mend(f, "bpftool prog show %s%s  # tells whose it is", is_id ? "" : "name ", name);
}

static const char *first_behind(const struct port_programs *programs)
{
	for (size_t i = n_in_front(programs); i < programs->n; i++)
		if (!programs->list[i].is_ours)
			return programs->list[i].name;
	return NULL;
}

static void judge_front(const struct port_facts *facts, struct findings *findings)
{
	const struct port_programs *programs = &facts->tcx_ingress;
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, "tc-programs");

	finding_text(f, "%zu BPF program%s at tc ingress in front of the clock's, first %s",
		     n_in_front(programs), n_in_front(programs) == 1 ? "" : "s", programs->list[0].name);
	finding_why(
		f, "messages that it drops or redirects do not come to the clock; whoever attaches last with "
		   "\"before\" is in front, so a new start of the daemon is too");
	mend_by_asking(programs->list[0].name, f);
}

static void judge_egress(const struct port_facts *facts, struct findings *findings)
{
	size_t n = n_behind(&facts->tcx_egress) + facts->n_egress_filters;
	const char *first = first_behind(&facts->tcx_egress);
	struct finding *f;

	if (n == 0)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "tc-programs");
	finding_text(f, "%zu filter%s or program%s of others at tc egress, first %s", n, n == 1 ? "" : "s",
		     n == 1 ? "" : "s", first ? first : facts->egress_filter.kind);
	finding_why(f,
		    "they see what the clock sends after its own program: what they drop or redirect gets no "
		    "transmit stamp");
	if (first)
		mend_by_asking(first, f);
	else
		finding_mend(f, "tc filter show dev %s egress", facts->link.name);
}

static void judge_filters(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_tc_filter *first = &facts->ingress_filter;
	struct finding *f;

	if (facts->n_ingress_filters == 0)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "tc-programs");
	finding_text(f, "%zu tc filter%s of others at ingress, first %s%s%s, pref %u",
		     facts->n_ingress_filters, facts->n_ingress_filters == 1 ? "" : "s", first->kind,
		     *first->program ? " " : "", first->program, first->priority);
	finding_why(f, "before Linux 6.6 one with a lower pref than the clock's sees messages first, and may "
		       "drop or "
		       "redirect them; since then it sees what the clock leaves");
	finding_mend(f, "tc filter del dev %s ingress pref %u", facts->link.name, first->priority);
}

static void judge_programs(const struct port_facts *facts, struct findings *findings)
{
	size_t before = findings->n;

	if (facts->tcx_ingress.error < 0)
		port_unseen(facts, findings, "tc-programs", "BPF programs at tc", facts->tcx_ingress.error);
	if (n_in_front(&facts->tcx_ingress) > 0)
		judge_front(facts, findings);
	judge_filters(facts, findings);
	judge_egress(facts, findings);
	if (findings->n == before)
		finding_text(port_finding(facts, findings, FINDING_GOOD, "tc-programs"),
			     "nobody at tc in the clock's way");
}

static void judge_flowtable(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->flowtables_error < 0) {
		port_unseen(facts, findings, "flowtable", "flow tables", facts->flowtables_error);
		return;
	}
	if (!facts->has_flowtable) {
		finding_text(port_finding(facts, findings, FINDING_GOOD, "flowtable"), "in no flow table");
		return;
	}
	f = port_finding(facts, findings, facts->flowtable.is_offloaded ? FINDING_NOTE : FINDING_GOOD,
			 "flowtable");
	finding_text(f, "in the flow table %s of %s%s", facts->flowtable.name, facts->flowtable.table,
		     facts->flowtable.is_offloaded ? ", which the card carries out" : "");
	if (!facts->flowtable.is_offloaded) {
		finding_why(f, "it passes the rest of the stack by, not the clock's programs");
		return;
	}
	finding_why(f, "unicast PTP that is routed through this machine may pass in the card, where nobody "
		       "corrects it");
	finding_mend(f, "%s",
		     distribution_choose(
			     &findings->distribution, LIST_FLOWTABLES,
			     "uci set firewall.@defaults[0].flow_offloading_hw=0 && uci commit firewall && "
			     "/etc/init.d/firewall restart",
			     LIST_FLOWTABLES));
}

void port_judge_hooks(const struct port_facts *facts, struct findings *findings)
{
	judge_xdp(facts, findings);
	judge_programs(facts, findings);
	judge_flowtable(facts, findings);
}
