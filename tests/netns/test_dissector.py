# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that the box sends, on every transport, is well formed in the eyes of Wireshark's dissector."""

import contextlib
import struct
import unittest

from harness import dissector, management, programs, wire
from harness.process import Process
from netns.support import FAST, P2P, START_S, Rig, TcRig, until, wait_in_sync

E2E_TYPES = {wire.SYNC, wire.DELAY_REQ, wire.FOLLOW_UP, wire.DELAY_RESP, wire.ANNOUNCE}
P2P_TYPES = {wire.PDELAY_REQ, wire.PDELAY_RESP, wire.PDELAY_RESP_FOLLOW_UP}
PMC_FLAGS = {"L2": "-2", "UDPv4": "-4", "UDPv6": "-6"}
# One of each shape of answer: a text, counters, times, addresses.
GETS = ("DEFAULT_DATA_SET", "CLOCK_DESCRIPTION", "CURRENT_DATA_SET", "PORT_DATA_SET", "PORT_STATS_NP",
        "TIME_PROPERTIES_DATA_SET")
UNICAST = {**FAST, "unicast_req_duration": 10, "inhibit_multicast_service": 1}


class Sent:
    """What leaves the box's ports, seen at the far ends."""

    def __init__(self, rig):
        self._captures = [rig.raw_port(host) for host in rig.hosts]

    def all(self):
        return [c for capture in self._captures for c in list(capture.captured) if c.ptp and not c.is_outgoing]

    def types(self):
        return {c.ptp.message.type for c in self.all()}

    def wait_for(self, types):
        until(lambda: types <= self.types(), 2 * START_S, lambda: f"of {types} only {self.types()} seen")


@unittest.skipUnless(dissector.is_available(), "no tshark")
class Dissected(unittest.TestCase):
    def check(self, sent):
        seen = [c.frame for c in sent.all()]
        dissected = dissector.dissect(seen)
        self.assertEqual(len(dissected), len(seen))
        self.assertTrue(all(one.message_type is not None for one in dissected))
        self.assertEqual(dissector.count_complaints(seen), {})

    def check_both_mechanisms(self, transport):
        """The first port follows end to end, the second one serves so, the third peer to peer, with every TLV of Announce
        and of Follow_Up, and is asked over the network."""
        with Rig(transport=transport, n_clients=2, clients=False,
                 options={"path_trace_enabled": 1, "power_profile.version": 2011, "logMinPdelayReqInterval": -3},
                 port_options={"bc2": {"delay_mechanism": "P2P", "power_profile.version": 2017, "follow_up_info": 1}}) as rig:
            sent = Sent(rig)
            rig.start_client(0)
            rig.start_client(1, {**P2P, "path_trace_enabled": 1})
            rig.box.wait_for_state(1, "SLAVE", START_S)
            rig.box.wait_for_state(3, "MASTER", START_S)
            with contextlib.closing(management.Client(rig.box.uds_path)) as client:
                client.set(management.ALTERNATE_TIME_OFFSET_NAME, b"\1\4CEST")
                client.set(management.ALTERNATE_TIME_OFFSET_PROPERTIES, struct.pack(">Bii6xx", 1, 7163, 3600))
                client.set(management.ALTERNATE_TIME_OFFSET_ENABLE, b"\1\1")
            # It ends long after its answers, since it waits for silence.
            with Process(["pmc", PMC_FLAGS[transport], "-b", "1", "-i", "eth0", *(f"GET {name}" for name in GETS)],
                         namespace=rig.lab.clients[1], name="pmc"):
                sent.wait_for(E2E_TYPES | P2P_TYPES | {wire.MANAGEMENT})
                until(lambda: sum(c.ptp.message.type == wire.MANAGEMENT for c in sent.all()) >= len(GETS), START_S, "answers")
            # With all three TLVs.
            until(lambda: any(c.ptp.message.type == wire.ANNOUNCE and c.ptp.message.length >= 120 for c in sent.all()),
                  START_S, "a long Announce")
            self.check(sent)

    def test_both_mechanisms_and_management_over_ethernet(self):
        self.check_both_mechanisms("L2")

    def test_both_mechanisms_and_management_over_ipv4(self):
        self.check_both_mechanisms("UDPv4")

    def test_both_mechanisms_and_management_over_ipv6(self):
        self.check_both_mechanisms("UDPv6")

    def test_unicast_negotiation_and_one_step_sync(self):
        with Rig(transport="UDPv4", n_clients=1, gm=False, box=False, clients=False) as rig:
            sent = Sent(rig)
            rig.start_gm({**UNICAST, "unicast_listen": 1})
            box = rig.start_box({**UNICAST, "twoStepFlag": 0}, interfaces=rig.ports, masters=[("UDPv4", "10.77.0.2")],
                                port_options={"bc0": {"unicast_master_table": 1}, "bc1": {"unicast_listen": 1}})
            client = rig.start_client(0, {**UNICAST, "unicast_master_table": 1}, masters=[("UDPv4", "10.77.1.1")])
            wait_in_sync(client, timeout_s=2 * START_S)
            until(lambda: any(c.ptp.message.type == wire.SYNC and not c.ptp.message.flags & wire.FLAG_TWO_STEP
                              for c in sent.all()), START_S, box.tail)
            sent.wait_for({wire.SIGNALING})
            # Their ends are told too.
            box.stop()
            self.check(sent)

    def test_a_transparent_clocks_own_messages_and_made_followers(self):
        with TcRig("P2P_TC", transport="UDPv6", options={"tc_one_step": "convert"}, gm=False, clients=False) as rig, \
                programs.EbpfBc(rig.lab.gm, ["eth0"], name="gm", config={
                    **FAST, **P2P, "network_transport": "UDPv6", "priority1": 10, "twoStepFlag": 0}):
            sent = Sent(rig)
            rig.wait_ready()
            sent.wait_for(P2P_TYPES | {wire.FOLLOW_UP})
            until(lambda: rig.box.read_counters()[2].get("bpf_tx_one_step_converted", 0) > 4, 2 * START_S, rig.box.tail)
            self.check(sent)

    def test_the_dissector_complains_of_what_is_not(self):
        with Rig(n_clients=1, clients=False, box=False) as rig:
            capture = rig.raw_port(rig.lab.gm)
            until(lambda: any(c.ptp and c.is_outgoing for c in capture.captured), START_S, "a frame of the grandmaster")
            frame = bytearray(next(c.frame for c in capture.captured if c.ptp and c.is_outgoing))
        frame[17] += 40  # messageLength beyond the frame
        self.assertNotEqual(dissector.count_complaints([bytes(frame)]), {})


if __name__ == "__main__":
    unittest.main()
