# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a service: what it tells its manager, and a configuration that is read again (SIGHUP)."""

import os
import random
import signal
import socket
import threading
import time
import unittest

from harness import bpfobjects, control, session, wire
from netns.support import WAIT_S, Rig, TcRig, assert_median_as_before, assert_near_zero, until, wait_in_sync
from netns import test_stop


# A slow machine's reload takes a client's three intervals.
PATIENT = {"announceReceiptTimeout": 10}


class Manager:
    """What a service manager is told: a socket as systemd's."""

    def __init__(self):
        self.path = os.path.join(session.current().directory, session.current().unique("notify"))
        self.messages, self.begin_s = [], time.monotonic()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.messages.append(self._socket.recv(4096).decode())

    def count(self, text):
        return sum(text in message for message in self.messages)

    def status(self):
        return [message for message in list(self.messages) if message.startswith("STATUS=")][-1]

    def wait_for(self, text, n):
        until(lambda: self.count(text) >= n, WAIT_S, lambda: f"{n} times {text!r}: {self.messages}")


class Reload(unittest.TestCase):
    """One box goes through it all: clients behind it are not to notice."""

    @classmethod
    def setUpClass(cls):
        cls.manager = Manager()
        cls.rig = cls.enterClassContext(Rig(box=False, clients=False))
        cls.rig.box = cls.rig.start_box(env={"NOTIFY_SOCKET": cls.manager.path, "WATCHDOG_USEC": "1000000"})
        cls.rig.clients = [cls.rig.start_client(i, PATIENT) for i in range(2)]
        cls.rig.wait_in_sync()
        cls.port = cls.rig.raw_port(cls.rig.lab.clients[0])

    def setUp(self):
        self.box, self.client = self.rig.box, self.rig.clients[0]
        self.n_lines, self.pid = len(self.box.lines), self.box.pid
        self.n_changes = len(self.client.state_changes)
        self.begin_s = time.monotonic()

    def assert_nobody_noticed(self):
        self.assertTrue(self.box.is_running())
        wait_in_sync(self.client, since_s=time.monotonic())
        self.assertEqual(self.client.state_changes[self.n_changes:], [])
        assert_median_as_before(self, self.client, self.begin_s)
        assert_near_zero(self, self.client.monitor.offsets_ns(self.begin_s))

    def refusals(self):
        """Why the last reload was refused, as the clock tells those who ask; at most one reason."""
        alarms = control.status(self.box.control_path)["alarms"]
        return [alarm["text"] for alarm in alarms if alarm["kind"] == "reload_refused"]

    def assert_refusal_told(self, reason):
        until(lambda: f"; reload refused, running with the configuration of before: {reason}" in self.manager.status(),
              WAIT_S, lambda: f"the status tells {reason!r}: {self.manager.status()}")
        self.assertEqual(self.refusals(), [reason])

    def links_at(self, port):
        ifindex = self.rig.lab.box.ifindex(port)
        return {one for one in bpfobjects.held_by(self.pid) if one.kind == "link" and one.ifindex == ifindex}

    def n_packet_sockets(self):
        with open(f"/proc/{self.pid}/net/packet", encoding="ascii") as file:
            return len(file.readlines()) - 1

    def test_a_service_manager_is_told_what_the_clock_does_and_that_it_lives(self):
        self.manager.wait_for("READY=1", n=1)
        self.manager.wait_for("STATUS=locked to", n=1)
        self.assertTrue(self.manager.count(f"STATUS=locked to {self.box.grandmaster} via bc0, offset "))
        self.manager.wait_for("WATCHDOG=1", n=2)
        # Where nothing else is said: twice a second something at most.
        self.assertLess(self.manager.count(""), 3 * (time.monotonic() - self.manager.begin_s) + 10)

    def test_a_bad_file_keeps_the_old_configuration_and_one_of_the_log_is_taken_over_in_place(self):
        self.assertEqual(self.box.reload({"domainNumber": 300}), "the configuration stays as it was")
        self.assertRegex(self.box.text, rf"reload: {self.box.config_path}:\d+: domainNumber 300 is out of range 0..255")
        [reason] = self.refusals()
        self.assertTrue(reason.endswith("domainNumber 300 is out of range 0..255"), reason)
        self.assertEqual(self.box.reload(interfaces=["bc0", "bc1", "absent0"]), "the configuration stays as it was")
        self.assertTrue(self.box.find_all("absent0: no such interface", self.n_lines))
        self.assertEqual(self.box.reload(interfaces=["bc0", "bc1", "lo"]), "the configuration stays as it was")
        self.assertTrue(self.box.find_all("lo: not an Ethernet interface", self.n_lines))
        self.assert_refusal_told("lo: not an Ethernet interface")
        self.assertEqual(self.box.reload({"message_tag": "tagged"}), "only options of the log changed")
        self.box.wait_for("tagged master offset", WAIT_S, self.n_lines)
        until(lambda: "refused" not in self.manager.status(), WAIT_S, "the status tells of no refusal any more")
        self.assertEqual(self.refusals(), [])
        # Nothing was started anew.
        self.assertEqual(self.box.find_all("INITIALIZING|clock identity", self.n_lines), [])
        self.assert_nobody_noticed()

    def test_another_port_list_and_other_intervals_hold_from_then_on_and_clients_see_no_step(self):
        start, n_ready = len(self.port.captured), self.manager.count("READY=1")
        n_open, links = len(os.listdir(f"/proc/{self.pid}/fd")), self.links_at("bc1")
        self.assertEqual(len(links), 2)
        self.assertIn("started anew", self.box.reload({"logSyncInterval": -4}, interfaces=["bc0", "bc1"]))
        self.assertEqual(test_stop.programs_at(self.rig, "bc2"), {})
        self.assertIn("started anew", self.box.reload({"logSyncInterval": -4}))
        # The kernel makes one wait for each new or closed link, and for each packet socket, so there are none.
        self.assertEqual(self.links_at("bc1"), links)
        self.assertLess(self.n_packet_sockets(), len(self.rig.ports))
        self.manager.wait_for("RELOADING=1", n=2)
        self.manager.wait_for("READY=1", n=n_ready + 2)
        wait_in_sync(self.rig.clients[1])
        self.assertEqual(self.box.pid, self.pid)
        until(lambda: len(os.listdir(f"/proc/{self.pid}/fd")) == n_open, WAIT_S, "as many descriptors as before")
        self.assertEqual(len({match[1] for match in self.box.find_all("clock identity ([^,]*)")}), 1)
        self.assert_nobody_noticed()
        received = [one for one in self.port.captured[start:] if one.ptp]
        for kind in (wire.SYNC, wire.ANNOUNCE):
            sequence = sorted(one.ptp.message.sequence for one in received if one.ptp.message.type == kind)
            self.assertEqual(sequence, list(range(sequence[0], sequence[0] + len(sequence))))

    def write_leap_file(self):
        path = os.path.join(session.current().directory, session.current().unique("leap"))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#@ {int(time.time()) + 2208988800 + 86400}\n3692217600 37 # 1 Jan 2017\n")
        return path

    def test_one_that_cannot_start_gives_way_to_the_old_one_though_its_leap_second_file_has_gone(self):
        leap_path = self.write_leap_file()
        self.assertIn("started anew", self.box.reload({"leapfile": leap_path}))
        os.unlink(leap_path)
        self.assertEqual(self.box.reload({"leapfile": leap_path, "priority2": 1}), "the configuration stays as it was")
        self.assertTrue(self.box.find_all(f"leapfile {leap_path}: No such file", self.n_lines))
        other = self.rig.start_box({"domainNumber": 5, "clock_type": "OC"}, interfaces=["bc2"])
        other.wait_for("link up", WAIT_S)
        answer = self.box.reload({"domainNumber": 5})
        self.assertTrue(self.box.find_all("bc2: another ebpf-bc serves domain 5 there", self.n_lines))
        self.assertTrue(self.box.find_all("the new configuration cannot be started: back to the one before", self.n_lines))
        self.assertIn("started anew", answer)
        self.assert_refusal_told("bc2: another ebpf-bc serves domain 5 there")
        self.assertEqual(other.stop(), 0)
        self.assert_nobody_noticed()


