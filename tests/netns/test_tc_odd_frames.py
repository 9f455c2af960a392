# SPDX-License-Identifier: GPL-2.0-or-later
"""Odd and malformed frames at a transparent clock: right, unchanged or dropped and counted, never leaked; and what it
rewrites is accepted by the UDP of an independent receiver."""

import array
import contextlib
import fcntl
import ipaddress
import socket
import struct
import unittest

from harness import frames, wire
from harness.frames import CHECKSUM_WRONG, CHECKSUM_ZERO
from harness.passage import Passage, correction_sns
from netns.support import STAMPED_BEFORE, WAIT_S, TcRig

N = 3
MOVED = {False: {"tc_forward": "direct"}, True: {"tc_forward": "bridge"}}

SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17


def l2(message, mac, **options):
    return frames.l2(message, mac, **options)


def udp4(message, mac, **options):
    return frames.udp4(message, mac, "10.77.0.2", **options)


def udp6(message, mac, **options):
    return frames.udp6(message + bytes(2), mac, "fd77::2", **options)


# What ends in the box, and under which name: (envelope, message, octets of the frame).
DROPPED = [
    ("messageLength beyond the frame", l2, {"length": 45}, None, "bpf_rx_dropped_length"),
    ("messageLength of 65535", l2, {"length": 65535}, None, "bpf_rx_dropped_length"),
    ("messageLength shorter than a header", l2, {"length": 33}, None, "bpf_rx_dropped_length"),
    ("messageLength 0", l2, {"length": 0}, None, "bpf_rx_dropped_length"),
    ("messageLength beyond the datagram, not beyond the frame", lambda m, mac: udp4(m, mac, padding=bytes(40)),
     {"length": 60}, None, "bpf_rx_dropped_length"),
    ("messageLength beyond the datagram over IPv6", udp6, {"length": 47}, None, "bpf_rx_dropped_length"),
    ("a Sync less one octet", l2, {}, 57, "bpf_rx_dropped_length"),
    ("a header and nothing else", l2, {}, 48, "bpf_rx_dropped_length"),
    ("a header less one octet", l2, {}, 47, "bpf_rx_dropped_short"),
]

# What is none of its business, or cannot be corrected without harm: (envelope, message, counter).
SAME = [
    ("PTP version 1", l2, wire.sync, {"version": 1}, "bpf_rx_passed_version"),
    ("PTP version 3", l2, wire.sync, {"version": 3}, "bpf_rx_passed_version"),
    ("a first fragment", lambda m, mac: udp4(m, mac, fragment=0x2000), wire.sync, {}, "bpf_rx_passed_fragment"),
]

# What is carried and corrected all the same.
CORRECTED = [
    ("legal padding", lambda m, mac: l2(m, mac, padding=bytes(16))),
    ("padding to 1500 octets", lambda m, mac: l2(m, mac, padding=bytes(1456))),
    ("a priority tag", lambda m, mac: l2(m, mac, vlans=(0xE000,))),
    ("two tags", lambda m, mac: udp4(m, mac, vlans=(100, 7))),
    ("IP options", lambda m, mac: udp4(m, mac, ip_options=b"\x94\x04\0\0\x01\x01\x01\x00")),
    ("no checksum", lambda m, mac: udp4(m, mac, checksum=CHECKSUM_ZERO)),
    ("not to be fragmented", lambda m, mac: udp4(m, mac, fragment=0x4000)),
]


