// SPDX-License-Identifier: GPL-2.0-or-later
/* What makes a card keep frames back, before it shows them to the kernel or after it got them. */
#include <inttypes.h>
#include <string.h>

#include "ctl/check/port_judge.h"
#include "util/macros.h"

#define TSO_OCTETS	  65536
#define FRAME_OCTETS	  1538 /* the largest, with what is around it on the wire */
#define BURST_NOTED_US	  50
#define TX_RING_SUFFICING 128

/* Only a card has wire behind it. */
static bool is_card(const struct port_facts *facts)
{
	return *facts->detail.kind_name == '\0' && *facts->detail.parent_bus != '\0' &&
	       strcmp(facts->detail.parent_bus, "virtio") != 0;
}

static uint64_t wire_us(const struct port_facts *facts, uint64_t octets)
{
	return octets * 8 / MAX(facts->tuning.speed_mbps, 1);
}

static void judge_gro_list(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->tuning.has_gro_fraglist)
		return;
	f = port_finding(facts, findings, FINDING_PROBLEM, "gro-list");
	finding_text(f, "rx-gro-list is on: frames are joined to lists");
	finding_why(f, "of the messages of a list only the first is seen and stamped");
	finding_mend(f, "ethtool -K %s rx-gro-list off", facts->link.name);
}

static void judge_udp_forwarding(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->tuning.has_gro_udp_forwarding)
		return;
	f = port_finding(facts, findings, FINDING_PROBLEM, "gro-udp");
	finding_text(f, "rx-udp-gro-forwarding is on: datagrams of one flow are joined");
	finding_why(f, "of messages over UDP that come together only the first is seen and stamped");
	finding_mend(f, "ethtool -K %s rx-udp-gro-forwarding off", facts->link.name);
}

static void judge_receive_offload(const struct port_facts *facts, struct findings *findings)
{
	bool has_lro = facts->tuning.has_lro, has_gro_hw = facts->tuning.has_gro_hw;
	struct finding *f;

	if ((!has_lro && !has_gro_hw) || !is_card(facts))
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "receive-offload");
	finding_text(f, "the card joins received TCP segments (%s%s%s)", has_lro ? "lro" : "",
		     has_lro && has_gro_hw ? ", " : "", has_gro_hw ? "rx-gro-hw" : "");
	finding_why(
		f, "while it waits for more of them, messages behind them wait too, before they are stamped");
	finding_mend(f, "ethtool -K %s%s%s", facts->link.name, has_lro ? " lro off" : "",
		     has_gro_hw ? " rx-gro-hw off" : "");
}

static void judge_tso(const struct port_facts *facts, struct findings *findings)
{
	uint64_t burst_us = wire_us(facts, TSO_OCTETS);
	struct finding *f;

	if (!facts->tuning.has_tso || facts->tuning.speed_mbps == 0 || burst_us < BURST_NOTED_US ||
	    !is_card(facts))
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "tso");
	finding_text(f, "the card cuts TCP's data into segments itself (tso)");
	finding_why(f,
		    "if this machine sends TCP here, up to 64 KiB go to the card at once; a message behind "
		    "them waits "
		    "up to %" PRIu64 " us in the card, after its stamp",
		    burst_us);
	finding_mend(f, "ethtool -K %s tso off gso off", facts->link.name);
}

static void judge_hw_tc(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->tuning.has_hw_tc)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "hw-tc-offload");
	finding_text(f, "tc filters may be carried out by the card (hw-tc-offload)");
	finding_why(
		f,
		"what a filter there forwards or drops is never seen by the kernel, and so not by the clock");
	finding_mend(f, "ethtool -K %s hw-tc-offload off", facts->link.name);
}

static void judge_offloads(const struct port_facts *facts, struct findings *findings)
{
	size_t before = findings->n;

	if (!facts->tuning.has_features)
		return;
	judge_gro_list(facts, findings);
	judge_udp_forwarding(facts, findings);
	judge_receive_offload(facts, findings);
	judge_tso(facts, findings);
	judge_hw_tc(facts, findings);
	if (findings->n == before)
		finding_text(port_finding(facts, findings, FINDING_GOOD, "offloads"),
			     "no offload that keeps messages back");
}

