# SPDX-License-Identifier: GPL-2.0-or-later
"""Several instances on the same ports, at a time or one after the other: who lives is left alone, of who is dead
nothing stays but what the next one uses, and every message arrives once and corrected."""

import contextlib
import os
import shutil
import unittest

from harness import bpfobjects, frames, wire
from harness.network import cable
from harness.passage import Passage, correction_sns
from harness.rawport import RawPort
from netns.support import START_S, STAMPED_BEFORE, WAIT_S, TcRig, until
from netns.test_stop import programs_at

OFFSET = 14  # of a message in an untagged L2 frame
N = 5
OWN = {"tc_domains": "own"}
TCX, CLSACT = ({**STAMPED_BEFORE, "bpf_attach": how} for how in ("tcx", "clsact"))


class Instances(unittest.TestCase):
    @contextlib.contextmanager
    def rig(self, options, **others):
        with TcRig(gm=False, clients=False, options=options, **others) as rig:
            rig.wait_ready()
            self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            yield rig

    def check_passes(self, **fields):
        """Syncs with such fields, and their Follow_Ups, arrive once and corrected."""
        expected = {}
        for _ in range(N):
            header = {**self.passage.header(), **fields}
            self.passage.send(header, frames.l2(wire.sync(**header), self.passage.near.mac))
            event = self.passage.wait_for(header)[0]
            self.passage.near.send(frames.l2(wire.follow_up(1, **header), self.passage.near.mac))
            both = self.passage.wait_for_both(header)
            expected[header["sequence"]] = [wire.SYNC, wire.FOLLOW_UP][:len(both)]
            self.assertGreater(correction_sns(event.frame, OFFSET), 0)
            arrived = self.passage.arrived(header)
            # What the queue added is in one of them, once: all together it is no more than it can be.
            self.assertLess(sum(correction_sns(c.frame, OFFSET) for c in arrived) / 65536,
                            self.passage.residence_bound_ns(header))
        self.passage.fence()
        for number, types in expected.items():
            arrived = self.passage.arrived({**header, "sequence": number})
            self.assertEqual([c.ptp.message.type for c in arrived], types)

    def hooks(self, rig):
        """How many programs hang at each hook."""
        return {port: {where: len(ids) for where, ids in programs_at(rig, port).items()} for port in rig.ports}

    def one_each(self, attach, ports):
        return {port: {(attach, "ingress"): 1, (attach, "egress"): 1} for port in ports}

    def wait_for_one_each(self, rig, attach):
        until(lambda: self.hooks(rig) == self.one_each(attach, rig.ports), WAIT_S,
              lambda: f"one each: {self.hooks(rig)}")


class Living(Instances):
    def check_left_alone(self, attach, other, bridge=False):
        with self.rig({**OWN, **attach, "domainNumber": 0}, bridge=bridge) as rig:
            pins = set(os.listdir(rig.pin_path))
            held = bpfobjects.held_by(rig.box.pid)
            at_hooks = {port: programs_at(rig, port) for port in rig.ports}
            self.check_passes()
            second = rig.start_box({**attach, "domainNumber": 5, **other})
            ready = "LISTENING" if other.get("clock_type") == "BC" else "link up"
            for port in rig.ports:
                second.wait_for(rf"\({port}\): .*{ready}", START_S)
            # The control socket comes last in the start.
            until(lambda: os.path.exists(second.control_path), WAIT_S, second.tail)
            self.assertEqual(second.find_all("took over"), [])
            self.check_passes()
            self.assertLessEqual(pins, set(os.listdir(rig.pin_path)))
            if "clock_type" not in other:
                self.check_passes(domain=5)
            self.assertEqual(second.stop(), 0)
            self.check_passes()
            self.assertEqual(set(os.listdir(rig.pin_path)), pins)
            self.assertEqual({port: programs_at(rig, port) for port in rig.ports}, at_hooks)
            self.assertLessEqual(held, bpfobjects.held_by(rig.box.pid))
            self.assertEqual(rig.box.stop(), 0)
            self.assertFalse(os.path.exists(rig.pin_path))

    def test_by_a_transparent_clock_of_another_domain(self):
        for attach, bridge in ((TCX, True), (CLSACT, False)):
            with self.subTest(**attach, bridge=bridge):
                self.check_left_alone(attach, OWN, bridge)

    def test_by_a_boundary_clock_of_another_domain(self):
        self.check_left_alone(TCX, {"clock_type": "BC"})

    def test_by_a_monitor_of_another_domain(self):
        self.check_left_alone(TCX, {**OWN, "clock_type": "MONITOR"})


