# SPDX-License-Identifier: GPL-2.0-or-later
"""A boundary clock that measures peer to peer, between ptp4l neighbours that do: over Ethernet and IPv4, by 802.1AS,
found out by Auto, and with several neighbours on one segment."""

import unittest

from harness import frames, wire
from netns.support import IN_SYNC_NS, P2P, START_S, WAIT_S, Rig, until

# ptp4l does not use a Follow_Up without the information then, and serves nobody who has not shown to speak it.
GPTP = {"follow_up_info": 1, "transportSpecific": "0x1", "ptp_dst_mac": "01:80:C2:00:00:0E"}
MEASURED = r"peer delay -?\d+ ns"


class PeerDelay(unittest.TestCase):
    def start(self, rig, box_options, client_options=None):
        rig.gm = rig.start_gm(P2P)
        rig.box = rig.start_box({**P2P, **box_options})
        rig.clients = [rig.start_client(i, {**P2P, **(client_options or {})}) for i in range(len(rig.lab.clients))]

    def check_messages(self, rig, ports):
        """What the box sends on its ports: Pdelay messages of the right kinds, each counted; none end to end."""
        for port in ports:
            port.wait_for_message(wire.PDELAY_REQ, WAIT_S)
            port.wait_for_message(wire.PDELAY_RESP_FOLLOW_UP, WAIT_S)
            types = {one.ptp.message.type for one in port.received()}
            self.assertNotIn(wire.DELAY_REQ, types)
            self.assertNotIn(wire.DELAY_RESP, types)
            self.assertEqual({one.ptp.destination_mac for one in port.received(wire.PDELAY_REQ)}, {self.group})
        counters = rig.box.read_counters()
        for number in range(1, len(ports) + 1):
            for kind in ("req", "resp", "resp_follow_up"):
                self.assertGreater(counters[number][f"tx_pdelay_{kind}"], 1)
                self.assertGreater(counters[number][f"rx_pdelay_{kind}"], 1)
            # One that was sent before the neighbour listened, or answered late on a busy machine, is lost; so is one
            # whose stamp the kernel lost.
            for name, count in counters[number].items():
                self.assertNotRegex(name, "refused|out_of_range|several")
                self.assertLess(count if "missing" in name else 0, counters[number]["tx_pdelay_req"] / 4, name)

    def check_follows(self, rig):
        """By what ptp4l logs once a second: its stamps of each sample come end to end only."""
        rig.box.wait_for_state(1, "SLAVE", START_S)
        rig.box.wait_for_state(2, "MASTER", START_S)
        rig.clients[0].wait_for_offsets(2, START_S, IN_SYNC_NS)
        for program in (rig.box, rig.clients[0]):
            until(lambda p=program: abs(p.offsets[-1].path_delay_ns) < IN_SYNC_NS, WAIT_S, program.tail)

    def test_between_peers_that_speak_802_1as(self):
        self.group = bytes.fromhex("0180c200000e")
        with Rig(transport="L2", n_clients=1, gm=False, box=False, clients=False) as rig:
            ports = [rig.raw_port(host) for host in rig.hosts]
            rig.gm = rig.start_gm({**P2P, **GPTP})
            rig.box = rig.start_box({**P2P, **GPTP})
            rig.clients = [rig.start_client(0, {**P2P, **GPTP})]
            self.check_follows(rig)
            for number, name in enumerate(rig.ports, 1):
                rig.box.wait_for(rf"port {number} \({name}\): setting asCapable", START_S)
            self.check_messages(rig, ports)
            self.assertEqual(rig.box.stop(), 0)

    def test_auto_ports_find_their_peers_over_ipv4(self):
        self.group = bytes.fromhex("01005e00006b")
        with Rig(transport="UDPv4", n_clients=1, gm=False, box=False, clients=False) as rig:
            ports = [rig.raw_port(host) for host in rig.hosts]
            self.start(rig, {"delay_mechanism": "Auto"})
            for number, name in enumerate(rig.ports, 1):
                rig.box.wait_for(rf"port {number} \({name}\): peer detected, switch to P2P", START_S)
            self.check_follows(rig)
            self.check_messages(rig, ports)

    def test_several_responders_are_told_and_the_port_goes_on(self):
        with Rig(transport="L2", n_clients=1, gm=False, box=False, clients=False) as rig:
            self.start(rig, {})
            rig.box.wait_for(rf"port 2 \(bc1\): {MEASURED}", START_S)
            port = rig.raw_port(rig.lab.clients[0])
            other = wire.port_identity(bytes.fromhex("0200000000000077"), 1)
            n_answered = 0

            def is_told():
                """Another one answers each request that is seen on the cable."""
                nonlocal n_answered
                requests = port.received(wire.PDELAY_REQ)
                for one in requests[n_answered:]:
                    self.answer(port, one, other)
                n_answered = len(requests)
                return any("port 2 (bc1): multiple peer responses" in line.text for line in rig.box.lines)
            until(is_told, WAIT_S, lambda: f"several responders told\n{rig.box.tail()}")
            self.assertGreater(rig.box.read_counters()[2]["pdelay_several_responders"], 0)
            # It is served all the same.
            self.check_follows(rig)
            self.assertFalse([c for c in rig.box.state_changes if c.new == "FAULTY"])

    def answer(self, port, request, source):
        message = request.ptp.message
        for build in (wire.pdelay_resp, wire.pdelay_resp_follow_up):
            port.send(frames.l2(build(request.real_ns, message.source, source=source, sequence=message.sequence),
                                port.mac))

