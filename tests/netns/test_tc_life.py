# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a transparent clock: what goes on when its process is killed, who takes over, and what is left when it
ends."""

import contextlib
import os
import signal
import time
import unittest

from harness import bpfobjects, frames, programs, wire
from harness.passage import Passage, correction_sns
from netns.support import START_S, STAMPED_BEFORE, WAIT_S, TcRig, until
from netns.test_stop import end_bound_s, is_clean, programs_at

OFFSET = 14  # of a message in an untagged L2 frame
LEASE_S = 2.0  # what the programs were promised last is over by then


class Life(unittest.TestCase):
    @contextlib.contextmanager
    def rig(self, options=None, bridge=False):
        # A Sync that has arrived has its stamp then: no Follow_Up waits for it at a daemon that was killed.
        with TcRig(bridge=bridge, gm=False, clients=False, options={**STAMPED_BEFORE, **(options or {})}) as rig:
            rig.wait_ready()
            self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            self.control_path = rig.box.control_path
            yield rig

    def sync_passes_corrected(self, two_step=True, has_follower=True):
        """Whether a Sync that is sent now arrives corrected; that its Follow_Up passes is a condition."""
        header = self.passage.header()
        self.passage.send(header, frames.l2(wire.sync(two_step=two_step, **header), self.passage.near.mac))
        got = self.passage.wait_for(header)[0]
        if two_step and has_follower:
            self.passage.near.send(frames.l2(wire.follow_up(1, **header), self.passage.near.mac))
            self.passage.wait_for_both(header)
        self.last = got.frame
        return correction_sns(got.frame, OFFSET) > 0

    def all_corrected_until(self, condition, timeout_s, what, has_follower=True):
        """Sends one Sync after the other until condition() is true; all must arrive corrected."""
        deadline_s, n = time.monotonic() + timeout_s, 0
        while n == 0 or not condition():
            self.assertTrue(self.sync_passes_corrected(has_follower=has_follower), f"Sync number {n}")
            self.assertLess(time.monotonic(), deadline_s, what)
            n += 1

    def is_converted(self):
        """Whether a one-step Sync that is sent now, which arrives corrected, arrives as a two-step one."""
        self.assertTrue(self.sync_passes_corrected(two_step=False))
        return bool(frames.parse(self.last).message.flags & wire.FLAG_TWO_STEP)

    def one_a_hook(self, rig):
        """The ids at the ports' hooks once each has one: what a predecessor left is taken away at the start's end."""
        def at_ports():
            return [programs_at(rig, port) for port in rig.ports]

        def has_one_each():
            return all({direction: len(ids) for (_, direction), ids in at.items()} == {"ingress": 1, "egress": 1}
                       for at in at_ports())
        until(has_one_each, WAIT_S, lambda: f"one program a hook: {at_ports()}\n{rig.box.tail()}")
        return {program for at in at_ports() for ids in at.values() for program in ids}

    def is_ready(self, box, rig):
        return all(box.find_all(rf"\({port}\): link up") for port in rig.ports)

    def assert_nothing_left(self, rig, held):
        self.assertTrue(is_clean(rig))
        self.assertFalse(os.path.exists(rig.pin_path), rig.box.text)
        self.assertFalse(os.path.exists(rig.box.control_path))
        until(lambda: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {bpfobjects.existing(held)}")

    def test_signals_that_end_it_leave_nothing(self):
        for signum, attach in ((signal.SIGTERM, "tcx"), (signal.SIGINT, "clsact")):
            with self.subTest(signal=signum, attach=attach), self.rig({"bpf_attach": attach}) as rig:
                held = bpfobjects.held_by(rig.box.pid)
                self.one_a_hook(rig)
                self.assertTrue(os.listdir(rig.pin_path))
                until(lambda: os.path.exists(rig.box.control_path), WAIT_S, rig.box.tail)
                begin_s = time.monotonic()
                rig.box.signal(signum)
                self.assertEqual(rig.box.wait(WAIT_S), 0)
                self.assertLess(time.monotonic() - begin_s, end_bound_s())
                self.assert_nothing_left(rig, held)

    def check_killed_and_started_again(self, options):
        with self.rig({"tc_one_step": "convert", **options}) as rig:
            self.assertTrue(self.sync_passes_corrected())
            held, ids = bpfobjects.held_by(rig.box.pid), self.one_a_hook(rig)
            rig.box.kill()
            killed_s = time.monotonic()
            self.all_corrected_until(lambda: time.monotonic() > killed_s + 1.25 * LEASE_S, WAIT_S, "sending")
            self.assertEqual(self.one_a_hook(rig), ids)
            # Nobody would send the follower of a converted one any more.
            self.assertFalse(self.is_converted())

            rig.box = rig.start_box({**STAMPED_BEFORE, "tc_one_step": "convert", **options})
            self.all_corrected_until(lambda: self.is_ready(rig.box, rig), START_S, "the start")
            rig.box.wait_for("took over the programs", WAIT_S)
            self.assertEqual(self.one_a_hook(rig), ids)
            until(self.is_converted, WAIT_S, "a Sync of two steps")
            held |= bpfobjects.held_by(rig.box.pid)
            self.assertEqual(rig.box.stop(), 0)
            self.assert_nothing_left(rig, held)

    def test_killed_with_tcx_it_goes_on_correcting_and_the_next_takes_over_without_a_gap(self):
        self.check_killed_and_started_again({"bpf_attach": "tcx"})

    def test_killed_with_clsact_it_goes_on_correcting_and_the_next_takes_over_without_a_gap(self):
        self.check_killed_and_started_again({"bpf_attach": "clsact"})

    def check_replaced(self, options, has_gap=False):
        with self.rig(options) as rig:
            held, ids = bpfobjects.held_by(rig.box.pid), self.one_a_hook(rig)
            rig.box.kill()
            rig.box = rig.start_box({**STAMPED_BEFORE, **options, "rx_ring_bytes": 65536})
            # A Sync may leave by the old programs and its Follow_Up by the new ones, which know nothing of each other.
            if has_gap:
                until(lambda: self.is_ready(rig.box, rig), START_S, lambda: rig.box.tail())
            else:
                self.all_corrected_until(lambda: self.is_ready(rig.box, rig), START_S, "the start",
                                         has_follower=False)
            self.assertFalse(self.one_a_hook(rig) & ids)
            self.assertEqual(rig.box.find_all("took over"), [])
            self.assertTrue(self.sync_passes_corrected())
            until(lambda: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {bpfobjects.existing(held)}")
            held = bpfobjects.held_by(rig.box.pid)
            self.assertEqual(rig.box.stop(), 0)
            self.assert_nothing_left(rig, held)

    def test_one_that_is_configured_otherwise_replaces_what_was_left_without_a_gap(self):
        self.check_replaced({"bpf_attach": "tcx"})

    def test_with_clsact_one_that_is_configured_otherwise_replaces_what_was_left(self):
        # A hook there has one filter of an instance: old and new cannot serve side by side.
        self.check_replaced({"bpf_attach": "clsact"}, has_gap=True)

    def test_a_boundary_clock_that_starts_there_replaces_what_was_left(self):
        with self.rig() as rig:
            held = bpfobjects.held_by(rig.box.pid)
            rig.box.kill()
            rig.box = rig.start_box({"clock_type": "BC"})
            rig.box.wait_for("port 2 .* to LISTENING", START_S)
            self.one_a_hook(rig)
            until(lambda: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {bpfobjects.existing(held)}")
            # It takes Sync for itself.
            header = self.passage.header()
            self.passage.send(header, frames.l2(wire.sync(**header), self.passage.near.mac))
            until(lambda: rig.box.read_counters()[1].get("rx_sync"), WAIT_S, "the Sync at the boundary clock")
            self.assertEqual(self.passage.arrived(header), [])
            self.assertEqual(rig.box.stop(), 0)
            self.assertTrue(is_clean(rig))
            self.assertFalse(os.path.exists(rig.pin_path) and os.listdir(rig.pin_path))

    def test_a_reload_leaves_no_message_uncorrected(self):
        with self.rig({"tc_one_step": "convert"}) as rig:
            held, ids = bpfobjects.held_by(rig.box.pid), self.one_a_hook(rig)
            # The same programs go on, or others take their place.
            for n, (option, keeps_programs) in enumerate(((("tc_priority", 5), True), (("rx_ring_bytes", 65536), False)), 1):
                rig.box.write_config(dict((option,)))
                rig.box.signal(signal.SIGHUP)
                self.all_corrected_until(lambda n=n: len(rig.box.find_all("started anew")) == n, WAIT_S, "the reload",
                                         has_follower=keeps_programs)
                self.assertEqual(self.one_a_hook(rig) == ids, keeps_programs)
                until(self.is_converted, WAIT_S, "a Sync of two steps")
                held |= bpfobjects.held_by(rig.box.pid)
            self.assertEqual(rig.box.find_all("did not stop properly"), [])
            self.assertEqual(len(os.listdir(rig.pin_path)), 1)
            self.assertEqual(rig.box.stop(), 0)
            self.assert_nothing_left(rig, held)

    def test_without_a_pin_path_nothing_changes_frames_for_longer_than_the_lease_after_a_kill(self):
        for attach in ("tcx", "clsact"):
            with self.subTest(attach), self.rig({"bpf_pin_path": "", "bpf_attach": attach}, bridge=True) as rig:
                self.assertTrue(self.sync_passes_corrected())
                rig.box.kill()
                killed_s = time.monotonic()
                sent_s = time.monotonic()
                while self.sync_passes_corrected(has_follower=False):
                    self.assertLess(sent_s - killed_s, LEASE_S)
                    sent_s = time.monotonic()
                self.assertEqual(correction_sns(self.last, OFFSET), 0)
                self.sync_passes_corrected()
                if attach == "tcx":
                    until(lambda: is_clean(rig), WAIT_S, "free hooks")
                else:
                    self.one_a_hook(rig)
                    rig.box = rig.start_box({**STAMPED_BEFORE, "bpf_pin_path": "", "bpf_attach": attach})
                    rig.wait_ready()
                    self.one_a_hook(rig)
                    self.assertTrue(self.sync_passes_corrected())
                    self.assertEqual(rig.box.stop(), 0)
                    self.assertTrue(is_clean(rig))


class Start(unittest.TestCase):
    def test_one_port_is_too_few(self):
        with TcRig(gm=False, box=False, clients=False) as rig:
            for clock_type in ("E2E_TC", "P2P_TC"):
                box = rig.start_box({"clock_type": clock_type}, interfaces=["bc0"])
                self.assertEqual(box.wait(WAIT_S), 1)
                self.assertRegex(box.text, f"clock_type {clock_type} needs two ports or more")
                self.assertEqual(programs_at(rig, "bc0"), {})

    def test_a_transparent_clock_for_all_domains_is_alone_on_its_ports(self):
        for first, second in (("E2E_TC", "BC"), ("BC", "E2E_TC"), ("E2E_TC", "P2P_TC")):
            with self.subTest(first=first, second=second), \
                    TcRig(first, n_clients=2, gm=False, clients=False) as rig:
                rig.wait_ready()
                before = {port: programs_at(rig, port) for port in rig.ports}
                box = rig.start_box({"clock_type": second, "domainNumber": 7}, interfaces=["bc2", "bc1"])
                self.assertEqual(box.wait(WAIT_S), 1, box.text)
                self.assertRegex(box.text, "bc2: another ebpf-bc")
                self.assertEqual({port: programs_at(rig, port) for port in rig.ports}, before)
                self.assertTrue(rig.box.is_running())
                if first == "E2E_TC":
                    Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0])).fence()

    def test_one_of_its_own_domain_leaves_the_others_to_a_clock_beside_it(self):
        with TcRig(gm=False, clients=False, options={"tc_domains": "own"}) as rig:
            rig.wait_ready()
            pins = os.listdir(rig.pin_path)
            other = rig.start_box({"clock_type": "BC", "domainNumber": 7})
            other.wait_for("port 2 .* to LISTENING", START_S)
            until(lambda: os.path.exists(other.control_path), WAIT_S, other.tail)
            self.assertEqual(os.listdir(rig.pin_path), pins)
            Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0])).fence()
            self.assertEqual(other.stop(), 0)

    def test_p2p_over_udp_without_any_address_still_forwards(self):
        def flush(lab):
            for port in lab.ports:
                lab.box.ip("addr", "flush", "dev", port)
        with TcRig("P2P_TC", transport="UDPv4", gm=False, clients=False, prepare=flush) as rig:
            rig.box.wait_for(r"port 2 \(bc1\): no IPv4 address", START_S)
            passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            header = passage.header()
            message = wire.sync(**header)
            frame = frames.udp4(message, passage.near.mac, "10.77.0.2")
            passage.send(header, frame)
            got = passage.wait_for(header)[0].frame
            self.assertGreater(correction_sns(got, frame.index(message)), 0)

    def test_the_example_files_start(self):
        examples = (("lab-tc.conf", 3, {}), ("tc.conf", 4, {f"bc{i}": f"eth{i}" for i in range(4)}))
        for name, n_ports, names in examples:
            def rename(lab, names=names):
                for old, new in names.items():
                    lab.box.ip("link", "set", old, "name", new)
            with self.subTest(name), TcRig(n_clients=n_ports - 1, gm=False, box=False, clients=False,
                                           prepare=rename) as rig:
                control_path = f"{rig.pin_path.replace('/sys/fs/bpf', '/tmp')}.ctl"
                box = programs.EbpfBc(rig.lab.box, config=programs.TREE / "config" / name, arguments=[
                    f"--control_socket={control_path}", f"--bpf_pin_path={rig.pin_path}"])
                self.addCleanup(box.stop)
                for i in range(n_ports):
                    box.wait_for(rf"port {i + 1} .*link up", START_S)
                until(lambda p=control_path: os.path.exists(p), WAIT_S, box.tail)
                self.assertEqual(box.stop(), 0)
                self.assertFalse(os.path.exists(control_path))
                self.assertFalse(os.path.exists(rig.pin_path))
