# SPDX-License-Identifier: GPL-2.0-or-later
"""A queue at the transparent clock's egress port that is kept full: what messages wait there is in what follows them."""

import statistics
import time
import unittest

from harness import frames, wire
from harness.load import UdpFlood
from harness.passage import Passage, correction_sns
from netns.support import STAMPED_BEFORE, WAIT_S, TcRig, until, wait_follows

N_OFFSETS = 24
N_CRAFTED = 12
# What is crafted is in another domain: the client does not see it.
DOMAIN = 9
# A full queue of 14 kB at 10 Mbit/s: more than this, and corrected to a small part of it.
WAIT_NS = 4_000_000
FULL_OCTETS = 10_000
PART = 20


class Queue(unittest.TestCase):
    def full_queue(self, bridge):
        rig = self.enterContext(TcRig(bridge=bridge, options={**STAMPED_BEFORE, "tc_one_step": "auto"}))
        if bridge:
            rig.lab.box.ip("addr", "flush", "dev", "bc1")
            rig.lab.box.add_address("br0", "10.77.1.1/24")
        rig.wait_in_sync()
        rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "10mbit", "burst", "2kb", "limit", "14kb")
        self.enterContext(UdpFlood(rig.lab.box, "10.77.1.2", rate_per_s=1500))
        until(lambda: rig.lab.box.backlog_octets("bc1") > FULL_OCTETS, WAIT_S, "a full queue")
        self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
        return rig

    def send_crafted(self, two_step):
        """Sync messages, each with a Follow_Up if it is a two-step one. Those whose both parts got through (a full
        queue drops): a list of (waited, corrected for), ns; and the events that arrived."""
        headers = []
        for _ in range(N_CRAFTED):
            header = {**self.passage.header(), "domain": DOMAIN}
            headers.append(header)
            self.passage.send(header, frames.l2(wire.sync(two_step=two_step, **header), self.passage.near.mac))
            if two_step:
                self.passage.near.send(frames.l2(wire.follow_up(0, **header), self.passage.near.mac))
            until(lambda h=header: len(self.passage.arrived(h)) == 2 or self.is_lost(h), WAIT_S, "it arrives or is lost")
        results, events = [], []
        for header in headers:
            got = {c.frame[14] & 0xF: c for c in self.passage.arrived(header)}
            if set(got) == {wire.SYNC, wire.FOLLOW_UP}:
                event = got[wire.SYNC]
                waited_ns = event.real_ns - self.passage.sent_real_ns(header)
                results.append((waited_ns, sum(correction_sns(c.frame, 14) for c in got.values()) / 65536))
                events.append(event)
        self.assertGreaterEqual(len(results), N_CRAFTED // 3)
        return results, events

    def is_lost(self, header):
        """The queue holds no more than its limit: a second is far more than anything waits there."""
        return time.time_ns() - self.passage.sent_real_ns(header) > 10**9

    def check_crafted(self, two_step):
        results, events = self.send_crafted(two_step)
        waited_ns = statistics.median(waited for waited, _ in results)
        self.assertGreater(waited_ns, WAIT_NS, results)
        for waited, corrected in results:
            self.assertLess(corrected, waited)
        self.assertLess(statistics.median(waited - corrected for waited, corrected in results), waited_ns / PART, results)
        for event in events:
            self.assertTrue(event.ptp.message.flags & wire.FLAG_TWO_STEP)
        return waited_ns

    def check(self, bridge):
        rig = self.full_queue(bridge)
        client = rig.clients[0]
        waited_ns = self.check_crafted(True)
        n = len(client.monitor.raw_offsets)
        until(lambda: len(client.monitor.raw_offsets) >= n + N_OFFSETS, WAIT_S, client.tail)
        wait_follows(client, rig.gm)
        offsets_ns = client.monitor.offsets_ns()[n:]
        self.assertLess(statistics.median(map(abs, offsets_ns)), waited_ns / PART)
        # One-step messages are converted while the queue is long.
        self.check_crafted(False)
        counters = rig.box.read_counters()[2]
        self.assertGreater(counters["bpf_tx_follower_parked"], N_OFFSETS // 2)
        self.assertGreaterEqual(counters["tc_follower_generated"], N_CRAFTED // 3)
        self.assertEqual(counters.get("tc_held_evicted", 0), 0)
        self.assertEqual(rig.box.find_all("FAULTY"), [])

    def test_full_and_carried_directly(self):
        self.check(False)

    def test_full_and_carried_by_a_bridge(self):
        self.check(True)
