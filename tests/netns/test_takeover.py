# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is the grandmaster: the box when there is no other, a better one when it appears, the box again."""

import time
import unittest

from harness import programs, wire
from netns.support import (WAIT_S, Rig, ask_pmc, assert_median_as_before, assert_near_zero,
                           until, wait_for_served, wait_in_sync)


def identity_of(namespace, interface):
    """A clock's identity as ptp4l and ebpf-bc make it of an interface's address."""
    mac = namespace.mac(interface).replace(":", "")
    return f"{mac[:6]}.fffe.{mac[6:]}"


class Takeover(unittest.TestCase):
    def wait_for_grandmaster(self, client, identity, steps_removed):
        def knows():
            parent, current = (programs.pmc(client, name) for name in ("PARENT_DATA_SET", "CURRENT_DATA_SET"))
            return (parent and parent[0]["grandmasterIdentity"] == identity
                    and current and current[0]["stepsRemoved"] == steps_removed)
        until(knows, WAIT_S, lambda: f"the client's grandmaster {identity}\n{client.tail()}")

    def assert_holdover(self, rig, port, start):
        """What the client hears of the clock follows the timetable, and the log tells it."""
        def quality(announce):
            return announce.body[14], announce.body[15]
        for log, clock_class, accuracy in (("no master", 135, 0x24), ("still none", 165, 0xFE)):
            rig.box.wait_for(rf"holdover: {log} after \d+\.\d s, announcing clockClass {clock_class} "
                             rf"clockAccuracy 0x{accuracy:02x}, expected error below \d+ ns", WAIT_S)
            port.wait_for_message(wire.ANNOUNCE, WAIT_S, start, lambda m, q=(clock_class, accuracy): quality(m) == q)
        until(lambda: int(ask_pmc(rig.clients[0], "PARENT_DATA_SET")["gm.ClockClass"]) == 165, WAIT_S,
              "the client knows of clockClass 165")

    def test_the_box_serves_its_own_time_until_a_better_clock_comes_and_after_it_went(self):
        with Rig(gm=False, n_clients=1, options={"holdover_timetable": "0:135:0x24 3:165"}) as rig:
            own = identity_of(rig.lab.box, "bc0")
            client, port = rig.clients[0], rig.raw_port(rig.lab.clients[0])

            for number in (1, 2):
                rig.box.wait_for_state(number, "GRAND_MASTER", WAIT_S)
            self.wait_for_grandmaster(client, own, 1)
            announce = port.wait_for_message(wire.ANNOUNCE, WAIT_S).ptp.message
            self.assertEqual((announce.grandmaster, announce.steps_removed), (wire.port_identity(own)[:8], 0))
            # TAI, of the system's time and the usual leap seconds.
            self.assertTrue(announce.flags & wire.FLAG_PTP_TIMESCALE)
            assert_near_zero(self, [error_ns - 37 * 10**9 for error_ns in wait_for_served(port, 0)])

            rig.gm = rig.start_gm({"clockClass": 6, "clockAccuracy": "0x20"})
            rig.box.wait_for_state(1, "SLAVE", WAIT_S)
            rig.box.wait_for_state(2, "MASTER", WAIT_S)
            self.assertEqual(rig.box.grandmaster, identity_of(rig.lab.gm, "eth0"))
            self.wait_for_grandmaster(client, rig.box.grandmaster, 2)
            wait_in_sync(client)

            rig.box.wait_for_offsets(20, WAIT_S)
            self.assertEqual(rig.box.find_all("holdover"), [])
            start, gone_s = len(port.captured), time.monotonic()
            rig.gm.kill()
            for number in (1, 2):
                rig.box.wait_for_state(number, "GRAND_MASTER", WAIT_S)
            # Three Announce intervals of a quarter of a second, and one at random.
            self.assertLess(rig.box.state_changes[-1].mono_s - gone_s, 2)
            self.assertEqual(rig.box.grandmaster, own)
            self.wait_for_grandmaster(client, own, 1)
            # It goes on with the time it had, not with its own.
            assert_near_zero(self, wait_for_served(port, start, 16))
            announce = port.received(wire.ANNOUNCE)[-1].ptp.message
            self.assertEqual((announce.grandmaster, announce.steps_removed), (wire.port_identity(own)[:8], 0))
            self.assert_holdover(rig, port, start)

            rig.gm = rig.start_gm()
            rig.wait_in_sync()
            rig.box.wait_for(r"holdover: a master again, \d+\.\d s after the last", WAIT_S)

    def test_a_worse_clock_is_not_followed(self):
        with Rig(gm=False, n_clients=1) as rig:
            rig.gm = rig.start_gm({"priority1": 201})
            rig.box.wait_for_state(2, "GRAND_MASTER", WAIT_S)
            # The other one follows the box, as a free-running clock does.
            rig.gm.wait_for_state(1, programs.FOLLOWING, WAIT_S)
            self.wait_for_grandmaster(rig.clients[0], identity_of(rig.lab.box, "bc0"), 1)
            self.assertEqual(rig.box.states[1], "GRAND_MASTER")

    def test_of_two_grandmasters_the_better_one_is_followed_and_the_other_after_its_end(self):
        with Rig(clients=False, n_clients=2) as rig:
            second = programs.Ptp4l(rig.lab.clients[0], "eth0", "gm", options={
                "priority1": 20, "logAnnounceInterval": -2, "logSyncInterval": -3})
            with second:
                rig.clients = [rig.start_client(1)]
                rig.box.wait_for_state(1, "SLAVE", WAIT_S)
                second.wait_for_state(1, programs.FOLLOWING, WAIT_S)
                wait_in_sync(rig.clients[0])
                start_s = time.monotonic()
                rig.gm.kill()
                rig.box.wait_for_state(2, "SLAVE", WAIT_S)
                self.assertEqual(rig.box.grandmaster, identity_of(rig.lab.clients[0], "eth0"))
                self.wait_for_grandmaster(rig.clients[0], rig.box.grandmaster, 2)
                wait_in_sync(rig.clients[0])
                assert_near_zero(self, rig.clients[0].monitor.offsets_ns(start_s))
                assert_median_as_before(self, rig.clients[0], start_s)
