# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the harness that need root: what the network tests rely on."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import unittest.mock

from harness import frames, network, programs, session, wire
from harness.lab import Lab
from harness.process import Process, Timeout, run
from harness.rawport import RawPort
from netns.support import until

LIMIT_S = 30
TESTS = pathlib.Path(__file__).resolve().parents[1]

_LEAVES_THINGS = """
import sys, time
sys.path[0] = sys.argv[1]
from harness import network, process, session
def main():
    left = network.Namespace("left")
    process.Process(["sleep", "1000"], namespace=left)
    print(session.current().directory, left.full_name, flush=True)
    time.sleep(1000)
session.run_main(main)
"""


def namespaces():
    return run(["ip", "netns", "list"]).stdout


class Cleanup(unittest.TestCase):
    def ended_by(self, signum):
        """Starts a program that makes a namespace, a process and a directory, ends it, returns its status."""
        with subprocess.Popen([sys.executable, "-c", _LEAVES_THINGS, str(TESTS)], stdout=subprocess.PIPE,
                              text=True) as program:
            directory, namespace = program.stdout.readline().split()
            self.assertIn(namespace, namespaces())
            self.assertTrue(os.path.isdir(directory))
            program.send_signal(signum)
            status = program.wait(LIMIT_S)
        deadline_s = time.monotonic() + LIMIT_S
        while (namespace in namespaces() or os.path.isdir(directory)) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        self.assertNotIn(namespace, namespaces())
        self.assertFalse(os.path.isdir(directory))
        return status

    def test_nothing_is_left_after_sigterm(self):
        self.assertEqual(self.ended_by(signal.SIGTERM), 128 + signal.SIGTERM)

    def test_nothing_is_left_after_sigint(self):
        self.assertEqual(self.ended_by(signal.SIGINT), 128 + signal.SIGINT)

    def test_nothing_is_left_when_the_terminal_is_closed(self):
        self.assertEqual(self.ended_by(signal.SIGHUP), 128 + signal.SIGHUP)

    def test_nothing_is_left_after_sigkill(self):
        self.assertEqual(self.ended_by(signal.SIGKILL), -signal.SIGKILL)


class Processes(unittest.TestCase):
    def test_waiting_ends_at_once_when_the_program_has_ended(self):
        with Process(["sh", "-c", "echo one; echo two"]) as process:
            self.assertEqual(process.wait_for(r"t(w)o", LIMIT_S)[1], "w")
            begin_s = time.monotonic()
            with self.assertRaises(Timeout):
                process.wait_for("three", 3 * LIMIT_S)
            self.assertLess(time.monotonic() - begin_s, LIMIT_S)

    def test_stop_reaches_the_children_too(self):
        with Process(["sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait; wait"]) as process:
            child = int(process.wait_for(r"(\d+)", LIMIT_S)[1])
            process.stop(0.1)
        deadline_s = time.monotonic() + LIMIT_S
        while session.is_running(child) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        self.assertFalse(session.is_running(child))

    def test_nobody_is_signalled_by_the_number_of_one_that_has_ended(self):
        with Process(["sh", "-c", "exit 3"]) as process:
            until(lambda: not process.is_running(), LIMIT_S, "the end")
            # Nobody else gets it yet.
            self.assertEqual(session.state_of(process.pid), "Z")
            self.assertEqual(process.status, 3)
            with unittest.mock.patch("os.killpg") as killpg:
                self.assertEqual(process.wait(LIMIT_S), 3)
                killpg.assert_called_once_with(process.pid, signal.SIGKILL)
                self.assertNotEqual(session.state_of(process.pid), "Z")
                process.signal(signal.SIGTERM)
                self.assertEqual((process.stop(), process.status), (3, 3))
                killpg.assert_called_once()

    def test_what_a_signal_ended_is_told_so_before_and_after_it_is_waited_for(self):
        with Process(["sleep", "1000"]) as process:
            self.assertIsNone(process.status)
            process.signal(signal.SIGTERM)
            until(lambda: not process.is_running(), LIMIT_S, "the end")
            self.assertEqual((process.status, process.wait(LIMIT_S)), (-signal.SIGTERM, -signal.SIGTERM))


