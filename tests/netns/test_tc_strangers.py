# SPDX-License-Identifier: GPL-2.0-or-later
"""What else is on the way through a transparent clock: netfilter that writes marks, other people's tc filters, and the
link-local addresses of a bridge."""

import contextlib
import os
import shutil
import unittest

from harness import bpfobjects, frames, session, wire
from harness.passage import Passage, correction_sns
from netns.support import STAMPED_BEFORE, WAIT_S, TcRig
from netns.test_others import add_filter, compile_bpf, remove_iproutes_directories

N = 3
LLDP_MAC, LLDP_ETHERTYPE = "01:80:c2:00:00:0e", 0x88CC

NFT_RULES = """
table bridge ebc_marks {
    chain pass {
        type filter hook HOOK priority 0;
        counter meta mark set 0x1234;
    }
}
table inet ebc_marks {
    chain pre {
        type filter hook prerouting priority -150;
        meta mark set 0x5678;
        ct mark set 0x9abc;
    }
    chain forward {
        type filter hook forward priority 0;
        meta mark set ct mark;
    }
}
"""


def udp4(message, mac):
    return frames.udp4(message, mac, "10.77.0.2")


def l2(message, mac):
    return frames.l2(message, mac)


class Strangers(unittest.TestCase):
    @contextlib.contextmanager
    def box(self, clock_type="E2E_TC", options=None, **others):
        options = {**STAMPED_BEFORE, **(options or {})}
        with TcRig(clock_type, gm=False, clients=False, options=options, **others) as rig:
            rig.wait_ready()
            self.rig = rig
            self.passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            yield rig

    def send(self, envelope, make, *arguments, **fields):
        header = {**self.passage.header(), **fields}
        message = make(*arguments, **header)
        frame = envelope(message, self.passage.near.mac)
        self.passage.send(header, frame)
        return header, frame.index(message)

    def check_corrected(self):
        """Two-step messages are corrected, both parts, within what the passage took."""
        for envelope in (l2, udp4):
            for make, arguments, follow, follow_arguments in (
                    (wire.sync, (), wire.follow_up, (1,)),
                    (wire.pdelay_resp, (0, wire.ANYONE), wire.pdelay_resp_follow_up, (1, wire.ANYONE))):
                for _ in range(N):
                    header, offset = self.send(envelope, make, *arguments)
                    event = self.passage.wait_for(header)[0]
                    self.passage.near.send(envelope(follow(*follow_arguments, **header), self.passage.near.mac))
                    both = self.passage.wait_for_both(header)
                    corrections = [correction_sns(c.frame, offset) for c in both]
                    self.assertGreater(min(corrections), 0, (envelope, make))
                    self.assertTrue(event.ptp.checksum_ok)
                    self.assertLess(sum(corrections) / 65536, self.passage.residence_bound_ns(header))
        self.assertNotIn("bpf_tx_passed_unmarked", self.rig.box.read_counters()[2])

    def test_marks_that_netfilter_writes_do_not_matter(self):
        if not shutil.which("nft"):
            self.skipTest("no nft")
        for hook in ("prerouting", "forward"):
            with self.subTest(hook), self.box(bridge=True) as rig:
                self.add_marks(rig.lab.box, hook)
                self.check_corrected()
                self.assertRegex(rig.lab.box.run("nft", "list", "table", "bridge", "ebc_marks").stdout,
                                 r"counter packets [1-9]\d")

    def add_marks(self, host, hook):
        # Where br_netfilter is, bridged IP goes by the rules of inet, too.
        if os.path.exists("/proc/sys/net/bridge"):
            for family in ("iptables", "ip6tables"):
                host.sysctl(f"net/bridge/bridge-nf-call-{family}", 1)
        path = os.path.join(session.current().directory, f"{hook}.nft")
        with open(path, "w", encoding="ascii") as file:
            file.write(NFT_RULES.replace("HOOK", hook))
        done = host.run("nft", "-f", path, check=False)
        if "Could not process rule" in done.stdout:
            self.skipTest(f"a kernel without nftables on bridges: {done.stdout.splitlines()[0]}")
        self.assertEqual(done.returncode, 0, done.stdout)

    def add_filters(self, lab, priority, verdict):
        for port in lab.ports:
            lab.box.tc("qdisc", "add", "dev", port, "clsact")
            for direction in ("ingress", "egress"):
                add_filter(lab.box, port, direction, priority, self.object, verdict)

    def test_filters_of_others_before_and_behind_ours_are_no_obstacle(self):
        if not os.path.exists("/sys/fs/bpf/tc"):
            self.addCleanup(remove_iproutes_directories)
        self.object = compile_bpf("foreign.bpf.c")
        for attach, priority, verdict in (("tcx", 1, "ok"), ("clsact", 10, "ok"), ("clsact", 1, "next")):
            for bridge in (False, True):
                with self.subTest(attach=attach, verdict=verdict, bridge=bridge), \
                        self.box(bridge=bridge, options={"bpf_attach": attach},
                                 prepare=lambda lab, p=priority, v=verdict: self.add_filters(lab, p, v)) as rig:
                    self.check_corrected()
                    self.assertEqual(rig.box.stop(), 0)
                    for port in rig.ports:
                        for direction in ("ingress", "egress"):
                            self.assertEqual(len(bpfobjects.filter_programs(rig.lab.box, port, direction)), 1)

    def test_peer_delay_crosses_the_bridge_of_an_e2e_clock_and_lldp_does_not(self):
        with self.box(bridge=True) as rig:
            mask = rig.lab.box.ip_json("-d", "link", "show", "dev", "br0")[0]["linkinfo"]["info_data"]["group_fwd_mask"]
            self.assertEqual(int(str(mask), 0), 0)
            for make, arguments in ((wire.pdelay_req, ()), (wire.pdelay_resp, (0, wire.ANYONE)),
                                    (wire.pdelay_resp_follow_up, (0, wire.ANYONE))):
                header, offset = self.send(l2, make, *arguments)
                got = self.passage.wait_for(header)[0]
                self.assertEqual(got.frame[:6].hex(), "0180c200000e")
                if make is not wire.pdelay_resp_follow_up:
                    self.assertGreater(correction_sns(got.frame, offset), 0)
            # By the mark of a message it would be found; it is none.
            header = self.passage.header()
            self.passage.send(header, frames.ethernet(self.passage.mark(header) + bytes(40), LLDP_ETHERTYPE,
                                                      self.passage.near.mac, LLDP_MAC))
            self.passage.fence()
            self.assertEqual(self.passage.arrived(header), [])

    def test_delay_requests_and_peer_delay_end_at_a_p2p_clock(self):
        for bridge in (False, True):
            with self.subTest(bridge=bridge), self.box("P2P_TC", bridge=bridge) as rig:
                for envelope in (l2, udp4):
                    for make, arguments in ((wire.delay_req, ()), (wire.delay_resp, (0, wire.ANYONE))):
                        header, _ = self.send(envelope, make, *arguments)
                        self.passage.fence()
                        self.assertEqual(self.passage.arrived(header), [])
                self.assertEqual(rig.box.read_counters()[1]["bpf_rx_dropped_delay"], 4)
                # The box answers for itself.
                header, _ = self.send(l2, wire.pdelay_req)
                self.passage.fence()
                self.assertEqual(self.passage.arrived(header), [])
                requester = header["source"]
                for kind in (wire.PDELAY_RESP, wire.PDELAY_RESP_FOLLOW_UP):
                    got = self.passage.near.wait_for_message(kind, WAIT_S, where=lambda m: m.requester == requester)
                    self.assertEqual(got.ptp.message.sequence, header["sequence"])
                self.assertFalse([c for c in self.passage.far.received() if c.ptp.message.source == requester
                                  and c.ptp.message.type != wire.SYNC])
