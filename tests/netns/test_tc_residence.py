# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bcctl against a running box: what it tells of a transparent clock, and of boxes that only measure and leave
every frame as it is."""

import contextlib
import csv
import json
import os
import re
import unittest

from harness import control, frames, programs, session, wire
from harness.passage import Passage
from harness.process import run
from netns.support import FAST, WAIT_S, TcRig, until, wait_follows

# Between two ports of one box, on any machine that runs this, loaded or not.
LEAST_NS, MOST_NS = 100, 10**9


def counts(box):
    """{(ingress, egress, type): count}"""
    return {(one["ingress"], one["egress"], one["type"]): one["total"]["count"]
            for one in programs.residences(box)["residences"]}


class Residence(unittest.TestCase):
    def check_rises(self, box, ways):
        """Each of these {ingress, egress, type} has a count that rises, and plausible times."""
        until(lambda: set(ways) <= set(counts(box)), WAIT_S, lambda: counts(box))
        before = counts(box)
        until(lambda: all(counts(box)[way] >= before[way] + 4 for way in ways), WAIT_S, lambda: (before, counts(box)))
        for one in programs.residences(box)["residences"]:
            total = one["total"]
            self.assertGreater(total["min_ns"], LEAST_NS)
            self.assertLess(total["max_ns"], MOST_NS)
            self.assertLessEqual(total["min_ns"], total["p50_ns"] * 17 / 16)
            self.assertLessEqual(total["p50_ns"], total["max_ns"] * 17 / 16)
            self.assertLessEqual(sum(n for _, _, n in total["buckets"]), total["count"] + 1)

    def test_of_a_transparent_clock_it_tells_both_ways_in_json_and_raw(self):
        with TcRig() as rig:
            rig.wait_in_sync()
            self.check_rises(rig.box, [("bc0", "bc1", "sync"), ("bc1", "bc0", "delay_req")])
            self.check_raw(rig)
            self.check_status(rig)
            self.assertTrue(rig.box.is_running())

    def check_status(self, rig):
        """What else a transparent clock tells: itself, its ports, and what it counted."""
        path = rig.box.control_path
        status = control.status(path)
        self.assertEqual((status["clock_type"], status["state"], status["alarms"]), ("E2E_TC", "forwarding", []))
        self.assertEqual({status[name] for name in ("time", "grandmaster", "parent", "offset", "local_clock")}, {None})
        until(lambda: control.status(path)["rate"], WAIT_S, lambda: control.status(path))
        self.assertEqual(control.status(path)["rate"]["grandmaster"], rig.gm.grandmaster)
        ports = [message["port"] for message in control.ask(path, "port_status")[:-1]]
        self.assertEqual([(port["name"], port["state"], port["forward"]) for port in ports],
                         [(name, "FORWARDING", "auto") for name in rig.ports])
        counted = control.ask(path, "stats")[1]["stats"]["counters"]
        self.assertGreater(counted["bpf_tx_corrected"], 0)
        self.assertIn("tc_held_expired", counted)
        self.assertIn("link up", json.dumps(control.ask(path, "log")))
        self.assertEqual(control.ask(path, "offsets"), [{"error": "nothing is measured: this clock follows nobody"}])
        self.assertEqual(control.ask(path, "stamps"), [{"error": "no stamps are published: publish_stamps is off"}])

    def check_raw(self, rig):
        n = len(rig.clients[0].monitor.syncs)
        path = os.path.join(session.current().directory, "samples.csv")
        done = run([programs.find_ebpf_bcctl(), "-s", rig.box.control_path, "residence", "--raw", path, "--seconds", "2"])
        with open(path, encoding="ascii") as file:
            rows = list(csv.DictReader(file))
        syncs = [row for row in rows if row["type"] == "sync"]
        self.assertGreater(len(syncs), 4, done.stdout)
        self.assertTrue([row for row in rows if row["type"] == "delay_req"])
        for row in rows:
            self.assertGreater(int(row["residence_ns"]), LEAST_NS)
            self.assertLess(int(row["residence_ns"]), MOST_NS)
            self.assertLessEqual(abs(int(row["before_ns"]) + int(row["queued_ns"]) - int(row["residence_ns"])), 1)
            self.assertRegex(row["source_port_identity"], r"^[0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6}-1$")
        self.assertEqual({row["source_port_identity"] for row in syncs}, {f"{rig.gm.grandmaster}-1"})
        # Those that the client heard meanwhile; it tells of them later.
        numbers = {int(row["sequence_id"]) for row in syncs}
        until(lambda: numbers <= {sync.sequence_id for sync in rig.clients[0].monitor.syncs[max(0, n - 2):]}, WAIT_S,
              lambda: f"{numbers} heard\n{rig.clients[0].tail()}")

    def test_on_a_plain_bridge_a_monitor_measures_and_changes_no_octet(self):
        with TcRig("MONITOR", bridge=True, gm=False, clients=False) as rig:
            rig.wait_ready()
            passage = Passage(rig.raw_port(rig.lab.gm), rig.raw_port(rig.lab.clients[0]))
            messages = (
                lambda header: wire.sync(two_step=False, correction_ns=3, **header),
                lambda header: wire.follow_up(5, **header),
                lambda header: wire.delay_req(**header),
                lambda header: wire.delay_resp(5, wire.ANYONE, **header),
                lambda header: wire.announce("001122.fffe.334455", **{**header, "steps_removed": 3}),
                lambda header: wire.sync(length=99, **header),
                lambda header: wire.sync(**{**header, "domain": 44}),
            )
            envelopes = (lambda m, mac: frames.l2(m, mac, vlans=(5,)), lambda m, mac: frames.udp4(m, mac, "10.77.0.2"),
                         lambda m, mac: frames.udp6(m + bytes(2), mac, "fd77::2"), frames.l2)
            for i, message in enumerate(messages):
                for envelope in envelopes:
                    with self.subTest(message=i):
                        header = passage.header()
                        frame = envelope(message(header), passage.near.mac)
                        passage.send(header, frame)
                        self.assertEqual(passage.wait_for(header)[0].frame.hex(), frame.hex())
            # Nothing of its own either.
            self.assertEqual(passage.near.received(), [])
            until(lambda: counts(rig.box).get(("bc0", "bc1", "sync"), 0) >= 2 * len(envelopes), WAIT_S,
                  lambda: counts(rig.box))
            self.assertEqual(counts(rig.box)[("bc0", "bc1", "delay_req")], len(envelopes))

    def test_beside_ptp4l_as_the_transparent_clock_a_monitor_shows_its_residence(self):
        with TcRig("MONITOR") as rig:
            rig.wait_ready()
            with contextlib.ExitStack() as stack:
                stack.enter_context(programs.Ptp4l(rig.lab.box, rig.ports, "tc", options=FAST))
                wait_follows(rig.clients[0], rig.gm)
                self.check_rises(rig.box, [("bc0", "bc1", "sync"), ("bc1", "bc0", "delay_req")])
            counters = rig.box.read_counters()
            self.assertFalse(re.search("corrected|parked|converted|dropped|cloned", str(counters)), counters)
