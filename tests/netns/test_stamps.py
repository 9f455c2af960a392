# SPDX-License-Identifier: GPL-2.0-or-later
"""Every choice of stamp point and of attachment serves a client; what is missing is named; stamps are published."""

import os
import re
import statistics
import struct
import time
import unittest

from harness import bpfobjects, session, wire
from harness.load import UdpFlood
from harness.programs import find_ebpf_bc
from netns.support import (WAIT_S, Rig, assert_median_as_before, assert_near_zero, served_time_errors_ns,
                           until, wait_for_served, wait_in_sync)

_WITHOUT_BTF = """#!/bin/sh
exec unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"' {} "$@"
"""
_KEY = struct.Struct("=IBBBx10sH")
_VALUE = struct.Struct("=QB7x")
RX, TX = 0, 1
SOURCE_SKB, SOURCE_XMIT = 1, 5


class StampPoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(n_clients=1, box=False))

    def serve(self, options, said, **others):
        """Starts a box, looks for its lines, and waits until it follows and is followed."""
        rig = self.rig
        rig.box = rig.start_box(options, **others)
        self.addCleanup(rig.box.stop)
        rig.wait_in_sync()
        for pattern in said:
            self.assertEqual(len(rig.box.find_all(pattern)), 1, f"{pattern} in\n{rig.box.text}")
        return rig.box

    def test_both_ends_of_the_driver_and_the_kernels_receive_stamp_are_the_default(self):
        box = self.serve({}, ["transmit stamps: BPF after the qdisc, at net_dev_start_xmit and net_dev_xmit", "receive stamps: .*skb->tstamp"])
        counters = box.read_counters()
        for port in (1, 2):
            # Each frame got its stamp; one may be under way on each CPU.
            self.assertAlmostEqual(counters[port]["bpf_tx_event"], counters[port]["bpf_tx_stamp"], delta=os.cpu_count())
            # A stamp of more than a tenth of a second ago is not believed; a machine may have stood still.
            self.assertLess(counters[port].get("bpf_rx_stamp_replaced", 0), counters[port]["bpf_rx_event"] / 4)
            self.assertNotIn("tx_stamp_missing", counters[port])

    def test_driver_stamps_serve(self):
        box = self.serve({"tx_stamp_point": "driver"}, ["transmit stamps: software stamps of the drivers"])
        counters = box.read_counters()
        self.assertNotIn("tx_stamp_missing", counters[2])
        self.assertGreater(counters[2]["tx_follow_up"], 4)
        self.assertEqual([one for one in bpfobjects.held_by(box.pid) if one.kind == "link" and not one.ifindex], [])

    def test_transmit_stamps_at_tc_serve_and_their_cost_is_said(self):
        self.serve({"tx_stamp_point": "tc"}, ["transmit stamps: BPF at tc egress.*qdisc is lost"])

    def test_receive_stamps_at_tc_serve(self):
        self.serve({"rx_stamp_point": "tc"}, ["receive stamps: BPF at tc ingress$"])

    def test_clsact_serves(self):
        self.serve({"bpf_attach": "clsact"}, ["programs attached by clsact filters"])

    def test_tcx_serves(self):
        self.serve({"bpf_attach": "tcx"}, ["programs attached by tcx links"])

    def test_a_kernel_without_btf_is_named_and_driver_stamps_serve(self):
        path = os.path.join(session.current().directory, "without-btf")
        with open(path, "w", encoding="ascii") as file:
            file.write(_WITHOUT_BTF.format(find_ebpf_bc()))
        os.chmod(path, 0o755)
        box = self.serve({}, ["transmit stamps: software stamps of the drivers, since kernel without BTF"],
                         program=path)
        self.assertNotIn("tx_stamp_missing", box.read_counters()[2])

    def test_the_time_that_a_frame_waits_in_a_qdisc_is_not_in_its_stamp(self):
        rig = self.rig
        # A queue of forty milliseconds, kept full; there is always room in it for something as short as a Sync.
        rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "10mbit", "burst", "2kb", "limit", "50kb")
        self.addCleanup(rig.lab.box.clear_root_qdisc, "bc1")
        self.serve({}, [])
        port = rig.raw_port(rig.lab.clients[0])
        with UdpFlood(rig.lab.box, "10.77.1.2", rate_per_s=1500):
            until(lambda: rig.lab.box.backlog_octets("bc1") > 10000, WAIT_S, "a backlog")
            start = len(port.captured)
            assert_near_zero(self, wait_for_served(port, start))
        self.assertEqual(rig.box.states, {1: "SLAVE", 2: "MASTER"})
        self.assertNotIn("tx_stamp_missing", rig.box.read_counters()[1])

    def test_published_stamps_are_found_under_their_key_and_gone_after_the_end(self):
        directory = f"/sys/fs/bpf/{session.current().prefix}stamps"
        path = f"{directory}/stamps_0_0_bc0"
        rig = self.rig
        port = rig.raw_port(rig.lab.clients[0])
        box = self.serve({"publish_stamps": 1, "bpf_pin_path": directory}, [])

        identity = wire.port_identity(rig.lab.box.mac("bc0").replace(":", "")[:6] + "fffe"
                                      + rig.lab.box.mac("bc0").replace(":", "")[6:], 2)
        ifindex = rig.lab.box.ifindex("bc1")
        entries = {}

        def found(kind):
            """What was captured of a kind, with its entry."""
            keys = [(one, (ifindex, TX, kind, 0, identity, one.ptp.message.sequence) if kind == wire.SYNC
                     else (ifindex, RX, kind, 0, one.ptp.message.source, one.ptp.message.sequence))
                    for one in port.received(kind, outgoing=kind == wire.DELAY_REQ)]
            return [(one, entries[key]) for one, key in keys if key in entries]

        def has_several_of_both():
            entries.update({_KEY.unpack(key): _VALUE.unpack(value) for key, value in bpfobjects.read_map(path)})
            return all(len(found(kind)) >= 4 for kind in (wire.SYNC, wire.DELAY_REQ))
        until(has_several_of_both, WAIT_S, lambda: list(entries)[-5:])
        self.assertEqual({key[1] for key in entries}, {RX, TX})
        # One clock at both ends of the cable.
        real_minus_mono_ns = statistics.median(time.time_ns() - time.monotonic_ns() for _ in range(5))
        for kind, source in ((wire.SYNC, SOURCE_XMIT), (wire.DELAY_REQ, SOURCE_SKB)):
            pairs = found(kind)
            # Where the machine stood still before the program read the kernel's stamp, it took its own.
            self.assertEqual(statistics.mode(entry[1] for _, entry in pairs), source)
            assert_near_zero(self, [entry[0] + real_minus_mono_ns - one.real_ns for one, entry in pairs])

        self.assertEqual(box.stop(), 0)
        self.assertFalse(os.path.exists(directory))

    def test_stamps_are_not_published_unless_wished(self):
        directory = f"/sys/fs/bpf/{session.current().prefix}none"
        self.serve({"bpf_pin_path": directory}, [])
        self.assertFalse(os.path.exists(directory))


