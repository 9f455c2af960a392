# SPDX-License-Identifier: GPL-2.0-or-later
"""Crafted frames against a running clock: each is counted under its reason and does nothing else."""

import signal
import time
import unittest

from harness import frames, wire
from harness.frames import CHECKSUM_WRONG, CHECKSUM_ZERO
from netns.support import (IN_SYNC_NS, START_S, Rig, assert_median_as_before, blast, log_lines, until,
                           wait_in_sync, worst_ns, worst_offset_ns)

STRANGER = wire.port_identity(bytes.fromhex("0200000000000099"))
N = 7
MTU = 3000
AT_ONCE = 200  # of messages of two thousand a second
# Only how long a failure takes.
LIMIT_S = 15

# What becomes of a good event message that the port, a master, has no use for, and of one over another transport.
UNUSED_SYNC = {"bpf_rx_event": N, "rx_sync": N, "rx_ignored_state": N}
OTHER_TRANSPORT = {"bpf_rx_event": N, "rx_ignored_transport": N}


def l2(message, **options):
    return lambda mac: frames.l2(message, mac, **options)


def udp4(message, **options):
    return lambda mac: frames.udp4(message, mac, "10.77.1.2", **options)


def udp6(message, **options):
    return lambda mac: frames.udp6(message, mac, "fd77:1::2", **options)


def sync(**header):
    return wire.sync(source=STRANGER, **header)


def announce(**header):
    return wire.announce(STRANGER[:8], **header)


def cut(frame, octets):
    return lambda mac: frame(mac)[:octets]


LENGTHS = [
    ("messageLength beyond the frame", l2(sync(length=45)), {"bpf_rx_dropped_length": N}),
    ("messageLength of 65535", l2(sync(length=65535)), {"bpf_rx_dropped_length": N}),
    ("messageLength shorter than a header", l2(sync(length=33)), {"bpf_rx_dropped_length": N}),
    ("messageLength 0", l2(sync(length=0)), {"bpf_rx_dropped_length": N}),
    ("messageLength beyond the datagram, not beyond the frame", udp4(sync(length=60), padding=bytes(40)),
     {"bpf_rx_dropped_length": N}),
    ("a messageLength too short for its type", l2(sync(length=43)), {"bpf_rx_event": N, "rx_refused_length": N}),
    ("an empty message", cut(l2(sync()), 14), {"bpf_rx_dropped_short": N}),
    ("one octet of a message", cut(l2(sync()), 15), {"bpf_rx_dropped_short": N}),
    ("a header less one octet", cut(l2(sync()), 47), {"bpf_rx_dropped_short": N}),
    ("an empty datagram", udp4(b"", source_port=319, destination_port=319), {"bpf_rx_dropped_short": N}),
    ("legal padding", l2(sync(), padding=bytes(16)), UNUSED_SYNC),
    ("a frame longer than a record", l2(sync(), padding=bytes(MTU - 100)), {"bpf_rx_dropped_long": N}),
    ("a large frame that a record holds", l2(sync(), padding=bytes(1500)), UNUSED_SYNC),
]

STRANGERS = [
    ("PTP version 1", l2(sync(version=1)), {"bpf_rx_passed_version": N}),
    ("PTP version 3", l2(sync(version=3)), {"bpf_rx_passed_version": N}),
    ("minor version 15", l2(sync(minor=15)), UNUSED_SYNC),
    ("another domain", l2(sync(domain=127)), {"bpf_rx_passed_domain": N}),
    ("another majorSdoId", l2(sync(sdo=0x100)), {"bpf_rx_passed_sdo_id": N}),
    ("another minorSdoId", l2(sync(sdo=0x001)), {"bpf_rx_passed_sdo_id": N}),
    ("a reserved event type", l2(wire.message(0x7, bytes(10), source=STRANGER)),
     {"bpf_rx_event": N, "rx_refused_type": N}),
    ("a reserved general type", l2(wire.message(0xF, bytes(10), source=STRANGER)),
     {"bpf_rx_general": N, "rx_refused_type": N}),
    ("nanoseconds of a second and more", l2(sync(origin_ns=bytes(6) + b"\x3b\x9a\xca\x00")),
     {"bpf_rx_event": N, "rx_refused_timestamp": N}),
    ("stepsRemoved 255", l2(announce(steps_removed=255)),
     {"bpf_rx_general": N, "rx_announce": N, "announce_refused_steps_removed": N}),
    ("a TLV longer than its message", l2(announce(tlvs=wire.tlv(0x8, b"", length=0xFFFE))),
     {"bpf_rx_general": N, "rx_refused_tlv": N}),
    ("management, which is not served", l2(wire.management(0x2000, source=STRANGER)),
     {"bpf_rx_general": N, "rx_management": N}),
]

