# SPDX-License-Identifier: GPL-2.0-or-later
"""Time stamps by sockets, where this needs a machine of its own: on VLAN devices and bonds, and a clock that is set."""

import contextlib
import statistics
import time
import unittest

from harness import frames, programs, wire
from harness.network import Namespace, cable
from harness.rawport import RawPort
from netns.support import BOX, FAST, wait_in_sync
from vm.test_ports import SLOW_S, add_bond, add_vlan

SOFTWARE = {**BOX, "time_stamping": "software", "local_clock": "virtual"}


class StackedPorts(unittest.TestCase):
    def test_the_drivers_stamps_are_known_below_a_vlan_and_a_bond(self):
        with contextlib.ExitStack() as stack:
            gm, box, client = (stack.enter_context(Namespace(name)) for name in ("gm", "box", "c1"))
            cable(box, "bc0", gm, "eth0")
            for i in range(2):
                cable(box, f"bc{i + 1}", client, f"eth{i}")
            add_bond(box, ["bc1", "bc2"], "10.77.1.1/24")
            add_bond(client, ["eth0", "eth1"], "10.77.1.2/24")
            ports = [add_vlan(box, "bc0", 7), "bond0"]
            stack.enter_context(programs.Ptp4l(gm, [add_vlan(gm, "eth0", 7)], "gm", transport="L2", options=FAST))
            clock = stack.enter_context(programs.EbpfBc(
                box, ports, config=SOFTWARE, port_options={"bc0.7": {"network_transport": "L2"},
                                                           "bond0": {"network_transport": "UDPv4"}}))
            follower = stack.enter_context(programs.Ptp4l(client, ["bond0"], "client", transport="UDPv4", options=FAST))
            clock.wait_for_state(1, "SLAVE", SLOW_S)
            clock.wait_for_state(2, "MASTER", SLOW_S)
            wait_in_sync(follower, timeout_s=SLOW_S)
            for counters in clock.read_counters().values():
                self.assertNotIn("tx_stamp_missing", counters)


class ClockSet(unittest.TestCase):
    STEP_NS, STEPS = 500_000_000, 12

    def test_what_is_served_and_answered_does_not_move_when_the_systems_clock_is_set(self):
        """The box serves its virtual clock: by the monotonic clock, all that it tells lies on one line. The system's is
        set to and fro, by less than the age at which a stamp is refused in any case."""
        with contextlib.ExitStack() as stack:
            box, client = (stack.enter_context(Namespace(name)) for name in ("box", "c1"))
            cable(box, "bc0", client, "eth0")
            clock = stack.enter_context(programs.EbpfBc(box, ["bc0"], config={
                **SOFTWARE, "clock_type": "OC", "network_transport": "L2", "logSyncInterval": -6}))
            port = stack.enter_context(RawPort(client, "eth0"))
            clock.wait_for_state(1, "GRAND_MASTER", SLOW_S)
            start, asked_s = len(port.captured), {}
            for i in range(self.STEPS * 40):
                if i % 40 == 20:
                    time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns() + (-1) ** (i // 40) * self.STEP_NS)
                asked_s[i] = time.monotonic()
                port.send(frames.l2(wire.delay_req(source=wire.port_identity("0200000000000099"), sequence=i),
                                    port.mac))
                time.sleep(0.005)
            clock.wait_for("system clock was set", SLOW_S)
            errors_s = {"served": [], "answered": []}
            sent_s = {}
            for captured in port.received(start=start):
                message = captured.ptp.message
                if message.type == wire.SYNC:
                    sent_s[message.sequence] = captured.mono_s
                elif message.type == wire.FOLLOW_UP and message.sequence in sent_s:
                    errors_s["served"].append(message.timestamp_ns / 1e9 - sent_s[message.sequence])
                elif message.type == wire.DELAY_RESP:
                    errors_s["answered"].append(message.timestamp_ns / 1e9 - asked_s[message.sequence])
            # Where the machine stands still what is served is read late, and what is answered was asked early. A stamp of
            # another time would be off to either side, as the clock is set.
            wrong_way = {"served": 1, "answered": -1}
            for what, values in errors_s.items():
                with self.subTest(what):
                    self.assertGreater(len(values), self.STEPS * 10, clock.tail())
                    usual_s = statistics.median(values)
                    self.assertLess(max(wrong_way[what] * (value - usual_s) for value in values), self.STEP_NS / 2e9,
                                    clock.tail())
