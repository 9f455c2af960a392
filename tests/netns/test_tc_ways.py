# SPDX-License-Identifier: GPL-2.0-or-later
"""Transparent clocks in a row, beside a boundary clock, and in a ring."""

import contextlib
import statistics
import unittest

from harness import frames, programs, wire
from harness.network import Namespace, cable
from harness.passage import correction_sns
from harness.rawport import RawPort
from netns.support import BOX, FAST, START_S, TC, WAIT_S, ask_pmc, median_bound_ns, until, wait_in_sync, wait_follows

N_OFFSETS = 32
SOURCE = wire.port_identity(bytes.fromhex("0200000000000077"), 7)


class Row:
    """A grandmaster, boxes in a row, and a client behind the last; and one behind the first that sees no more of them.
    Box i has ports in (towards the grandmaster), out, and further ones for cables that the caller lays."""

    def __init__(self, kinds):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self.gm_host = stack.enter_context(Namespace("gm"))
            self.box_hosts = [stack.enter_context(Namespace(f"box{i + 1}")) for i in range(len(kinds))]
            self.client_host = stack.enter_context(Namespace("c1"))
            self.near_host = stack.enter_context(Namespace("near"))
            hosts = [self.gm_host, *self.box_hosts]
            for before, after in zip(hosts, hosts[1:]):
                cable(before, "eth0" if before is self.gm_host else "out", after, "in")
            cable(self.box_hosts[-1], "out", self.client_host, "eth0")
            cable(self.box_hosts[0], "near", self.near_host, "eth0")
            self.kinds = kinds
            stack.pop_all()

    def start(self):
        self.gm = self._enter(programs.Ptp4l(self.gm_host, "eth0", "gm", options=FAST))
        self.boxes = [self.start_box(i) for i in range(len(self.kinds))]
        self.client = self.start_client(self.client_host)
        self.near = self.start_client(self.near_host)

    def start_box(self, i, more=()):
        options = {**(BOX if self.kinds[i] == "BC" else TC), "clock_type": self.kinds[i], "network_transport": "L2",
                   "bpf_pin_path": ""}
        interfaces = ["in", "out", *(["near"] if i == 0 else []), *more]
        return self._enter(programs.EbpfBc(self.box_hosts[i], interfaces, config=options))

    def start_client(self, host):
        return self._enter(programs.Ptp4l(host, "eth0", "client", options={**FAST, "priority1": 255}))

    def raw_port(self, host, interface):
        return self._enter(RawPort(host, interface))

    def _enter(self, context):
        return self._stack.enter_context(context)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


def last_offsets_ns(client):
    until(lambda: len(client.monitor.raw_offsets) >= N_OFFSETS, WAIT_S, client.tail)
    return client.monitor.offsets_ns()[-N_OFFSETS:]


class InARow(unittest.TestCase):
    def test_three_are_about_as_good_as_one_and_correction_field_grows_at_each(self):
        with Row(["E2E_TC"] * 3) as row:
            row.start()
            # At the end of each cable.
            ports = [row.raw_port(host, "in") for host in row.box_hosts] + [row.raw_port(row.client_host, "eth0")]
            for client in (row.client, row.near):
                wait_follows(client, row.gm)
                wait_in_sync(client)
            through_one, through_three = (last_offsets_ns(client) for client in (row.near, row.client))
            self.assertLess(statistics.median(map(abs, through_three)), median_bound_ns(through_one))
            self.assertEqual(ask_pmc(row.client, "CURRENT_DATA_SET")["stepsRemoved"], 1)
            self.check_corrections(ports)

    def check_corrections(self, ports):
        def by_sequence(port, kind):
            return {c.ptp.message.sequence: c.ptp.message.correction_sns for c in port.received(kind)}
        seen = 0
        syncs, followers = ([by_sequence(port, kind) for port in ports] for kind in (wire.SYNC, wire.FOLLOW_UP))
        for sequence in set.intersection(*(set(some) for some in syncs + followers)):
            on_the_way = [some[sequence] for some in syncs]
            self.assertEqual(on_the_way[0], 0)
            self.assertEqual(sorted(set(on_the_way)), on_the_way, "it grows at each")
            # The queue's part is another message's; there is some at each, and the sum grows too.
            queued = [some[sequence] for some in followers]
            self.assertEqual(sorted(set(queued)), queued, "it grows at each")
            seen += 1
        self.assertGreater(seen, 8)

    def test_before_and_behind_a_boundary_clock(self):
        for kinds, near_steps in ((["E2E_TC", "BC"], 1), (["BC", "E2E_TC"], 2)):
            with self.subTest(kinds), Row(kinds) as row:
                row.start()
                row.boxes[kinds.index("BC")].wait_for_state(1, "SLAVE", START_S)
                for client in (row.near, row.client):
                    wait_in_sync(client)
                for client, steps in ((row.near, near_steps), (row.client, 2)):
                    self.assertEqual(ask_pmc(client, "CURRENT_DATA_SET")["stepsRemoved"], steps)
                    self.assertEqual(client.grandmaster, row.gm.grandmaster)


class Ring(unittest.TestCase):
    """Two boxes with two cables between them."""

    def test_nothing_storms_and_the_client_follows(self):
        with Row(["E2E_TC"] * 2) as row:
            cable(row.box_hosts[0], "loop", row.box_hosts[1], "loop")
            wires = [row.raw_port(row.box_hosts[1], name) for name in ("in", "loop")]
            far, near = row.raw_port(row.client_host, "eth0"), row.raw_port(row.gm_host, "eth0")
            row.boxes = [row.start_box(i, more=["loop"]) for i in range(2)]
            for box in row.boxes:
                box.wait_for(r"\(loop\): link up", START_S)
            self.check_crafted(near, far, wires)
            row.gm = row._enter(programs.Ptp4l(row.gm_host, "eth0", "gm", options=FAST))
            row.client = row.start_client(row.client_host)
            wait_follows(row.client, row.gm)
            wait_in_sync(row.client)
            dropped = [sum(port.get("bpf_rx_dropped_seen", 0) for port in box.read_counters().values())
                       for box in row.boxes]
            self.assertGreater(min(dropped), 0)
            # Each message of the grandmaster came out once, and went by each of the two cables at most twice: once
            # from each end.
            for kind in (wire.SYNC, wire.FOLLOW_UP, wire.ANNOUNCE):
                for port, times in ((far, 1), *((wire_, 2) for wire_ in wires)):
                    numbers = [c.ptp.message.sequence for c in port.received(kind) if c.ptp.message.source != SOURCE]
                    self.assertTrue(numbers)
                    self.assertLessEqual(max(map(numbers.count, numbers)), times)

    def check_crafted(self, near, far, wires):
        for sequence in range(1, 21):
            near.send(frames.l2(wire.sync(source=SOURCE, sequence=sequence), near.mac))
            got = far.wait_for_message(wire.SYNC, WAIT_S, where=lambda m, s=sequence: (m.source, m.sequence) == (SOURCE, s))
            self.assertGreater(correction_sns(got.frame, 14), 0)
        ours = [c for c in far.received(wire.SYNC) if c.ptp.message.source == SOURCE]
        self.assertEqual(len(ours), 20)
        for port in wires:
            self.assertLessEqual(len([c for c in port.received(wire.SYNC) if c.ptp.message.source == SOURCE]), 40)
