# SPDX-License-Identifier: GPL-2.0-or-later
"""The end: nothing is left behind, whichever way it comes; and what somebody takes away comes back."""

import itertools
import os
import random
import shutil
import signal
import time
import unittest

from harness import bpfobjects, frames, programs, session, wire
from harness.process import run
from netns.support import (BOX, WAIT_S, Rig, assert_median_as_before, assert_near_zero, is_sanitized,
                           served_time_errors_ns, until, wait_for_served, wait_in_sync)

TCX, CLSACT = {"bpf_attach": "tcx"}, {"bpf_attach": "clsact"}
HOOKS = ((bpfobjects.TCX_INGRESS, "ingress"), (bpfobjects.TCX_EGRESS, "egress"))

# Longer than the start takes.
EARLY_S = 0.15


def end_bound_s():
    """What is promised; it takes an eighth of that, and the rest is for a machine that stands still."""
    return 5 if is_sanitized() else 1


def is_clean(rig):
    """No filter, qdisc or program at any port."""
    return all(rig.lab.box.filters(port, direction) == "" and bpfobjects.tcx_programs(rig.lab.box, port, hook) == []
               and "clsact" not in rig.lab.box.tc("qdisc", "show", "dev", port)
               for port in rig.ports for hook, direction in HOOKS)


def programs_at(rig, port):
    """{(where, direction): ids}, of those hooks where there is something."""
    found = {}
    for hook, direction in HOOKS:
        found["tcx", direction] = bpfobjects.tcx_programs(rig.lab.box, port, hook)
        found["clsact", direction] = bpfobjects.filter_programs(rig.lab.box, port, direction)
    return {where: ids for where, ids in found.items() if ids}


