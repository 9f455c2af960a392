# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not the clock's: other people's tc filters, and on a bridge the PTP of other clocks."""

import contextlib
import fcntl
import json
import os
import pathlib
import platform
import time
import unittest

from harness import bpfobjects, frames, session, wire
from harness.process import run
from netns.support import WAIT_S, Rig, until, wait_in_sync

STRANGER = wire.port_identity(bytes.fromhex("0200000000000099"))


@contextlib.contextmanager
def iproutes_directories():
    """Those that tc and ip make in the bpf file system when they load a program: no other test takes them away now."""
    directory = os.open("/sys/fs/bpf", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def remove_iproutes_directories():
    """They stay if something is in them."""
    with iproutes_directories():
        for name in ("ip", "xdp", "tc/globals", "tc"):
            path = f"/sys/fs/bpf/{name}"
            with contextlib.suppress(OSError):
                if os.path.islink(path):
                    os.unlink(path)
                else:
                    os.rmdir(path)


def add_filter(host, interface, direction, priority, object_path, section):
    """A BPF filter of somebody else's at a clsact hook."""
    with iproutes_directories():
        host.tc("filter", "add", "dev", interface, direction, "prio", str(priority), "protocol", "all", "bpf", "da",
                "obj", object_path, "sec", section)


def compile_bpf(name):
    """A source file beside this one as an object file's path."""
    path = os.path.join(session.current().directory, name.replace(".bpf.c", ".o"))
    run(["clang", "-target", "bpf", "-O2", "-g", f"-I/usr/include/{platform.machine()}-linux-gnu", "-c",
         pathlib.Path(__file__).with_name(name), "-o", path])
    return path


class Filters(unittest.TestCase):
    """Filters on the port to a client that were there before the clock."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists("/sys/fs/bpf/tc"):
            cls.addClassCleanup(remove_iproutes_directories)
        # Not every kernel has the classifiers and actions of its own; BPF is here anyway.
        cls.object = compile_bpf("foreign.bpf.c")

    def add_filters(self, lab, priority, verdict):
        lab.box.tc("qdisc", "add", "dev", "bc1", "clsact")
        for direction in ("ingress", "egress"):
            add_filter(lab.box, "bc1", direction, priority, self.object, verdict)
            self.ids[direction] = bpfobjects.filter_programs(lab.box, "bc1", direction)[0]

    def n_frames(self, direction):
        """How many frames the filter has counted."""
        shown = json.loads(run(["bpftool", "-j", "prog", "show", "id", self.ids[direction]]).stdout)
        entries = json.loads(run(["bpftool", "-j", "map", "dump", "id", shown["map_ids"][0]]).stdout)
        return int.from_bytes(bytes(int(octet, 16) for octet in entries[0]["value"]), "little")

    def check_count_frames_that_come_in(self, rig):
        before = self.n_frames("ingress")
        rig.lab.clients[0].run("ping", "-c", "5", "-i", "0.01", "-W", "10", "10.77.1.1")
        self.assertGreaterEqual(self.n_frames("ingress") - before, 5)

    def check(self, mode, priority, verdict):
        self.ids = {}
        with Rig(n_clients=1, options={"bpf_attach": mode},
                 prepare=lambda lab: self.add_filters(lab, priority, verdict)) as rig:
            rig.wait_in_sync()
            counters = rig.box.read_counters()[2]
            self.assertGreater(counters["tx_follow_up"], 4)
            # Not each lost its stamp; the kernel may lose a single one.
            self.assertLess(counters.get("tx_stamp_missing", 0), counters["tx_follow_up"] / 2)
            # Our frames go by them on their way out, and what the clock does not consume on its way in.
            self.assertGreaterEqual(self.n_frames("egress"), counters["tx_sync"] + counters["tx_follow_up"])
            self.check_count_frames_that_come_in(rig)
            for direction in ("ingress", "egress"):
                filters = bpfobjects.filter_programs(rig.lab.box, "bc1", direction)
                self.assertEqual(len(filters), 2 if mode == "clsact" else 1)

            self.assertEqual(rig.box.stop(), 0)
            for direction in ("ingress", "egress"):
                self.assertEqual(bpfobjects.filter_programs(rig.lab.box, "bc1", direction), [self.ids[direction]])
            self.assertIn("clsact", rig.lab.box.tc("qdisc", "show", "dev", "bc1"))
            self.check_count_frames_that_come_in(rig)

    def test_with_tcx_filters_that_end_with_ok_still_run_and_cost_no_stamp(self):
        self.check("tcx", 1, "ok")

    def test_with_clsact_filters_that_end_with_ok_still_run_and_cost_no_stamp(self):
        self.check("clsact", 10, "ok")

    def test_with_clsact_a_filter_in_front_of_ours_is_no_obstacle_if_it_passes_on(self):
        self.check("clsact", 1, "next")


class Xdp(unittest.TestCase):
    def test_an_xdp_program_on_a_port_is_named_once_also_when_it_comes_later(self):
        program = compile_bpf("xdp.bpf.c")

        def put_on(lab, interface):
            with iproutes_directories():
                lab.box.ip("link", "set", "dev", interface, "xdpgeneric", "obj", program, "sec", "xdp")

        def line(number):
            return rf"port {number} \(bc{number - 1}\): an XDP program there may redirect"
        if not os.path.exists("/sys/fs/bpf/xdp"):
            self.addCleanup(remove_iproutes_directories)
        with Rig(gm=False, clients=False, prepare=lambda lab: put_on(lab, "bc0")) as rig:
            rig.box.wait_for(line(1), WAIT_S)
            rig.box.wait_for("port 2 .* to LISTENING", WAIT_S)
            self.assertEqual(rig.box.find_all(line(2)), [])
            put_on(rig.lab, "bc1")
            rig.box.wait_for(line(2), WAIT_S)
            # Other events do not repeat it.
            for mtu in (1400, 1500):
                for name in rig.ports:
                    rig.lab.box.ip("link", "set", name, "mtu", str(mtu))
            rig.lab.box.down("bc2")
            rig.box.wait_for_state(3, "FAULTY", WAIT_S)
            self.assertEqual([len(rig.box.find_all(line(number))) for number in (1, 2, 3)], [1, 1, 0])


class Bridge(unittest.TestCase):
    """All ports are members of one bridge: what is the clock's own does not cross it, everything else does."""

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Rig(
            clients=False, prepare=lambda lab: lab.box.bridge("br0", lab.ports)))
        cls.sender = cls.rig.raw_port(cls.rig.lab.clients[0])
        cls.receiver = cls.rig.raw_port(cls.rig.lab.clients[1])
        cls.rig.clients = [None, cls.rig.start_client(1)]
        cls.rig.box.wait_for_state(1, "SLAVE", WAIT_S)
        cls.rig.box.wait_for_state(3, "MASTER", WAIT_S)
        wait_in_sync(cls.rig.clients[1])
        cls.sequence = 0

    def sent(self, build, *, destination_mac=None, n=5):
        """Sends n messages build(sequence=...) and one that the bridge must forward behind them; returns what of
        the n came out at the other client's."""
        start = len(self.receiver.captured)
        first = type(self).sequence + 1
        type(self).sequence += n
        for sequence in range(first, first + n):
            self.sender.send(frames.l2(build(source=STRANGER, sequence=sequence), self.sender.mac, destination_mac))
        # Frames keep their order: when this one is there, the others are or never come.
        mark = f"mark {first}".encode().ljust(46, b"\0")
        self.sender.send(frames.ethernet(mark, 0x88B5, self.sender.mac, "ff:ff:ff:ff:ff:ff"))
        self.receiver.wait_for(lambda c: mark in c.frame, WAIT_S, "the mark", start)
        return [one for one in self.receiver.received(start=start) if one.ptp.message.source == STRANGER]

    def test_sync_and_announce_of_our_domain_do_not_pass_the_clock(self):
        self.assertEqual(self.sent(wire.sync), [])
        self.assertEqual(self.sent(lambda **h: wire.follow_up(10**18, **h)), [])
        self.assertEqual(self.sent(lambda **h: wire.announce(STRANGER[:8], **h)), [])

    def test_malformed_messages_of_our_domain_do_not_pass_the_clock(self):
        self.assertEqual(self.sent(lambda **h: wire.sync(length=200, **h)), [])

    def test_messages_of_another_domain_and_sdo_id_pass(self):
        self.assertEqual(len(self.sent(lambda **h: wire.sync(domain=5, **h))), 5)
        self.assertEqual(len(self.sent(lambda **h: wire.announce(STRANGER[:8], domain=5, **h))), 5)
        self.assertEqual(len(self.sent(lambda **h: wire.sync(sdo=0x100, **h))), 5)

    def test_messages_in_a_vlan_pass(self):
        start = len(self.receiver.captured)
        self.sender.send(frames.l2(wire.sync(source=STRANGER), self.sender.mac, vlans=(7,)))
        got = self.receiver.wait_for(lambda c: c.ptp and c.ptp.message.source == STRANGER, WAIT_S, "a tagged Sync",
                                     start)
        self.assertEqual(got.ptp.vlans, (7,))

    def test_unicast_to_others_passes_and_unicast_to_the_clock_does_not(self):
        self.assertEqual(len(self.sent(wire.delay_req, destination_mac=self.receiver.mac)), 5)
        self.assertEqual(self.sent(wire.delay_req, destination_mac=self.rig.lab.box.mac("bc1")), [])

    def test_what_another_program_of_the_box_multicasts_into_our_domain_is_dropped_and_counted(self):
        rig = self.rig
        start = len(self.receiver.captured)
        before = rig.box.read_counters()[3].get("bpf_tx_dropped_foreign", 0)
        bridge = rig.raw_port(rig.lab.box, "br0")
        for sequence in range(7):
            bridge.send(frames.l2(wire.sync(source=STRANGER, sequence=sequence), bridge.mac))
        bridge.send(frames.l2(wire.sync(source=STRANGER, sequence=99, domain=5), bridge.mac))
        self.receiver.wait_for_message(wire.SYNC, WAIT_S, start, lambda m: m.domain == 5)
        self.assertEqual([one.ptp.message.domain for one in self.receiver.received(start=start)
                          if one.ptp.message.source == STRANGER], [5])
        self.assertEqual(rig.box.read_counters()[3]["bpf_tx_dropped_foreign"] - before, 7)

    def test_a_better_master_on_one_member_is_followed_and_its_messages_are_not_flooded(self):
        start = len(self.receiver.captured)
        better = bytes.fromhex("0200000000000001")

        def announced():
            self.sender.send(frames.l2(wire.announce(better, priority1=1, sequence=int(time.monotonic() * 20),
                                                     log_interval=-2), self.sender.mac))
            time.sleep(0.05)
            return [one for one in self.receiver.received(wire.ANNOUNCE, start=start)
                    if one.ptp.message.grandmaster == better]
        told = until(announced, WAIT_S, "port 2 follows")
        # What the box tells of it is not the master's own message.
        self.assertNotIn(better, {one.ptp.message.source[:8] for one in told})
        self.assertEqual(told[0].ptp.message.steps_removed, 1)
        self.rig.box.wait_for_state(1, "SLAVE", WAIT_S)
