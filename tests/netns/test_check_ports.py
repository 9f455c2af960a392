# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor on real interfaces: what it finds, and that each command it names mends it."""

import json
import os
import unittest

from harness import network, programs, session
from harness.process import run
from netns.support import BOX, START_S
from netns.test_others import add_filter, compile_bpf, iproutes_directories, remove_iproutes_directories

# Of the network namespace, as a process started there would have it.
WITH_ITS_SYSFS = 'mount -t sysfs sysfs /sys && exec "$@"'


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists("/sys/fs/bpf/tc"):
            cls.addClassCleanup(remove_iproutes_directories)
        cls.box = cls.enterClassContext(network.Namespace("box"))
        cls.far = cls.enterClassContext(network.Namespace("far"))
        for i in range(5):
            network.cable(cls.box, f"v{i}", cls.far, f"far{i}")

    def run_inside(self, *argv, check=True):
        return run(["unshare", "--mount", "sh", "-c", WITH_ITS_SYSFS, "sh", *argv], namespace=self.box, check=check)

    def check(self, *arguments):
        """The findings, {(topic, port): finding}."""
        done = self.run_inside(programs.find_ebpf_bcctl(), "check", "--json", *arguments, check=False)
        told = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if told["problems"] else 0)
        return {(finding["topic"], finding["port"]): finding for finding in told["findings"]}

    def config(self, transport, port):
        path = os.path.join(session.current().directory, f"check-{port}.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[global]\nnetwork_transport {transport}\n[{port}]\n")
        return path

    def assert_mended(self, arguments, expected):
        """All of {(topic, port): level} are found, and after their commands none of them is any more."""
        before = self.check(*arguments)
        for key, level in expected.items():
            self.assertIn(key, before)
            self.assertEqual(before[key]["level"], level, before[key])
        for key in expected:
            self.run_inside("sh", "-c", before[key]["mend"])
        after = self.check(*arguments)
        for key in expected:
            self.assertEqual(after.get(key, {"level": "good"})["level"], "good", after.get(key))

    def test_what_is_found_of_bridges_queues_programs_and_addresses_is_gone_when_it_is_mended(self):
        box = self.box
        box.ip("link", "add", "br0", "type", "bridge", "group_fwd_mask", "0x4000")
        box.ip("link", "add", "br1", "type", "bridge")
        box.ip("link", "set", "v0", "master", "br0")
        box.ip("link", "set", "v1", "master", "br1")
        box.ip("link", "set", "v1", "type", "bridge_slave", "group_fwd_mask", "0x4000")
        box.set_root_qdisc("v0", "tbf", "rate", "10mbit", "burst", "2kb", "limit", "9kb")
        box.set_root_qdisc("v1", "htb")
        box.down("v1")
        box.ip("link", "set", "v2", "mtu", "200", "multicast", "off")
        program = compile_bpf("xdp.bpf.c")
        with iproutes_directories():
            box.ip("link", "set", "v2", "xdpgeneric", "obj", program, "sec", "xdp")
            box.ip("link", "set", "v3", "xdpdrv", "obj", program, "sec", "xdp")
        box.tc("qdisc", "add", "dev", "v3", "clsact")
        add_filter(box, "v3", "ingress", 7, compile_bpf("foreign.bpf.c"), "next")
        box.ip("link", "set", "v4", "address", box.mac("v3"))
        self.assert_mended([word for i in range(5) for word in ("--port", f"v{i}")], {
            ("group-fwd-mask", "v0"): "note", ("qdisc", "v0"): "note",
            ("group-fwd-mask", "v1"): "note", ("qdisc", "v1"): "note", ("link", "v1"): "problem",
            ("mtu", "v2"): "problem", ("multicast", "v2"): "problem", ("xdp", "v2"): "note",
            ("xdp", "v3"): "note", ("tc-programs", "v3"): "note", ("mac", "v4"): "note"})
        self.assert_mended(["-f", self.config("UDPv4", "v4")], {("address", "v4"): "problem"})
        box.sysctl("net/ipv6/conf/v4/disable_ipv6", 1)
        self.assert_mended(["-f", self.config("UDPv6", "v4")], {("address", "v4"): "problem"})

    def test_what_is_there_is_found_and_what_is_no_port_left_out(self):
        box = self.box
        box.ip("link", "add", "mv0", "link", "v4", "type", "macvlan")
        box.ip("link", "add", "ifb9", "type", "ifb")
        found = self.check()
        ports = {port for _, port in found if port}
        self.assertLessEqual({"v0", "v1", "v2", "v3", "v4", "mv0"}, ports)
        self.assertFalse(ports & {"lo", "ifb9", "br0"})
        self.assertEqual(found["driver", "mv0"]["level"], "note")
        self.assertEqual(found["driver", "v4"]["text"].split(":")[0], "driver veth")
        self.assertIn("no RPS", found["rps", "v4"]["text"])
        self.assertEqual(found["time-namespace", None]["level"], "good")
        missing = self.check("--port", "v44")
        self.assertEqual((missing["link", "v44"]["level"], "v4" in missing["link", "v44"]["text"]), ("problem", True))

    def test_the_clocks_own_programs_are_in_nobodys_way(self):
        with programs.EbpfBc(self.box, ["v3", "v4"], config={**BOX, "network_transport": "L2"}) as clock:
            clock.wait_for(r"port 2 \(v4\): link up", START_S)
            self.assertEqual(self.check("--port", "v4")["tc-programs", "v4"]["level"], "good")
