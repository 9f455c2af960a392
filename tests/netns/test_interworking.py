# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's clocks in every place around the box: ptpd 2.3, which is not ptp4l, as grandmaster and client; ptp4l
as boundary clock above it and below it, and as transparent clock beside those."""

import contextlib
import os
import re
import unittest

from harness import peers, programs, session
from harness.network import Namespace, cable
from harness.process import Process
from netns.support import BOX, FAST, IN_SYNC_NS, START_S, Rig, until, wait_in_sync

PTPD_FAST = {
    "ptpengine:log_sync_interval": "-3",
    "ptpengine:log_announce_interval": "0",
    "ptpengine:log_delayreq_interval": "-3",
}


class Ptpd(Process):
    """Serves or follows the machine's clock and never touches it. Over UDP, as it is built."""

    def __init__(self, namespace, preset, options=None):
        stem = os.path.join(session.current().directory, session.current().unique(f"ptpd-{namespace.name}"))
        self.statistics_path = stem + ".statistics"
        settings = {
            "ptpengine:interface": "eth0",
            "ptpengine:preset": preset,
            "clock:no_adjust": "y",
            "global:foreground": "y",
            "global:verbose_foreground": "n",
            "global:use_syslog": "n",
            "global:ignore_lock": "y",
            "global:log_file": stem + ".log",
            "global:statistics_file": self.statistics_path,
            "global:quality_file": "",
            **PTPD_FAST, **(options or {}),
        }
        path = stem + ".conf"
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{name}={value}\n" for name, value in settings.items()))
        super().__init__([peers.ptpd(), "-c", path], namespace=namespace, name="ptpd")

    def offsets_ns(self):
        """Of the master, as it logged them: lines of "time, state, master, one way delay, offset from master, ..."."""
        if not os.path.exists(self.statistics_path):
            return []
        with open(self.statistics_path, encoding="ascii", errors="replace") as file:
            rows = [re.split(r",\s*", line.strip()) for line in file if ", slv," in line]
        return [round(float(row[4]) * 1e9) for row in rows if len(row) > 4 and row[4]]


def is_in_sync(offsets_ns):
    """All hosts share one clock; the box began 37 s away."""
    return len(offsets_ns) >= 24 and all(abs(offset_ns) < IN_SYNC_NS for offset_ns in offsets_ns[-16:])


class Interworking(unittest.TestCase):
    def test_ptpd_is_followed_and_follows(self):
        with Rig(transport="UDPv4", n_clients=1, gm=False, clients=False) as rig, \
                Ptpd(rig.lab.gm, "masteronly", {"ptpengine:priority1": "10"}) as gm, \
                Ptpd(rig.lab.clients[0], "slaveonly") as client:
            rig.box.wait_for_state(1, "SLAVE", 2 * START_S)
            rig.box.wait_for_state(2, "MASTER", START_S)
            until(lambda: is_in_sync(client.offsets_ns()), 2 * START_S, lambda: f"{client.offsets_ns()[-16:]}")
            counters = rig.box.read_counters()
            self.assertTrue(gm.is_running())
        self.assertGreater(counters[1]["rx_delay_resp"], 0)
        self.assertGreater(counters[2]["rx_delay_req"], 0)
        for port in counters.values():
            # What is stale lay there while the machine stood still.
            self.assertFalse([name for name in port if "refused" in name and "stale" not in name], port)

    def test_boundary_clocks_above_and_below_and_a_transparent_one_beside(self):
        """gm - above - box - below - c1, and box - tc - c2; all but the box are ptp4l."""
        with contextlib.ExitStack() as stack:
            start = stack.enter_context
            gm, above, box, below, tc, *clients = (
                start(Namespace(name)) for name in ("gm", "above", "box", "below", "tc", "c1", "c2"))
            for near, near_interface, far, far_interface in (
                    (gm, "eth0", above, "eth0"), (above, "eth1", box, "bc0"), (box, "bc1", below, "eth0"), (box, "bc2", tc, "eth0"),
                    (below, "eth1", clients[0], "eth0"), (tc, "eth1", clients[1], "eth0")):
                cable(near, near_interface, far, far_interface)
            start(programs.Ptp4l(gm, "eth0", "gm", options=FAST))
            start(programs.Ptp4l(above, ["eth0", "eth1"], "bc", options={**FAST, "priority1": 150}))
            program = start(programs.EbpfBc(box, ["bc0", "bc1", "bc2"], config={**BOX, "network_transport": "L2"}))
            start(programs.Ptp4l(below, ["eth0", "eth1"], "bc", options={**FAST, "priority1": 210}))
            start(programs.Ptp4l(tc, ["eth0", "eth1"], "tc", options=FAST))
            followers = [start(programs.Ptp4l(client, "eth0", "client", options={**FAST, "priority1": 255}))
                         for client in clients]
            program.wait_for_state(1, "SLAVE", START_S)
            for follower in followers:
                wait_in_sync(follower)
            # The way from the grandmaster is what all tell: a step at each boundary clock, none at the transparent one.
            for follower, steps in zip(followers, (4, 3)):
                until(lambda: programs.pmc(follower, "CURRENT_DATA_SET")[0]["stepsRemoved"] == steps, START_S,
                      f"{steps} steps at {follower.name}")
                parent = programs.pmc(follower, "PARENT_DATA_SET")[0]
                self.assertEqual(parent["grandmasterPriority1"], 10)


if __name__ == "__main__":
    unittest.main()