class FullQueue(unittest.TestCase):
    def n_dropped(self, host, interface):
        return int(re.search(r"dropped (\d+)", host.tc("-s", "qdisc", "show", "dev", interface))[1])

    def test_driver_stamps_of_the_other_ports_stay_right_while_frames_of_one_are_dropped_in_its_queue(self):
        with Rig(options={"tx_stamp_point": "driver"}) as rig:
            rig.wait_in_sync()
            ports = [rig.raw_port(host) for host in rig.lab.clients]
            before, begin_s = rig.box.read_counters(), time.monotonic()
            # Room for a message or two, which then take half a second each.
            rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "1kbit", "burst", "100", "limit", "100")
            try:
                start = len(ports[1].captured)
                until(lambda: self.n_dropped(rig.lab.box, "bc1") > 20, WAIT_S, "a queue that drops")
                wait_for_served(ports[1], start)
            finally:
                # With it goes what waits in it, whose stamps never come.
                rig.lab.box.clear_root_qdisc("bc1")
            starts = [len(port.captured) for port in ports]
            for port, start in zip(ports, starts):
                wait_for_served(port, start)
                assert_near_zero(self, served_time_errors_ns(port))
            for client in rig.clients:
                wait_in_sync(client)
            assert_median_as_before(self, rig.clients[1], begin_s)
            self.assertEqual([one for one in rig.box.state_changes if one.mono_s > begin_s and one.port != 2], [])
            rig.box.wait_for_state(2, "MASTER", WAIT_S)
            counters = rig.box.read_counters()
            for number in (1, 3):
                self.assertEqual(counters[number].get("tx_stamp_missing", 0),
                                 before[number].get("tx_stamp_missing", 0))
