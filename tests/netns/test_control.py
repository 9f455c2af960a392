# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of a clock that serves: what strangers do to it costs neither a Sync nor those who may ask."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import control, wire
from harness.control import Control
from netns.support import N_QUIET, START_S, Rig, is_sanitized, median_bound_ns, until

STRANGERS = (65534, 65533)  # who between them can have all places that are not kept for root
STORM = os.path.join(os.path.dirname(__file__), "control_storm.py")
SYNC = -5  # 32 a second
# Of one CPU, for all clients together; what is measured is so much less exact, and has in it what the machine stood still.
CPU_SHARE_MAX = 0.5
MEMORY_MAX_KIB = 1024


def storm(uid, path, what, seconds):
    """Started as a user that has no rights, who may not be able to read this tree."""
    with open(STORM, encoding="ascii") as file:
        text = file.read()
    return subprocess.Popen([sys.executable, "-c", text, path, what, str(seconds)], user=uid, group=uid,
                            extra_groups=[], stdout=subprocess.PIPE, cwd="/")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Storm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.mkdtemp(prefix="ebc-")
        cls.addClassCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        cls.path = os.path.join(directory, "control")
        cls.rig = cls.enterClassContext(Rig(n_clients=1, options={
            "control_socket": cls.path, "publish_stamps": 1, "logSyncInterval": SYNC}))
        cls.rig.wait_in_sync()
        cls.wire = cls.rig.raw_port(cls.rig.lab.clients[0])

    def assert_every_sync_came(self, start, begin_s, n_unstamped):
        """None is missing since, each has its Follow_Up, and they came at their rate, but where all stood still."""
        seconds = time.monotonic() - begin_s
        arrived = self.wire.received(wire.SYNC, start=start)
        syncs = [frame.ptp.message.sequence for frame in arrived]
        self.assertEqual(syncs, [(syncs[0] + i) % 65536 for i in range(len(syncs))])
        intervals_s = [(one.real_ns - before.real_ns) * 1e-9 for before, one in zip(arrived, arrived[1:])]
        self.assertLess(statistics.median(intervals_s), 1.2 * 2 ** SYNC)
        self.assertGreater(len(syncs), 0.5 * seconds * 2 ** -SYNC)

        def without_follow_up():
            return set(syncs) - {frame.ptp.message.sequence for frame in self.wire.received(wire.FOLLOW_UP, start=start)}
        # The kernel may leave out the stamp of a single frame.
        until(lambda: len(without_follow_up()) <= self.n_unstamped() - n_unstamped, START_S,
              lambda: f"no Follow_Ups of {without_follow_up()}")

    def n_unstamped(self):
        return self.rig.box.read_counters()[2].get("tx_stamp_missing", 0)

    def assert_time_is_kept(self, begin_s):
        """Half of the offsets since are as small as those before, in the order of magnitude."""
        offsets = self.rig.box.offsets
        quiet_ns = [one.offset_ns for one in offsets if one.mono_s < begin_s][-N_QUIET:]
        during_ns = [abs(one.offset_ns) for one in offsets if one.mono_s > begin_s]
        self.assertLess(statistics.median(during_ns), median_bound_ns(quiet_ns), (quiet_ns, during_ns))

    def through(self, what, seconds):
        """Has strangers do that, while root asks too; what they say of it, summed up."""
        box, start, begin_s = self.rig.box, len(self.wire.captured), time.monotonic()
        n_states, n_unstamped = len(box.state_changes), self.n_unstamped()
        processes = [storm(uid, self.path, what, seconds) for uid in STRANGERS]
        done, answers = threading.Event(), []

        def ask_all_the_time():
            while not done.is_set():
                try:
                    answers.append(set(control.ask(self.path, "status")[0]))
                except OSError as error:
                    answers.append({str(error)})
        threads = [threading.Thread(target=ask_all_the_time) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            said = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        finally:
            done.set()
            for process in processes:
                process.kill()
            for thread in threads:
                thread.join()
        self.assertGreater(len(answers), 3)
        self.assertEqual([answer for answer in answers if answer != {"status"}], [])
        self.assert_every_sync_came(start, begin_s, n_unstamped)
        self.assert_time_is_kept(begin_s)
        self.assertEqual(box.state_changes[n_states:], [])
        # Root is served at once, with what was measured meanwhile too.
        with Control(self.path) as root:
            before = root.ask("offsets")[-1]["next"]
            until(lambda: root.ask("offsets", since=before)[-1]["next"] > before, START_S, box.tail)
        return {name: sum(one[name] for one in said) for name in said[0]}

    def test_neither_a_thousand_clients_nor_those_who_do_not_read_cost_a_sync_or_memory(self):
        pid = self.rig.box.pid
        memory = memory_kib(pid)
        said = self.through("stall", 1)
        self.assertGreaterEqual(said["tried"], 1000)
        self.assertGreater(said["connected"], 12)
        if not is_sanitized():
            self.assertLess(memory_kib(pid) - memory, MEMORY_MAX_KIB)

    def test_who_asks_as_fast_as_he_may_gets_his_share_of_the_time_and_no_more(self):
        begin_s, begin_cpu_s = time.monotonic(), cpu_s(self.rig.box.pid)
        said = self.through("hurry", 1.5)
        share = (cpu_s(self.rig.box.pid) - begin_cpu_s) / (time.monotonic() - begin_s)
        self.assertGreater(said["answers"], 12)
        self.assertEqual(said["cleared"], 12)
        self.assertGreater(said["errors"], 12)
        if not is_sanitized():
            self.assertLess(share, CPU_SHARE_MAX)

    def alarms(self):
        """But for those of the time, which a machine that stood still may raise."""
        return {(kind, port) for kind, port in control.alarms(self.path) if kind not in ("path_delay", "step_guard")}

    def test_without_a_link_or_a_master_alarms_are_told_and_go_again(self):
        box = self.rig.lab.box
        self.assertEqual(self.alarms(), set())
        box.down("bc1")
        until(lambda: self.alarms() == {("port_faulty", "bc1")}, START_S, lambda: control.status(self.path))
        faulty = control.ask(self.path, "port_status")[1]["port"]
        self.assertEqual((faulty["state"], faulty["is_usable"], faulty["reason"]), ("FAULTY", False, "link down"))
        alarm = next(one for one in control.status(self.path)["alarms"] if one["kind"] == "port_faulty")
        self.assertEqual((alarm["text"], alarm["since_mono_ns"]), ("link down", faulty["since_mono_ns"]))
        box.up("bc1")
        until(lambda: self.alarms() == set(), START_S, lambda: control.status(self.path))
        # So long that it has been in step.
        until(lambda: len(self.rig.box.offsets) > 24, START_S, self.rig.box.tail)
        self.rig.gm.stop()
        until(lambda: self.alarms() == {("holdover", None)}, START_S, lambda: control.status(self.path))
        now = control.status(self.path)
        self.assertEqual((now["state"], now["parent"], now["offset"]), ("holdover", None, None))
        self.assertGreater(now["holdover"]["age_ns"], 0)
        self.assertIn("holdover: no master", " ".join(row[3] for message in control.ask(self.path, "log")[1:-1]
                                                      for row in message["log"]))