class Restart(Instances):
    """After a kill, with clsact, whose filters do not go with the process."""

    def check_restart(self, before, after, *, n_clients=1, interfaces=None):
        with self.rig({**CLSACT, **before}, n_clients=n_clients) as rig:
            self.check_passes()
            held = bpfobjects.held_by(rig.box.pid)
            rig.box.kill()
            rig.box = rig.start_box({**CLSACT, **after}, interfaces=interfaces)
            ports = interfaces or rig.ports
            for port in ports:
                rig.box.wait_for(rf"\({port}\): link up", START_S)
            others = {port: {} for port in rig.ports if port not in ports}
            expected = {**self.one_each("clsact", ports), **others}
            until(lambda: self.hooks(rig) == expected, WAIT_S,
                  lambda: f"{expected}: {self.hooks(rig)}\n{rig.box.tail()}")
            until(lambda: len(os.listdir(rig.pin_path)) == 1, WAIT_S, lambda: os.listdir(rig.pin_path))
            self.check_passes(domain=after.get("domainNumber", 0))
            if not rig.box.find_all("took over"):
                until(lambda: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {bpfobjects.existing(held)}")
            if others:
                with RawPort(rig.lab.clients[-1], "eth0") as port:
                    self.check_passes()
                    self.assertEqual(port.received(), [])
            self.assertEqual(rig.box.stop(), 0)
            self.assertEqual(self.hooks(rig), {port: {} for port in rig.ports})
            self.assertFalse(os.path.exists(rig.pin_path))

    def test_with_another_domain_number(self):
        self.check_restart({}, {"domainNumber": 7})

    def test_with_all_domains_after_one_of_its_own(self):
        self.check_restart(OWN, {"domainNumber": 7})

    def test_without_a_port(self):
        self.check_restart({}, {}, n_clients=2, interfaces=["bc0", "bc1"])

    def test_configured_otherwise_and_without_a_port(self):
        self.check_restart({}, {"rx_ring_bytes": 65536}, n_clients=2, interfaces=["bc0", "bc1"])


class Pins(Instances):
    def test_a_port_that_comes_again_serves_though_its_folder_is_gone(self):
        with self.rig(TCX) as rig:
            shutil.rmtree(rig.pin_path)
            self.check_passes()
            rig.lab.box.ip("link", "del", "bc1")
            rig.box.wait_for(r"port 2 \(bc1\): (?!link up)", WAIT_S)
            n_lines = len(rig.box.lines)
            cable(rig.lab.box, "bc1", rig.lab.clients[0], "eth0")
            rig.box.wait_for(r"port 2 \(bc1\): link up", WAIT_S, n_lines)
            self.passage = Passage(self.passage.near, rig.raw_port(rig.lab.clients[0]))
            self.check_passes()
            self.wait_for_one_each(rig, "tcx")
            self.assertEqual(rig.box.stop(), 0)
            self.assertEqual(self.hooks(rig), {port: {} for port in rig.ports})

    def test_a_start_that_fails_leaves_what_it_took_over(self):
        """It fails at the map of stamps, for which there is no room, once it has the programs."""
        for attach in (TCX, CLSACT):
            options = {**attach, "publish_stamps": 1}
            with self.subTest(**attach), self.rig(options) as rig:
                stamps = [name for name in os.listdir(rig.pin_path) if "stamps" in name]
                self.assertEqual(len(stamps), 1)
                at_hooks = {port: programs_at(rig, port) for port in rig.ports}
                rig.box.kill()
                in_the_way = os.path.join(rig.pin_path, stamps[0])
                os.unlink(in_the_way)
                os.mkdir(in_the_way)
                failed = rig.start_box(options)
                self.assertNotEqual(failed.wait(WAIT_S), 0)
                self.assertRegex(failed.text, "cannot pin")
                self.assertEqual({port: programs_at(rig, port) for port in rig.ports}, at_hooks)
                self.check_passes()
                os.rmdir(in_the_way)
                rig.box = rig.start_box(options)
                rig.wait_ready()
                rig.box.wait_for("took over the programs", WAIT_S)
                self.assertEqual({port: programs_at(rig, port) for port in rig.ports}, at_hooks)
                self.check_passes()
                self.assertEqual(rig.box.stop(), 0)
                self.assertFalse(os.path.exists(rig.pin_path))
