# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab of tests/demo as its users run it: the verdict as its exit status, and nothing left of it."""

import contextlib
import glob
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest

from harness import demo as lab_demo
from harness import programs, session
from harness.lab import Lab
from harness.process import Process, run

# Whatever it starts inherits this variable, by whatever name it runs.
MARK = "EBC_TEST_DEMO_MARK"


def processes_with_mark(mark):
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                if f"{MARK}={mark}".encode() in file.read().split(b"\0"):
                    found.append(path)
        except OSError:
            continue
    return found


class Demo(unittest.TestCase):
    def start(self, seconds, *arguments):
        self.mark = f"{os.getpid()}-{self.id()}"
        demo = Process([sys.executable, "-B", programs.TREE / "tests" / "harness" / "demo.py", "--seconds", seconds,
                        *arguments],
                       name="demo", env={MARK: self.mark, "EBC_PROGRAM": programs.find_ebpf_bc()})
        self.addCleanup(demo.stop)
        return demo

    def namespaces(self, demo):
        return [line for line in run(["ip", "netns", "list"]).stdout.splitlines()
                if line.startswith(f"ebc-{demo.pid}-")]

    def files(self, demo):
        return glob.glob(f"{tempfile.gettempdir()}/ebc-{demo.pid}-*")

    def assert_nothing_left(self, demo):
        self.assertEqual(processes_with_mark(self.mark), [])
        self.assertEqual(self.namespaces(demo), [])
        self.assertEqual(self.files(demo), [])

    def test_a_run_that_is_long_enough_ends_in_sync_with_status_0_and_leaves_nothing(self):
        demo = self.start(11)
        self.assertEqual(demo.wait(40), 0, demo.text)
        self.assertIn("verdict: in sync", demo.text)
        self.assertRegex(demo.text, r"(?m)^box +bc0 +SLAVE")
        self.assert_nothing_left(demo)

    def test_as_a_transparent_clock_it_shows_what_passed_and_ends_in_sync(self):
        demo = self.start(9, "--tc")
        self.assertEqual(demo.wait(40), 0, demo.text)
        self.assertIn("verdict: in sync", demo.text)
        self.assertIn("ebpf-bc as a transparent clock", demo.text)
        self.assertRegex(demo.text, r"(?m)^ +bc0 +up +delay_req, from bc1 +[1-9]\d* +\d+ (ns|us)$")
        for port in ("bc1", "bc2"):
            self.assertRegex(demo.text, rf"(?m)^ +{port} +up( .*\n)? +sync, from bc0 +[1-9]")
        self.assertRegex(demo.text, r"corrected bc0 [1-9]\d* bc1 [1-9]\d* bc2 [1-9]")
        self.assert_nothing_left(demo)

    def test_as_a_transparent_clock_a_run_too_short_says_so_and_leaves_nothing(self):
        demo = self.start(0.5, "--tc")
        self.assertEqual(demo.wait(30), 1, demo.text)
        self.assertIn("verdict: NOT in sync", demo.text)
        self.assert_nothing_left(demo)

    def test_a_run_too_short_to_be_in_sync_says_so_with_status_1_and_leaves_nothing(self):
        demo = self.start(0.5)
        self.assertEqual(demo.wait(30), 1, demo.text)
        self.assertIn("verdict: NOT in sync", demo.text)
        self.assert_nothing_left(demo)

    def test_an_interrupted_run_ends_with_status_130_and_leaves_nothing(self):
        demo = self.start(60)
        # The second line comes when everything runs.
        demo.wait_for(r"^ +[2-9]\.\d s, ports", 20)
        self.assertTrue(self.namespaces(demo))
        self.assertTrue(self.files(demo))
        # The box, the grandmaster, two clients, the demo and its reaper.
        self.assertGreaterEqual(len(processes_with_mark(self.mark)), 6)
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(40), 128 + signal.SIGINT, demo.text)
        self.assertNotIn("verdict", demo.text)
        self.assert_nothing_left(demo)


class UncorrectedDemo(lab_demo.TcDemo):
    """Everything passes and is measured, but by a bridge and a box that changes no frame."""

    def start_box(self):
        text = self.config.read_text(encoding="utf-8")
        self.config = pathlib.Path(session.current().directory) / "monitor.conf"
        self.config.write_text(text.replace("E2E_TC", "MONITOR").replace("tc_forward", "#tc_forward"), encoding="utf-8")
        self.lab.box.bridge("br0", self.lab.ports)
        return super().start_box()


class Verdict(unittest.TestCase):
    @contextlib.contextmanager
    def started(self, demo):
        with Lab() as lab:
            demo.start(lab)
            try:
                yield demo
            finally:
                for program in (demo.box, demo.gm, *(follower.program for follower in demo.followers)):
                    program.stop()

    def wait_until(self, condition, limit_s=30):
        deadline_s = time.monotonic() + limit_s
        while not condition():
            self.assertLess(time.monotonic(), deadline_s)
            time.sleep(0.05)

    def test_a_box_that_corrects_nothing_is_not_in_sync(self):
        with self.started(UncorrectedDemo("ebpf-bc", 30)) as demo:
            self.wait_until(lambda: not [reason for reason in demo.faults() if "no Sync left" in reason])
            lines, is_in_sync = demo.summary()
        self.assertFalse(is_in_sync)
        for port in demo.lab.ports:
            self.assertIn(f"  box: {port} corrected nothing", lines)

    def test_a_path_delay_with_the_stay_in_it_is_not_in_sync(self):
        self.assertEqual(lab_demo.path_faults("c1", [1000, 2000, 90_000], [20_000, 21_000]), [])
        self.assertEqual(lab_demo.path_faults("c1", [7000, 8000], [60_000, 50_000]), [])
        self.assertEqual(lab_demo.path_faults("c1", [], [20_000]), [])
        for delays_ns in ([1000, 21_000, 22_000], [13_000]):
            reasons = lab_demo.path_faults("c1", delays_ns, [20_000, 25_000])
            self.assertEqual(len(reasons), 1)
            self.assertIn("c1: half of its path delays", reasons[0])

    def test_a_client_s_path_delay_is_held_against_its_own_ways(self):
        with self.started(lab_demo.TcDemo("ebpf-bc", 30)) as demo:
            self.wait_until(lambda: all(demo.corrected().values()) or demo.ask_for_counters())
            self.wait_until(lambda: all(follower.samples() for follower in demo.followers))
            # What passed last is measured when the box comes to it.
            self.wait_until(lambda: not [reason for reason in demo.box_faults(0) if reason.startswith("box")])
            late = [(mono_s, offset_ns, 10**9) for mono_s, offset_ns, _ in demo.followers[0].samples()]
            demo.followers[0] = lab_demo.Follower("late", demo.followers[0].program, lambda: late)
            self.assertIn("late: half of its path delays", "".join(demo.box_faults(0)))

    def test_a_box_that_has_ended_is_told(self):
        with self.started(lab_demo.TcDemo("ebpf-bc", 30)) as demo:
            self.wait_until(lambda: demo.link(1) != "-")
            demo.box.stop()
            self.assertIn("ebpf-bc has ended, status 0", "".join(demo.faults()))