class Wires(unittest.TestCase):
    def test_crafted_frames_arrive_as_they_were_built(self):
        message = wire.sync(123, sequence=9, log_interval=-3)
        with network.Namespace("a") as a, network.Namespace("b") as b:
            network.cable(a, "eth0", b, "eth0")
            with RawPort(a, "eth0") as sender, RawPort(b, "eth0") as receiver:
                for frame in (frames.l2(message, sender.mac), frames.l2(message, sender.mac, vlans=(5,)),
                              frames.l2(message, sender.mac, vlans=(100, 7)),
                              frames.udp4(message, sender.mac, "10.0.0.1"),
                              frames.udp6(message + b"\0\0", sender.mac, "fe80::1")):
                    start = len(receiver.captured)
                    sender.send(frame)
                    got = receiver.wait_for(lambda c: c.ptp is not None, LIMIT_S, start=start)
                    self.assertEqual(got.frame, frame)
                    self.assertFalse(got.is_outgoing)
                    self.assertLess(abs(got.real_ns - time.time_ns()), 5 * 10**9)
                self.assertEqual(len(receiver.received(wire.SYNC)), 5)
                self.assertEqual(receiver.received(wire.FOLLOW_UP), [])


class Shake(unittest.TestCase):
    SHAKE = TESTS / "shake" / "shake"
    # Ends at the first moment that it misses, with a status of its own.
    UNTIL_HELD = """
import time
last_s = time.monotonic()
while time.monotonic() < last_s + 0.02:
    last_s = time.monotonic()
raise SystemExit(3)
"""

    def test_a_command_stands_still_and_its_status_is_told(self):
        command = [self.SHAKE, "--every-ms", "50", "--together", "1", sys.executable, "-c", self.UNTIL_HELD]
        ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(ended.returncode, 3)
        self.assertIn("shake: --seed", ended.stderr)


class Programs(unittest.TestCase):
    def test_a_client_reports_every_sync_of_its_grandmaster_and_pmc_reads_it(self):
        fast = {"logSyncInterval": -4, "logMinDelayReqInterval": -4, "logAnnounceInterval": -2}
        with Lab(n_clients=0) as lab, programs.Ptp4l(lab.gm, "eth0", "gm", options=fast) as gm, \
                programs.Ptp4l(lab.box, "bc0", "client", options=fast) as client:
            client.wait_for_state(1, programs.FOLLOWING, LIMIT_S)
            gm.wait_for_state(1, "MASTER", LIMIT_S)
            client.wait_until(lambda: client.grandmaster == gm.grandmaster, LIMIT_S, "the grandmaster")
            start = len(client.monitor.syncs)
            until(lambda: len(client.monitor.syncs) >= start + 24, LIMIT_S, "24 Syncs")
            sequence = [sync.sequence_id for sync in client.monitor.syncs[start:]]
            steps = sorted(after - before for before, after in zip(sequence, sequence[1:]))
            # A machine that stands still may lose some.
            self.assertGreater(steps[0], 0)
            self.assertEqual(steps[len(steps) // 2], 1)
            # One clock: the true offset is zero, and what is measured is microseconds.
            offsets_ns = sorted(client.monitor.offsets_ns())
            self.assertLess(abs(offsets_ns[len(offsets_ns) // 2]), 1_000_000)
            # Others come meanwhile.
            n_filtered = len(client.monitor.filtered_offsets_ns())
            self.assertIn(n_filtered, range(len(offsets_ns), len(client.monitor.raw_offsets) + 1))
            answers = programs.pmc(client, "PARENT_DATA_SET")
            self.assertEqual(len(answers), 1)
            self.assertEqual(answers[0]["grandmasterIdentity"], gm.grandmaster)
