# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bcctl asks a real clock, as a user without any privilege."""

import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from harness import programs
from netns.support import Rig, until

NOBODY = 65534
LIMIT_S = 40


class Ctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="ebc-ctl-"))
        os.chmod(folder, 0o755)
        cls.socket = os.path.join(folder, "socket")
        # Where the tree is, nobody may be shut out.
        cls.tool = shutil.copy(programs.find_ebpf_bcctl(), folder)
        cls.rig = cls.enterClassContext(Rig(n_clients=1, options={"control_socket": cls.socket, "publish_stamps": 1}))
        cls.rig.wait_in_sync()

    def ctl(self, *arguments, status=0):
        done = subprocess.run([self.tool, "-s", self.socket, *arguments], user=NOBODY, group=NOBODY,
                              extra_groups=[], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json"))

    def test_status_and_ports_are_the_clocks(self):
        told = self.json("status")
        status, ports = told["status"], told["ports"]
        self.assertEqual((status["state"], status["clock_type"], status["pid"]), ("locked", "BC", self.rig.box.pid))
        self.assertEqual(status["grandmaster"]["identity"], self.rig.gm.grandmaster)
        self.assertEqual(status["parent"], {"identity": f"{self.rig.gm.grandmaster}-1", "port": "bc0"})
        self.assertEqual([(one["name"], one["state"]) for one in ports], [("bc0", "SLAVE"), ("bc1", "MASTER")])
        text = self.ctl("status")
        for words in ("boundary clock", "locked to its master", self.rig.gm.grandmaster, "at bc0, 1 step from"):
            self.assertIn(words, text)
        lines = self.ctl("ports").splitlines()
        self.assertEqual([line.split()[1:3] for line in lines[1:]], [["bc0", "SLAVE"], ["bc1", "MASTER"]])

    def test_stats_count_the_syncs_that_come_and_go(self):
        self.assertRegex(self.ctl("stats"), r"bc1 +tx_sync +\d+")
        bc0, bc1 = self.json("stats", "--rate", "0.8")["ports"]
        self.assertGreater(bc0["rates"]["rx_sync"], 0)
        self.assertGreater(bc1["rates"]["tx_sync"], 0)
        self.assertGreaterEqual(bc0["counters"]["rx_sync"], 4)

    def test_stamps_are_those_of_the_messages_on_the_wire(self):
        sync = self.rig.gm.grandmaster + "-1"
        stamps = self.json("stamps", "--port", "bc0", "--type", "sync")["stamps"]
        times = [one["mono_ns"] for one in stamps if one["source_port_identity"] == sync and one["direction"] == "rx"]
        self.assertGreater(len(times), 2)
        self.assertEqual(times, sorted(times))
        self.assertEqual(len(self.ctl("stamps", "--limit", "3").splitlines()), 4)

    def test_trace_and_watch_tell_what_the_log_does(self):
        rows = list(csv.DictReader(io.StringIO(self.ctl("trace", "--csv", "-"))))
        self.assertEqual([int(row["number"]) for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual({row["port"] for row in rows}, {"1"})
        self.assertIn(rows[-1]["servo_state"], "23")
        text = self.ctl("watch", "--count", "2", "--interval", "0.3")
        self.assertEqual(text.count("boundary clock, locked to its master"), 2)
        self.assertIn("UNCALIBRATED to SLAVE", text)
        self.assertRegex(text.split("boundary clock")[2], r"bc0 +SLAVE +\S+ \S+ +\d+\.\d")

    def test_a_trace_follows(self):
        told = self.json("trace", "--seconds", "0.5")
        self.assertEqual(told["lost"], 0)
        self.assertGreater(told["statistics"]["n_locked"], 0)
        numbers = [row[0] for row in told["offsets"]]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_what_is_not_measured_is_1(self):
        # A boundary clock lets nothing pass.
        self.ctl("residence", status=1)

    def test_the_daemon_is_left_as_it_was(self):
        until(lambda: self.json("status")["status"]["state"] == "locked", LIMIT_S, lambda: self.ctl("status"))
        self.assertTrue(self.rig.box.is_running())


if __name__ == "__main__":
    unittest.main()
