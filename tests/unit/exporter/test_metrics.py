# SPDX-License-Identifier: GPL-2.0-or-later
"""/metrics: what the daemon says as Prometheus takes it, in base units, each thing once."""

import json
import time

from unit.exporter import double, prometheus
from unit.exporter.rig import Case, value

CLOCK_STATES = {"locked", "acquiring", "holdover", "grandmaster", "listening", "forwarding", "measuring"}


class Boundary(Case):
    def setUp(self):
        super().setUp()
        self.clock = double.Clock()

    def metrics(self):
        self.start_double(self.clock)
        return self.start().metrics()

    def test_the_clock_is_told_in_base_units(self):
        families = self.metrics()
        for name, expected in (("up", 1), ("offset_last_seconds", -34e-9), ("offset_rms_seconds", 51e-9),
                               ("offset_max_seconds", 160e-9), ("offset_age_seconds", 0.031),
                               ("path_delay_seconds", 412e-9), ("frequency_adjustment_ratio", -1203.1e-9),
                               ("steps_removed", 1), ("utc_offset_seconds", 37), ("utc_offset_valid", 1), ("leap", 0),
                               ("grandmaster_clock_class", 6), ("grandmaster_is_self", 0), ("domain", 0)):
            self.assertAlmostEqual(value(families, "ebpf_bc_" + name), expected, delta=abs(expected) * 1e-9, msg=name)
        self.assertAlmostEqual(value(families, "ebpf_bc_uptime_seconds"), 3600, delta=60)
        self.assertEqual(value(families, "ebpf_bc_grandmaster_info", identity="aabbcc.fffe.ddeeff", clock_class="6",
                               clock_accuracy="0x21", priority2="127", time_source="0x20"), 1)
        self.assertEqual(value(families, "ebpf_bc_build_info", version="0.1.0", clock_type="BC", stamping="bpf"), 1)
        self.assertEqual(value(families, "ebpf_bc_parent_info", port_identity="aabbcc.fffe.ddeeff-1", interface="eth0"), 1)

    def test_of_each_set_of_states_one_is_1(self):
        families = self.metrics()
        states = {dict(labels)["state"]: one for (_, labels), one in families["ebpf_bc_state"].samples.items()}
        self.assertEqual(set(states), CLOCK_STATES)
        self.assertEqual([state for state, one in states.items() if one], ["locked"])
        for port, name, state in (("1", "eth0", "SLAVE"), ("2", "eth1", "MASTER"), ("3", double.HOSTILE, "MASTER")):
            of_port = {dict(labels)["state"]: one for (_, labels), one in families["ebpf_bc_port_state"].samples.items()
                       if dict(labels)["port"] == port and dict(labels)["interface"] == name}
            self.assertEqual([key for key, one in of_port.items() if one], [state])

    def test_every_counter_of_every_port_is_one_series(self):
        families = self.metrics()
        told = {}
        for family, prefix, label in (("messages_received_total", "rx_", "type"), ("messages_sent_total", "tx_", "type"),
                                      ("messages_refused_total", "", "reason"), ("events_total", "", "event")):
            for (_, labels), number in families["ebpf_bc_" + family].samples.items():
                labels = dict(labels)
                key = labels["port"], prefix + labels[label]
                self.assertNotIn(key, told)
                told[key] = number
        self.assertEqual(set(told), {(str(i + 1), name) for i in range(3) for name in double.NAMES})
        self.assertEqual(told[("2", "rx_refused_short")], 7)
        self.assertGreater(told[("3", "rx_sync")], 3 * 3600 - 1)
        self.assertIn("ebpf_bc_messages_refused_total", families)
        self.assertEqual(value(families, "ebpf_bc_messages_refused_total", port="1", reason="rx_refused_short"), 7)
        self.assertIsNotNone(value(families, "ebpf_bc_events_total", port="1", event="rx_own_clock"))

    def test_names_of_interfaces_cannot_forge_a_label(self):
        self.clock.names = ['a"} 1\nx 2', "\\", "\u00e4\u20ac", "b\udcff"]
        # The last one is an octet that is no UTF-8.
        self.start_double(lambda text: [json.dumps(message, ensure_ascii=False).encode(errors="surrogateescape")
                                        for message in self.clock.answers(json.loads(text))])
        families = self.start().metrics()
        names = {dict(labels)["interface"] for _, labels in families["ebpf_bc_port_info"].samples}
        self.assertEqual(names, {*self.clock.names[:3], "b?"})

    def test_what_is_null_is_missing_and_alarms_are_counted(self):
        status = self.clock.status()
        self.clock.status = lambda: {
            **status, "offset": None, "grandmaster": None, "parent": None, "time": None, "state": "holdover",
            "holdover": {"age_ns": 90 * double.NS, "expected_error_ns": None}}
        status["alarms"] = [{"kind": kind, "port": None, "text": "", "since_mono_ns": 0}
                            for kind in ("port_faulty", "holdover", "port_faulty", "of_another_age")]
        families = self.metrics()
        for name in ("offset_last_seconds", "path_delay_seconds", "grandmaster_info", "parent_info",
                     "utc_offset_seconds", "holdover_expected_error_seconds"):
            self.assertNotIn("ebpf_bc_" + name, families)
        self.assertEqual(value(families, "ebpf_bc_holdover_age_seconds"), 90)
        self.assertEqual({dict(labels)["kind"]: n for (_, labels), n in families["ebpf_bc_alarms"].samples.items() if n},
                         {"port_faulty": 2, "holdover": 1, "other": 1})
        self.assertNotIn("ebpf_bc_residence_seconds", families)


