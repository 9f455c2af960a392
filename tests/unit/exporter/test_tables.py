# SPDX-License-Identifier: GPL-2.0-or-later
"""What must say the same in several places: the table of metrics, the manual, the dashboard, the unit."""

import json
import pathlib
import re
import shutil
import subprocess
import unittest

from unit.exporter import double
from unit.exporter.rig import Case

TREE = pathlib.Path(__file__).resolve().parents[3]
ENTRY = re.compile(r'^(?:VALUE|FAMILY)\("(\w+)", "(gauge|counter|histogram)"', re.M)


def table():
    """[(name, type)]"""
    return ENTRY.findall((TREE / "ctl/exporter/metrics.def").read_text(encoding="utf-8"))


class Tables(Case):
    def test_the_table_has_each_name_once_and_keeps_the_conventions(self):
        names = [name for name, _ in table()]
        self.assertGreater(len(names), 30)
        self.assertEqual(len(names), len(set(names)))
        for name, kind in table():
            self.assertRegex(name, r"^ebpf_bc_[a-z_]+$")
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            self.assertNotRegex(name, r"_(ns|ms|us|ppb|count|sum|bucket)$")

    def test_what_is_told_is_in_the_table_and_all_of_the_table_is_told(self):
        told = {}
        for clock_type, state in (("BC", "holdover"), ("E2E_TC", "forwarding")):
            clock = double.Clock(clock_type=clock_type, ports=("gm0", "c1", "c2"))
            status = clock.status()
            clock.status = lambda status=status, state=state: {
                **status, "state": state, "holdover": {"age_ns": 5, "expected_error_ns": 7}}
            daemon = self.start_double(clock)
            exporter = self.start()
            told.update({name: family.kind for name, family in exporter.metrics().items()})
            exporter.end()
            daemon.close()
        self.assertEqual(told, dict(table()))

    def test_the_manual_lists_each_metric_with_its_type(self):
        text = (TREE / "docs/man/ebpf-bc-exporter.8.rst").read_text(encoding="utf-8")
        section = text.partition("\nMETRICS\n")[2].partition("\nSET-UP\n")[0]
        self.assertEqual(re.findall(r"^\*\*(ebpf_bc_\w+)\*\* \((\w+)\)\n    \w", section, re.M), table())

    def test_every_kind_of_alarm_has_its_label_and_is_explained(self):
        kinds = re.findall(r'^\tX\(\w+, "(\w+)"\)', (TREE / "bc/daemon/alarms.h").read_text(encoding="utf-8"), re.M)
        self.start_double(double.Clock())
        labels = [dict(labels)["kind"] for _, labels in self.start().metrics()["ebpf_bc_alarms"].samples]
        self.assertGreater(len(kinds), 7)
        self.assertEqual(labels, [*kinds, "other"])
        for page, quote in (("docs/control.md", "`{}`"), ("docs/man/ebpf-bcctl.8.rst", "``{}``")):
            text = (TREE / page).read_text(encoding="utf-8")
            self.assertEqual([kind for kind in kinds if quote.format(kind) not in text], [], page)

    def test_the_manual_lists_each_option(self):
        text = (TREE / "docs/man/ebpf-bc-exporter.8.rst").read_text(encoding="utf-8")
        section = text.partition("\nOPTIONS\n")[2].partition("\nPATHS\n")[0]
        told = re.findall(r"^  (-\w)", self.run_program("-h", status=0).stdout, re.M)
        self.assertEqual(re.findall(r"^(-\w)", section, re.M), told)

    def test_every_metric_that_the_dashboard_asks_for_exists(self):
        dashboard = json.loads((TREE / "packaging/grafana/ebpf-bc.json").read_text(encoding="utf-8"))
        names = {name for name, kind in table() if kind != "histogram"}
        names |= {name + suffix for name, kind in table() if kind == "histogram"
                  for suffix in ("_bucket", "_sum", "_count")}
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
        queries += [variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable]
        asked = {name for query in queries for name in re.findall(r"ebpf_bc_\w+", query)}
        self.assertGreater(len(asked), 20)
        self.assertEqual(asked - names, set())
        # Panels do not lie upon each other.
        cells = [(x, y) for panel in dashboard["panels"] for place in (panel["gridPos"],)
                 for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_the_unit_is_boxed_in(self):
        unit = TREE / "packaging/systemd/ebpf-bc-exporter.service"
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, "Unknown|Failed")
