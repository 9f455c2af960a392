# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses: the groups that each port is a member of, and a source address that is not the port's own."""

import unittest

from harness import network, wire
from netns.support import START_S, Rig, until, wait_in_sync

GROUPS = {
    "L2": {"01:1b:19:00:00:00", "01:80:c2:00:00:0e"},
    "UDPv4": {"224.0.1.129", "224.0.0.107"},
    "UDPv6": {"ff0e::181", "ff02::6b"},
}
TRANSPORTS = {"bc0": "L2", "bc1": "UDPv4", "bc2": "UDPv6"}
OF_PTP = set().union(*GROUPS.values())


def memberships(namespace, interface):
    """The groups of PTP, of whatever transport, that an interface is a member of."""
    entries = namespace.ip_json("maddr", "show", "dev", interface)[0]["maddr"]
    return {entry.get("address", entry.get("link")) for entry in entries} & OF_PTP


class Memberships(unittest.TestCase):
    def wait_for_groups(self, rig, groups_of):
        for name, transport in TRANSPORTS.items():
            expected = groups_of(transport)
            until(lambda n=name, e=expected: memberships(rig.lab.box, n) == e, START_S,
                  lambda n=name, e=expected: f"{n}: {e}, is in {memberships(rig.lab.box, n)}\n{rig.box.tail()}")

    def test_each_port_is_in_its_transports_groups_while_it_runs_also_when_it_was_made_anew(self):
        options = {name: {"network_transport": transport} for name, transport in TRANSPORTS.items()}
        with Rig(gm=False, clients=False, port_options=options) as rig:
            self.assertEqual(len(rig.ports), len(TRANSPORTS))
            self.wait_for_groups(rig, GROUPS.get)
            for i, name in enumerate(rig.ports):
                rig.lab.box.ip("link", "del", name)
                network.cable(rig.lab.box, name, rig.hosts[i], "eth0")
                rig.lab.box.add_address(name, f"10.77.{i}.1/24")
            self.wait_for_groups(rig, GROUPS.get)
            self.assertEqual(rig.box.stop(), 0)
            for name in rig.ports:
                self.assertEqual(memberships(rig.lab.box, name), set(), name)


class SourceAddress(unittest.TestCase):
    def test_a_port_without_an_address_serves_with_the_one_that_the_file_names_and_answers_unicast_to_it(self):
        def prepare(lab):
            lab.box.ip("addr", "flush", "dev", "bc1")
            # The box's kernel does not answer for an address that is not its own.
            lab.clients[0].ip("neigh", "replace", "10.77.1.99", "lladdr", lab.box.mac("bc1"), "dev", "eth0")
        with Rig(transport="UDPv4", n_clients=1, clients=False, prepare=prepare,
                 port_options={"bc1": {"udp_source_address": "10.77.1.99"}}) as rig:
            port = rig.raw_port(rig.lab.clients[0])
            rig.clients = [rig.start_client(0, {"hybrid_e2e": 1})]
            rig.box.wait_for_state(1, "SLAVE", START_S)
            wait_in_sync(rig.clients[0])
            self.assertEqual({one.ptp.source_ip for one in port.received()}, {"10.77.1.99"})
            # The answers first: to all of them the requests have been seen then.
            answers = [one for one in port.received(wire.DELAY_RESP) if one.ptp.destination_ip == "10.77.1.2"]
            asked = [one for one in port.received(wire.DELAY_REQ, outgoing=True)
                     if one.ptp.destination_ip == "10.77.1.99"]
            self.assertTrue(asked)
            asked_sequences = {one.ptp.message.sequence for one in asked}
            self.assertTrue(answers)
            self.assertLessEqual({one.ptp.message.sequence for one in answers}, asked_sequences)
            self.assertTrue(all(one.ptp.message.flags & wire.FLAG_UNICAST for one in answers))
