# SPDX-License-Identifier: GPL-2.0-or-later
"""What the doctor says of VLAN devices, bonds and flow tables."""

import json
import unittest

from harness import programs
from harness.network import Namespace, cable
from harness.process import run
from vm.test_ports import add_vlan


class Doctor(unittest.TestCase):
    def check(self, namespace, *ports):
        done = run([programs.find_ebpf_bcctl(), "check", "--json", *ports], namespace=namespace, check=False)
        return {(finding["topic"], finding["port"]): finding for finding in json.loads(done.stdout)["findings"]}

    def test_vlans_bonds_and_flow_tables_are_told_with_what_is_below(self):
        with Namespace("box") as box, Namespace("far") as far:
            for i in range(3):
                cable(box, f"v{i}", far, f"far{i}")
            vlan = add_vlan(box, "v0", 10)
            box.run("nft", "add table inet filter; add flowtable inet filter fast "
                           "{ hook ingress priority 0; devices = { v0 }; }")
            found = self.check(box, vlan)
            self.assertEqual(found["vlan", vlan]["text"], "VLAN 10 on v0")
            # The wire is below, and is looked at, too.
            self.assertEqual(found["driver", "v0"]["level"], "good")
            self.assertIn("fast of filter", found["flowtable", "v0"]["text"])
            self.assertNotIn(("link", "v0"), found)

            box.ip("link", "add", "bond0", "type", "bond", "mode", "802.3ad")
            box.up("bond0")
            self.assertEqual(self.check(box, "bond0")["bond", "bond0"]["level"], "problem")
            self.put_into_bond(box)
            found = self.check(box, "bond0")
            self.assertIn("v1, v2, 802.3ad", found["bond", "bond0"]["text"])
            self.assertNotIn(("bond", "v1"), found)
            self.assertNotIn(("mac", "v2"), found)
            for member in ("v1", "v2"):
                box.ip("link", "set", member, "nomaster")
            box.down("bond0")
            box.run("sh", "-c", found["bond", "bond0"]["mend"])
            self.put_into_bond(box)
            box.up("bond0")
            self.assertIn("active-backup, by v1", self.check(box, "bond0")["bond", "bond0"]["text"])
            self.assertEqual(self.check(box, "v1")["bond", "v1"]["level"], "note")

    def put_into_bond(self, box):
        for member in ("v1", "v2"):
            box.down(member)
            box.ip("link", "set", member, "master", "bond0")


if __name__ == "__main__":
    unittest.main()