class OddFrames(unittest.TestCase):
    @contextlib.contextmanager
    def box(self, bridge, options=None):
        options = {**STAMPED_BEFORE, **MOVED[bridge], **(options or {})}
        with TcRig(bridge=bridge, gm=False, clients=False, options=options) as rig:
            rig.wait_ready()
            self.rig = rig
            self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            yield rig
            # It lives, and no word of it in the log.
            self.passage.fence()
            self.assertTrue(rig.box.is_running())

    def send(self, envelope, make=wire.sync, octets=None, **fields):
        """Sends a message, the frame cut to some octets; returns its header, and frame and message."""
        header = self.passage.header()
        message = make(**fields, **header)
        frame = envelope(message, self.passage.near.mac)[:octets]
        self.passage.send(header, frame)
        return header, frame, message

    def counted(self, name):
        return self.rig.box.read_counters().get(1, {}).get(name, 0)

    def assert_ended(self, header):
        self.passage.fence()
        self.assertEqual(self.passage.arrived(header), [])

    def assert_unchanged(self, header, frame):
        self.passage.fence()
        self.assertEqual([c.frame.hex() for c in self.passage.arrived(header)], [frame.hex()])

    def assert_corrected(self, header, frame, message):
        """As it was but for correctionField and a checksum; returns the frame that came."""
        offset = frame.index(message)
        got = self.passage.wait_for(header)[0].frame
        self.assertGreater(correction_sns(got, offset), 0)
        # What the queue will add to a one-step message is told by what it added to those before.
        longest_ns = 0 if message[6] << 8 & wire.FLAG_TWO_STEP else self.passage.longest_bound_ns()
        self.assertLess(correction_sns(got, offset) / 65536, longest_ns + self.passage.residence_bound_ns(header))
        corrected = message[:8] + got[offset + 8:offset + 16] + message[16:]
        self.assertIn(corrected.hex(), got.hex())
        return got, corrected

    def test_lengths_that_lie_end_here(self):
        for bridge in MOVED:
            with self.box(bridge):
                for name, envelope, fields, octets, counter in DROPPED:
                    with self.subTest(name, bridge=bridge):
                        before = self.counted(counter)
                        headers = [self.send(envelope, octets=octets, **fields)[0] for _ in range(N)]
                        for header in headers:
                            self.assert_ended(header)
                        self.assertEqual(self.counted(counter) - before, N)
                        self.assertEqual(self.rig.box.read_counters()[2].get("bpf_tx_passed_unmarked", 0), 0)

    def test_a_general_message_whose_length_lies_ends_here(self):
        for bridge in MOVED:
            with self.box(bridge):
                for make, arguments in ((wire.follow_up, (0,)), (wire.announce, ("001122.fffe.334455",))):
                    for length in (0, 33, 65535):
                        header = self.passage.header()
                        message = make(*arguments, length=length, **header)
                        self.passage.send(header, frames.l2(message, self.passage.near.mac))
                        self.assert_ended(header)
                self.assertEqual(self.counted("bpf_rx_dropped_length"), 6)

    def test_frames_of_14_to_64_octets_are_right_or_dropped(self):
        """One-step Sync, cut; what is a whole message still arrives, and is right."""
        for bridge in MOVED:
            with self.box(bridge, {"tc_one_step": "keep"}):
                for envelope, name in ((l2, "L2"), (lambda m, mac: l2(m, mac, vlans=(5,)), "tagged"), (udp4, "UDPv4"),
                                       (udp6, "UDPv6")):
                    for octets in range(14, 65):
                        with self.subTest(name, octets=octets, bridge=bridge):
                            self.check_short(envelope, octets)

    def check_short(self, envelope, octets):
        header, frame, message = self.send(lambda m, mac: envelope(m, mac) + bytes(64), octets=octets, two_step=False)
        self.passage.fence()
        if message in frame:
            got, corrected = self.assert_corrected(header, frame, message)
            self.assertEqual(got.hex(), frame.replace(message, corrected).hex())
        else:
            self.assertEqual(self.passage.arrived(header), [])

    def test_what_is_not_its_business_passes_over_the_bridge_as_it_is(self):
        with self.box(True):
            for name, envelope, make, fields, counter in SAME:
                with self.subTest(name):
                    before = self.counted(counter)
                    for _ in range(N):
                        header, frame, _ = self.send(envelope, make, **fields)
                        self.assert_unchanged(header, frame)
                    self.assertEqual(self.counted(counter) - before, N)

    def test_messages_that_cannot_be_corrected_pass_as_they_are(self):
        auth = wire.tlv(0x8009, bytes(20))
        for bridge in MOVED:
            with self.box(bridge):
                for tlvs, counter in ((auth, "bpf_rx_passed_authentication"),
                                      (wire.tlv(0x8008, b"", length=100), "bpf_rx_passed_tlv")):
                    before = self.counted(counter)
                    for _ in range(N):
                        header = self.passage.header()
                        message = wire.message(wire.SYNC, wire.timestamp(0) + tlvs, flags=wire.FLAG_TWO_STEP, **header)
                        frame = frames.l2(message, self.passage.near.mac)
                        self.passage.send(header, frame)
                        self.assert_unchanged(header, frame)
                    self.assertEqual(self.counted(counter) - before, N)

    def test_with_tc_auth_mutable_a_message_with_an_authentication_tlv_is_corrected(self):
        with self.box(False, {"tc_auth_mutable": 1}):
            header = self.passage.header()
            message = wire.message(wire.SYNC, wire.timestamp(0) + wire.tlv(0x8009, bytes(20)),
                                   flags=wire.FLAG_TWO_STEP, **header)
            frame = frames.l2(message, self.passage.near.mac)
            self.passage.send(header, frame)
            self.assert_corrected(header, frame, message)

    def test_legal_envelopes_are_kept_round_a_corrected_message(self):
        for bridge in MOVED:
            with self.box(bridge):
                for name, envelope in CORRECTED:
                    with self.subTest(name, bridge=bridge):
                        header, frame, message = self.send(envelope)
                        got, corrected = self.assert_corrected(header, frame, message)
                        self.assertEqual(got.hex(), envelope(corrected, self.passage.near.mac).hex())

    def test_padding_behind_a_datagram_is_no_obstacle(self):
        for bridge in MOVED:
            with self.box(bridge):
                header, frame, message = self.send(lambda m, mac: udp4(m, mac, padding=bytes(7)))
                got, corrected = self.assert_corrected(header, frame, message)
                # br_netfilter, where it is loaded, takes it off.
                expected = udp4(corrected, self.passage.near.mac, padding=bytes(7))
                self.assertIn(got.hex(), (expected.hex(), expected[:-7].hex()))

    def test_a_checksum_that_came_in_wrong_leaves_wrong(self):
        for bridge in MOVED:
            with self.box(bridge):
                for envelope in (udp4, udp6):
                    with self.subTest(envelope.__name__, bridge=bridge):
                        header, _, _ = self.send(lambda m, mac, e=envelope: e(m, mac, checksum=CHECKSUM_WRONG))
                        got = self.passage.wait_for(header)[0]
                        self.assertFalse(got.ptp.checksum_ok)


