# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports of every kind between unmodified ptp4l: VLAN devices, bonds and their members, with each transport."""

import contextlib
import unittest

from harness import programs
from harness.network import Namespace, cable
from netns.support import BOX, FAST, wait_in_sync

SLOW_S = 90


def add_vlan(namespace, below, tag, address=None):
    name = f"{below}.{tag}"
    namespace.ip("link", "add", "link", below, "name", name, "type", "vlan", "id", str(tag))
    namespace.up(name)
    if address:
        namespace.add_address(name, address)
    return name


def add_bond(namespace, members, address=None):
    namespace.ip("link", "add", "bond0", "type", "bond", "mode", "active-backup", "miimon", "20")
    for member in members:
        namespace.down(member)
        namespace.ip("link", "set", member, "master", "bond0")
    namespace.up("bond0")
    if address:
        namespace.add_address("bond0", address)


class Ports(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.gm, self.box, self.client = (self.stack.enter_context(Namespace(name)) for name in ("gm", "box", "c1"))

    def cable(self, box_interface, host, interface="eth0"):
        cable(self.box, box_interface, host, interface)

    def run_programs(self, gm, box_ports, client, transport="L2"):
        start = self.stack.enter_context
        self.gm_program = start(programs.Ptp4l(self.gm, gm, "gm", transport=transport, options=FAST))
        self.box_program = start(programs.EbpfBc(self.box, box_ports, config={**BOX, "network_transport": transport}))
        self.client_program = start(programs.Ptp4l(self.client, client, "client", transport=transport, options=FAST))

    def assert_follows(self):
        self.box_program.wait_for_state(1, "SLAVE", SLOW_S)
        self.box_program.wait_for_state(2, "MASTER", SLOW_S)
        wait_in_sync(self.client_program, timeout_s=SLOW_S)

    def assert_stamped(self):
        """After the qdisc, at the device below; none is missing."""
        counters = self.box_program.read_counters()
        for port in counters.values():
            self.assertNotIn("tx_stamp_missing", port)
            self.assertGreater(port["bpf_tx_stamp"], 4)

    def test_a_vlan_device_serves_its_vlan_alone_beside_the_port_below(self):
        """The port below is another port, of the untagged network; so is a second VLAN on the same cable."""
        self.cable("bc0", self.gm)
        self.cable("bc1", self.client)
        ports = ["bc0", add_vlan(self.box, "bc1", 10), add_vlan(self.box, "bc1", 20), "bc1"]
        self.run_programs("eth0", ports, [add_vlan(self.client, "eth0", 10)])
        self.assert_follows()
        self.assert_stamped()
        # Each of the four ports counts its own: the client asks in VLAN 10 alone.
        counters = self.box_program.read_counters()
        self.assertGreater(counters[2]["rx_delay_req"], 0)
        for port in (3, 4):
            self.assertNotIn("rx_delay_req", counters[port])

    def test_the_grandmaster_may_be_behind_a_vlan_over_udp(self):
        self.cable("bc0", self.gm)
        self.cable("bc1", self.client)
        self.box.add_address("bc1", "10.77.1.1/24")
        self.client.add_address("eth0", "10.77.1.2/24")
        gm = add_vlan(self.gm, "eth0", 7, "10.77.0.2/24")
        self.run_programs(gm, [add_vlan(self.box, "bc0", 7, "10.77.0.1/24"), "bc1"], "eth0", transport="UDPv4")
        self.assert_follows()
        self.assert_stamped()

    def test_a_bond_goes_on_when_its_active_member_fails(self):
        self.cable("bc0", self.gm)
        self.cable("bc1", self.client, "eth0")
        self.cable("bc2", self.client, "eth1")
        add_bond(self.box, ["bc1", "bc2"])
        add_bond(self.client, ["eth0", "eth1"])
        self.run_programs("eth0", ["bc0", "bond0"], "bond0")
        self.assert_follows()
        self.assert_stamped()
        self.box.down("bc1")
        self.client.ip("link", "set", "eth0", "down")
        # What is sent while the bond has no member that is up is lost, and has no stamp; once that is over, all have.
        wait_in_sync(self.client_program, n=16, timeout_s=SLOW_S)
        before = self.box_program.read_counters()[2]
        wait_in_sync(self.client_program, n=16, timeout_s=SLOW_S)
        after = self.box_program.read_counters()[2]
        self.assertGreater(after["bpf_tx_stamp"], before["bpf_tx_stamp"])
        self.assertEqual(after.get("tx_stamp_missing", 0), before.get("tx_stamp_missing", 0))

    def test_the_members_of_a_bond_can_be_ports_themselves(self):
        self.cable("bc0", self.gm)
        self.cable("bc1", self.client, "eth0")
        self.cable("bc2", self.client, "eth1")
        add_bond(self.box, ["bc1", "bc2"])
        self.client.up("eth0")
        self.run_programs("eth0", ["bc0", "bc1", "bc2"], "eth0")
        self.assert_follows()
        self.assert_stamped()


if __name__ == "__main__":
    unittest.main()
