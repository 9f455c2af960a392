# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of every mode pass the kernel's verifier and are attached, without complaint."""

import unittest

from harness import programs
from harness.lab import Lab

# The verifier of an emulated machine takes its time.
LOAD_S = 150


class Kernels(unittest.TestCase):
    def check(self, clock_type):
        with Lab(1) as lab, programs.EbpfBc(lab.box, lab.ports,
                                            config={"clock_type": clock_type, "network_transport": "L2"}) as box:
            box.wait_for(r"port 2 \(bc1\): link up", LOAD_S)
            text = "\n".join(line.text for line in box.lines)
            self.assertIn("transmit stamps: BPF after the qdisc", text)
            self.assertIn("receive stamps: the kernel's", text)
            self.assertNotRegex(text, r"cannot|not permitted|not pinned")

    def test_of_a_boundary_clock(self):
        self.check("BC")

    def test_of_a_transparent_clock(self):
        self.check("E2E_TC")

    def test_of_a_monitor(self):
        self.check("MONITOR")


if __name__ == "__main__":
    unittest.main()
