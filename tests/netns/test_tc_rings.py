# SPDX-License-Identifier: GPL-2.0-or-later
"""More than one way from here to there, with a transparent clock on it: two ports on one network, two clocks with
two cables between them, a bridge whose spanning tree blocks a port. Each message arrives once, nothing goes round."""

import collections
import contextlib
import re
import unittest

from harness import frames, programs, wire
from harness.network import Namespace, cable
from harness.passage import correction_sns
from harness.process import Timeout
from harness.rawport import RawPort
from netns.support import START_S, TC, WAIT_S, TcRig, until
from netns.test_tc_ways import Row

N = 10
OFFSET = 14  # of a message in an untagged L2 frame
SOURCE = wire.port_identity(bytes.fromhex("0200000000000077"), 7)
KINDS = {
    "one-step Sync": lambda **header: wire.sync(two_step=False, **header),
    "two-step Sync": wire.sync,
    "Follow_Up": lambda **header: wire.follow_up(1, **header),
    "Delay_Req": wire.delay_req,
    "Announce": lambda **header: wire.announce(SOURCE[:8], **header),
    "Management": lambda **header: wire.management(0x2000, **header),
}
L2 = {**TC, "network_transport": "L2", "bpf_pin_path": ""}
PORTS = ["bc0", "bc1", "bc2"]


def wait_ready(clock, ports):
    for name in ports:
        clock.wait_for(rf"\({name}\): link up", START_S)


def is_converted(message):
    """The first N that are sent are one-step Syncs."""
    return message.type == wire.SYNC and message.sequence <= N and message.flags & wire.FLAG_TWO_STEP


class Messages:
    """Sends messages from one place, each with a number of its own, and looks what of them is seen at others."""

    def __init__(self, near):
        self.near = near
        self.sent = {}  # sequenceId: type
        self.lost = set()

    def send(self, build):
        sequence = len(self.sent) + 1
        message = build(source=SOURCE, sequence=sequence)
        self.sent[sequence] = message[0] & 0xF
        self.near.send(frames.l2(message, self.near.mac))
        return sequence

    def seen(self, port):
        """{(type, sequenceId): how often} of what came in there."""
        return collections.Counter((c.ptp.message.type, c.ptp.message.sequence) for c in list(port.captured)
                                   if c.ptp and not c.is_outgoing and c.ptp.message.source == SOURCE)

    def wait_at(self, port, sequence, kind=None, timeout_s=WAIT_S):
        kind = self.sent[sequence] if kind is None else kind
        return port.wait_for_message(kind, timeout_s, where=lambda m: (m.source, m.sequence) == (SOURCE, sequence))

    def wait_for_follower_at(self, port, sequence):
        """Of all that are made for one-step messages one may be lost: with the stamp that it waited a second for, which
        some kernels lose now and then."""
        try:
            self.wait_at(port, sequence, wire.FOLLOW_UP, timeout_s=5)
        except Timeout:
            self.lost.add(sequence)
            if len(self.lost) > 1:
                raise


class Once(unittest.TestCase):
    def send_each_and_wait(self, messages, far):
        for build in KINDS.values():
            for _ in range(N):
                got = messages.wait_at(far, messages.send(build)).ptp.message
                if is_converted(got):
                    messages.wait_for_follower_at(far, got.sequence)

    def check_once(self, messages, far):
        """All that was sent arrived once, and one follower with each Sync that was made a two-step one."""
        seen = messages.seen(far)
        for sync in [c.ptp.message for c in far.received(wire.SYNC) if c.ptp.message.sequence <= N]:
            n_followers = seen.pop((wire.FOLLOW_UP, sync.sequence), 0)
            # The follower of another copy is dropped with that, unless it overtakes it, as it can on veth.
            self.assertIn(n_followers, (1,) if is_converted(sync) and sync.sequence not in messages.lost else (0, 1))
        self.assertEqual(seen, {(kind, sequence): 1 for sequence, kind in messages.sent.items()})


