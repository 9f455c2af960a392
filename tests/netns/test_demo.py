# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab of tests/demo as its users run it: the verdict as its exit status, and nothing left of it."""

import glob
import os
import signal
import sys
import tempfile
import unittest

from harness import programs
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
        self.assertEqual(demo.wait(20), 128 + signal.SIGINT, demo.text)
        self.assertNotIn("verdict", demo.text)
        self.assert_nothing_left(demo)