class Receiver(unittest.TestCase):
    """A UDP socket at the far end: the kernel gives it a datagram only if its checksum is right."""

    GROUPS = {"UDPv4": "224.0.1.129", "UDPv6": "ff0e::181"}

    def open(self, host, transport, port):
        family = socket.AF_INET6 if transport == "UDPv6" else socket.AF_INET
        with host.entered():
            one = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(one.close)
        group = ipaddress.ip_address(self.GROUPS[transport]).packed
        index = struct.pack("@I", host.ifindex("eth0"))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if transport == "UDPv6":
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + index)
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            one.bind(("::", port))
        else:
            membership = struct.pack("=4s4sI", group, bytes(4), host.ifindex("eth0"))
            one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, membership)
            one.bind(("", port))
        one.settimeout(WAIT_S)
        return one

    def switch_off_checksum_offload(self, host, interface):
        """What leaves by the interface then has its checksum in it, as on a card that computes none."""
        value = array.array("I", [ETHTOOL_STXCSUM, 0])
        request = struct.pack("16sP", interface.encode(), value.buffer_info()[0]) + bytes(16)
        with host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            fcntl.ioctl(one, SIOCETHTOOL, request)

    def check(self, crafted):
        for bridge in MOVED:
            with TcRig(bridge=bridge, gm=False, clients=False, options={"tc_one_step": "convert", **MOVED[bridge]}) as rig:
                rig.wait_ready()
                self.switch_off_checksum_offload(rig.lab.box, "bc1")
                self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
                for transport in self.GROUPS:
                    with self.subTest(transport, bridge=bridge):
                        self.check_transport(rig, transport, crafted)

    def check_transport(self, rig, transport, crafted):
        event, general = (self.open(rig.lab.clients[0], transport, port) for port in (319, 320))
        header = self.passage.header()
        message = wire.sync(12345, two_step=False, **header)
        if crafted:
            mac = self.passage.near.mac
            self.passage.send(header, (udp4 if transport == "UDPv4" else udp6)(message, mac))
        else:
            # Its checksum is left to the card: partial, as the box sees it.
            padding = bytes(2) if transport == "UDPv6" else b""
            self.open(rig.lab.gm, transport, 319).sendto(message + padding, (self.GROUPS[transport], 319))
        captured = self.passage.wait_for_both(header)
        got = wire.parse(event.recv(2000))
        self.assertGreater(got.correction_sns, 0)
        self.assertEqual(got, wire.parse(wire.sync(12345, correction_sns=got.correction_sns, **header)))
        for _ in captured[1:]:
            follower = wire.parse(general.recv(2000))
            self.assertGreater(follower.correction_sns, 0)
            expected = wire.follow_up(12345, correction_sns=follower.correction_sns, **header)
            self.assertEqual(follower, wire.parse(expected))
        for one in captured:
            self.assertTrue(one.ptp.checksum_ok)

    def test_it_gets_crafted_messages(self):
        self.check(True)

    def test_it_gets_messages_with_partial_checksums(self):
        self.check(False)