class Stop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(box=False))

    def start_box(self, options):
        self.rig.box = self.rig.start_box(options)
        self.addCleanup(self.rig.box.stop)
        self.rig.wait_in_sync()
        held = bpfobjects.held_by(self.rig.box.pid)
        self.assertGreaterEqual({one.kind for one in held}, {"prog", "map"})
        return held

    def wait_until_gone(self, held):
        until(lambda: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {bpfobjects.existing(held)}")

    def test_signals_that_end_it_leave_no_program_map_link_filter_or_qdisc(self):
        for signum, options in ((signal.SIGTERM, TCX), (signal.SIGINT, TCX), (signal.SIGTERM, CLSACT)):
            with self.subTest(signal=signum, options=options):
                held = self.start_box(options)
                for port in self.rig.ports:
                    self.assertEqual({where for where, _ in programs_at(self.rig, port)}, {options["bpf_attach"]})
                begin_s = time.monotonic()
                self.rig.box.signal(signum)
                self.assertEqual(self.rig.box.wait(WAIT_S), 0)
                self.assertLess(time.monotonic() - begin_s, end_bound_s())
                self.assertTrue(is_clean(self.rig))
                self.wait_until_gone(held)

    def test_a_signal_in_the_middle_of_starting_leaves_nothing(self):
        directory = f"/sys/fs/bpf/{session.current().prefix}early"
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        options = {**BOX, **CLSACT, "publish_stamps": 1, "bpf_pin_path": directory}
        for i in range(8):
            # At random, but in each eighth of the time that it needs about.
            delay_s = random.uniform(i, i + 1) / 8 * EARLY_S
            with self.subTest(delay_s=delay_s):
                box = programs.EbpfBc(self.rig.lab.box, self.rig.ports, config=options)
                time.sleep(delay_s)
                box.signal(signal.SIGTERM)
                # Whoever is ended by the signal itself has made nothing yet.
                self.assertIn(box.wait(WAIT_S), (0, -signal.SIGTERM, 128 + signal.SIGTERM), box.text)
                self.assertTrue(is_clean(self.rig), box.text)
                self.assertFalse(os.path.exists(directory), box.text)

    def test_sigkill_leaves_nothing_of_tcx_programs(self):
        held = self.start_box(TCX)
        self.rig.box.kill()
        until(lambda: is_clean(self.rig), WAIT_S, "free hooks")
        self.wait_until_gone(held)


class DeadDaemon(unittest.TestCase):
    """clsact filters outlive a daemon that is killed."""

    @classmethod
    def setUpClass(cls):
        # Two of its ports are members of a bridge: what its programs let pass comes out at the other one.
        cls.rig = cls.enterClassContext(Rig(options=CLSACT, clients=False,
                                            prepare=lambda lab: lab.box.bridge("br0", ["bc1", "bc2"])))
        cls.rig.box.wait_for_state(1, "SLAVE", WAIT_S)

    def test_filters_that_outlive_the_daemon_let_ptp_pass_after_two_seconds_and_give_way_to_the_next(self):
        rig = self.rig
        sender, receiver = rig.raw_port(rig.lab.clients[0]), rig.raw_port(rig.lab.clients[1])
        stranger = wire.port_identity(bytes.fromhex("0200000000000099"))

        def passes(sequence):
            sender.send(frames.l2(wire.sync(sequence=sequence, source=stranger), sender.mac))
            # Behind it one that the bridge forwards: when that is there, the Sync is or never comes.
            mark = f"mark {sequence}".encode().ljust(46, b"\0")
            sender.send(frames.ethernet(mark, 0x88B5, sender.mac, "ff:ff:ff:ff:ff:ff"))
            receiver.wait_for(lambda c: mark in c.frame, WAIT_S, "the mark")
            return [one for one in receiver.received(wire.SYNC)
                    if one.ptp.message.source == stranger and one.ptp.message.sequence == sequence]

        self.assertFalse(any(passes(sequence) for sequence in range(5)))
        held = bpfobjects.held_by(rig.box.pid)
        old = programs_at(rig, "bc1")
        self.assertEqual([len(ids) for ids in old.values()], [1, 1])
        alive_s = time.monotonic()
        rig.box.kill()
        killed_s = time.monotonic()
        self.assertEqual(programs_at(rig, "bc1"), old)
        numbers = itertools.count(100)

        def is_let_through():
            sent_s = time.monotonic()
            if passes(next(numbers)):
                return True
            self.assertLess(sent_s - killed_s, 2, "the lease is good for two seconds")
            return False
        until(is_let_through, WAIT_S, "a Sync that passes")
        self.assertGreater(time.monotonic() - alive_s, 1)

        rig.box = rig.start_box(CLSACT)
        rig.box.wait_for_state(1, "SLAVE", WAIT_S)
        for port in rig.ports:
            now = programs_at(rig, port)
            self.assertEqual([len(ids) for ids in now.values()], [1, 1], "one program a hook")
        self.assertFalse(set(sum(old.values(), [])) & set(sum(programs_at(rig, "bc1").values(), [])))
        self.assertFalse(any(passes(sequence) for sequence in range(1000, 1005)))
        until(lambda: not bpfobjects.existing(held), WAIT_S, "the old programs are freed")

        # The same with one that uses tcx instead.
        rig.box.kill()
        rig.box = rig.start_box(TCX)
        rig.box.wait_for_state(1, "SLAVE", WAIT_S)
        self.assertEqual(set(programs_at(rig, "bc1")), {("tcx", "ingress"), ("tcx", "egress")})
        self.assertEqual(rig.box.stop(), 0)
        self.assertTrue(is_clean(rig))


class TakenAway(unittest.TestCase):
    """Somebody else detaches the programs of a running daemon."""

    def check(self, rig, take_away):
        before = programs_at(rig, "bc1")
        port = rig.raw_port(rig.lab.clients[0])
        n_lines = len(rig.box.lines)
        begin_s = time.monotonic()
        take_away()
        taken_s = time.monotonic()
        noticed = rig.box.wait_for(r"\[(\d+\.\d+)\]: port 2 \(bc1\): somebody detached.*attached again", WAIT_S,
                                   n_lines)
        # It looks twice in the second that is promised.
        self.assertLess(float(noticed[1]) - taken_s, 1)
        again = programs_at(rig, "bc1")
        self.assertEqual([len(ids) for ids in again.values()], [1, 1])
        self.assertEqual(set(again), set(before))
        start = len(port.captured)
        wait_for_served(port, start)
        # What was served meanwhile was stamped, or not followed up.
        assert_near_zero(self, served_time_errors_ns(port))
        wait_in_sync(rig.clients[0])
        assert_median_as_before(self, rig.clients[0], begin_s)
        self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
        self.assertEqual(rig.box.read_counters()[2]["programs_reattached"], 1)

    def test_tcx_links_that_were_detached_are_attached_again_within_a_second(self):
        with Rig(options=TCX) as rig:
            rig.wait_in_sync()
            ifindex = rig.lab.box.ifindex("bc1")
            links = [one for one in bpfobjects.held_by(rig.box.pid) if one.kind == "link" and one.ifindex == ifindex]
            self.assertEqual(len(links), 2)

            def take_away():
                # Else it might mend the first before the second is gone.
                rig.box.halt()
                for link in links:
                    run(["bpftool", "link", "detach", "id", link.id])
                rig.box.signal(signal.SIGCONT)
            self.check(rig, take_away)

    def test_a_clsact_qdisc_that_was_deleted_is_made_anew_within_a_second(self):
        with Rig(options=CLSACT) as rig:
            rig.wait_in_sync()
            self.check(rig, lambda: rig.lab.box.tc("qdisc", "del", "dev", "bc1", "clsact"))
            self.assertEqual(rig.box.stop(), 0)
            self.assertTrue(is_clean(rig))