static void judge_ring(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_ethtool_tuning *tuning = &facts->tuning;
	struct finding *f;

	if (!facts->has_sysfs || facts->has_bql || !is_card(facts) || !tuning->has_tx_ring ||
	    tuning->tx_ring <= TX_RING_SUFFICING || tuning->speed_mbps == 0)
		return;
	f = port_finding(facts, findings, FINDING_NOTE, "tx-ring");
	finding_text(f,
		     "the ring for sending holds %" PRIu32 " frames, and no byte queue limit was at work yet",
		     tuning->tx_ring);
	finding_why(f,
		    "if the driver has none, other traffic may fill it, and a message waits in it for up to "
		    "%" PRIu64 " us after its stamp",
		    wire_us(facts, (uint64_t)tuning->tx_ring * FRAME_OCTETS));
	finding_mend(f, "ethtool -G %s tx %d", facts->link.name, TX_RING_SUFFICING);
}

static void judge_coalescing(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_ethtool_tuning *tuning = &facts->tuning;
	bool has_delay = tuning->has_rx_usecs && tuning->rx_usecs > 0;
	struct finding *f;

	if (!tuning->has_coalesce) {
		if (is_card(facts)) {
			f = port_finding(facts, findings, FINDING_NOTE, "coalescing");
			finding_text(f, "the driver does not tell how long it keeps interrupts back");
			finding_why(f, "so long may a message be here before it is stamped");
		}
		return;
	}
	if (!has_delay && !tuning->is_rx_adaptive) {
		finding_text(port_finding(facts, findings, FINDING_GOOD, "coalescing"),
			     "interrupts come at once");
		return;
	}
	f = port_finding(facts, findings, FINDING_NOTE, "coalescing");
	if (tuning->is_rx_adaptive)
		finding_text(f,
			     "the driver keeps interrupts back, for as long as it thinks fit (adaptive-rx)");
	else
		finding_text(f, "interrupts are kept back: rx-usecs %" PRIu32, tuning->rx_usecs);
	finding_why(
		f,
		"a message is here for that long before it is stamped, up to tens of microseconds, one more "
		"and the next less; small values may be names of a way to choose (igb, e1000e: 1 and 3)");
	finding_mend(f, "ethtool -C %s%s%s", facts->link.name,
		     tuning->has_rx_adaptive ? " adaptive-rx off" : "",
		     tuning->has_rx_usecs ? " rx-usecs 0" : "");
}

static void judge_eee(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_ethtool_tuning *tuning = &facts->tuning;
	struct finding *f;

	if (!tuning->has_eee)
		return;
	if (!tuning->is_eee_enabled || !tuning->is_eee_active) {
		finding_text(port_finding(facts, findings, FINDING_GOOD, "eee"),
			     tuning->is_eee_enabled && !facts->link.has_carrier
				     ? "whether Energy-Efficient Ethernet is used shows when it is connected"
			     : tuning->is_eee_enabled
				     ? "the other end does not take part in Energy-Efficient Ethernet"
				     : "Energy-Efficient Ethernet is off");
		return;
	}
	f = port_finding(facts, findings, FINDING_NOTE, "eee");
	finding_text(f, "Energy-Efficient Ethernet is active");
	finding_why(
		f,
		"a link that sleeps has to wake up for a message, after its stamp: 17 us at 1 Gb/s, 30 us at "
		"100 Mb/s, and some cards more; not when other traffic keeps it awake");
	finding_mend(f, "ethtool --set-eee %s eee off", facts->link.name);
}

void port_judge_tuning(const struct port_facts *facts, struct findings *findings)
{
	if (!facts->has_tuning)
		return;
	judge_offloads(facts, findings);
	judge_ring(facts, findings);
	judge_coalescing(facts, findings);
	judge_eee(facts, findings);
}