class Storm(unittest.TestCase):
    N_SIGNALS = 1000

    def storm(self, box, options):
        """Signals all the while the file changes, between what it was started with and, in the end, `options`."""
        for i in range(self.N_SIGNALS):
            if i % 100 == 0:
                box.write_config({} if i % 200 == 0 else options)
            box.signal(signal.SIGHUP)

    def test_of_a_thousand_signals_few_are_served_and_the_last_one_is(self):
        with Rig(n_clients=1, gm=False, clients=False) as rig:
            rig.box.wait_for("port 2 .*link up", WAIT_S)
            begin_s = time.monotonic()
            self.storm(rig.box, {"priority2": 1})
            rig.box.write_config({"message_tag": "last"})
            rig.box.signal(signal.SIGHUP)
            rig.box.wait_for("last ", WAIT_S)
            self.assertLess(len(rig.box.find_all("reload: (starting|nothing|only)")), time.monotonic() - begin_s + 3)

    def test_a_signal_that_ends_it_in_the_middle_of_a_storm_leaves_nothing(self):
        # From one kind of clock to the other and back: each has programs, pins and sockets of its own.
        with TcRig(n_clients=1, gm=False, clients=False, box=False) as rig:
            for i, signum in enumerate((signal.SIGTERM, signal.SIGINT)):
                box = rig.start_box()
                box.wait_for("link up", WAIT_S)
                held = bpfobjects.held_by(box.pid)
                # In the middle of the first reload, sooner or later, while more are asked for.
                threading.Thread(target=self.storm, args=(box, {"clock_type": "BC"}), daemon=True).start()
                box.wait_for("reload: starting anew", WAIT_S)
                time.sleep(random.uniform(i, i + 1) / 2 * 0.2)
                begin_s = time.monotonic()
                box.signal(signum)
                self.assertEqual(box.wait(WAIT_S), 0, box.text)
                self.assertLess(time.monotonic() - begin_s, test_stop.end_bound_s(), box.text)
                self.assertTrue(test_stop.is_clean(rig), box.text)
                self.assertFalse(os.path.exists(rig.pin_path), box.text)
                self.assertEqual([path for path in (box.control_path, box.uds_path) if os.path.exists(path)], [])
                until(lambda held=held: not bpfobjects.existing(held), WAIT_S, lambda: f"freed: {held}")
