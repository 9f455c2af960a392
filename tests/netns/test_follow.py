# SPDX-License-Identifier: GPL-2.0-or-later
"""The box between a ptp4l grandmaster and ptp4l clients, over each transport; what it sends, as tshark reads it."""

import shutil
import statistics
import struct
import time
import unittest

from harness import frames, programs, session, wire
from harness.process import run
from netns.support import IN_SYNC_NS, START_S, Rig, assert_near_zero, served_time_errors_ns, until


def flush_and_bridge(lab):
    """All ports in one bridge, which has the only address."""
    lab.box.bridge("br0", lab.ports)
    for port in lab.ports:
        lab.box.ip("addr", "flush", "dev", port)
    lab.box.add_address("br0", "10.77.0.1/16")


def write_pcap(path, captured):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for one in captured:
            file.write(struct.pack("=IIII", *divmod(one.real_ns, 10**9), len(one.frame), len(one.frame)) + one.frame)


def dissect(path):
    """What tshark takes for PTP in a file (a list of message types), and its lines about wrong frames."""
    def lines(*arguments):
        done = run(["tshark", "-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", *arguments])
        return [line for line in done.stdout.splitlines() if "Running as user" not in line]
    return (lines("-Y", "ptp", "-T", "fields", "-e", "ptp.v2.messagetype"),
            lines("-Y", "_ws.malformed || _ws.expert.severity >= 6291456 || udp.checksum.status == 0 || "
                        "ip.checksum.status == 0"))


class OneStepGrandmaster:
    """Crafted, since ptp4l cannot be one with software stamps. step() to be called again and again."""

    IDENTITY = bytes.fromhex("0200000000000001")
    INTERVAL_S = 0.125

    def __init__(self, port):
        self._port = port
        self._sequence = 0
        self._next_s = 0.0
        self._n_seen = 0
        self.latest_ns = 0  # by which its Syncs left after the time that they tell, at most

    def _send(self, message):
        self._port.send(frames.l2(message, self._port.mac))

    def step(self):
        header = {"source": wire.port_identity(self.IDENTITY), "log_interval": -3}
        while self._n_seen < len(self._port.captured):
            one = self._port.captured[self._n_seen]
            self._n_seen += 1
            if one.ptp and not one.is_outgoing and one.ptp.message.type == wire.DELAY_REQ:
                self._send(wire.delay_resp(one.real_ns, one.ptp.message.source,
                                           **{**header, "sequence": one.ptp.message.sequence}))
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + self.INTERVAL_S
            self._sequence += 1
            header["sequence"] = self._sequence
            self._send(wire.announce(self.IDENTITY, priority1=1, **header))
            origin_ns = time.time_ns()
            self._send(wire.sync(origin_ns, two_step=False, **header))
            self.latest_ns = max(self.latest_ns, time.time_ns() - origin_ns)


