# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that the box sends, on every transport, is well formed in the eyes of Wireshark's dissector."""

import unittest

from harness import dissector
from netns.support import Rig, until

# Sync, Delay_Req, Follow_Up, Delay_Resp, Announce.
E2E_TYPES = {0x0, 0x1, 0x8, 0x9, 0xB}


@unittest.skipUnless(dissector.is_available(), "no tshark")
class Sent(unittest.TestCase):
    def check(self, transport, expected_types, options=None, **others):
        with Rig(transport=transport, n_clients=1, options=options, **others) as rig:
            captures = [rig.raw_port(host) for host in rig.lab.hosts]
            macs = [bytes.fromhex(rig.lab.box.mac(port).replace(":", "")) for port in rig.lab.ports]

            def sent():
                return [c for capture, mac in zip(captures, macs) for c in capture.captured
                        if c.ptp and c.frame[6:12] == mac]

            def types():
                return {c.ptp.message.type for c in sent()}
            rig.wait_in_sync()
            until(lambda: expected_types <= types(), 20, lambda: f"of {expected_types} only {types()} seen")
            frames = [c.frame for c in sent()]
        dissected = dissector.dissect(frames)
        self.assertEqual(len(dissected), len(frames))
        self.assertTrue(all(one.message_type is not None for one in dissected))
        self.assertEqual(dissector.count_complaints(frames), {})

    def test_over_ethernet(self):
        self.check("L2", E2E_TYPES)

    def test_over_udp_ipv4(self):
        self.check("UDPv4", E2E_TYPES)

    def test_over_udp_ipv6(self):
        self.check("UDPv6", E2E_TYPES)

    def test_the_dissector_complains_of_what_is_not(self):
        with Rig(n_clients=1, clients=False) as rig:
            capture = rig.raw_port(rig.lab.gm)
            until(lambda: any(c.ptp and c.is_outgoing for c in capture.captured), 10, "a frame of the grandmaster")
            frame = bytearray(next(c.frame for c in capture.captured if c.ptp and c.is_outgoing))
        frame[17] += 40  # messageLength beyond the frame
        self.assertNotEqual(dissector.count_complaints([bytes(frame)]), {})


if __name__ == "__main__":
    unittest.main()
