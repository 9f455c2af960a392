# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is the grandmaster: the box when there is no other, a better one when it appears, the box again."""

import time
import unittest

from harness import programs, wire
from netns.support import IN_SYNC_NS, Rig, assert_median_as_before, served_time_errors_ns, until, wait_in_sync


def identity_of(namespace, interface):
    """A clock's identity as ptp4l and ebpf-bc make it of an interface's address."""
    mac = namespace.mac(interface).replace(":", "")
    return f"{mac[:6]}.fffe.{mac[6:]}"


class Takeover(unittest.TestCase):
    def wait_for_grandmaster(self, client, identity, steps_removed, timeout_s=10):
        def knows():
            parent, current = (programs.pmc(client, name) for name in ("PARENT_DATA_SET", "CURRENT_DATA_SET"))
            return (parent and parent[0]["grandmasterIdentity"] == identity
                    and current and current[0]["stepsRemoved"] == steps_removed)
        until(knows, timeout_s, lambda: f"the client's grandmaster {identity}\n{client.tail()}")

    def assert_holdover(self, rig):
        """What the client hears of the clock follows the timetable, and the log tells it."""
        def client_knows(clock_class, accuracy):
            parent = programs.pmc(rig.clients[0], "PARENT_DATA_SET")
            return parent and (int(parent[0]["gm.ClockClass"]), int(parent[0]["gm.ClockAccuracy"], 16)) == (
                clock_class, accuracy)
        for log, clock_class, accuracy in (("no master", 135, 0x24), ("still none", 165, 0xFE)):
            rig.box.wait_for(rf"holdover: {log} after \d+\.\d s, announcing clockClass {clock_class} "
                             rf"clockAccuracy 0x{accuracy:02x}, expected error below \d+ ns", 5)
            until(lambda: client_knows(clock_class, accuracy), 2, f"the client knows of clockClass {clock_class}")

    def test_the_box_serves_its_own_time_until_a_better_clock_comes_and_after_it_went(self):
        with Rig(gm=False, n_clients=1, options={"holdover_timetable": "0:135:0x24 3:165"}) as rig:
            own = identity_of(rig.lab.box, "bc0")
            client, port = rig.clients[0], rig.raw_port(rig.lab.clients[0])

            for number in (1, 2):
                rig.box.wait_for_state(number, "GRAND_MASTER", 5)
            self.wait_for_grandmaster(client, own, 1)
            announce = port.wait_for_message(wire.ANNOUNCE, 5).ptp.message
            self.assertEqual((announce.grandmaster, announce.steps_removed), (wire.port_identity(own)[:8], 0))
            # TAI, of the system's time and the usual leap seconds.
            self.assertTrue(announce.flags & wire.FLAG_PTP_TIMESCALE)
            until(lambda: len(served_time_errors_ns(port)) > 2, 5, "Follow_Ups")
            self.assertLess(abs(served_time_errors_ns(port)[-1] - 37 * 10**9), IN_SYNC_NS)

            rig.gm = rig.start_gm({"clockClass": 6, "clockAccuracy": "0x20"})
            rig.box.wait_for_state(1, "SLAVE", 10)
            rig.box.wait_for_state(2, "MASTER", 5)
            self.assertEqual(rig.box.grandmaster, identity_of(rig.lab.gm, "eth0"))
            self.wait_for_grandmaster(client, rig.box.grandmaster, 2)
            wait_in_sync(client)

            rig.box.wait_for_offsets(20, 10)
            self.assertEqual(rig.box.find_all("holdover"), [])
            start, gone_s = len(port.captured), time.monotonic()
            rig.gm.kill()
            for number in (1, 2):
                rig.box.wait_for_state(number, "GRAND_MASTER", 5)
            # Three Announce intervals of a quarter of a second, and one at random.
            self.assertLess(rig.box.state_changes[-1].mono_s - gone_s, 2)
            self.assertEqual(rig.box.grandmaster, own)
            self.wait_for_grandmaster(client, own, 1)
            # It goes on with the time it had, not with its own.
            until(lambda: len(served_time_errors_ns(port, start)) > 10, 5, "Follow_Ups")
            self.assertLess(max(map(abs, served_time_errors_ns(port, start))), IN_SYNC_NS)
            announce = port.received(wire.ANNOUNCE)[-1].ptp.message
            self.assertEqual((announce.grandmaster, announce.steps_removed), (wire.port_identity(own)[:8], 0))
            self.assert_holdover(rig)

            rig.gm = rig.start_gm()
            rig.wait_in_sync()
            rig.box.wait_for(r"holdover: a master again, \d+\.\d s after the last", 1)

    def test_a_worse_clock_is_not_followed(self):
        with Rig(gm=False, n_clients=1) as rig:
            rig.gm = rig.start_gm({"priority1": 201})
            rig.box.wait_for_state(2, "GRAND_MASTER", 5)
            # The other one follows the box, as a free-running clock does.
            rig.gm.wait_for_state(1, programs.FOLLOWING, 10)
            self.wait_for_grandmaster(rig.clients[0], identity_of(rig.lab.box, "bc0"), 1)
            self.assertEqual(rig.box.states[1], "GRAND_MASTER")

    def test_of_two_grandmasters_the_better_one_is_followed_and_the_other_after_its_end(self):
        with Rig(clients=False, n_clients=2) as rig:
            second = programs.Ptp4l(rig.lab.clients[0], "eth0", "gm", options={
                "priority1": 20, "logAnnounceInterval": -2, "logSyncInterval": -3})
            with second:
                rig.clients = [rig.start_client(1)]
                rig.box.wait_for_state(1, "SLAVE", 15)
                second.wait_for_state(1, programs.FOLLOWING, 10)
                wait_in_sync(rig.clients[0])
                start_s = time.monotonic()
                rig.gm.kill()
                rig.box.wait_for_state(2, "SLAVE", 10)
                self.assertEqual(rig.box.grandmaster, identity_of(rig.lab.clients[0], "eth0"))
                self.wait_for_grandmaster(rig.clients[0], rig.box.grandmaster, 2)
                wait_in_sync(rig.clients[0])
                offsets_ns = rig.clients[0].monitor.offsets_ns(start_s)
                self.assertLess(max(map(abs, offsets_ns)), IN_SYNC_NS)
                assert_median_as_before(self, rig.clients[0], start_s)