class Rings(Once):
    def test_two_ports_of_one_clock_on_one_network(self):
        with contextlib.ExitStack() as stack:
            box, switch, gm, client = (stack.enter_context(Namespace(name)) for name in ("tc", "sw", "gm", "c1"))
            for ends in ((box, "bc0", switch, "sw0"), (box, "bc1", switch, "sw1"), (gm, "eth0", switch, "sw2"),
                         (box, "bc2", client, "eth0")):
                cable(*ends)
            switch.bridge("br0", ["sw0", "sw1", "sw2"])
            near, far = (stack.enter_context(RawPort(host, "eth0")) for host in (gm, client))
            clock = stack.enter_context(programs.EbpfBc(box, PORTS, config=L2))
            wait_ready(clock, PORTS)
            messages = Messages(near)
            self.send_each_and_wait(messages, far)
            self.check_once(messages, far)
            # What came in at one of the two ports went out at the other, once.
            self.assertLessEqual(max(messages.seen(near).values()), 2)
            self.assertTrue(clock.is_running())

    def test_two_clocks_with_two_cables_between_them(self):
        with Row(["E2E_TC"] * 2) as row:
            cable(row.box_hosts[0], "loop", row.box_hosts[1], "loop")
            cables = [row.raw_port(row.box_hosts[1], name) for name in ("in", "loop")]
            far, near = row.raw_port(row.client_host, "eth0"), row.raw_port(row.gm_host, "eth0")
            for i in range(2):
                clock = row.start_box(i, more=["loop"])
                wait_ready(clock, ("in", "out", "loop"))
            messages = Messages(near)
            self.send_each_and_wait(messages, far)
            self.check_once(messages, far)
            # Nothing comes back, but for such a follower.
            back = messages.seen(near)
            self.assertTrue(set(back) <= {(wire.FOLLOW_UP, number) for number in range(1, N + 1)}, back)
            self.assertEqual(set(back.values()) - {1}, set())
            for port in cables:
                self.assertLessEqual(max(messages.seen(port).values()), 2)

    def test_a_follower_goes_on_if_the_copy_that_went_on_wants_one(self):
        """Another clock of the ring made two steps of its copy of a Sync; here it comes first or last."""
        with contextlib.ExitStack() as stack:
            box, *hosts = (stack.enter_context(Namespace(name)) for name in ("tc", "gm", "c1", "c2"))
            for number, host in enumerate(hosts):
                cable(box, f"bc{number}", host, "eth0")
            one, other, far = (stack.enter_context(RawPort(host, "eth0")) for host in hosts)
            clock = stack.enter_context(programs.EbpfBc(box, PORTS, config={**L2, "tc_one_step": "keep"}))
            wait_ready(clock, PORTS)

            def send(port, build, sequence, **fields):
                port.send(frames.l2(build(source=SOURCE, sequence=sequence, **fields), port.mac))
            messages = Messages(one)
            for is_first_two_step in (False, True):
                with self.subTest(is_first_two_step=is_first_two_step):
                    sequence = messages.send(KINDS["two-step Sync" if is_first_two_step else "one-step Sync"])
                    messages.wait_at(far, sequence)
                    send(other, wire.sync, sequence, two_step=not is_first_two_step)
                    send(one if is_first_two_step else other, lambda **header: wire.follow_up(1, **header), sequence)
                    # By both ways, behind all that.
                    for kind in ("Announce", "Management"):
                        messages.near = one if kind == "Announce" else other
                        messages.wait_at(far, messages.send(KINDS[kind]))
                    messages.near = one
                    seen = messages.seen(far)
                    self.assertEqual(seen[wire.SYNC, sequence], 1)
                    self.assertEqual(seen[wire.FOLLOW_UP, sequence], 1 if is_first_two_step else 0)
                    self.assertEqual(messages.seen(one)[wire.FOLLOW_UP, sequence], 0)


