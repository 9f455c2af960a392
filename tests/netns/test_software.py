# SPDX-License-Identifier: GPL-2.0-or-later
"""Time stamps by sockets: the clock without BPF, with no more privileges than its sockets need, and the fall-back to it."""

import os
import shutil
import statistics
import tempfile
import time
import unittest

from harness import bpfobjects, control, frames, network, programs, wire
from harness.load import UdpFlood
from harness.process import run
from netns.support import (BOX, START_S, WAIT_S, Rig, assert_near_zero, blast,
                           served_time_errors_ns, until, wait_for_served, wait_in_sync)

NOBODY = 65534
RATE_LIMIT = 1000
# At 1 Mbit/s.
QUEUE_OCTETS = 50_000
QUEUE_NS = QUEUE_OCTETS * 8 * 1000
# A clock that the lab's programs share with everybody on this machine is not ours to set.
SOFTWARE = {**BOX, "time_stamping": "software", "local_clock": "virtual", "rx_rate_limit": RATE_LIMIT}


def wrapped(directory, *words):
    """A program that runs a copy of ebpf-bc, which also those may read for whom the tree is closed, behind `words`."""
    os.chmod(directory, 0o755)
    copy = shutil.copy(programs.find_ebpf_bc(), directory)
    script = os.path.join(directory, "wrapped")
    with open(script, "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nexec {' '.join(words)} {copy} \"$@\"\n")
    os.chmod(script, 0o755)
    return script


def without_bpf(directory):
    return wrapped(directory, "setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon")


def as_nobody_with(directory, *capabilities):
    those = ",".join(f"+{capability}" for capability in capabilities)
    return wrapped(directory, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                   f"--inh-caps=-all,{those}", f"--ambient-caps=-all,{those}", f"--bounding-set=-all,{those}")


def stranger(sequence, **others):
    return wire.delay_req(source=wire.port_identity("0200000000000099"), sequence=sequence, **others)


