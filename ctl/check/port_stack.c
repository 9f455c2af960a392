// SPDX-License-Identifier: GPL-2.0-or-later
/* What the interface is part of, or made of. */
#include <inttypes.h>
#include <string.h>

#include "ctl/check/port_judge.h"
#include "util/macros.h"

/* 01-80-C2-00-00-0E, to which peer delay on Ethernet is sent, in a bridge's group_fwd_mask. */
#define FORWARDS_PEER_DELAY (1U << 0x0e)

#define MODE_ACTIVE_BACKUP 1

static const char *const bond_modes[] = {"balance-rr", "active-backup", "balance-xor", "broadcast",
					 "802.3ad",    "balance-tlb",	"balance-alb"};

static const char *on_off(bool is_on)
{
	return is_on ? "on" : "off";
}

static void judge_peer_delay(const struct port_facts *facts, struct findings *findings)
{
	unsigned int bridge_mask = facts->master.bridge.group_fwd_mask;
	unsigned int port_mask = facts->detail.bridge_port.group_fwd_mask;
	struct finding *f;

	if (!((bridge_mask | port_mask) & FORWARDS_PEER_DELAY))
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "group-fwd-mask");
	finding_text(f, "bridge %s forwards 01-80-C2-00-00-0E (group_fwd_mask 0x%x%s)", facts->master.name,
		     bridge_mask & FORWARDS_PEER_DELAY ? bridge_mask : port_mask,
		     bridge_mask & FORWARDS_PEER_DELAY ? "" : " of this member");
	finding_why(f,
		    "peer delay belongs to one cable; what the clock leaves alone (other domains) passes the "
		    "bridge, and the clocks behind it measure several cables and find several neighbours");
	if (bridge_mask & FORWARDS_PEER_DELAY)
		finding_mend(f, "ip link set dev %s type bridge group_fwd_mask 0x%x", facts->master.name,
			     bridge_mask & ~FORWARDS_PEER_DELAY);
	else
		finding_mend(f, "ip link set dev %s type bridge_slave group_fwd_mask 0x%x", facts->link.name,
			     port_mask & ~FORWARDS_PEER_DELAY);
}

static void judge_spanning_tree(const struct port_facts *facts, struct findings *findings)
{
	enum ebc_bridge_port_state state = facts->detail.bridge_port.state;
	struct finding *f;

	if (!facts->link.is_up || state == EBC_BRIDGE_PORT_FORWARDING || state == EBC_BRIDGE_PORT_DISABLED)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "spanning-tree");
	finding_text(f, "the spanning tree of %s %s this member", facts->master.name,
		     state == EBC_BRIDGE_PORT_BLOCKING ? "blocks" : "does not yet forward to");
	finding_why(
		f,
		facts->use.is_transparent
			? "what the bridge carries does not pass here, PTP neither; in a ring that is as it "
			  "should be"
			: "PTP is served and heard here all the same, since it does not pass the bridge");
	finding_mend(f, "bridge -d link show dev %s  # tells more", facts->link.name);
}

static void judge_bridge(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_link_detail *bridge = &facts->master;
	struct finding *f;

	if (!facts->link.is_bridge_member || !bridge->ifindex)
		return;
	if (facts->use.is_software && (facts->use.is_udp4 || facts->use.is_udp6)) {
		f = port_finding(facts, findings, FINDING_PROBLEM, "bridge");
		finding_text(f, "member of bridge %s, with stamps by sockets and UDP", bridge->name);
		finding_why(
			f,
			"UDP that comes in by a member goes to the bridge's own stack: no socket of the port "
			"hears it");
		finding_mend_by_option(f, &findings->distribution, "time_stamping", "bpf");
		return;
	}
	f = port_finding(facts, findings, FINDING_GOOD, "bridge");
	finding_text(f, "member of bridge %s (spanning tree %s, VLAN filtering %s, multicast snooping %s)",
		     bridge->name, on_off(bridge->bridge.is_stp), on_off(bridge->bridge.is_vlan_filtering),
		     on_off(bridge->bridge.is_snooping));
	judge_peer_delay(facts, findings);
	judge_spanning_tree(facts, findings);
}