class Transparent(Case):
    def test_residences_are_histograms_of_powers_of_two(self):
        clock = double.Clock(("gm0", "c1", "c,2"), "E2E_TC")
        self.start_double(clock)
        families = self.start().metrics()
        self.assertEqual(value(families, "ebpf_bc_state", state="forwarding"), 1)
        self.assertAlmostEqual(value(families, "ebpf_bc_grandmaster_rate_offset_ratio"), 35012.5e-9)
        self.assertEqual(value(families, "ebpf_bc_grandmaster_info", identity="aabbcc.fffe.ddeeff"), 1)
        for (ingress, egress, kind), (before, queued) in clock.residence_values.items():
            values = [b + q for b, q in zip(before, queued)]
            of = {"ingress": ingress, "egress": egress, "type": kind}
            buckets = {dict(labels)["le"]: n for (name, labels), n in families["ebpf_bc_residence_seconds"].samples.items()
                       if name.endswith("_bucket") and of.items() <= dict(labels).items()}
            self.assertEqual(buckets.pop("+Inf"), len(values))
            self.assertEqual(sorted(map(float, buckets)), [float(f"{2**e * 1e-9:.10g}") for e in range(10, 31)])
            for bound, n in buckets.items():
                self.assertEqual(n, sum(ns < round(float(bound) * 1e9) for ns in values), bound)


    def test_residences_of_the_same_names_are_told_once(self):
        clock = double.Clock(("gm0", "c1", "c2"), "E2E_TC")
        good = clock.answers
        clock.answers = lambda asked: good(asked)[:-1] * 2 + good(asked)[-1:] if asked["request"] == "residence" \
            else good(asked)
        self.start_double(clock)
        counts = [n for (name, _), n in self.start().metrics()["ebpf_bc_residence_seconds"].samples.items()
                  if name.endswith("_count")]
        self.assertEqual(counts, [4000] * 4)

    def test_ages_are_on_the_daemons_clock_also_where_that_is_ours(self):
        clock = double.Clock()
        # No machine that runs this was started later.
        clock.ahead_ns, clock.offsets, clock.lines = 0, [], []
        clock.began_mono_ns = time.monotonic_ns() - 10 * double.NS
        self.start_double(clock)
        families = self.start().metrics()
        self.assertAlmostEqual(value(families, "ebpf_bc_uptime_seconds"), 10, delta=60)
        self.assertAlmostEqual(value(families, "ebpf_bc_port_state_age_seconds", port="1"), 5, delta=60)

    def test_what_is_no_json_is_refused(self):
        clock = double.Clock()
        status = clock.status
        for number in ("NaN", "-Infinity", "1e400"):
            told = json.dumps({"status": {**status(), "offset": {"last_ns": "#"}}}).replace('"#"', number).encode()
            daemon = self.start_double(lambda text, told=told: [told] if b'"status"' in text
                                       else clock.answers(json.loads(text)))
            exporter = self.start()
            self.assertEqual(value(exporter.metrics(), "ebpf_bc_up"), 0)
            exporter.end()
            daemon.close()


class Reader(Case):
    """The strict reader is one."""

    def test_what_is_malformed_is_refused(self):
        head = "# HELP a_total x\n# TYPE a_total counter\n"
        prometheus.parse(head + 'a_total{b="c"} 1\na_total{b="d"} 1\n')
        for bad in (head, head + "a_total 1", "a_total 1\n", head + "b 1\n", head + 'a_total{b="c"} 1\na_total{b="c"} 2\n',
                    head + 'a_total{b="c",b="d"} 1\n', head + 'a_total{b="\\x"} 1\n', head + "a_total nan\n",
                    head + "a_total -1\n", head + "a_total 1\n" + head + "a_total 1\n", head + 'a_total{b="c",} 1\n',
                    head + 'a_total{b="c""} 1\n', head + 'a_total{b="1",c="2"} 1\na_total{c="2",b="1"} 1\n',
                    "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
                    "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"):
            with self.subTest(bad=bad), self.assertRaises(prometheus.Malformed):
                prometheus.parse(bad)
