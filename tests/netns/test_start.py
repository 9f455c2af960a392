# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting: the command line, ptp4l's own files, and what is refused with which words."""

import itertools
import os
import pathlib
import shutil
import tempfile
import time
import unittest

from harness import bpfobjects, frames, programs, session, wire
from harness.lab import Lab
from harness.process import run
from harness.rawport import RawPort
from netns.support import BOX, IN_SYNC_NS, START_S, WAIT_S, Rig, assert_near_zero, until, wait_for_served

DEBIAN_CONFIG = "/etc/linuxptp/ptp4l.conf"
NOBODY = 65534


class CommandLine(unittest.TestCase):
    def run_box(self, *arguments, namespace=None):
        return run([programs.find_ebpf_bc(), *arguments], namespace=namespace, check=False)

    def test_v_prints_the_version_and_h_every_flag(self):
        version = self.run_box("-v")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^\d+\.\d+(\.\d+)?\n$")
        help_text = self.run_box("-h")
        self.assertEqual(help_text.returncode, 0)
        for flag in "fimqls246AEPSHvh":
            self.assertRegex(help_text.stdout, rf"(?m)^\s*-{flag}\b")
        for option in ("priority1", "unicast_max_clients", "sa_file"):
            self.assertRegex(help_text.stdout, rf"(?m)^ [* ]{option}  ")
        self.assertIn("=VALUE", help_text.stdout)

    def test_an_unknown_flag_is_refused_with_status_1(self):
        for arguments in (["-x"], ["--no_such_option=1"], ["--domainNumber"], ["stray"], ["-i"]):
            with self.subTest(arguments=arguments):
                done = self.run_box(*arguments)
                self.assertEqual(done.returncode, 1)
                self.assertTrue(done.stdout.strip())

    def test_flags_and_long_options_beat_the_file(self):
        arguments = ["-2", "-s", "--domainNumber=7", "--logging_level=7", "--message_tag=tagged"]
        with Lab(1) as lab, RawPort(lab.gm, "eth0") as port, programs.EbpfBc(
                lab.box, lab.ports, config={**BOX, "network_transport": "UDPv6"}, arguments=arguments) as box:
            box.wait_for("domain 7", WAIT_S)
            self.assertTrue(all("tagged" in line.text for line in box.lines), box.text)
            # Client only: it listens, and falls silent rather than serve.
            box.wait_for("port 1 .* to LISTENING", WAIT_S)
            master, numbers = bytes.fromhex("0200000000000001"), itertools.count()

            def is_heard():
                port.send(frames.l2(wire.announce(master, domain=7, sequence=next(numbers), log_interval=-2), port.mac))
                time.sleep(0.05)
                return box.find_all("port 1 .* to UNCALIBRATED")
            until(is_heard, WAIT_S, box.tail)
            box.wait_for("port 1 .*UNCALIBRATED to LISTENING", WAIT_S)
            self.assertEqual(port.received(), [])


class LinuxptpFiles(unittest.TestCase):
    @unittest.skipUnless(os.path.exists(DEBIAN_CONFIG), "no ptp4l.conf of Debian's here")
    def test_debians_own_file_starts_unchanged(self):
        with Lab(1) as lab, programs.EbpfBc(lab.box, ["bc0", "bc1"], config=DEBIAN_CONFIG) as box:
            for number in (1, 2):
                box.wait_for(f"port {number} .* to LISTENING", WAIT_S)
            # It says hardware stamps: said once that they are not used.
            self.assertEqual(len(box.find_all("time_stamping hardware")), 1)
            self.assertEqual(box.stop(), 0)

    @unittest.skipUnless(os.path.exists(DEBIAN_CONFIG), "no ptp4l.conf of Debian's here")
    def test_hardware_stamps_that_the_command_line_demands_are_refused(self):
        with Lab(1) as lab:
            box = programs.EbpfBc(lab.box, ["bc0", "bc1"], config=DEBIAN_CONFIG, arguments=["-H"])
            self.assertEqual(box.wait(WAIT_S), 1)
            self.assertRegex(box.text, "-H: .*hardware")


