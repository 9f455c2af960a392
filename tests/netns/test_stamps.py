# SPDX-License-Identifier: GPL-2.0-or-later
"""Every choice of stamp point and of attachment serves a client; what is missing is named; stamps are published."""

import os
import re
import struct
import time
import unittest

from harness import bpfobjects, session, wire
from harness.load import UdpFlood
from harness.programs import find_ebpf_bc
from netns.support import IN_SYNC_NS, Rig, assert_median_as_before, served_time_errors_ns, until, wait_in_sync

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
            # Each frame got its stamp; the last one may be under way.
            self.assertAlmostEqual(counters[port]["bpf_tx_event"], counters[port]["bpf_tx_stamp"], delta=1)
            self.assertNotIn("bpf_rx_stamp_replaced", counters[port])
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
            until(lambda: rig.lab.box.backlog_octets("bc1") > 10000, 5, "a backlog")
            start = len(port.captured)
            until(lambda: len(served_time_errors_ns(port, start)) > 8, 10, lambda: f"served\n{rig.box.tail()}")
        self.assertLess(max(map(abs, served_time_errors_ns(port, start))), IN_SYNC_NS)
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
        sync = port.wait_for_message(wire.SYNC, 5, len(port.captured))
        request = port.wait_for(lambda c: c.ptp and c.is_outgoing and c.ptp.message.type == wire.DELAY_REQ, 5,
                                "a Delay_Req", len(port.captured))
        wanted = {"tx": (ifindex, TX, wire.SYNC, 0, identity, sync.ptp.message.sequence),
                  "rx": (ifindex, RX, wire.DELAY_REQ, 0, request.ptp.message.source, request.ptp.message.sequence)}
        entries = {}

        def has_both():
            entries.update({_KEY.unpack(key): _VALUE.unpack(value) for key, value in bpfobjects.read_map(path)})
            return all(key in entries for key in wanted.values())
        until(has_both, 3, lambda: f"{wanted} in {list(entries)[-5:]}")
        self.assertEqual(entries[wanted["tx"]][1], SOURCE_XMIT)
        self.assertEqual(entries[wanted["rx"]][1], SOURCE_SKB)
        self.assertEqual({key[1] for key in entries}, {RX, TX})
        # One clock at both ends of the cable.
        real_minus_mono_ns = time.time_ns() - time.monotonic_ns()
        for one, key in ((sync, wanted["tx"]), (request, wanted["rx"])):
            self.assertLess(abs(entries[key][0] + real_minus_mono_ns - one.real_ns), IN_SYNC_NS)

        self.assertEqual(box.stop(), 0)
        self.assertFalse(os.path.exists(directory))

    def test_stamps_are_not_published_unless_wished(self):
        directory = f"/sys/fs/bpf/{session.current().prefix}none"
        self.serve({"bpf_pin_path": directory}, [])
        self.assertFalse(os.path.exists(directory))


class FullQueue(unittest.TestCase):
    def test_driver_stamps_of_the_other_ports_stay_right_while_frames_of_one_are_dropped_in_its_queue(self):
        with Rig(options={"tx_stamp_point": "driver"}) as rig:
            rig.wait_in_sync()
            ports = [rig.raw_port(host) for host in rig.lab.clients]
            before, begin_s = rig.box.read_counters(), time.monotonic()
            # Room for a message or two, which then take half a second each.
            rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "1kbit", "burst", "100", "limit", "100")
            try:
                time.sleep(1.5)
                dropped = re.search(r"dropped (\d+)", rig.lab.box.tc("-s", "qdisc", "show", "dev", "bc1"))
                self.assertGreater(int(dropped[1]), 10)
            finally:
                # With it goes what waits in it, whose stamps never come.
                rig.lab.box.clear_root_qdisc("bc1")
            starts = [len(port.captured) for port in ports]
            for port, start in zip(ports, starts):
                until(lambda p=port, s=start: len(served_time_errors_ns(p, s)) > 8, 5,
                      lambda: f"served\n{rig.box.tail()}")
            self.assertGreater(len(served_time_errors_ns(ports[1])), 16)
            for port in ports:
                self.assertLess(max(map(abs, served_time_errors_ns(port))), IN_SYNC_NS)
            for client in rig.clients:
                wait_in_sync(client)
            assert_median_as_before(self, rig.clients[1], begin_s)
            self.assertEqual([one for one in rig.box.state_changes if one.mono_s > begin_s and one.port != 2], [])
            rig.box.wait_for_state(2, "MASTER", 5)
            counters = rig.box.read_counters()
            for number in (1, 3):
                self.assertEqual(counters[number].get("tx_stamp_missing", 0),
                                 before[number].get("tx_stamp_missing", 0))