ENVELOPES = [
    ("a VLAN", l2(sync(), vlans=(7,)), {"bpf_rx_passed_vlan": N}),
    ("two VLAN tags", l2(sync(), vlans=(100, 7)), {"bpf_rx_passed_vlan": N}),
    ("a priority tag", l2(sync(), vlans=((0x8100, 0xE000),)), UNUSED_SYNC),
    ("IPv4", udp4(sync()), OTHER_TRANSPORT),
    ("IPv4 options", udp4(sync(), ip_options=b"\x94\x04\x00\x00"), OTHER_TRANSPORT),
    ("forty octets of IPv4 options", udp4(sync(), ip_options=b"\x01" * 40), OTHER_TRANSPORT),
    ("the first fragment", udp4(sync(), fragment=0x2000), {"bpf_rx_passed_fragment": N}),
    ("a later fragment", udp4(sync(), fragment=0x0010), {"bpf_rx_passed_fragment": N}),
    ("a wrong UDP checksum", udp4(sync(), checksum=CHECKSUM_WRONG), {"bpf_rx_event": N, "rx_refused_udp_checksum": N}),
    ("no UDP checksum over IPv4", udp4(sync(), checksum=CHECKSUM_ZERO), OTHER_TRANSPORT),
    ("IPv6", udp6(sync() + b"\0\0"), OTHER_TRANSPORT),
    ("a hop-by-hop header", udp6(sync(), extensions=[(0, b"\x00\x01\x04\x00\x00\x00\x00")]), OTHER_TRANSPORT),
    ("an IPv6 fragment", udp6(sync(), extensions=[(44, b"\x00\x00\x01\x00\x00\x00\x01")]),
     {"bpf_rx_passed_fragment": N}),
    ("a wrong UDP checksum over IPv6", udp6(sync(), checksum=CHECKSUM_WRONG),
     {"bpf_rx_event": N, "rx_refused_udp_checksum": N}),
    ("no UDP checksum over IPv6", udp6(sync(), checksum=CHECKSUM_ZERO),
     {"bpf_rx_event": N, "rx_refused_udp_checksum": N}),
]


def lines_of_strangers(box, start):
    """The log without what the port to the grandmaster says: of offsets where the machine stood still."""
    return [line for line in log_lines(box, start) if "port 1 (bc0)" not in line]


