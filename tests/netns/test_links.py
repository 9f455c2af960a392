# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that come and go under a running clock: the port is FAULTY meanwhile, and nothing leaks."""

import os
import signal
import time
import unittest

from harness import bpfobjects, network, wire
from netns.support import (START_S, Rig, assert_near_zero, is_sanitized, log_lines, served_time_errors_ns, until,
                           wait_in_sync)

# By name within two seconds, serving within five.
RECOVERED_S = 5
GROWTH_KIB = 1024


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def n_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Links(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig())
        cls.rig.wait_in_sync()
        # Every kind of event has happened once before the memory is looked at.
        cls.rig.lab.box.down("bc2")
        cls.rig.box.wait_for_state(3, "FAULTY", RECOVERED_S)
        cls.rig.lab.box.up("bc2")
        cls.rig.box.wait_for_state(3, "MASTER", RECOVERED_S)
        cls.n_descriptors = n_descriptors(cls.rig.box.pid)
        cls.resident_kib = resident_kib(cls.rig.box.pid)

    def setUp(self):
        # The log holds lines back while they come more often than once a second: each case begins after a pause.
        until(lambda: time.monotonic() - self.rig.box.state_changes[-1].mono_s > 1.1, START_S, "a pause")

    def tearDown(self):
        """After each case: the others were not touched, nothing has grown."""
        box = self.rig.box
        for port, state in ((1, "SLAVE"), (2, "MASTER"), (3, "MASTER")):
            box.wait_for_state(port, state, RECOVERED_S + 5)
        until(lambda: n_descriptors(box.pid) == self.n_descriptors, START_S,
              lambda: f"{self.n_descriptors} descriptors, has {n_descriptors(box.pid)}")
        if not is_sanitized():
            self.assertLess(resident_kib(box.pid) - self.resident_kib, GROWTH_KIB)

    def assert_others_undisturbed(self, begin_s, *others):
        changes = [change for change in self.rig.box.state_changes if change.mono_s > begin_s and change.port in others]
        self.assertEqual(changes, [])

    def assert_served(self, port, start, timeout_s=RECOVERED_S):
        until(lambda: len(served_time_errors_ns(port, start)) > 3, timeout_s, lambda: f"served\n{self.rig.box.tail()}")
        assert_near_zero(self, served_time_errors_ns(port, start))

    def test_a_client_port_that_goes_down_is_faulty_and_serves_again(self):
        rig, begin_s, n_lines = self.rig, time.monotonic(), len(self.rig.box.lines)
        rig.lab.box.down("bc1")
        rig.box.wait_for_state(2, "FAULTY", START_S)
        rig.box.wait_for(r"port 2 \(bc1\): link down", START_S, n_lines)
        rig.lab.box.up("bc1")
        rig.box.wait_for_state(2, "MASTER", RECOVERED_S)
        self.assert_others_undisturbed(begin_s, 1, 3)
        wait_in_sync(rig.clients[0])

    def test_a_port_whose_other_end_goes_down_is_faulty_for_want_of_carrier(self):
        rig, begin_s, n_lines = self.rig, time.monotonic(), len(self.rig.box.lines)
        rig.lab.clients[0].down("eth0")
        rig.box.wait_for_state(2, "FAULTY", START_S)
        rig.box.wait_for(r"port 2 \(bc1\): no carrier", START_S, n_lines)
        rig.lab.clients[0].up("eth0")
        rig.box.wait_for_state(2, "MASTER", RECOVERED_S)
        self.assert_others_undisturbed(begin_s, 1, 3)

    def test_the_port_to_the_grandmaster_goes_down_and_is_followed_again(self):
        rig = self.rig
        served = rig.raw_port(rig.lab.clients[1])
        begin_s = time.monotonic()
        rig.lab.box.down("bc0")
        rig.box.wait_for_state(1, "FAULTY", START_S)
        rig.box.wait_for_state(3, "GRAND_MASTER", START_S)
        rig.lab.box.up("bc0")
        rig.box.wait_for_state(1, "SLAVE", RECOVERED_S)
        self.assertLess(time.monotonic() - begin_s, 2 * RECOVERED_S)
        self.assert_served(served, 0)

    def test_a_hundred_flaps_at_ten_hertz_leak_nothing_and_do_not_flood_the_log(self):
        rig = self.rig
        n_lines, begin_s = len(rig.box.lines), time.monotonic()
        for i in range(100):
            rig.lab.box.down("bc1")
            rig.lab.box.up("bc1")
            time.sleep(max(0.0, begin_s + (i + 1) * 0.1 - time.monotonic()))
        rig.box.wait_for_state(2, "MASTER", RECOVERED_S)
        self.assert_others_undisturbed(begin_s, 1, 3)
        # Two kinds of lines, each once a second behind a first burst.
        lines = log_lines(rig.box, n_lines)
        seconds = time.monotonic() - begin_s
        self.assertLess(len(lines), 2 * (seconds + 14), lines)
        port = rig.raw_port(rig.lab.clients[0])
        self.assert_served(port, 0)

    def rename(self, old, new):
        """Down and up around it: not every kernel renames what is up."""
        box = self.rig.lab.box
        box.ip("link", "set", old, "down")
        box.ip("link", "set", old, "name", new)
        box.up(new)

    def test_a_renamed_interface_is_let_go_and_taken_back_by_its_name(self):
        rig, begin_s, n_lines = self.rig, time.monotonic(), len(self.rig.box.lines)
        self.rename("bc1", "other0")
        rig.box.wait_for_state(2, "FAULTY", START_S)
        rig.box.wait_for(r"port 2 \(bc1\): no such interface", START_S, n_lines)
        # Its frames are nobody's now.
        until(lambda: not bpfobjects.tcx_programs(rig.lab.box, "other0", bpfobjects.TCX_INGRESS), START_S, "no program")
        self.rename("other0", "bc1")
        rig.box.wait_for_state(2, "MASTER", RECOVERED_S)
        self.assert_others_undisturbed(begin_s, 1, 3)
        port = rig.raw_port(rig.lab.clients[0])
        self.assert_served(port, 0)

    def test_a_deleted_interface_is_taken_up_again_when_one_of_its_name_appears(self):
        rig, begin_s = self.rig, time.monotonic()
        rig.clients[0].stop()
        rig.lab.box.ip("link", "del", "bc1")
        rig.box.wait_for_state(2, "FAULTY", START_S)
        network.cable(rig.lab.box, "bc1", rig.lab.clients[0], "eth0")
        port = rig.raw_port(rig.lab.clients[0])
        made_ns = time.time_ns()
        announce = port.wait_for_message(wire.ANNOUNCE, 2 * RECOVERED_S)
        self.assertLess(announce.real_ns - made_ns, RECOVERED_S * 10**9)
        self.assert_served(port, 0)
        self.assert_others_undisturbed(begin_s, 1, 3)
        self.restart_client()

    def restart_client(self):
        rig = self.rig
        rig.lab.box.add_address("bc1", "10.77.1.1/24")
        rig.lab.clients[0].add_address("eth0", "10.77.1.2/24")
        rig.clients[0] = rig.start_client(0)
        wait_in_sync(rig.clients[0])

    def test_an_interface_deleted_and_made_anew_at_once_is_another_one(self):
        rig, begin_s = self.rig, time.monotonic()
        rig.clients[0].stop()
        rig.box.halt()
        try:
            # Between two looks of the daemon.
            rig.lab.box.ip("link", "del", "bc1")
            network.cable(rig.lab.box, "bc1", rig.lab.clients[0], "eth0")
        finally:
            rig.box.signal(signal.SIGCONT)
        port = rig.raw_port(rig.lab.clients[0])
        self.assert_served(port, 0)
        # What was known of the old one's neighbours is forgotten.
        until(lambda: any((change.port, change.new) == (2, "FAULTY") for change in rig.box.state_changes
                          if change.mono_s > begin_s), START_S, lambda: f"FAULTY in between\n{rig.box.tail()}")
        self.assert_others_undisturbed(begin_s, 3)
        self.restart_client()

    def test_an_interface_that_moves_to_another_namespace_and_back_is_taken_up_again(self):
        rig, begin_s = self.rig, time.monotonic()
        with network.Namespace("elsewhere") as elsewhere:
            rig.lab.box.ip("link", "set", "bc1", "netns", elsewhere.full_name)
            rig.box.wait_for_state(2, "FAULTY", START_S)
            elsewhere.up("bc1")
            port = rig.raw_port(rig.lab.clients[0])
            elsewhere.ip("link", "set", "bc1", "netns", rig.lab.box.full_name)
        rig.lab.box.up("bc1")
        rig.box.wait_for_state(2, "MASTER", RECOVERED_S)
        self.assert_served(port, 0)
        self.assert_others_undisturbed(begin_s, 1, 3)