class Refusals(unittest.TestCase):
    """Each: status 1, a line that names it, nothing attached."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(1))

    def assert_refused(self, box, pattern):
        self.assertEqual(box.wait(WAIT_S), 1, box.text)
        self.assertRegex(box.text, pattern)
        self.assert_clean()

    def assert_clean(self):
        for name in self.lab.ports:
            self.assertEqual(self.lab.box.tc("qdisc", "show", "dev", name).count("clsact"), 0)
            for hook in (bpfobjects.TCX_INGRESS, bpfobjects.TCX_EGRESS):
                self.assertEqual(bpfobjects.tcx_programs(self.lab.box, name, hook), [])

    def test_wrong_lines_are_named_by_file_line_option_and_reason(self):
        for line, reason in (("domainNumber 300", "domainNumber.*300"),
                             ("domainNumber", "domainNumber"),
                             ("no_such_option 1", "no_such_option"),
                             ("network_transport token_ring", "network_transport.*token_ring"),
                             ("rx_ring_bytes 5000", "rx_ring_bytes.*power of two"),
                             ("delay_mechanism COMMON_P2P", "delay_mechanism.*COMMON_P2P")):
            with self.subTest(line=line):
                path = pathlib.Path(tempfile.mkdtemp(prefix="ebc-")) / "wrong.conf"
                self.addCleanup(shutil.rmtree, path.parent)
                path.write_text(f"[global]\n# first\n{line}\n[bc0]\n[bc1]\n", encoding="ascii")
                box = programs.EbpfBc(self.lab.box, config=str(path))
                self.assert_refused(box, rf"{path}:3: .*{reason}")

    def test_a_global_option_in_a_ports_section_is_refused(self):
        box = programs.EbpfBc(self.lab.box, self.lab.ports, config={}, port_options={"bc1": {"domainNumber": 1}})
        self.assert_refused(box, r"\.conf:7: .*domainNumber")

    def test_a_file_that_is_not_there_is_named(self):
        box = programs.EbpfBc(self.lab.box, ["bc0", "bc1"], config="/no/such.conf")
        self.assert_refused(box, "/no/such.conf.*No such")

    def test_a_missing_interface_is_named(self):
        self.assert_refused(programs.EbpfBc(self.lab.box, ["bc0", "absent0"], config={}), "absent0: no such interface")

    def test_an_interface_that_is_no_ethernet_is_named(self):
        self.assert_refused(programs.EbpfBc(self.lab.box, ["bc0", "lo"], config={}), "lo: not an Ethernet interface")

    def test_another_user_is_told_what_is_missing(self):
        # A copy: the tree may be closed to others.
        directory = tempfile.mkdtemp(prefix="ebc-")
        self.addCleanup(shutil.rmtree, directory)
        copy = shutil.copy(programs.find_ebpf_bc(), directory)
        os.chmod(directory, 0o755)
        done = run(["setpriv", f"--reuid={NOBODY}", "--clear-groups", copy, "-i", "bc0", "-i", "bc1", "-m", "-q"],
                   namespace=self.lab.box, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        # Neither by BPF nor, instead, by sockets.
        self.assertRegex(done.stdout, "BPF programs: not permitted.*CAP_BPF.*sockets instead")
        self.assertRegex(done.stdout, "cannot open sockets for PTP: not permitted.*CAP_NET_BIND_SERVICE")
        self.assert_clean()

    def test_root_without_the_capability_for_bpf_that_was_asked_for_is_told_so(self):
        done = run(["capsh", "--drop=cap_bpf,cap_sys_admin", "--", "-c",
                    f"exec {programs.find_ebpf_bc()} -i bc0 -i bc1 -m -q --time_stamping=bpf"],
                   namespace=self.lab.box, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "not permitted.*CAP_BPF")
        self.assert_clean()

    @unittest.skipUnless(shutil.which("capsh"), "no capsh here")
    def test_root_without_the_capability_for_tracing_is_told_so_in_one_line(self):
        done = run(["capsh", "--drop=cap_perfmon,cap_sys_admin", "--", "-c",
                    f"exec {programs.find_ebpf_bc()} -i bc0 -i bc1 -m -q --time_stamping=bpf"],
                   namespace=self.lab.box, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(len([line for line in done.stdout.splitlines() if "CAP_PERFMON" in line]), 1, done.stdout)
        self.assertRegex(done.stdout, "not permitted.*CAP_PERFMON")
        # No verifier's log of a hundred lines.
        self.assertLessEqual(len(done.stdout.splitlines()), 3, done.stdout)
        self.assert_clean()

    def test_an_interface_is_not_two_ports_by_two_of_its_names(self):
        self.lab.box.ip("link", "property", "add", "dev", "bc1", "altname", "other-bc1")
        for names in (["bc0", "bc1", "other-bc1"], ["bc0", "other-bc1", "bc1"]):
            with self.subTest(names=names):
                self.assert_refused(programs.EbpfBc(self.lab.box, names, config={}),
                                    f"{names[2]}: is another port already, as bc1")


class TimeNamespace(unittest.TestCase):
    def test_there_too_stamps_timers_and_the_lease_are_of_the_clock_that_the_kernel_stamps_with(self):
        program = os.path.join(session.current().directory, "in-a-time-namespace")
        with open(program, "w", encoding="ascii") as file:
            # The namespace's offset cannot be set without the capability that the box must not have.
            file.write(f'#!/bin/sh\nexec unshare --time --monotonic 1000 {" ".join(programs.WITHOUT_SYS_TIME)} '
                       f'{programs.find_ebpf_bc()} "$@"\n')
        os.chmod(program, 0o755)
        with Rig(n_clients=1, box=False, clients=False) as rig:
            served = rig.raw_port(rig.lab.clients[0])
            rig.box = rig.start_box(program=program, may_set_clock=True)
            rig.box.wait_for(r"time namespace: CLOCK_MONOTONIC here is \+1000\.000000000 s", START_S)
            rig.box.wait_for_state(1, "SLAVE", START_S)
            rig.box.wait_for_offsets(4, WAIT_S, within_ns=IN_SYNC_NS)
            start = len(served.received())
            assert_near_zero(self, wait_for_served(served, start))
            # One that lay for a tenth of a second, since the machine stood still, is not believed either.
            counters = rig.box.read_counters()[1]
            self.assertLess(counters.get("bpf_rx_stamp_replaced", 0), counters["bpf_rx_event"] / 4)


class Instances(unittest.TestCase):
    def test_a_second_one_on_the_same_port_and_domain_is_refused_and_another_domain_is_served_beside(self):
        with Rig() as rig:
            rig.wait_in_sync()
            second = programs.EbpfBc(rig.lab.box, ["bc1", "bc2"], config=BOX)
            self.assertEqual(second.wait(WAIT_S), 1)
            self.assertRegex(second.text, "bc1: another ebpf-bc serves domain 0")

            other = rig.start_box({"domainNumber": 5})
            port = rig.raw_port(rig.lab.clients[1])
            other.wait_for_state(3, "GRAND_MASTER", WAIT_S)
            of_domain = {}
            until(lambda: of_domain.update({d: [one for one in port.received(wire.FOLLOW_UP)
                                                if one.ptp.message.domain == d] for d in (0, 5)})
                  or all(len(messages) > 4 for messages in of_domain.values()), WAIT_S, "Follow_Ups of both domains")
            # Each has its own program at each hook, and each its own clock.
            self.assertEqual(len(bpfobjects.tcx_programs(rig.lab.box, "bc2", bpfobjects.TCX_INGRESS)), 2)
            rig.wait_in_sync()
            counters = other.read_counters()
            self.assertGreater(counters[1]["bpf_rx_passed_domain"], 0)
            self.assertEqual(counters[1].get("rx_sync", 0), 0)
            self.assertEqual(other.stop(), 0)
            self.assertEqual(len(bpfobjects.tcx_programs(rig.lab.box, "bc2", bpfobjects.TCX_INGRESS)), 1)
            rig.wait_in_sync()
