# SPDX-License-Identifier: GPL-2.0-or-later
"""One-step Sync of the boundary clock (twoStepFlag 0): ptp4l clients follow it, a queue makes a port two-step."""

import re
import time
import unittest

from harness import wire
from harness.load import UdpFlood
from netns.support import IN_SYNC_NS, WAIT_S, Rig, until, wait_in_sync

# Sixteen of these, without a queue, bring one-step back.
OPTIONS = {"twoStepFlag": 0, "logSyncInterval": -4}
ONE_STEP = r"port {} \(bc{}\): one-step Sync is sent"
TWO_STEP = r"port {} \(bc{}\): frames wait in a queue .* two-step Sync is sent"
FULL_OCTETS = 10_000
N = 8


class OneStep(unittest.TestCase):
    def check_all(self, port, two_step):
        """Waits for N Syncs in a row of that kind that tell when they arrived, each with a Follow_Up or none. (The log may
        be ahead of the last one of the other kind; a machine that stands still for a moment has queues of its own.)"""
        start = len(port.captured)

        def are_so():
            syncs = port.received(wire.SYNC, start=start)[-N - 1:-1]
            followed = {one.ptp.message.sequence for one in port.received(wire.FOLLOW_UP, start=start)}
            return len(syncs) == N and all(
                bool(one.ptp.message.flags & wire.FLAG_TWO_STEP) == two_step == (one.ptp.message.sequence in followed)
                # Hosts share one clock.
                and (two_step or abs(one.ptp.message.timestamp_ns - one.real_ns) < IN_SYNC_NS) for one in syncs)
        until(are_so, WAIT_S, f"{N} {'two' if two_step else 'one'}-step Syncs in a row")

    def check_one_step(self, port):
        self.check_all(port, False)

    def check_two_step(self, port):
        self.check_all(port, True)

    def test_clients_follow_and_a_queue_makes_a_port_two_step(self):
        rig = self.enterContext(Rig(transport="UDPv4", options=OPTIONS))
        ports = [rig.raw_port(client) for client in rig.lab.clients]
        rig.wait_in_sync()
        for number in (2, 3):
            rig.box.wait_for(ONE_STEP.format(number, number - 1), WAIT_S)
        for client, port in zip(rig.clients, ports):
            self.check_one_step(port)
            wait_in_sync(client)

        # A queue at one port is that port's alone.
        start = len(rig.box.lines)
        rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "10mbit", "burst", "2kb", "limit", "14kb")
        flood = self.enterContext(UdpFlood(rig.lab.box, "10.77.1.2", rate_per_s=1500))
        until(lambda: rig.lab.box.backlog_octets("bc1") > FULL_OCTETS, WAIT_S, "a full queue")
        rig.box.wait_for(TWO_STEP.format(2, 1), WAIT_S, start)
        self.check_two_step(ports[0])
        self.check_one_step(ports[1])
        wait_in_sync(rig.clients[0])
        # Each is said when it begins: once, and again only after the other. (No queue for sixteen Syncs ends it.)
        said = [two_step for line in rig.box.lines[start:] for two_step, pattern in enumerate((ONE_STEP, TWO_STEP))
                if re.search(pattern.format(2, 1), line.text)]
        self.assertEqual(said, [1, 0] * (len(said) // 2) + [1])

        # It returns, and says so.
        start = len(rig.box.lines)
        flood.stop()
        rig.lab.box.clear_root_qdisc("bc1")
        rig.box.wait_for(ONE_STEP.format(2, 1), WAIT_S, start)
        self.check_one_step(ports[0])
        for client in rig.clients:
            wait_in_sync(client, since_s=time.monotonic())
        self.assertEqual(rig.box.find_all("FAULTY"), [])
        for number in (2, 3):
            counters = rig.box.read_counters()[number]
            self.assertLess(counters["tx_follow_up"], counters["tx_sync"])
            self.assertEqual(counters.get("tx_stamp_unmatched", 0), 0)

    def test_stamps_that_know_no_queue_leave_it_two_step(self):
        rig = self.enterContext(Rig(n_clients=1, options={**OPTIONS, "tx_stamp_point": "tc"}))
        port = rig.raw_port(rig.lab.clients[0])
        rig.wait_in_sync()
        self.check_two_step(port)
        self.assertEqual(len(rig.box.find_all("twoStepFlag 0: .* two-step Sync is sent")), 1)