class Counted(unittest.TestCase):
    """Frames at port 2; at port 3 a client that must not notice."""

    @classmethod
    def setUpClass(cls):
        def grow(lab):
            lab.box.ip("link", "set", "bc1", "mtu", str(MTU))
            lab.clients[0].ip("link", "set", "eth0", "mtu", str(MTU))
        cls.rig = cls.enterClassContext(Rig(clients=False, prepare=grow))
        cls.client = cls.rig.start_client(1)
        cls.port = cls.rig.raw_port(cls.rig.lab.clients[0])
        cls.rig.box.wait_for_state(1, "SLAVE", START_S)
        cls.rig.box.wait_for_state(2, "MASTER", START_S)
        wait_in_sync(cls.client)

    def received(self):
        """The counters of port 2 that tell of what came in."""
        counters = self.rig.box.read_counters()[2]
        return {name: n for name, n in counters.items() if "tx_" not in name and name != "timer_late"}

    def check(self, cases):
        begin_s, n_lines = time.monotonic(), len(self.rig.box.lines)
        before = self.received()
        for what, build, expected in cases:
            with self.subTest(what):
                for _ in range(N):
                    self.port.send(build(self.port.mac))
                deadline_s = time.monotonic() + LIMIT_S
                while True:
                    after = self.received()
                    rise = {name: after[name] - before.get(name, 0) for name in after
                            if after[name] != before.get(name, 0)}
                    if rise == expected or time.monotonic() > deadline_s:
                        break
                before = after
                self.assertEqual(rise, expected)
        wait_in_sync(self.client)
        self.assertLess(worst_offset_ns(self.client, begin_s), worst_ns())
        assert_median_as_before(self, self.client, begin_s)
        self.assertEqual(self.rig.box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
        lines = lines_of_strangers(self.rig.box, n_lines)
        self.assertLessEqual(len(lines), 1, lines)

    def test_lengths_that_do_not_fit_are_counted_and_dropped(self):
        self.check(LENGTHS)

    def test_what_is_not_of_this_clock_or_not_to_be_believed_is_counted_and_silent(self):
        self.check(STRANGERS)

    def test_envelopes_are_parsed_or_let_pass(self):
        self.check(ENVELOPES)

    def test_a_flood_of_announce_from_distinct_clocks_changes_nothing_and_logs_a_line_a_second(self):
        box = self.rig.box
        n_lines, begin_s = len(box.lines), time.monotonic()
        flood = [frames.l2(wire.announce(bytes.fromhex("02aa000000") + i.to_bytes(3, "big"), log_interval=-2),
                           self.port.mac) for i in range(3000)]
        self.port.send_many(flood, rate_per_s=1000)
        # All but what is admitted of clocks of one address that nobody knows: 64 a second, and 256 at once.
        until(lambda: box.read_counters()[2].get("rx_refused_rate", 0)
              >= len(flood) - 256 - 64 * (time.monotonic() - begin_s), LIMIT_S, box.tail)
        until(lambda: any("held back" in line for line in lines_of_strangers(box, n_lines)), LIMIT_S, box.tail)
        lines = lines_of_strangers(box, n_lines)
        self.assertLessEqual(len(lines), time.monotonic() - begin_s + 1, lines)
        self.assertEqual(box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
        self.assertLess(worst_offset_ns(self.client, begin_s), worst_ns())
        assert_median_as_before(self, self.client, begin_s)


class Overload(unittest.TestCase):
    def wait_until_in_sync(self, rig):
        rig.box.wait_for_state(1, "SLAVE", START_S)
        rig.box.wait_for_state(2, "MASTER", START_S)
        wait_in_sync(rig.clients[1])

    def start(self, options):
        rig = self.enterContext(Rig(clients=False, options=options))
        rig.clients = [None, rig.start_client(1)]
        self.wait_until_in_sync(rig)
        return rig

    def test_a_flood_at_one_port_is_limited_in_the_kernel_and_the_others_go_on(self):
        rig = self.start({"rx_rate_limit": 1000})
        mac = rig.lab.clients[0].mac("eth0")
        before = rig.box.read_counters()
        n_lines, begin_s = len(rig.box.lines), time.monotonic()
        kinds = [sync(length=99), sync(version=1), wire.message(0x7, bytes(10)), announce(steps_removed=255)]
        sent = blast(rig.lab.clients[0], "eth0", [frames.l2(message, mac) for message in kinds], 2)
        flood_s = time.monotonic() - begin_s
        counters = before

        def rise(*names):
            return sum(counters[2].get(name, 0) - before[2].get(name, 0) for name in names)

        def is_all_counted():
            nonlocal counters
            counters = rig.box.read_counters()
            return (sent == rise("bpf_rx_dropped_length", "bpf_rx_passed_version", "bpf_rx_dropped_rate", *admitted)
                    and rise(*admitted) == rise("rx_refused_type", "rx_refused_rate", "rx_refused_stale",
                                                "bpf_rx_dropped_ring_full", "announce_refused_steps_removed"))
        admitted = ("bpf_rx_event", "bpf_rx_general", "bpf_rx_dropped_ring_full")
        until(is_all_counted, LIMIT_S, lambda: f"{sent} sent, {before[2]} before, {counters[2]} after")
        # A thousand a second, and what a full bucket holds.
        self.assertLess(rise(*admitted), 1000 * (time.monotonic() - begin_s) + 300)
        self.assertGreater(rise("bpf_rx_dropped_rate"), 0)
        self.assertEqual(counters[1].get("bpf_rx_dropped_rate", 0), 0)
        self.assertEqual(lines_of_strangers(rig.box, n_lines), [])
        self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
        self.assertGreater(counters[1]["rx_sync"] - before[1]["rx_sync"], 8 * flood_s / 2)
        self.assertLess(worst_offset_ns(rig.clients[1], begin_s), worst_ns())
        wait_in_sync(rig.clients[1])

    def test_a_full_receive_ring_is_counted_and_costs_only_what_did_not_fit(self):
        rig = self.start({"rx_ring_bytes": 4096})
        port = rig.raw_port(rig.lab.clients[0])
        arrived = rig.raw_port(rig.lab.box, "bc1")
        before = counters = rig.box.read_counters()[2]
        rig.box.halt()
        sent = port.send_many([frames.l2(sync(sequence=i), port.mac) for i in range(100)])
        until(lambda: len(arrived.received(wire.SYNC)) >= sent, LIMIT_S, "the frames at the port")
        arrived.close()
        rig.box.signal(signal.SIGCONT)

        def rise(*names):
            return sum(counters.get(name, 0) - before.get(name, 0) for name in names)

        def is_all_counted():
            nonlocal counters
            counters = rig.box.read_counters()[2]
            # A machine that is busy may have let those that fitted grow old.
            return (sent == rise("bpf_rx_event", "bpf_rx_dropped_ring_full", "bpf_rx_dropped_rate")
                    and rise("bpf_rx_event") == rise("rx_sync", "rx_refused_stale"))
        until(is_all_counted, LIMIT_S, lambda: f"{sent} sent, {before} before, {counters} after")
        self.assertEqual(rise("bpf_rx_dropped_rate"), 0)
        self.assertGreater(rise("bpf_rx_dropped_ring_full"), sent - 20)

        before = counters
        sent = blast(rig.lab.clients[0], "eth0", [frames.l2(sync(), port.mac)], 0.5)
        until(is_all_counted, LIMIT_S, lambda: f"{sent} sent, {before} before, {counters} after")
        # Of a flood that lasts for long on a busy machine, the grandmaster's Announce may be what did not fit.
        until(lambda: rig.box.states == {1: "SLAVE", 2: "MASTER", 3: "MASTER"}, START_S, rig.box.tail)
        wait_in_sync(rig.clients[1])


class DelayRequests(unittest.TestCase):
    def test_each_of_two_thousand_requests_a_second_is_answered_once(self):
        with Rig(clients=False, port_options={"bc2": {"logMinDelayReqInterval": -6}}) as rig:
            client = rig.start_client(1, {"logMinDelayReqInterval": -6})
            port = rig.raw_port(rig.lab.clients[0])
            rig.box.wait_for_state(1, "SLAVE", START_S)
            rig.box.wait_for_state(2, "MASTER", START_S)
            wait_in_sync(client)
            begin_s, start, n_before = time.monotonic(), len(port.captured), len(client.monitor.delays)

            def answers():
                return port.received(wire.DELAY_RESP, start=start)
            for first in range(0, 4000, AT_ONCE):
                port.send_many([frames.l2(wire.delay_req(source=STRANGER, sequence=i), port.mac)
                                for i in range(first, first + AT_ONCE)], rate_per_s=2000)
                # Who stands still is not sent so much afterwards that there is no room for it.
                until(lambda n=first: len(answers()) >= n, LIMIT_S, lambda: f"{first} answers, {len(answers())} came")
            seconds = time.monotonic() - begin_s
            until(lambda: len(answers()) >= 4000, LIMIT_S, lambda: f"4000 answers, {len(answers())} came")
            self.assertEqual([one.ptp.message.sequence for one in answers()], list(range(4000)))
            self.assertTrue(all(one.ptp.message.requester == STRANGER for one in answers()))
            # A real client beside it, which asks 64 times a second.
            self.assertGreater(len(client.monitor.delays) - n_before, 16 * seconds)
            self.assertLess(worst_offset_ns(client, begin_s), worst_ns())
            assert_median_as_before(self, client, begin_s)

    def check_unicast(self, transport, build):
        """A request to the port's own address is answered to the requester alone, with the time of its reception."""
        with Rig(gm=False, clients=False, n_clients=1, transport=transport,
                 options={"virtual_clock_start_offset": -37_000_000_000}) as rig:
            rig.box.wait_for_state(2, "GRAND_MASTER", START_S)
            port, box_mac = rig.raw_port(rig.lab.clients[0]), rig.lab.box.mac("bc1")
            for sequence, flags, is_unicast in ((5, wire.FLAG_UNICAST, True), (6, 0, False)):
                start = len(port.captured)
                sent_ns = time.time_ns()
                port.send(build(wire.delay_req(source=STRANGER, sequence=sequence, flags=flags, correction_ns=1000), port.mac,
                                box_mac))
                came = port.wait_for_message(wire.DELAY_RESP, LIMIT_S, start)
                answer = came.ptp
                self.assertEqual(answer.transport, transport)
                self.assertEqual(answer.destination_mac == frames.mac_bytes(port.mac), is_unicast)
                self.assertEqual(bool(answer.message.flags & wire.FLAG_UNICAST), is_unicast)
                self.assertEqual((answer.message.requester, answer.message.sequence), (STRANGER, sequence))
                self.assertEqual(answer.message.correction_sns, 1000 << 16)
                self.assertGreater(answer.message.timestamp_ns, sent_ns - 5 * IN_SYNC_NS)
                self.assertLess(answer.message.timestamp_ns, came.real_ns + 5 * IN_SYNC_NS)
                self.assertTrue(answer.checksum_ok)
                if transport != "L2" and is_unicast:
                    self.assertIn(answer.destination_ip, ("10.77.1.2", "fd77:1::2"))

    def test_a_unicast_request_is_answered_by_unicast_over_ethernet(self):
        self.check_unicast("L2", lambda message, mac, box_mac: frames.l2(message, mac, box_mac))

    def test_a_unicast_request_with_ip_options_is_answered_by_unicast_over_ipv4(self):
        self.check_unicast("UDPv4", lambda message, mac, box_mac: frames.udp4(
            message, mac, "10.77.1.2", "10.77.1.1", destination_mac=box_mac, ip_options=b"\x94\x04\x00\x00"))

    def test_a_unicast_request_is_answered_by_unicast_over_ipv6(self):
        self.check_unicast("UDPv6", lambda message, mac, box_mac: frames.udp6(
            message + b"\0\0", mac, "fd77:1::2", "fd77:1::1", destination_mac=box_mac))
