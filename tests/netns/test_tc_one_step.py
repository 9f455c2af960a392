# SPDX-License-Identifier: GPL-2.0-or-later
"""One-step messages through the transparent clock, field by field: kept as they are but for correctionField, or
converted to two-step ones with a follower that is right in every octet. What is expected is built anew, checksums
and all, by the code that built what was sent."""

import contextlib
import unittest

from harness import frames, wire
from harness.frames import CHECKSUM_ZERO
from harness.passage import Passage, correction_sns
from netns.support import STAMPED_BEFORE, TcRig

ORIGIN_NS = 1_700_000_000_123_456_789
CORRECTION_SNS = -(5 << 16) + 0x8001
PAD_TLV = wire.tlv(0x8008, bytes(6))

ENVELOPES = {
    "L2": lambda message, mac: frames.l2(message, mac),
    "L2, tagged": lambda message, mac: frames.l2(message, mac, vlans=(0x6005,)),
    "L2, tagged twice": lambda message, mac: frames.l2(message, mac, vlans=(100, 7)),
    "UDPv4": lambda message, mac: frames.udp4(message, mac, "10.77.0.2", tos=0xB8),
    "UDPv4, tagged": lambda message, mac: frames.udp4(message, mac, "10.77.0.2", vlans=(5,)),
    "UDPv4 without checksum": lambda message, mac: frames.udp4(message, mac, "10.77.0.2", checksum=CHECKSUM_ZERO),
    "UDPv4 with IP options": lambda message, mac: frames.udp4(message, mac, "10.77.0.2", ip_options=b"\x94\x04\0\0"),
    "UDPv6": lambda message, mac: frames.udp6(message + bytes(2), mac, "fd77::2", traffic_class=0xB8),
    "UDPv6, tagged": lambda message, mac: frames.udp6(message + bytes(2), mac, "fd77::2", vlans=(5,)),
    "UDPv6 without padding": lambda message, mac: frames.udp6(message, mac, "fd77::2"),
}


class Kind:
    """A one-step message, what it is when it has become a two-step one, and the follower that it then has."""

    REQUESTER = wire.port_identity(bytes.fromhex("0200000000000055"), 3)
    HEADER = {"domain": 5, "sdo": 0x102, "minor": 1}

    def event(self, header, correction_sns, two_step):
        raise NotImplementedError

    def follower(self, header, correction_sns):
        raise NotImplementedError


class Sync(Kind):
    def event(self, header, correction_sns, two_step):
        return wire.sync(ORIGIN_NS, two_step=two_step, flags=wire.FLAG_PTP_TIMESCALE, correction_sns=correction_sns,
                         log_interval=-3, specific=0xA1B2C3D4, **self.HEADER, **header)

    def follower(self, header, correction_sns):
        return wire.follow_up(ORIGIN_NS, flags=wire.FLAG_PTP_TIMESCALE, correction_sns=correction_sns, log_interval=-3,
                              **self.HEADER, **header)


class SyncWithTlv(Sync):
    def event(self, header, correction_sns, two_step):
        message = super().event(header, correction_sns, two_step) + PAD_TLV
        return message[:2] + len(message).to_bytes(2, "big") + message[4:]


class PdelayResp(Kind):
    def event(self, header, correction_sns, two_step):
        return wire.pdelay_resp(0, self.REQUESTER, two_step=two_step, correction_sns=correction_sns, **self.HEADER,
                                **header)

    def follower(self, header, correction_sns):
        return wire.pdelay_resp_follow_up(0, self.REQUESTER, correction_sns=correction_sns, **self.HEADER, **header)


KINDS = {"Sync": Sync(), "Sync with a TLV": SyncWithTlv(), "Pdelay_Resp": PdelayResp()}


class OneStep(unittest.TestCase):
    @contextlib.contextmanager
    def passage(self, one_step, bridge):
        with TcRig(bridge=bridge, gm=False, clients=False,
                   options={**STAMPED_BEFORE, "tc_one_step": one_step,
                            "tc_forward": "bridge" if bridge else "direct"}) as rig:
            rig.wait_ready()
            self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            yield rig
            self.assertTrue(rig.box.is_running())

    def check_each(self, one_step, bridge):
        with self.passage(one_step, bridge) as rig:
            check = self.check_kept if one_step == "keep" else self.check_converted
            for envelope_name, envelope in ENVELOPES.items():
                for kind_name, kind in KINDS.items():
                    with self.subTest(envelope=envelope_name, kind=kind_name):
                        check(envelope, kind)
            n = len(ENVELOPES) * len(KINDS)
            counters = rig.box.read_counters()
            # Each with a fence behind it.
            self.assertEqual(counters[2]["bpf_tx_corrected"], 2 * n)
            self.assertEqual(counters[2]["bpf_tx_one_step_" + ("kept" if one_step == "keep" else "converted")], n)
            n_followers = 0 if one_step == "keep" else n - self.passage.n_lost
            self.assertEqual(counters[2].get("tc_follower_generated", 0), n_followers)

    def send(self, envelope, kind):
        """Sends it, and returns its header, the offset of the message in the frame, and what that shall arrive as."""
        header = self.passage.header()
        message = kind.event(header, CORRECTION_SNS, False)
        frame = envelope(message, self.passage.near.mac)
        self.passage.send(header, frame)
        return header, frame.index(message)

    def check_event(self, envelope, kind, header, offset, got, two_step):
        """Everything is as it was but correctionField, and twoStepFlag; returns by how much it grew, ns."""
        correction = correction_sns(got.frame, offset)
        expected = envelope(kind.event(header, correction, two_step), self.passage.near.mac)
        self.assertEqual(got.frame.hex(), expected.hex())
        return (correction - CORRECTION_SNS) / 65536

    def check_alone(self, header, n):
        self.passage.fence()
        self.assertEqual(len(self.passage.arrived(header)), n)
        self.assertEqual(self.passage.came_back(header), [])

    def check_kept(self, envelope, kind):
        header, offset = self.send(envelope, kind)
        got = self.passage.wait_for(header)[0]
        grown_ns = self.check_event(envelope, kind, header, offset, got, False)
        self.assertGreater(grown_ns, 0)
        # What the queue will add is told by what it added to those before, the fences too.
        longest_ns = self.passage.longest_bound_ns()
        self.assertLess(grown_ns, longest_ns + self.passage.residence_bound_ns(header))
        self.check_alone(header, 1)

    def check_converted(self, envelope, kind):
        header, offset = self.send(envelope, kind)
        # On veth they may change places behind the box: each goes by the queue of the CPU that sent it.
        event, *rest = sorted(self.passage.wait_for_both(header), key=lambda got: got.frame[offset] & 0xF)
        grown_ns = self.check_event(envelope, kind, header, offset, event, True)
        self.assertGreater(grown_ns, 0)
        queued_ns = 0
        for follower in rest:
            queued_sns = correction_sns(follower.frame, offset)
            expected = envelope(kind.follower(header, queued_sns), self.passage.near.mac)
            self.assertEqual(follower.frame.hex(), expected.hex())
            self.assertGreater(queued_sns, 0)
            queued_ns = queued_sns / 65536
        self.assertLess(grown_ns + queued_ns, self.passage.residence_bound_ns(header))
        self.check_alone(header, 1 + len(rest))

    def test_kept_directly(self):
        self.check_each("keep", False)

    def test_kept_over_a_bridge(self):
        self.check_each("keep", True)

    def test_converted_directly(self):
        self.check_each("convert", False)

    def test_converted_over_a_bridge(self):
        self.check_each("convert", True)
