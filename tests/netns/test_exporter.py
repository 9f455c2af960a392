# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bc-exporter beside a real daemon that follows a real grandmaster: as nobody, with the figures that ebpf-bcctl
gets too."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from harness import programs, session
from harness.process import run
from netns.support import START_S, Rig, until
from unit.exporter import prometheus

N_OFFSETS = 4
EXPORTER = os.environ.get("EBC_EXPORTER", "")
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
          "--bounding-set=-all", "--"]


class Exporter:
    def __init__(self, box):
        # Where the tree is, nobody may be shut out.
        self._folder = tempfile.TemporaryDirectory(prefix="ebc-exporter-")
        os.chmod(self._folder.name, 0o755)
        program = shutil.copy(EXPORTER, self._folder.name)
        self.process = subprocess.Popen([*NOBODY, program, "-s", box.control_path, "-l", "127.0.0.1:0"],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        session.current().add("group", self.process.pid)
        self.url = self.process.stderr.readline().split()[-1]

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=START_S) as answer:
            return answer.read().decode()

    def metrics(self):
        """{(name, ((label, value), ...)): number}"""
        samples = {}
        for family in prometheus.parse(self.get("metrics")).values():
            samples.update(family.samples)
        return samples

    def close(self):
        self.process.terminate()
        status = self.process.wait(START_S)
        self.process.stderr.close()
        session.current().remove("group", self.process.pid)
        self._folder.cleanup()
        return status


def ask(box, *arguments):
    return json.loads(run([programs.find_ebpf_bcctl(), "-s", box.control_path, *arguments, "--json"]).stdout)


@unittest.skipUnless(EXPORTER, "the exporter was not built")
class Scrape(unittest.TestCase):
    def test_what_it_tells_is_what_the_daemon_tells(self):
        with Rig(n_clients=1, clients=False) as rig:
            # Unless the folder is open to others, as /run/ebpf-bc is, the socket is not.
            os.chmod(os.path.dirname(rig.box.control_path), 0o711)
            exporter = Exporter(rig.box)
            try:
                until(lambda: exporter.metrics().get(("ebpf_bc_state", (("state", "locked"),))) == 1, START_S, rig.box.tail)
                # What is compared below is not read at one time.
                rig.box.wait_for_state(2, "MASTER", START_S)
                rig.box.wait_for_offsets(N_OFFSETS, START_S)
                until(lambda: len(self.trace(exporter)) >= N_OFFSETS, START_S, rig.box.tail)
                self.check(rig, exporter)
                rig.box.stop()
                until(lambda: exporter.metrics()[("ebpf_bc_up", ())] == 0, START_S, "no daemon")
            finally:
                status = exporter.close()
            self.assertEqual(status, 0)

    def trace(self, exporter):
        return [row[2] for row in json.loads(exporter.get("status.json"))["trace"]["rows"]]

    def check(self, rig, exporter):
        metrics = exporter.metrics()
        status, stats = ask(rig.box, "status"), ask(rig.box, "stats")
        told = {name: dict(labels) for name, labels in metrics if metrics[(name, labels)] == 1}
        self.assertEqual(told["ebpf_bc_grandmaster_info"]["identity"], rig.gm.grandmaster)
        self.assertEqual(told["ebpf_bc_build_info"]["clock_identity"], status["status"]["clock_identity"])
        self.assertEqual(metrics[("ebpf_bc_steps_removed", ())], 1)
        states = {dict(labels)["interface"]: dict(labels)["state"] for (name, labels), one in metrics.items()
                  if name == "ebpf_bc_port_state" and one}
        self.assertEqual(states, {"bc0": "SLAVE", "bc1": rig.box.states[2]})
        # Counters only rise, and all of them are there.
        counted = {}
        for (name, labels), one in metrics.items():
            labels = dict(labels)
            for family, prefix, key in (("received", "rx_", "type"), ("sent", "tx_", "type"), ("refused", "", "reason")):
                if name == f"ebpf_bc_messages_{family}_total":
                    counted[(labels["interface"], prefix + labels[key])] = one
            if name == "ebpf_bc_events_total":
                counted[(labels["interface"], labels["event"])] = one
        later = {(port["name"], name): n for port in stats["ports"] for name, n in port["counters"].items()}
        self.assertEqual(set(counted), set(later))
        self.assertGreater(counted[("bc0", "rx_sync")], 0)
        self.assertEqual({key: one for key, one in counted.items() if one > later[key]}, {})
        # The trace has what the log says was measured.
        logged = [offset.offset_ns for offset in rig.box.offsets]
        self.assertEqual(self.trace(exporter)[:N_OFFSETS], logged[:N_OFFSETS])
