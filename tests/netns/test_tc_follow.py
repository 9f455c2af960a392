# SPDX-License-Identifier: GPL-2.0-or-later
"""The transparent clock between a ptp4l grandmaster and a ptp4l client, over each transport, both delay mechanisms,
and both ways through the box."""

import contextlib
import struct
import time
import unittest

from harness import bpfobjects, control
from netns.support import WAIT_S, TcRig, ask_pmc, until

TRANSPORTS = ("L2", "UDPv4", "UDPv6")

# Counters that rise while all is well. A follower may overtake its event message where two CPUs are at work.
USUAL = {"bpf_tx_corrected", "bpf_tx_stamp", "bpf_tx_follower_corrected", "bpf_tx_follower_parked",
         "tc_follower_completed", "bpf_rx_observed", "bpf_rx_cloned", "bpf_rx_answer_corrected"}
USUAL_OF_P2P = (USUAL - {"bpf_rx_answer_corrected"}) | {
    "bpf_rx_event", "bpf_rx_general", "bpf_tx_event", "tx_pdelay_req", "tx_pdelay_resp", "tx_pdelay_resp_follow_up",
    "rx_pdelay_req", "rx_pdelay_resp", "rx_pdelay_resp_follow_up"}
# What a lost stamp costs, or a receive stamp that lay for a tenth of a second; and, seldom, answers that are late.
LOST = {"tc_held_expired", "pdelay_tx_stamp_missing", "bpf_rx_stamp_replaced"}
LATE = {"pdelay_response_lost", "pdelay_unmatched"}
N_SYNCS = 16


# In the programs' record of a port: its link delay. A reload with these leaves no record to take over.
LINK_DELAY_OFFSET = 104
UNPINNED = {"bpf_pin_path": ""}
NEIGHBOURS = ((1, "bc0"), (2, "bc1"))


def link_delays_sns(box):
    """What the programs add to each Sync that comes in, by port number."""
    return {struct.unpack_from("=I", conf)[0] + 1: struct.unpack_from("=q", conf, LINK_DELAY_OFFSET)[0]
            for _, conf in bpfobjects.read_map_of(box.pid, "ebc_ports")}


def told_delays_sns(box):
    """The same as the clock tells it."""
    ports = [message["port"] for message in control.ask(box.control_path, "port_status")[:-1]]
    return {port["number"]: port["delay_ns"] << 16 for port in ports}


def risen(before, after):
    """{port: {counter: by how much}}"""
    return {port: {name: value - before.get(port, {}).get(name, 0) for name, value in counters.items()
                   if value != before.get(port, {}).get(name, 0)} for port, counters in after.items()}


