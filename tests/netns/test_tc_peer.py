# SPDX-License-Identifier: GPL-2.0-or-later
"""A neighbour's peer delay requests at a P2P transparent clock: answered at once whatever else passes, only in the
VLAN that the clock is in, and each of many."""

import contextlib
import signal
import statistics
import time
import unittest

from harness import frames, wire
from harness.passage import Passage
from netns.support import WAIT_S, TcRig, until

REQUESTER = wire.port_identity(bytes.fromhex("0200000000000055"), 3)
N = 16
N_AT_ONCE = 64
PAUSE_S = 0.02
# The daemon has little else that would wake it.
SELDOM = {"logMinPdelayReqInterval": 2}


class Peer(unittest.TestCase):
    @contextlib.contextmanager
    def rig(self, transport="L2"):
        with TcRig("P2P_TC", gm=False, clients=False, transport=transport, options=SELDOM) as rig:
            rig.wait_ready()
            self.near = rig.raw_port(rig.lab.gm)
            self.passage = Passage(self.near, rig.raw_port(rig.lab.clients[0]))
            self.sequence = 0
            yield rig
            self.assertTrue(rig.box.is_running())

    def request(self):
        self.sequence += 1
        return wire.pdelay_req(source=REQUESTER, sequence=self.sequence)

    def answers(self, kind):
        """What came to our requests."""
        return [c for c in self.near.received(kind) if c.ptp.message.requester == REQUESTER]

    def wait_for_answer(self, sequence, kind=wire.PDELAY_RESP_FOLLOW_UP):
        return self.near.wait_for_message(kind, WAIT_S,
                                          where=lambda m: (m.requester, m.sequence) == (REQUESTER, sequence))

    def answered_in_ns(self):
        """From just before a request is sent to the stamp of its Pdelay_Resp; the Follow_Up is waited for, too."""
        frame = frames.l2(self.request(), self.near.mac)
        sent_real_ns = time.time_ns()
        self.near.send(frame)
        got = self.wait_for_answer(self.sequence, wire.PDELAY_RESP)
        self.wait_for_answer(self.sequence)
        return got.real_ns - sent_real_ns

    def test_they_are_answered_as_soon_while_syncs_pass(self):
        with self.rig():
            alone_ns, beside_ns = [], []
            for _ in range(N):
                for answered_ns in (alone_ns, beside_ns):
                    # Until the daemon sleeps. It gets a copy of each Sync, for which it is not woken.
                    time.sleep(PAUSE_S)
                    if answered_ns is beside_ns:
                        self.passage.fence()
                    answered_ns.append(self.answered_in_ns())
            self.assertLess(statistics.median(beside_ns), 20 * statistics.median(alone_ns), (alone_ns, beside_ns))

    def test_those_in_a_vlan_are_dropped_and_counted_and_not_answered_outside_of_it(self):
        with self.rig() as rig:
            for _ in range(N):
                self.near.send(frames.l2(self.request(), self.near.mac, vlans=(5,)))
            n_tagged = self.sequence
            # A tag with VID 0 only carries a priority; and one without, behind them all.
            for vlans in ((0xE000,), ()):
                self.near.send(frames.l2(self.request(), self.near.mac, vlans=vlans))
                self.wait_for_answer(self.sequence)
            for kind in (wire.PDELAY_RESP, wire.PDELAY_RESP_FOLLOW_UP):
                self.assertEqual([c.ptp.message.sequence for c in self.answers(kind)], [n_tagged + 1, n_tagged + 2])
            counters = rig.box.read_counters()[1]
            self.assertEqual(counters["bpf_rx_dropped_delay"], n_tagged)
            self.assertEqual(counters["rx_pdelay_req"], 2)
            self.passage.fence()
            self.assertEqual([c for c in self.passage.far.received(wire.PDELAY_REQ)
                              if c.ptp.message.source == REQUESTER], [])

    def test_many_at_once_are_all_answered(self):
        for transport, envelope in (("L2", frames.l2),
                                    ("UDPv4", lambda message, mac: frames.udp4(message, mac, "10.77.0.2"))):
            with self.subTest(transport), self.rig(transport) as rig:
                requests = [envelope(self.request(), self.near.mac) for _ in range(N_AT_ONCE)]
                rig.box.halt()
                self.assertEqual(self.near.send_many(requests), N_AT_ONCE)
                # Behind them: they are all in the ring.
                self.passage.fence()
                rig.box.signal(signal.SIGCONT)
                everybody = list(range(1, N_AT_ONCE + 1))
                for sequence in everybody:
                    self.wait_for_answer(sequence, wire.PDELAY_RESP)
                self.assertEqual(self.answered(wire.PDELAY_RESP), everybody)
                # The kernel may lose a stamp.
                until(lambda: len(self.answered(wire.PDELAY_RESP_FOLLOW_UP)) + self.n_missing(rig.box) >= N_AT_ONCE,
                      WAIT_S, rig.box.tail)
                followed = self.answered(wire.PDELAY_RESP_FOLLOW_UP)
                self.assertGreaterEqual(len(followed), N_AT_ONCE - 2)
                self.assertEqual(sorted(set(followed) & set(everybody)), followed)
                self.assertEqual(rig.box.read_counters()[1]["rx_pdelay_req"], N_AT_ONCE)

    def answered(self, kind):
        return sorted(c.ptp.message.sequence for c in self.answers(kind))

    def n_missing(self, box):
        return box.read_counters()[1].get("pdelay_tx_stamp_missing", 0)
