# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon that is stopped for a while: it tells no wrong time afterwards, and has lost nobody."""

import signal
import statistics
import time
import unittest

from harness import programs, wire
from netns.support import (N_QUIET, START_S, Rig, assert_near_zero, median_bound_ns, served_time_errors_ns, until,
                           wait_in_sync, worst_ns)


class Halt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(n_clients=1))
        cls.rig.wait_in_sync()
        cls.port = cls.rig.raw_port(cls.rig.lab.clients[0])

    def halt(self, seconds):
        rig, port = self.rig, self.port
        until(lambda: len(served_time_errors_ns(port)) > 3, START_S, "Follow_Ups")
        start, n_changes = len(port.captured), len(rig.box.state_changes)
        rig.box.halt()
        stopped_s, stopped_real_ns = time.monotonic(), time.time_ns()
        # The halt itself: there is nothing to wait for.
        time.sleep(seconds)
        n_stopped = len([one for one in port.received(start=start) if one.real_ns > stopped_real_ns + 10**8])
        self.assertEqual(n_stopped, 0, "a stopped daemon sends nothing")
        awake = len(port.captured)
        rig.box.signal(signal.SIGCONT)
        awake_s = time.monotonic()

        until(lambda: len(served_time_errors_ns(port, awake)) > 8, START_S, lambda: f"Follow_Ups\n{rig.box.tail()}")
        errors_ns = served_time_errors_ns(port, start)
        assert_near_zero(self, errors_ns)
        # Messages that were due meanwhile are not made up for.
        for kind, rate in ((wire.SYNC, 8), (wire.ANNOUNCE, 4)):
            sent = [one for one in port.received(kind, start=awake) if one.mono_s < awake_s + 0.5]
            self.assertLessEqual(len(sent), rate * 0.5 + 3)
        # Answers to requests of long ago are none.
        waited = [one for one in port.received(wire.DELAY_RESP, start=awake)
                  if abs(one.ptp.message.timestamp_ns - one.real_ns) > 1.5 * 10**9]
        self.assertEqual(waited, [])

        wait_in_sync(rig.clients[0])
        lost = [change for change in rig.box.state_changes[n_changes:] if change.port == 1]
        self.assertEqual(lost, [], "the grandmaster was there all the time")
        self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER"})
        self.assertEqual(rig.box.grandmaster, rig.gm.grandmaster)
        offsets_ns = [abs(one.offset_ns) for one in rig.box.offsets if one.mono_s > awake_s]
        self.assertLess(max(offsets_ns), worst_ns())
        quiet_ns = [one.offset_ns for one in rig.box.offsets if one.mono_s < stopped_s][-N_QUIET:]
        self.assertLess(statistics.median(offsets_ns), median_bound_ns(quiet_ns), (quiet_ns, offsets_ns))

    def test_a_halt_of_one_second_disturbs_nobody(self):
        self.halt(1)

    def test_after_a_halt_of_ten_seconds_no_stale_sync_is_sent_and_the_master_is_still_followed(self):
        counters = self.rig.box.read_counters()
        self.halt(10)
        after = self.rig.box.read_counters()
        # The lease ran out after two seconds, so what came then went by; what lay in the ring was too old.
        self.assertGreater(after[1]["bpf_rx_passed_no_lease"], counters[1].get("bpf_rx_passed_no_lease", 0))
        self.assertGreater(after[1]["rx_refused_stale"], counters[1].get("rx_refused_stale", 0))
        self.assertGreater(after[1]["timer_late"], counters[1].get("timer_late", 0))

    def test_a_halt_in_the_middle_of_following_for_the_first_time_ends_in_sync(self):
        with Rig(n_clients=1) as rig:
            # Who looks late finds it a SLAVE.
            rig.box.wait_for_state(1, programs.FOLLOWING, START_S)
            rig.box.halt()
            time.sleep(1.5)
            rig.box.signal(signal.SIGCONT)
            rig.wait_in_sync()