class Follow(unittest.TestCase):
    def check(self, clock_type, bridge):
        with contextlib.ExitStack() as stack:
            rigs = [stack.enter_context(TcRig(clock_type, bridge=bridge, transport=transport))
                    for transport in TRANSPORTS]
            for rig in rigs:
                rig.wait_in_sync()
            before = [rig.box.read_counters() for rig in rigs]
            begin_real_ns = time.time_ns()

            def heard(rig):
                """What the client received since then, by the kernel's stamps."""
                return sum(sync.t2_ns > begin_real_ns for sync in rig.clients[0].monitor.syncs)
            for rig in rigs:
                until(lambda rig=rig: heard(rig) >= N_SYNCS, WAIT_S, rig.clients[0].tail)
            for rig, counters in zip(rigs, before):
                with self.subTest(transport=rig.transport):
                    n_heard = heard(rig)
                    self.check_counters(rig, risen(counters, rig.box.read_counters()), n_heard)
                    self.check_distance(rig)
                    if rig.is_p2p:
                        self.check_offsets_of_p2p(rig)
                        if not bridge and rig.transport == "L2":
                            self.check_link_delays_over_reloads(rig)
                    self.assertEqual(rig.box.find_all("took over|cannot|error|refused"), [])

    def check_counters(self, rig, by, n_heard):
        """n_heard Syncs at the least, but for one that was under way when they began to be counted, and one whose stamp
        the kernel lost."""
        usual = USUAL_OF_P2P if rig.is_p2p else USUAL
        for port in by:
            self.assertLessEqual(sum(by[port].get(name, 0) for name in LOST), 2, by)
            self.assertLessEqual(sum(by[port].get(name, 0) for name in LATE), by[port].get("tx_pdelay_req", 0) / 2, by)
            self.assertLessEqual(set(by[port]), usual | LOST | LATE, by)
        towards_client = by[2]
        self.assertGreaterEqual(towards_client["bpf_tx_corrected"], n_heard - 1, by)
        self.assertGreaterEqual(towards_client.get("bpf_tx_follower_corrected", 0)
                                + towards_client.get("tc_follower_completed", 0), n_heard - 2, by)
        if not rig.is_p2p:
            # Delay_Req on its way up, and its Delay_Resp on the way down.
            self.assertGreater(by[1]["bpf_tx_corrected"], 1, by)
            self.assertGreater(by[1]["bpf_rx_answer_corrected"], 1, by)

    def check_distance(self, rig):
        """A transparent clock is no step on the way, and nobody's parent."""
        current = ask_pmc(rig.clients[0], "CURRENT_DATA_SET")
        self.assertEqual(current["stepsRemoved"], 1)
        parent = ask_pmc(rig.clients[0], "PARENT_DATA_SET")
        self.assertEqual(parent["parentPortIdentity"], f"{rig.gm.grandmaster}-1")
        self.assertEqual(parent["grandmasterIdentity"], rig.gm.grandmaster)

    def check_offsets_of_p2p(self, rig):
        client = rig.clients[0]
        client.wait_for_offsets(2, WAIT_S, within_ns=1_000_000)
        for number in (1, 2):
            rig.box.wait_for(rf"port {number} \(bc{number - 1}\): peer delay -?\d+ ns", WAIT_S)
        # After a reload they are known before anyone answered again. Nothing is measured from here on: what was under way is
        # lost.
        for neighbour in (rig.gm, client):
            neighbour.halt()
        self.assertIn("started anew", rig.box.reload({"logMinPdelayReqInterval": 4}))
        ports = [message["port"] for message in control.ask(rig.box.control_path, "port_status")[:-1]]
        self.assertEqual([port["number"] for port in ports if port["delay_ns"] is not None], [1, 2])

    def check_link_delays_over_reloads(self, rig):
        """Programs that are new correct by what was measured before, and the log does not tell it again."""
        # Of each cable a delay, which may be any, also 0.
        start, before_sns = len(rig.box.lines), told_delays_sns(rig.box)
        self.assertIn("started anew", rig.box.reload({**UNPINNED, "logMinPdelayReqInterval": -3}))
        self.assertEqual(link_delays_sns(rig.box), before_sns)
        for number, port in NEIGHBOURS:
            rig.box.wait_for(rf"port {number} \({port}\): the neighbour does not answer", WAIT_S, start)
        self.assertEqual(rig.box.find_all(r"peer delay -?\d+ ns", start), [])

        start = len(rig.box.lines)
        options = {**UNPINNED, "logMinPdelayReqInterval": -2}
        self.assertIn("started anew", rig.box.reload(options))
        self.assertEqual(link_delays_sns(rig.box), before_sns)
        # A second later, when all that there is to tell has been told.
        self.assertIn("nothing changed", rig.box.reload(options))
        self.assertEqual(rig.box.find_all("does not answer", start), [])

    def test_e2e_directly(self):
        self.check("E2E_TC", False)

    def test_e2e_over_a_bridge(self):
        self.check("E2E_TC", True)

    def test_p2p_directly(self):
        self.check("P2P_TC", False)

    def test_p2p_over_a_bridge(self):
        self.check("P2P_TC", True)