class SpanningTree(Once):
    """Two cables from the box's bridge to a switch that floods everything, spanning tree messages as well: by those
    the bridge finds that it is connected with itself, and blocks the port with the larger number."""

    @contextlib.contextmanager
    def network(self, blocked):
        with contextlib.ExitStack() as stack:
            box, switch, gm, client = (stack.enter_context(Namespace(name)) for name in ("tc", "sw", "gm", "c1"))
            for host in (box, switch, gm, client):
                # Nobody says anything that would go round before a port is blocked.
                host.sysctl("net/ipv6/conf/all/disable_ipv6", 1)
                host.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
            for ends in ((box, "bc0", switch, "sw0"), (box, "bc1", switch, "sw1"), (gm, "eth0", switch, "sw2"),
                         (box, "bc2", client, "eth0")):
                cable(*ends)
            switch.bridge("br0", ["sw0", "sw1", "sw2"])
            box.bridge("br0", PORTS)
            all_forward = {name: "forwarding" for name in PORTS}
            until(lambda: self.states(box) == all_forward, WAIT_S, lambda: self.states(box))
            box.ip("link", "set", blocked, "type", "bridge_slave", "priority", "63")
            # What forwards already goes on with it, without the seconds that a port listens and learns first.
            box.ip("link", "set", "br0", "type", "bridge", "hello_time", "100", "stp_state", "1")
            expected = {**all_forward, blocked: "blocking"}
            until(lambda: self.states(box) == expected, WAIT_S, lambda: self.states(box))
            uplinks = {name: stack.enter_context(RawPort(box, name)) for name in PORTS[:2]}
            near, far = (stack.enter_context(RawPort(host, "eth0")) for host in (gm, client))
            clock = stack.enter_context(programs.EbpfBc(box, PORTS, config=L2))
            wait_ready(clock, PORTS)
            yield uplinks, near, far
            self.assertEqual(self.states(box), expected)
            self.assertTrue(clock.is_running())

    def states(self, box):
        return {name: re.search(r"state (\w+)", box.run("bridge", "link", "show", "dev", name).stdout)[1]
                for name in PORTS}

    def test_what_the_blocked_port_hears_first_arrives_by_the_other_one(self):
        heard_first = set()
        for blocked in PORTS[:2]:
            with self.subTest(blocked=blocked), self.network(blocked) as (uplinks, near, far):
                messages = Messages(near)
                self.send_each_and_wait(messages, far)
                for number in messages.sent:
                    heard = {name: messages.wait_at(port, number).real_ns for name, port in uplinks.items()}
                    heard_first.add(min(heard, key=heard.get) == blocked)
                self.check_once(messages, far)
                self.assertEqual(messages.seen(near), {})
                for got in far.received(wire.SYNC):
                    self.assertGreater(correction_sns(got.frame, OFFSET), 0)
        self.assertIn(True, heard_first)


class PeerDelay(unittest.TestCase):
    KINDS = (wire.pdelay_req, lambda **header: wire.pdelay_resp(0, wire.ANYONE, **header),
             lambda **header: wire.pdelay_resp_follow_up(0, wire.ANYONE, **header))

    def test_it_crosses_once_also_over_a_bridge_that_was_told_to_forward_it(self):
        with TcRig(bridge=True, gm=False, clients=False) as rig:
            rig.wait_ready()
            near, far = rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0])
            messages = Messages(near)
            for mask in ("0", "0x4000", "0"):
                with self.subTest(group_fwd_mask=mask):
                    rig.lab.box.ip("link", "set", "br0", "type", "bridge", "group_fwd_mask", mask)
                    for build in self.KINDS:
                        messages.wait_at(far, messages.send(build))
                    # Behind them, by the bridge.
                    messages.wait_at(far, messages.send(wire.sync))
                    self.assertEqual(messages.seen(far),
                                     {(kind, number): 1 for number, kind in messages.sent.items()})
                    self.assertEqual(messages.seen(near), {})
            for got in far.received(wire.PDELAY_REQ):
                self.assertGreater(correction_sns(got.frame, OFFSET), 0)