class WithoutPrivileges(unittest.TestCase):
    """One box: its grandmaster over Ethernet, a client over UDP and IPv4, another over IPv6."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.mkdtemp(prefix="ebc-")
        cls.addClassCleanup(shutil.rmtree, directory)
        program = as_nobody_with(directory, "net_raw", "net_bind_service")
        cls.control_path = os.path.join(directory, "open", "control")
        os.mkdir(os.path.dirname(cls.control_path))
        os.chmod(os.path.dirname(cls.control_path), 0o777)
        cls.rig = rig = cls.enterClassContext(Rig(box=False, clients=False))
        rig.box = cls.start(program, directory)
        rig.clients = [rig.start_client(i, transport=transport) for i, transport in enumerate(("UDPv4", "UDPv6"))]
        rig.wait_in_sync()

    @classmethod
    def start(cls, program, directory):
        path = os.path.join(directory, "box.conf")
        transports = {"bc0": "L2", "bc1": "UDPv4", "bc2": "UDPv6"}
        with open(path, "w", encoding="ascii") as file:
            file.write("[global]\n")
            file.writelines(f"{name} {value}\n" for name, value in {**SOFTWARE, "control_socket": cls.control_path,
                                                                   "udp_ttl": 3, "dscp_event": 46,
                                                                   "bpf_attach": "clsact"}.items())
            file.writelines(f"[{port}]\nnetwork_transport {transport}\n" for port, transport in transports.items())
        return cls.enterClassContext(programs.EbpfBc(cls.rig.lab.box, config=path, program=program))

    def test_it_serves_all_transports_and_no_program_is_attached(self):
        box = self.rig.box
        self.assertEqual([match.string for match in box.find_all("BPF")],
                         [match.string for match in box.find_all("no effect without BPF: bpf_attach$")], box.text)
        self.assertTrue(box.find_all("transmit stamps: software stamps of the drivers"))
        for name in self.rig.ports:
            for hook in (bpfobjects.TCX_INGRESS, bpfobjects.TCX_EGRESS):
                self.assertEqual(bpfobjects.tcx_programs(self.rig.lab.box, name, hook), [])
            self.assertEqual(self.rig.lab.box.tc("qdisc", "show", "dev", name).count("clsact"), 0)

    def test_who_asks_for_residence_is_told_that_none_is_measured(self):
        self.assertNotIn(("no_bpf", None), control.alarms(self.control_path))
        done = run([programs.find_ebpf_bcctl(), "-s", self.control_path, "residence"], check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no residence is measured", done.stdout)

    def test_ttl_and_dscp_are_those_of_the_file(self):
        port = self.rig.raw_port(self.rig.lab.clients[0])
        syncs = port.wait_for(lambda one: one.ptp and one.ptp.message.type == wire.SYNC, WAIT_S)
        self.assertEqual((syncs.frame[14 + 8], syncs.frame[14 + 1] >> 2), (3, 46))

    def test_a_late_transmit_stamp_holds_up_no_other_port(self):
        rig = self.rig
        rig.wait_in_sync()
        ports = [rig.raw_port(client) for client in rig.lab.clients]
        n_states = len(rig.box.state_changes)
        rig.lab.box.set_root_qdisc("bc1", "tbf", "rate", "1mbit", "burst", "2kb", "limit", "60kb")
        try:
            with UdpFlood(rig.lab.box, "10.77.1.2", rate_per_s=1500):
                until(lambda: rig.lab.box.backlog_octets("bc1") > QUEUE_OCTETS, WAIT_S, "a full queue")
                starts = [len(port.captured) for port in ports]
                until(lambda: len(ports[1].received(wire.SYNC, start=starts[1])) >= 12, WAIT_S, rig.box.tail)
                wait_for_served(ports[1], starts[1])
                stamps_ns = [{one.ptp.message.sequence: one.real_ns for one in ports[1].received(kind, start=starts[1])}
                             for kind in (wire.SYNC, wire.FOLLOW_UP)]
        finally:
            rig.lab.box.clear_root_qdisc("bc1")
        # Half of its Syncs come, and are followed up, sooner than half of the queue is sent.
        syncs_ns, follow_ups_ns = stamps_ns
        between_ns = [after - before for before, after in zip(list(syncs_ns.values()), list(syncs_ns.values())[1:])]
        behind_ns = [follow_ups_ns[number] - syncs_ns[number] for number in syncs_ns.keys() & follow_ups_ns.keys()]
        for gaps_ns in (between_ns, behind_ns):
            self.assertLess(statistics.median(gaps_ns), QUEUE_NS / 2, gaps_ns)
        assert_near_zero(self, served_time_errors_ns(ports[1], starts[1]))
        # Those of the slow port come, later.
        until(lambda: served_time_errors_ns(ports[0], starts[0]), WAIT_S, rig.box.tail)
        self.assertEqual(rig.box.state_changes[n_states:], [])

    def test_a_port_that_goes_down_or_is_made_anew_serves_again(self):
        rig = self.rig
        rig.lab.box.down("bc2")
        rig.box.wait_for_state(3, "FAULTY", WAIT_S)
        rig.lab.box.ip("link", "del", "bc1")
        rig.box.wait_for(r"port 2 \(bc1\): no such interface", WAIT_S)
        rig.lab.box.up("bc2")
        rig.lab.box.add_address("bc2", "fd77:2::1/64")
        network.cable(rig.lab.box, "bc1", rig.lab.clients[0], "eth0")
        rig.lab.box.add_address("bc1", "10.77.1.1/24")
        served = rig.raw_port(rig.lab.clients[0])
        for number in (2, 3):
            rig.box.wait_for_state(number, "MASTER", WAIT_S)
        assert_near_zero(self, wait_for_served(served, 0))
        wait_in_sync(rig.clients[1])

    def test_what_is_tagged_is_not_the_ports_and_a_flood_is_taken_at_the_limit_while_the_clock_follows(self):
        rig, ignored = self.rig, "rx_ignored_domain"
        port = rig.raw_port(rig.lab.gm)
        before = rig.box.read_counters()[1].get(ignored, 0)
        for sequence, vlans in enumerate(((), (5,), (0,), ((0x8100, 0xe000),), (5, 6))):
            port.send(frames.l2(stranger(sequence, domain=9), port.mac, vlans=vlans))
        until(lambda: rig.box.read_counters()[1].get(ignored, 0) == before + 3, WAIT_S, rig.box.tail)

        n_changes, begin_s = len(rig.box.state_changes), time.monotonic()
        mac = rig.lab.clients[1].mac("eth0")
        sent = blast(rig.lab.clients[1], "eth0", [frames.udp6(stranger(1, domain=9), mac, "fd77:2::2")], 1)
        counters = rig.box.read_counters()[3]
        taken = counters[ignored] + counters.get("rx_sync", 0)
        self.assertGreater(sent, 4 * RATE_LIMIT)
        self.assertGreater(counters.get("rx_lost_socket_full", 0), 0)
        self.assertLess(taken, RATE_LIMIT / 4 + RATE_LIMIT * (time.monotonic() - begin_s))
        self.assertEqual([change for change in rig.box.state_changes[n_changes:] if change.port != 3], [])
        wait_in_sync(rig.clients[1])


class FallBack(unittest.TestCase):
    """Root without the capabilities for BPF, and a configuration that does not mention time stamps."""

    def test_it_says_so_once_and_runs_on_sockets_also_on_a_member_of_a_bridge(self):
        directory = tempfile.mkdtemp(prefix="ebc-")
        self.addCleanup(shutil.rmtree, directory)

        def prepare(lab):
            lab.box.bridge("br0", ["bc2", "bc3"])
        port_options = {"bc2": {"network_transport": "L2"}}
        with Rig(n_clients=3, transport="UDPv4", prepare=prepare, box=False, clients=False) as rig:
            path = os.path.join(directory, "control")
            ignored = {"publish_stamps": 1, "tx_stamp_point": "xmit", "rx_ring_bytes": 65536, "control_socket": path}
            rig.box = rig.start_box(ignored, interfaces=[*rig.ports, "br0"], port_options=port_options,
                                    program=without_bpf(directory))
            rig.clients = [rig.start_client(0), rig.start_client(1, transport="L2")]
            rig.wait_in_sync()
            self.assertEqual(len(rig.box.find_all("cannot load the BPF programs: not permitted.*sockets instead")), 1)
            rig.box.wait_for(r"port 4 \(bc3\): UDP on a member of a bridge or bond needs time_stamping bpf", START_S)
            rig.box.wait_for(r"port 5 \(br0\): its driver takes no software transmit stamps", START_S)
            self.assertIn(("no_bpf", None), control.alarms(path))
            self.assertEqual([match[1] for match in rig.box.find_all("no effect without BPF: (.*)")],
                             ["publish_stamps, tx_stamp_point, rx_ring_bytes"])
            self.assertEqual(rig.box.stop(), 0)
            # A transparent clock is made of programs.
            clock = rig.start_box({"clock_type": "E2E_TC"}, program=without_bpf(directory))
            self.assertEqual(clock.wait(WAIT_S), 1)
            self.assertFalse(clock.find_all("sockets instead"))
            clock = rig.start_box({"tc_other_domains": "E2E"}, program=without_bpf(directory))
            self.assertEqual(clock.wait(WAIT_S), 1)
            self.assertEqual(len(clock.find_all("not permitted.*; sockets do not do, since tc_other_domains needs")), 1,
                             clock.text)
