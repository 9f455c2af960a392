# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's clock: the virtual clock's time told to a real chronyd, which leaves the machine's clock alone, and the
system's clock as local clock without the right to set it."""

import os
import statistics
import time
import unittest

from harness import peers, programs, session
from harness.lab import Lab
from harness.process import Process, run
from netns.support import BOX, IN_SYNC_NS, START_S, until, worst_ns

AHEAD_NS = 250_000_000
# chronyd's median of some samples, each of which is told to a microsecond.
NEAR_S = 0.001
SHM_UNIT = 100_000 + os.getpid()
SHM_KEY = 0x4E545030 + SHM_UNIT

GM = {**BOX, "clock_type": "OC", "network_transport": "L2", "priority1": 1, "virtual_clock_start_offset": AHEAD_NS}
CLIENT = {**BOX, "clock_type": "OC", "network_transport": "L2"}


class Chronyd:
    """With a SOCK and an SHM reference clock, and a socket for chronyc in a directory of its own."""

    def __init__(self, stack):
        self._stack = stack
        self.directory = os.path.join(session.current().directory, session.current().unique("chrony"))
        os.mkdir(self.directory, 0o700)
        self.sock = os.path.join(self.directory, "refclock.sock")
        self.control = os.path.join(self.directory, "chronyd.sock")
        self._config = os.path.join(self.directory, "chrony.conf")
        # Not to be selected: even with -x it would follow the source with a clock of its own, and compare with that.
        with open(self._config, "w", encoding="ascii") as file:
            file.write(f"refclock SOCK {self.sock} refid PTPS poll 0 filter 1 noselect\n"
                       f"refclock SHM {SHM_UNIT} refid PTPM poll 0 noselect\n"
                       f"port 0\ncmdport 0\nbindcmdaddress {self.control}\n"
                       f"pidfile {self.directory}/pid\n")
        self.start()

    def start(self):
        self._process = self._stack.enterClassContext(
            Process([peers.chronyd(), "-x", "-d", "-u", "root", "-f", self._config], name="chronyd"))
        until(lambda: os.path.exists(self.sock), START_S, self._process.tail)

    def stop(self):
        self._process.stop()

    def source(self, refid):
        """(reach, by how much the source is ahead of the machine's clock in s) or None: never heard of."""
        done = run([peers.chronyc(), "-h", self.control, "-c", "sources"], check=False)
        for line in done.stdout.splitlines():
            fields = line.split(",")
            if len(fields) > 8 and fields[2] == refid:
                return int(fields[5], 8), -float(fields[8])
        return None

    def wait_for_ahead(self, refid, ahead_s):
        """Until it has been heard of twice, with that offset."""
        def is_there():
            source = self.source(refid)
            return source and source[0] & 3 == 3 and abs(source[1] - ahead_s) < NEAR_S
        until(is_there, START_S, lambda: f"{refid} {ahead_s} s ahead: {self.source(refid)}\n{self._process.tail()}")


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(run, ["ipcrm", "-M", hex(SHM_KEY)], check=False)
        cls.lab = cls.enterClassContext(Lab(0))
        cls.chronyd = Chronyd(cls)
        # Its time is TAI: chronyd, who is told UTC, sees what it is ahead of the machine's clock.
        cls.gm = cls.enterClassContext(programs.EbpfBc(cls.lab.gm, ["eth0"], config=GM))
        cls.gm.wait_for_state(1, ("MASTER", "GRAND_MASTER"), START_S)

    def start_box(self, options):
        return self.enterContext(programs.EbpfBc(self.lab.box, self.lab.ports, config={**CLIENT, **options}))

    def test_chronyd_hears_over_its_socket_of_the_time_also_after_it_was_started_anew(self):
        box = self.start_box({"time_export": "sock", "refclock_sock_address": self.chronyd.sock})
        self.chronyd.wait_for_ahead("PTPS", AHEAD_NS * 1e-9)
        self.chronyd.stop()
        box.wait_for("time export: nobody takes the samples yet", START_S)
        n_lines = len(box.lines)
        self.chronyd.start()
        box.wait_for("time export: the samples are taken", START_S, n_lines)
        self.chronyd.wait_for_ahead("PTPS", AHEAD_NS * 1e-9)

        # Nothing is told any more once there is no master.
        self.gm.stop()
        box.wait_for_state(1, "GRAND_MASTER", START_S)
        until(lambda: (self.chronyd.source("PTPS") or (3, 0))[0] & 3 == 0, START_S,
              lambda: f"silence: {self.chronyd.source('PTPS')}")
        type(self).gm = self.enterClassContext(programs.EbpfBc(self.lab.gm, ["eth0"], config=GM))

    def test_clock_servo_ntpshm_means_the_shared_memory_of_ntpd(self):
        self.start_box({"clock_servo": "ntpshm", "ntpshm_segment": SHM_UNIT})
        self.chronyd.wait_for_ahead("PTPM", AHEAD_NS * 1e-9)


