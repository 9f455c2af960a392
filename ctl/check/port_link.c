// SPDX-License-Identifier: GPL-2.0-or-later
/* The interface itself: there, up, connected, with the addresses that its transport needs. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/check/port_judge.h"

/* Announce with its TLVs, over IPv6. */
#define MTU_MIN 256

#define BY_IPV4 "network_transport UDPv4  # in the configuration, for this port"

/* What a clock cannot do without is a problem; on an interface that nobody named it may well be so. */
static enum finding_level if_named(const struct port_facts *facts)
{
	return facts->use.is_named ? FINDING_PROBLEM : FINDING_NOTE;
}

static void judge_missing(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_PROBLEM, "link");

	if (facts->error != -ENODEV) {
		finding_text(f, "it cannot be looked at: %s", strerror(-facts->error));
		finding_why(f, "the daemon could not either");
		return;
	}
	if (*facts->nearest)
		finding_text(f, "there is no such interface; is %s meant?", facts->nearest);
	else
		finding_text(f, "there is no such interface");
	finding_why(f, "the daemon starts only when all its ports are there");
	finding_mend(f, "ip link  # shows those that there are");
}

static void judge_state(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_link *link = &facts->link;
	struct finding *f;

	if (!link->is_up) {
		f = port_finding(facts, findings, if_named(facts), "link");
		finding_text(f, "the interface is down");
		finding_why(f, "the port is FAULTY until it is up");
		finding_mend(f, "ip link set dev %s up", link->name);
	} else if (!link->has_carrier) {
		f = port_finding(facts, findings, FINDING_NOTE, "link");
		finding_text(f, "no carrier: nothing is connected, or the other end is down");
		finding_why(f, "the port is FAULTY until there is");
		finding_mend(f, "ip -s link show dev %s  # and look at the cable", link->name);
	} else {
		f = port_finding(facts, findings, FINDING_GOOD, "link");
		finding_text(f, "up, with carrier");
	}
}

static void judge_speed(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_ethtool_tuning *tuning = &facts->tuning;
	struct finding *f;

	if (!facts->has_tuning || tuning->speed_mbps == 0)
		return;
	if (tuning->duplex == EBC_DUPLEX_HALF) {
		f = port_finding(facts, findings, FINDING_NOTE, "speed");
		finding_text(f, "%" PRIu32 " Mb/s, half duplex", tuning->speed_mbps);
		finding_why(f, "a frame waits until the other end is silent, or collides and is sent again, "
			       "after it was stamped; mostly one end negotiates and the other is fixed");
		finding_mend(f, "ethtool -s %s autoneg on", facts->link.name);
		return;
	}
	f = port_finding(facts, findings, FINDING_GOOD, "speed");
	finding_text(f, "%" PRIu32 " Mb/s%s", tuning->speed_mbps,
		     tuning->duplex == EBC_DUPLEX_FULL ? ", full duplex" : "");
}

static void judge_mtu(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->link.mtu >= MTU_MIN)
		return;
	f = port_finding(facts, findings, FINDING_PROBLEM, "mtu");
	finding_text(f, "the MTU is %" PRIu32 " octets", facts->link.mtu);
	finding_why(f, "messages with their TLVs do not fit");
	finding_mend(f, "ip link set dev %s mtu 1500", facts->link.name);
}

static void judge_mac(const struct port_facts *facts, struct findings *findings)
{
	static const uint8_t zero[6];
	struct finding *f;

	if (memcmp(facts->link.mac, zero, sizeof(zero)) != 0)
		return;
	f = port_finding(facts, findings, FINDING_PROBLEM, "mac");
	finding_text(f, "the MAC address is zero");
	finding_why(f, "the clock's identity is made of it, and no answer comes back to it");
	finding_mend(f, "ip link set dev %s address 02:00:00:00:00:%02x", facts->link.name,
		     (unsigned int)facts->link.ifindex & 0xff);
}

static void judge_multicast(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->detail.is_multicast)
		return;
	f = port_finding(facts, findings, if_named(facts), "multicast");
	finding_text(f, "multicast is switched off");
	finding_why(f, "PTP's messages are multicast, unless unicast is configured");
	finding_mend(f, "ip link set dev %s multicast on", facts->link.name);
}

/* Addresses of a bridge are good for its members. */
static const char *addressed(const struct port_facts *facts)
{
	return facts->link.is_bridge_member && facts->master.ifindex ? facts->master.name : facts->link.name;
}

static void judge_ipv6(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->has_ipv6 || facts->is_ipv6_disabled) {
		f = port_finding(facts, findings, FINDING_PROBLEM, "address");
		finding_text(f, "UDP over IPv6 is configured, and IPv6 is %s",
			     facts->has_ipv6 ? "disabled here" : "not in this kernel");
		finding_why(f, "the port has no address to send from");
		if (facts->has_ipv6)
			finding_mend(f, "echo 0 > /proc/sys/net/ipv6/conf/%s/disable_ipv6", facts->link.name);
		else
			finding_mend(f, "%s",
				     distribution_choose(
					     &findings->distribution, BY_IPV4,
					     "option network_transport 'UDPv4'  # in /etc/config/ebpf-bc, "
					     "for this port",
					     BY_IPV4));
		return;
	}
	/* Without carrier the kernel does not even make the link-local one. */
	if (facts->link.n_ipv6 > 0 || !facts->link.has_carrier)
		return;
	f = port_finding(facts, findings, FINDING_PROBLEM, "address");
	finding_text(f, "UDP over IPv6 is configured, and there is no IPv6 address");
	finding_why(f, "the kernel makes a link-local one when the interface comes up, unless told not to");
	finding_mend(f, "ip link set dev %s addrgenmode eui64", addressed(facts));
}

static void judge_address(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->use.needs_address)
		return;
	if (facts->use.is_udp6) {
		judge_ipv6(facts, findings);
	} else if (facts->link.n_ipv4 == 0) {
		f = port_finding(facts, findings, FINDING_PROBLEM, "address");
		finding_text(f, "UDP over IPv4 is configured, and there is no IPv4 address");
		finding_why(f, "the port is FAULTY until there is one, or udp_source_address names one");
		finding_mend(f, "ip address add 192.0.2.1/24 dev %s  # with one of this network",
			     addressed(facts));
	}
}

void port_judge_link(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->error) {
		judge_missing(facts, findings);
		return;
	}
	if (!facts->link.is_ethernet) {
		f = port_finding(facts, findings, FINDING_PROBLEM, "link");
		finding_text(f, "it is no Ethernet interface");
		finding_why(f, "the daemon does not start with it");
		finding_mend(f, "ip link  # shows those that there are");
		return;
	}
	judge_state(facts, findings);
	judge_speed(facts, findings);
	judge_mtu(facts, findings);
	judge_mac(facts, findings);
	judge_multicast(facts, findings);
	judge_address(facts, findings);
}
