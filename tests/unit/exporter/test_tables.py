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


MANUAL = TREE / "docs/man/ebpf-bc-exporter.8.rst"
MANUAL_ENTRY = re.compile(r"^\*\*(ebpf_bc_\w+)\*\* \((\w+)\)\n((?:    .+\n)+)", re.M)


def manual_table():
    """{name: (type, help, names of labels)}, as the manual has it."""
    section = MANUAL.read_text(encoding="utf-8").partition("\nMETRICS\n")[2].partition("\nSET-UP\n")[0]
    entries = {}
    for name, kind, text in MANUAL_ENTRY.findall(section):
        help_text, _, labels = " ".join(text.split()).partition(" Labels: ")
        entries[name] = kind, help_text, set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", labels)))
    return entries


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

    def test_what_is_told_is_in_the_table_and_in_the_manual_with_its_words_and_labels(self):
        told = {}
        for clock_type, state in (("BC", "holdover"), ("E2E_TC", "forwarding")):
            clock = double.Clock(clock_type=clock_type, ports=("gm0", "c1", "c2"))
            status = clock.status()
            clock.status = lambda status=status, state=state: {
                **status, "state": state, "holdover": {"age_ns": 5, "expected_error_ns": 7}}
            daemon = self.start_double(clock)
            exporter = self.start()
            for name, family in exporter.metrics().items():
                labels = {label for _, labels in family.samples for label, _ in labels}
                told[name] = family.kind, family.help, labels | told.get(name, (0, 0, set()))[2]
            exporter.end()
            daemon.close()
        self.assertEqual({name: kind for name, (kind, _, _) in told.items()}, dict(table()))
        self.assertEqual(told, manual_table())
        self.assertEqual(list(manual_table()), [name for name, _ in table()])

    def test_every_kind_of_alarm_has_its_label_and_is_explained(self):
        kinds = re.findall(r'^\tX\(\w+, "(\w+)"\)', (TREE / "bc/daemon/alarms.h").read_text(encoding="utf-8"), re.M)
        self.start_double(double.Clock())
        labels = [dict(labels)["kind"] for _, labels in self.start().metrics()["ebpf_bc_alarms"].samples]
        self.assertGreater(len(kinds), 7)
        self.assertEqual(labels, [*kinds, "other"])
        for page, quote in (("docs/control.md", "`{}`"), ("docs/man/ebpf-bcctl.8.rst", "``{}``")):
            text = (TREE / page).read_text(encoding="utf-8")
            self.assertEqual([kind for kind in kinds if quote.format(kind) not in text], [], page)

    def test_states_messages_and_alarms_are_those_of_the_daemon_in_metrics_and_page(self):
        def read(path):
            return (TREE / path).read_text(encoding="utf-8")

        def words(name, text):
            return set(re.findall(r'"(\w+)"', re.search(rf"{name}(?:\[\])? = [\[{{](.*?)[\]}}];", text, re.S)[1]))
        ports, counters = read("ctl/exporter/metrics_ports.c"), read("ctl/exporter/metrics_counters.c")
        page = read("ctl/exporter/page/map.js")
        states = set(re.findall(r"^\tX\((\w+), \d+\)", read("bc/engine/names.h"), re.M))
        self.assertGreater(len(states), 9)
        # That of a transparent clock's ports is no state of the standard.
        states.add("FORWARDING")
        self.assertEqual(words("port_states", ports), states)
        self.assertEqual(set(re.findall(r'(?:^\s*|, )([A-Z_]+): \["', page, re.M)), states)
        self.assertEqual(words("message_types", counters), words("MESSAGES", page))
        self.assertEqual(words("message_types", counters) -
                         set(re.findall(r'"rx_(\w+)"', read("bc/engine/counters.h"))), set())
        self.assertEqual(words("alarm_kinds", read("ctl/exporter/metrics_clock.c")),
                         set(re.findall(r'^\tX\(\w+, "(\w+)"\)', read("bc/daemon/alarms.h"), re.M)))
        self.assertEqual(words("refusals", counters), set(re.search(r"REFUSED = /(.*)/", page)[1].split("|")))

    def test_the_manual_lists_each_option_and_the_default_addresses(self):
        section = MANUAL.read_text(encoding="utf-8").partition("\nOPTIONS\n")[2].partition("\nPATHS\n")[0]
        printed = self.run_program("-h", status=0).stdout
        self.assertEqual(re.findall(r"^(-\w)", section, re.M), re.findall(r"^  (-\w)", printed, re.M))
        addresses = r"127\.0\.0\.1:\d+ and \[::1\]:\d+"
        self.assertEqual(re.findall(addresses, section), re.findall(addresses, printed))

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
        # Tiles show what holds now, and not what held an hour ago.
        self.assertEqual([panel["title"] for panel in dashboard["panels"] if panel["type"] in ("stat", "table")
                          for target in panel["targets"] if not target.get("instant") or target.get("range")], [])
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
