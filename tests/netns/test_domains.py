# SPDX-License-Identifier: GPL-2.0-or-later
"""Several domains on the same ports: two boundary clocks beside each other, and a boundary clock for one domain with
a transparent clock for the others in one process (tc_other_domains)."""

import os
import unittest

from harness import control, programs, wire
from netns.support import BOX, START_S, Rig, TcRig, until, wait_follows, wait_in_sync
from netns.test_stop import programs_at

OTHER = 5


class Domains(unittest.TestCase):
    def start_pair(self, rig):
        """Grandmaster and client of the other domain, on the hosts of the first one's."""
        gm = rig.start_gm({"domainNumber": OTHER, "clockIdentity": "020000.0000.000005"})
        return gm, rig.start_client(0, {"domainNumber": OTHER})

    def refused(self, rig, options):
        box = rig.start_box(options)
        self.assertNotEqual(box.wait(START_S), 0)
        return box.text

    def assert_stamped(self, counters):
        """But for single frames: the kernel may leave one out."""
        n_sent = counters.get("tx_sync", 0) + counters.get("tx_delay_req", 0)
        self.assertLessEqual(10 * counters.get("tx_stamp_missing", 0), n_sent, counters)

    def sources(self, port, domain, start):
        """Whose Syncs of a domain arrive there."""
        return {one.ptp.message.source[:8].hex() for one in port.received(wire.SYNC, start=start)
                if one.ptp.message.domain == domain}

    def grandmaster(self, program):
        return program.grandmaster.replace(".", "")


class TwoBoundaryClocks(Domains):
    def check(self, attach):
        rig = self.enterContext(Rig(n_clients=1, options={"bpf_attach": attach}))
        gm, client = self.start_pair(rig)
        second = rig.start_box({"domainNumber": OTHER, "bpf_attach": attach})
        rig.wait_in_sync()
        for number, state in ((1, "SLAVE"), (2, "MASTER")):
            second.wait_for_state(number, state, START_S)
        wait_in_sync(client)
        self.assertEqual(second.grandmaster, gm.grandmaster)
        self.assertEqual(rig.box.grandmaster, rig.gm.grandmaster)
        self.assertNotEqual(gm.grandmaster, rig.gm.grandmaster)
        self.assertRegex(self.refused(rig, {"domainNumber": OTHER}), f"another ebpf-bc serves domain {OTHER} there")
        # One that goes takes nothing of the other's with it.
        n_states = len(rig.box.state_changes)
        self.assertEqual(second.stop(), 0)
        wait_in_sync(rig.clients[0])
        self.assertEqual(rig.box.state_changes[n_states:], [])
        counters = rig.box.read_counters()
        for number in (1, 2):
            self.assertEqual(counters[number].get("programs_reattached", 0), 0)
            self.assert_stamped(counters[number])
        self.assertEqual(rig.box.stop(), 0)

    def test_neither_disturbs_the_other_by_tcx(self):
        self.check("tcx")

    def test_neither_disturbs_the_other_by_clsact(self):
        self.check("clsact")


class BoundaryAndTransparentClock(Domains):
    def check(self, attach):
        rig = self.enterContext(TcRig(options={**BOX, "tc_other_domains": "E2E", "bpf_attach": attach}))
        gm, client = self.start_pair(rig)
        port = rig.raw_port(rig.lab.clients[0])
        Rig.wait_in_sync(rig)
        wait_follows(client, gm)
        wait_in_sync(client)
        # The first domain ends at the box, the other passes it.
        start = len(port.captured)
        until(lambda: self.sources(port, 0, start) and self.sources(port, OTHER, start), START_S, "Syncs of both domains")
        self.assertEqual(self.sources(port, OTHER, start), {self.grandmaster(gm)})
        self.assertNotIn(self.grandmaster(rig.gm), self.sources(port, 0, start))
        self.check_residence(rig)
        self.assertRegex(self.refused(rig, {"clock_type": "BC", "domainNumber": OTHER}),
                         f"another ebpf-bc serves domain {OTHER} there")
        self.check_counters(rig)
        self.assertEqual(rig.box.stop(), 0)
        self.assertEqual({name: programs_at(rig, name) for name in rig.ports}, {name: {} for name in rig.ports})
        self.assertFalse(os.path.exists(rig.pin_path))

    def check_residence(self, rig):
        """Measured by the transparent clock, asked for where the boundary clock is."""
        ways = {("bc0", "bc1", "sync"), ("bc1", "bc0", "delay_req")}
        until(lambda: ways <= {(one["ingress"], one["egress"], one["type"])
                               for one in programs.residences(rig.box)["residences"]}, START_S, "residences")

    def check_counters(self, rig):
        boundary = rig.box.read_counters()
        rig.box.wait_for(r"port 2 \(bc1\) other domains: counters:.* bpf_tx_corrected [1-9]", START_S)
        self.assertGreater(boundary[1]["rx_sync"], 0)
        told = control.ask(rig.box.control_path, "stats")[1]["stats"]
        self.assertGreater(told["other_domains"]["bpf_tx_corrected"], 0)
        self.assertGreater(told["counters"]["tx_sync"], 0)
        for number in (1, 2):
            self.assertEqual(boundary[number].get("rx_ignored_domain", 0), 0)
            self.assert_stamped(boundary[number])
            # Nobody carried what is the boundary clock's.
            self.assertEqual(boundary[number].get("bpf_tx_dropped_foreign", 0), 0)

    def test_in_one_process_by_tcx(self):
        self.check("tcx")

    def test_in_one_process_by_clsact(self):
        self.check("clsact")
