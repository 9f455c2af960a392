# SPDX-License-Identifier: GPL-2.0-or-later
"""Unicast negotiation beside ptp4l, without any multicast: the box asks a ptp4l grandmaster, and ptp4l clients ask the
box, over UDP and over Ethernet."""

import unittest

from harness import wire
from netns.support import FAST, START_S, WAIT_S, Rig, until, wait_in_sync

UNICAST = {**FAST, "unicast_req_duration": 10, "inhibit_multicast_service": 1}
TABLE = {**UNICAST, "unicast_master_table": 1}
SERVER = {**UNICAST, "unicast_listen": 1}


class Unicast(unittest.TestCase):
    def start(self, rig):
        gm = rig.start_gm(SERVER)
        box = rig.start_box(
            interfaces=rig.ports, masters=[("UDPv4", "10.77.0.9"), ("UDPv4", "10.77.0.2")],
            options={**UNICAST, "logging_level": 7},
            port_options={"bc0": {"unicast_master_table": 1}, "bc1": {"unicast_listen": 1},
                          "bc2": {"unicast_listen": 1, "network_transport": "L2"}})
        clients = [rig.start_client(i, TABLE, transport, masters=[(transport, address)]) for i, (transport, address)
                   in enumerate([("UDPv4", "10.77.1.1"), ("L2", rig.lab.box.mac("bc2"))])]
        return gm, box, clients

    def test_who_is_asked_answers_from_that_address(self):
        """Over IPv6 the port also has a link-local address; the second client's network is not the port's first one."""
        for options in ({}, {"time_stamping": "software", "local_clock": "virtual"}):
            with self.subTest(options), Rig(transport="UDPv6", gm=False, box=False, clients=False) as rig:
                rig.lab.box.add_address("bc2", "10.78.2.1/24")
                rig.lab.clients[1].add_address("eth0", "10.78.2.2/24")
                rig.start_gm(SERVER)
                box = rig.start_box(
                    interfaces=rig.ports, masters=[("UDPv6", "fd77:0::2")], options={**UNICAST, **options},
                    port_options={"bc0": {"unicast_master_table": 1}, "bc1": {"unicast_listen": 1},
                                  "bc2": {"unicast_listen": 1, "network_transport": "UDPv4"}})
                clients = [rig.start_client(i, TABLE, transport, masters=[(transport, address)])
                           for i, (transport, address) in enumerate([("UDPv6", "fd77:1::1"), ("UDPv4", "10.78.2.1")])]
                box.wait_for_state(1, "SLAVE", 2 * START_S)
                for client in clients:
                    wait_in_sync(client, timeout_s=2 * START_S)

    def test_the_box_asks_a_grandmaster_and_serves_clients_by_unicast_alone(self):
        with Rig(transport="UDPv4", gm=False, box=False, clients=False) as rig:
            taps = [rig.raw_port(host) for host in rig.hosts]
            gm, box, clients = self.start(rig)
            box.wait_for_state(1, "SLAVE", 2 * START_S)
            self.assertEqual(box.grandmaster, gm.grandmaster)
            for client in clients:
                wait_in_sync(client, timeout_s=2 * START_S)
            # Grants of 10 s are renewed: what is sent after the first ones went by is sent by new ones.
            until(lambda: sum("unicast SYNC granted" in line.text for line in box.lines) >= 2, WAIT_S, "a renewal")
            self.assertEqual(box.states, {1: "SLAVE", 2: "MASTER", 3: "MASTER"})
            # Nobody is at 10.77.0.9: said once.
            self.assertEqual(sum("cannot reach 10.77.0.9" in line.text for line in box.lines), 1)
            for tap, host in zip(taps, rig.hosts):
                sent = [one for one in tap.received() if one.ptp]
                self.assertTrue(sent)
                # By multicast the box does not say anything at all.
                self.assertEqual([one.ptp.message.type for one in sent if one.frame[0] & 1], [])
                self.assertEqual([one.ptp.message.type for one in sent
                                  if not one.ptp.message.flags & wire.FLAG_UNICAST], [])
            counters = box.read_counters()
            for port in (2, 3):
                self.assertGreaterEqual(counters[port]["unicast_granted"], 3)
                # The kernel may lose a single one.
                self.assertLess(counters[port].get("tx_stamp_missing", 0), counters[port]["tx_sync"] / 4)
            self.assertEqual(box.stop(), 0)