class Loop(unittest.TestCase):
    def test_of_two_ports_connected_with_each_other_one_falls_silent(self):
        def connect(lab):
            lab.box.ip("link", "add", "loop0", "type", "veth", "peer", "name", "loop1")
            lab.box.up("loop0")
            lab.box.up("loop1")
        with Rig(n_clients=1, box=False, prepare=connect) as rig:
            rig.box = rig.start_box(interfaces=[*rig.ports, "loop0", "loop1"])
            rig.wait_in_sync()
            rig.box.wait_for_state(4, "PASSIVE", START_S)
            self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER", 4: "PASSIVE"})
            n_changes, before, begin_s = len(rig.box.state_changes), rig.box.read_counters(), time.monotonic()
            first, second = rig.raw_port(rig.lab.box, "loop0"), rig.raw_port(rig.lab.box, "loop1")
            # Long enough for whatever keeps it passive to run out.
            until(lambda: time.monotonic() - begin_s > 2.5, START_S, "")
            self.assertEqual(len(rig.box.state_changes), n_changes)
            seconds, counters = time.monotonic() - begin_s, rig.box.read_counters()
            self.assertGreater(counters[4]["rx_own_clock"], before[4].get("rx_own_clock", 0))
            # No storm: one master's messages, Announce four a second, Sync and Follow_Up eight.
            self.assertLess(len(second.received()), 2 * 20 * seconds)
            self.assertEqual(first.received(), [])
            self.assertEqual(rig.box.grandmaster, rig.gm.grandmaster)