class SystemClock(unittest.TestCase):
    """The lab's ebpf-bc has no CAP_SYS_TIME, so the machine's clock is safe from all that is configured here."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(0))

    def start_box(self, options):
        return self.enterContext(programs.EbpfBc(self.lab.box, self.lab.ports,
                                                 config={**CLIENT, "local_clock": "system", **options}))

    def test_without_the_capability_the_start_is_refused_in_plain_words(self):
        box = self.start_box({})
        self.assertEqual(box.wait(START_S), 1)
        self.assertIn("local_clock system: setting the system's clock needs the capability CAP_SYS_TIME", box.text)

    def test_an_export_of_it_is_refused_and_two_exports_are(self):
        for options, message in (({"time_export": "shm"}, "local_clock system is the time itself"),
                                 ({"clock_servo": "refclock_sock"}, "local_clock system is the time itself"),
                                 ({"time_export": "shm", "clock_servo": "refclock_sock", "local_clock": "virtual"},
                                  "name different exports")):
            with self.subTest(options=options):
                box = self.start_box(options)
                self.assertEqual(box.wait(START_S), 1)
                self.assertIn(message, box.text)

    def test_free_running_it_measures_and_needs_no_capability(self):
        self.enterContext(programs.EbpfBc(self.lab.gm, ["eth0"], config=GM))
        box = self.start_box({"free_running": 1})
        box.wait_for_offsets(4, START_S)
        # PTP time is the machine's own time: the grandmaster's lead is seen, and stays.
        self.assertLess(abs(statistics.median(offset.offset_ns for offset in box.offsets) + AHEAD_NS), IN_SYNC_NS)

    def test_a_leap_second_file_is_read_and_what_it_says_announced(self):
        path = os.path.join(session.current().directory, session.current().unique("leap"))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#@ {int(time.time()) + 2208988800 + 86400}\n3692217600 37 # 1 Jan 2017\n")
        box = self.start_box({"free_running": 1, "leapfile": path, "utc_offset": 30, "priority1": 1})
        follower = self.enterContext(programs.EbpfBc(self.lab.gm, ["eth0"], config=CLIENT))
        follower.wait_for_offsets(4, START_S)
        self.assertEqual(box.states, {1: "GRAND_MASTER"})
        # As the follower knows 37 s by itself, its first offset is no whole second.
        self.assertLess(abs(follower.offsets[0].offset_ns), worst_ns())

    def test_a_leap_second_file_that_is_none_or_old_is_told(self):
        for text, message, status in (("hello\n", "is not a list of leap seconds", 1),
                                      ("#@ 3723753600\n3692217600 37\n", "has expired", None)):
            path = os.path.join(session.current().directory, session.current().unique("leap"))
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            with self.subTest(text=text):
                box = self.start_box({"free_running": 1, "leapfile": path})
                box.wait_for(message, START_S)
                if status is not None:
                    self.assertEqual(box.wait(START_S), status)
                box.stop()