class Follow(unittest.TestCase):
    def check(self, rig, box_address=None):
        """States, data sets and offsets; then the box's frames as its neighbours get them."""
        # Until then a bridge of its ports carries the others' frames on.
        for number in range(1, len(rig.ports) + 1):
            rig.box.wait_for(f"port {number} .* to LISTENING", START_S)
        ports = [rig.raw_port(host) for host in rig.hosts]
        rig.wait_in_sync()
        starts = [len(port.captured) for port in ports]
        self.assertEqual(rig.box.grandmaster, rig.gm.grandmaster)
        self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
        for client in rig.clients:
            self.assertEqual(client.states[1], "UNCALIBRATED")
            self.check_data_sets(client, rig.gm.grandmaster)
        for port, start in zip(ports[1:], starts[1:]):
            until(lambda p=port, s=start: len(served_time_errors_ns(p, s)) >= 4, START_S, "four Follow_Ups")
            assert_near_zero(self, served_time_errors_ns(port, start))
            until(lambda p=port, s=start: p.received(wire.ANNOUNCE, start=s), START_S, "an Announce")
            # To those who follow it the box puts no questions.
            self.assertEqual(port.received(wire.DELAY_REQ, start=start), [])
        ports[0].wait_for_message(wire.DELAY_REQ, START_S, starts[0])
        self.assertEqual({one.ptp.message.type for one in ports[0].received(start=starts[0])}, {wire.DELAY_REQ})
        for port, name in zip(ports, rig.ports):
            mac = frames.mac_bytes(rig.lab.box.mac(name))
            self.assertEqual({one.ptp.source_mac for one in port.received()}, {mac}, name)
            if box_address:
                self.assertEqual({one.ptp.source_ip for one in port.received()}, {box_address})
        self.check_dissected([one for port in ports for one in port.received()])
        self.assertEqual(rig.box.stop(), 0)

    def check_data_sets(self, client, grandmaster):
        # The client learns of the grandmaster with the next Announce.
        parents = until(lambda: [answer for answer in programs.pmc(client, "PARENT_DATA_SET")
                                 if answer["grandmasterIdentity"] == grandmaster], START_S, "the real grandmaster's identity")
        self.assertFalse(parents[0]["parentPortIdentity"].startswith(grandmaster))
        self.assertEqual(parents[0]["grandmasterPriority1"], 10)
        self.assertEqual(programs.pmc(client, "CURRENT_DATA_SET")[0]["stepsRemoved"], 2)

    def check_dissected(self, captured):
        """tshark, another reading of the standard, finds nothing wrong."""
        if not shutil.which("tshark"):
            return
        path = f"{session.current().directory}/{session.current().unique('capture')}.pcap"
        write_pcap(path, captured)
        types, wrong = dissect(path)
        self.assertEqual([int(one, 16) for one in types], [one.ptp.message.type for one in captured])
        self.assertEqual(wrong, [])

    def test_clients_follow_over_ethernet(self):
        with Rig(transport="L2") as rig:
            self.check(rig)

    def test_clients_follow_over_ipv4_one_of_them_with_unicast_delay_requests(self):
        with Rig(transport="UDPv4", clients=False) as rig:
            rig.clients = [rig.start_client(0), rig.start_client(1, {"hybrid_e2e": 1})]
            unicast = rig.raw_port(rig.lab.clients[1])
            self.check(rig)
            answers = unicast.received(wire.DELAY_RESP)
            self.assertTrue(answers)
            for answer in answers:
                self.assertEqual(answer.ptp.destination_ip, "10.77.2.2")
                self.assertTrue(answer.ptp.message.flags & wire.FLAG_UNICAST)

    def test_clients_follow_over_ipv6(self):
        with Rig(transport="UDPv6") as rig:
            self.check(rig)

    def test_ports_without_addresses_serve_as_members_of_a_bridge(self):
        with Rig(transport="UDPv4", prepare=flush_and_bridge) as rig:
            self.check(rig, "10.77.0.1")

    def test_each_port_may_have_its_own_transport(self):
        with Rig(transport="UDPv4", clients=False,
                 port_options={"bc1": {"network_transport": "L2"}, "bc2": {"network_transport": "UDPv6"}}) as rig:
            rig.clients = [rig.start_client(0, transport="L2"), rig.start_client(1, transport="UDPv6")]
            self.check(rig)

    def test_a_grandmaster_that_sends_no_follow_ups_is_followed(self):
        with Rig(gm=False, clients=False, n_clients=1) as rig:
            grandmaster = OneStepGrandmaster(rig.raw_port(rig.lab.gm))
            served = rig.raw_port(rig.lab.clients[0])

            def is_followed():
                grandmaster.step()
                return rig.box.states.get(1) == "SLAVE" and len(rig.box.offsets) > 8
            until(is_followed, 2 * START_S, lambda: f"following\n{rig.box.tail()}")
            start = len(served.captured)

            def is_served():
                grandmaster.step()
                return len(served_time_errors_ns(served, start)) > 4
            until(is_served, START_S, "four Follow_Ups")
            # As late as a Sync left after its stamp, which is taken in Python here, as wrong may be what follows it.
            self.assertLess(statistics.median(map(abs, served_time_errors_ns(served, start))),
                            10 * IN_SYNC_NS + grandmaster.latest_ns)