static void judge_bond_member(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->link.is_bond_member || facts->below)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "bond");
	finding_text(f, "member of the bond or team %s", facts->master.name);
	finding_why(
		f,
		"who is at the other end of a bond may send by any member of it: let the bond be the port");
	if (facts->use.is_named)
		port_mend_by_other(facts, findings, facts->master.name, f);
}

static void judge_bond(const struct port_facts *facts, struct findings *findings)
{
	uint8_t mode = facts->detail.bond.mode;
	bool is_team = strcmp(facts->link.kind_name, "team") == 0;
	const char *mode_name = mode < ARRAY_SIZE(bond_modes) ? bond_modes[mode] : "unknown";
	struct finding *f;

	if (facts->link.kind != EBC_LINK_BOND)
		return;
	if (*facts->lowest == '\0') {
		f = port_finding(facts, findings, FINDING_PROBLEM, "bond");
		finding_text(f, "it has no members");
		finding_why(f, "frames come and go by nothing else");
		finding_mend(f, "ip link set dev PORT down && ip link set dev PORT master %s",
			     facts->link.name);
	} else if (is_team) {
		f = port_finding(facts, findings, FINDING_NOTE, "bond");
		finding_text(f, "a team of %s", facts->lowest);
		finding_why(
			f,
			"its runner chooses the member for each frame; where several are in use their delays "
			"differ");
		finding_mend(f, "teamdctl %s state  # shows the runner", facts->link.name);
	} else if (mode == MODE_ACTIVE_BACKUP) {
		f = port_finding(facts, findings, FINDING_GOOD, "bond");
		finding_text(f, "a bond of %s, active-backup%s%s", facts->lowest,
			     *facts->active ? ", by " : "", facts->active);
	} else {
		f = port_finding(facts, findings, FINDING_NOTE, "bond");
		finding_text(f, "a bond of %s, %s", facts->lowest, mode_name);
		finding_why(f, "messages go and come by different members, whose delays differ: half of the "
			       "difference is an error that no message shows");
		finding_mend(f,
			     "ip link set dev %s type bond mode active-backup  # while it is down and has no "
			     "members",
			     facts->link.name);
	}
}

static void judge_lower(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->link.kind == EBC_LINK_VLAN) {
		f = port_finding(facts, findings, FINDING_GOOD, "vlan");
		if (*facts->lowest)
			finding_text(f, "VLAN %u on %s", facts->link.vlan_id, facts->lowest);
		else
			finding_text(f, "VLAN %u on an interface of another namespace", facts->link.vlan_id);
	}
}

static void judge_switch(const struct port_facts *facts, struct findings *findings)
{
	bool is_switched = facts->n_of_same_switch > 0;
	struct finding *f;

	if (!facts->link.has_switch_id)
		return;
	f = port_finding(facts, findings, is_switched ? FINDING_PROBLEM : FINDING_NOTE, "switch");
	if (is_switched) {
		finding_text(f, "a port of a switch chip (phys_switch_id), in %s with %zu more of it",
			     facts->master.name, facts->n_of_same_switch);
		finding_why(f, "the chip forwards between its ports by itself: PTP passes the clock by, "
			       "uncorrected, "
			       "and what is attached here never sees it");
		finding_mend(f, "ip link set dev %s nomaster", facts->link.name);
	} else {
		finding_text(f, "a port of a switch chip (phys_switch_id)");
		finding_why(
			f,
			"the chip lies between the stamps and the wire, with a queue of its own; in a bridge "
			"with other ports of it, frames would never come to the kernel");
	}
}

void port_judge_stack(const struct port_facts *facts, struct findings *findings)
{
	judge_bridge(facts, findings);
	judge_bond_member(facts, findings);
	judge_bond(facts, findings);
	judge_lower(facts, findings);
	judge_switch(facts, findings);
}
