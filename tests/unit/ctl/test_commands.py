# SPDX-License-Identifier: GPL-2.0-or-later
"""What ebpf-bcctl makes of what a daemon tells, and of sockets that are not a daemon's."""

import contextlib
import csv
import fcntl
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest
from xml.etree import ElementTree

from unit.ctl import scripted

TOOL = os.environ.get("EBC_CTL", "")
LIMIT_S = 60


@unittest.skipUnless(TOOL, "run by meson")
class Commands(unittest.TestCase):
    answers = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "socket"

    def serve(self, **changes):
        daemon = scripted.Daemon(self.path, {**scripted.normal_answers(), **changes})
        self.addCleanup(daemon.close)
        return daemon

    def run_tool(self, *arguments, status=0, **more):
        done = subprocess.run([TOOL, "-s", str(self.path), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT_S, **more)
        self.assertEqual(done.returncode, status, (arguments, done.stderr))
        if status:
            self.assertRegex(done.stderr, r"\Aebpf-bcctl: [^\n]+\n(ebpf-bcctl: see [^\n]+\n)?\Z")
        return done


class Status(Commands):
    def test_status_is_told_in_words(self):
        self.serve()
        text = self.run_tool("status").stdout
        for words in ("boundary clock, up for 3 d 4 h (pid 4711)", "locked to its master", "class 6 (locked to a primary",
                      "within 100 ns", "aabbcc.fffe.ddeeff-1 at eth0, 1 step from", "-34 ns, rms 51 ns, max 1.60 us",
                      "-1203.1 ppb", "412 ns", "2026-11-18 11:06:40 UTC, TAI is 37 s ahead", "source: GNSS",
                      "port_faulty eth2: link ?[2Jdown, for 1 min 30 s", "domain 24"):
            self.assertIn(words, text)
        table = [line.split() for line in text.splitlines()[-4:]]
        self.assertEqual([row[:3] for row in table[1:]],
                         [["1", "eth0", "SLAVE"], ["2", "eth1", "MASTER"], ["3", "eth2", "FAULTY"]])
        self.assertEqual(table[3][-2:], ["link", "down"])
        self.assertNotIn("\x1b", text)

    def test_what_a_transparent_clock_does_not_have_is_left_out(self):
        status = {**scripted.STATUS, "clock_type": "E2E_TC", "state": "forwarding", "grandmaster": None, "parent": None,
                  "offset": None, "alarms": [], "rate": {"ratio_ppb": 12.25, "grandmaster": "aabbcc.fffe.ddeeff"}}
        self.serve(status=[{"status": status}])
        text = self.run_tool("status").stdout
        self.assertRegex(text, r"alarms +none")
        self.assertRegex(text, r"rate +\+12\.2 ppb, by grandmaster aabbcc\.fffe\.ddeeff")
        for words in ("class", "\nparent", "offset", "path delay"):
            self.assertNotIn(words, text)

    def test_members_that_are_missing_or_of_another_kind_are_no_trouble(self):
        for status in ({}, {name: [{"a": 1}] for name in scripted.STATUS}, {name: "x" for name in scripted.STATUS},
                       {name: -1e300 for name in scripted.STATUS}, {name: {} for name in scripted.STATUS}):
            daemon = scripted.Daemon(self.path, {**scripted.normal_answers(), "status": [{"status": status}],
                                                 "port_status": [{"port": status}, {"end": True}]})
            try:
                self.run_tool("status")
                self.run_tool("ports")
            finally:
                daemon.close()

    def test_ports_tell_driver_and_stamps(self):
        self.serve()
        lines = self.run_tool("ports").stdout.splitlines()
        self.assertRegex(lines[0], r"#  port  state +for +transport +delay by +delay +peer +driver +tx stamp")
        self.assertRegex(lines[1], r"1  eth0  SLAVE +3 d 4 h +UDPv4 +E2E +412 ns +aabbcc.fffe.ddeeff-1 +igb +driver")

    def test_json_is_one_object_with_what_the_daemon_tells(self):
        self.serve()
        told = json.loads(self.run_tool("status", "--json").stdout)
        self.assertEqual(told, {"status": scripted.STATUS, "ports": [one["port"] for one in scripted.PORTS[:-1]]})
        self.assertEqual(json.loads(self.run_tool("ports", "--json").stdout), {"ports": told["ports"]})


class Stats(Commands):
    def rows(self, *arguments):
        return [line.split() for line in self.run_tool("stats", *arguments).stdout.splitlines()]

    def test_counters_that_are_zero_are_left_out(self):
        self.serve()
        self.assertEqual(self.rows(), [["port", "counter", "count"], ["eth0", "rx_sync", "1200"],
                                       ["eth1", "rx_sync", "1200"], ["eth1", "rx_refused_short", "1"],
                                       ["eth2", "rx_sync", "1200"], ["eth2", "rx_refused_short", "2"]])
        self.assertEqual(self.rows("--port", "eth0", "--all"),
                         [["port", "counter", "count"], ["eth0", "rx_sync", "1200"], ["eth0", "tx_sync", "0"],
                          ["eth0", "rx_refused_short", "0"]])

    def test_rates_are_of_the_time_between_two_looks(self):
        looks = iter((scripted.stats(), scripted.stats(50)))
        self.serve(stats=lambda _: next(looks))
        rows = self.rows("--port", "eth0", "--rate", "0.1")
        self.assertEqual(rows[0], ["port", "counter", "count", "per", "second"])
        self.assertEqual(rows[1][:3], ["eth0", "rx_sync", "1250"])
        # 50 in a tenth of a second or, on a machine that is busy, more.
        self.assertTrue(0 < float(rows[1][3]) <= 500.5, rows)

    def test_a_counter_that_fell_has_no_rate(self):
        looks = iter((scripted.stats(50), scripted.stats()))
        self.serve(stats=lambda _: next(looks))
        told = json.loads(self.run_tool("stats", "--json", "--rate=0.05", "--port", "eth1").stdout)
        self.assertEqual([one["name"] for one in told["ports"]], ["eth1"])
        self.assertGreaterEqual(told["seconds"], 0.05)
        self.assertEqual(told["ports"][0]["rates"], {"rx_sync": None, "tx_sync": 0, "rx_refused_short": 0})

    def test_json_has_every_counter(self):
        self.serve()
        self.assertEqual(json.loads(self.run_tool("stats", "--json").stdout),
                         {"ports": [one["stats"] for one in scripted.stats()[:-1]]})

    def test_nothing_counted_is_1(self):
        self.serve(stats=[{"stats": {"number": 1, "name": "eth0", "counters": {"rx_sync": 0}}}, {"end": True}])
        self.assertIn("nothing was counted", self.run_tool("stats", status=1).stderr)

    def test_an_unknown_port_is_told_which_there_are(self):
        self.serve()
        for command in ("stats", "stamps"):
            self.assertIn("no such port: eth9; there are: eth0 eth1 eth2",
                          self.run_tool(command, "--port", "eth9", status=2).stderr)


    def test_an_unknown_port_is_told_before_the_time_of_a_rate(self):
        self.serve()
        self.run_tool("stats", "--port", "eth9", "--rate", "3600", status=2)


class OddNames(Commands):
    """A port whose name is not ASCII and holds what a terminal would obey."""
    NAME, SHOWN = "lan\u00e9\x1b", "lan???"

    def setUp(self):
        super().setUp()
        self.looks = 0
        histogram = {"count": 1, "sum_ns": 5, "sum_squares": "25", "min_ns": 5, "max_ns": 5, "buckets": [[5, 1]]}
        residence = {"ingress": self.NAME, "egress": "eth1", "type": "sync", "total": histogram, "before": histogram,
                     "queued": histogram}
        self.serve(ports=[{"clock_type": "E2E_TC", "ports": [self.NAME, "eth1"], "message_types": ["sync"]}],
                   port_status=[scripted.port(1, self.NAME, "FORWARDING"), {"end": True}], stats=self.count,
                   residence=[{"residence": residence}, {"end": True}])

    def count(self, _):
        self.looks += 1
        return [{"stats": {"number": 1, "name": self.NAME, "counters": {"rx_sync": 8 * self.looks}}}, {"end": True}]

    def test_tables_show_what_is_printable(self):
        for arguments in (("ports",), ("stats", "--all"), ("stamps", "--limit", "1"), ("residence",),
                          ("residence", "--csv"), ("watch", "--count", "1")):
            text = self.run_tool(*arguments).stdout
            self.assertIn(self.SHOWN, text)
            self.assertNotIn("\x1b", text)
        for command in ("stats", "stamps", "residence"):
            self.assertIn(f"there are: {self.SHOWN}", self.run_tool(command, "--port", "x", status=2).stderr)

    def test_it_is_chosen_by_its_own_name_and_json_has_it(self):
        for command, member, key in (("stats", "ports", "name"), ("stamps", "stamps", "name"),
                                     ("residence", "residences", "ingress")):
            told = json.loads(self.run_tool(command, "--json", "--port", self.NAME).stdout)
            self.assertEqual({one[key] for one in told[member]}, {self.NAME})

    def test_it_has_rates(self):
        told = json.loads(self.run_tool("stats", "--json", "--rate", "0.05").stdout)["ports"][0]
        self.assertGreater(told["rates"]["rx_sync"], 0)
        told = json.loads(self.run_tool("watch", "--json", "--interval", "0.25", "--count", "2").stdout.splitlines()[1])
        self.assertEqual(told["rates"][0]["name"], self.NAME)
        self.assertGreater(told["rates"][0]["sync_in_per_s"], 0)

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_it_can_be_drawn(self):
        path = self.folder / "picture.svg"
        self.run_tool("residence", "--plot", str(path))
        self.assertIn("lan\u00e9?", "".join(ElementTree.parse(path).getroot().itertext()))


class Residence(Commands):
    def test_a_clock_that_forwards_nothing_says_so(self):
        self.serve(residence=[{"end": True}])
        self.assertIn("that takes E2E_TC, P2P_TC or MONITOR, and this is: BC", self.run_tool("residence", status=1).stderr)


class Stamps(Commands):
    def test_stamps_are_a_table_by_time(self):
        self.serve()
        lines = self.run_tool("stamps").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:]], ["0.000001000", "0.000002000", "0.000003000"])
        self.assertEqual(lines[1].split()[1:], ["eth1", "rx", "delay_req", "0", "001122.fffe.334456-1", "5", "driver"])

    def test_port_type_and_limit_choose(self):
        self.serve()
        for arguments, wanted in ((("--port", "eth0"), [6, 17]), (("--type", "delay_req"), [5]), (("--limit", "1"), [17]),
                                  (("--limit", "9", "--type", "sync"), [6, 17])):
            told = json.loads(self.run_tool("stamps", "--json", *arguments).stdout)["stamps"]
            self.assertEqual([one["sequence_id"] for one in told], wanted)
        self.assertEqual(told[0], {**dict(zip(scripted.STAMP_FIELDS, scripted.STAMPS[2])), "name": "eth0"})
        for wrong in ("0", "-1", "x", "1x", ""):
            self.run_tool("stamps", "--limit", wrong, status=2)

    def test_an_unknown_type_is_told_which_there_are(self):
        self.serve()
        self.assertIn("no such type of message: nope; there are: sync delay_req",
                      self.run_tool("stamps", "--type", "nope", status=2).stderr)

    def test_none_is_1_and_says_why(self):
        self.serve(stamps=[{"fields": scripted.STAMP_FIELDS}, {"end": True}])
        self.assertIn("no such stamp", self.run_tool("stamps", status=1).stderr)

    def test_that_none_are_published_is_the_daemons_word(self):
        self.serve(stamps=[{"error": "no stamps are published: publish_stamps is off"}])
        self.assertIn("publish_stamps is off", self.run_tool("stamps", status=1).stderr)

    def test_rows_that_are_none_are_rubbish(self):
        for i, messages in enumerate(([{"fields": ["mono_ns"]}], [{"fields": scripted.STAMP_FIELDS}, {"stamps": [[1]]}],
                                      [{"fields": scripted.STAMP_FIELDS}, {"stamps": []}],
                                      [{"fields": scripted.STAMP_FIELDS}, {"stamps": {}}],
                                      [{"fields": scripted.STAMP_FIELDS}] + [{"stamps": scripted.STAMPS * 170}] * 70)):
            self.path = self.folder / str(i)
            self.serve(stamps=messages)
            self.assertIn("makes no sense", self.run_tool("stamps", status=1).stderr)


def make_offsets(n, first=1):
    """A pattern that repeats every ten rows: -40, -30, ... 50 ns."""
    return [scripted.offset_row(i, 10 * (i % 10) - 40, delay_ns=None if i % 2 else 412) for i in range(first, first + n)]


class Trace(Commands):
    def serve_offsets(self, rows):
        return self.serve(offsets=scripted.numbered(scripted.OFFSET_FIELDS, "offsets", rows))

    def test_the_history_is_summed_up_and_drawn(self):
        self.serve_offsets(make_offsets(1000))
        text = self.run_tool("trace", env={**os.environ, "LC_ALL": "C"}).stdout
        for words in ("1000 offsets in 2 min 4 s, 1000 of them in lock", "mean 5 ns, sd 29 ns, rms 29 ns",
                      "p50 20 ns, p90 40 ns, p99 50 ns, p99.9 50 ns, max 50 ns", "mean -1200.5 ppb, sd 0.0 ppb",
                      "min 412 ns, p50 412 ns, max 412 ns", "50 ns +", "-40 ns +", "2 min 4 s ago"):
            self.assertIn(words, text)
        self.assertTrue(text.isascii())
        drawn = self.run_tool("trace", env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
        self.assertTrue(any("\u2800" < c <= "\u28ff" for c in drawn))

    def test_only_what_is_in_lock_counts_if_anything_is(self):
        rows = make_offsets(20)
        for row in rows[:10]:
            row[3], row[6] = 10 ** 9, 0
        self.serve_offsets(rows)
        told = json.loads(self.run_tool("trace", "--json").stdout)
        self.assertEqual((told["statistics"]["n"], told["statistics"]["n_locked"]), (20, 10))
        self.assertEqual(told["statistics"]["max_ns"], 50)
        self.assertEqual(told["fields"], scripted.OFFSET_FIELDS)
        self.assertEqual(told["offsets"], rows)

    def test_what_lies_far_outside_is_counted_and_does_not_squeeze_the_rest(self):
        rows = make_offsets(200)
        rows[7][3] = 37 * 10 ** 9
        self.serve_offsets(rows)
        text = self.run_tool("trace", env={**os.environ, "LC_ALL": "C"}).stdout
        self.assertIn("(1 beyond the scale)", text)
        self.assertIn("80 ns +", text)
        self.assertIn("max 37.0 s", text)

    def test_the_scale_is_that_of_what_is_in_lock(self):
        rows = make_offsets(200)
        for row in rows[:60]:
            row[3], row[6] = 37 * 10 ** 9, 0
        self.serve_offsets(rows)
        text = self.run_tool("trace", env={**os.environ, "LC_ALL": "C"}).stdout
        self.assertIn("50 ns +", text)
        self.assertIn("(60 beyond the scale)", text)

    def test_seconds_follow_and_tell_what_was_lost(self):
        rows = make_offsets(10)
        daemon = self.serve_offsets(rows)
        path = self.folder / "trace.csv"

        def grow(request, history=scripted.numbered(scripted.OFFSET_FIELDS, "offsets", rows)):
            if request.get("since", 0) == 10:
                # Ten were forgotten before we asked again.
                rows[:] = make_offsets(5, first=21)
            return history(request)
        daemon.answers["offsets"] = grow
        done = self.run_tool("trace", "--seconds", "0.3", "--csv", str(path))
        self.assertIn("15 offsets, 10 lost", done.stderr)
        with open(path, encoding="ascii") as file:
            told = list(csv.DictReader(file))
        self.assertEqual([int(row["number"]) for row in told], [*range(1, 11), *range(21, 26)])
        self.assertEqual(told[0], {"number": "1", "mono_ns": "1000125000000", "port": "1", "offset_ns": "-30",
                                   "frequency_ppb": "-1200.500", "path_delay_ns": "", "servo_state": "2"})

    def test_what_came_before_the_daemon_went_is_told(self):
        daemon = self.serve_offsets(make_offsets(3))
        tool = subprocess.Popen([TOOL, "-s", str(self.path), "trace", "--seconds", "1000", "--json", "--csv",
                                 str(self.folder / "csv")], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (self.folder / "csv").exists() or (self.folder / "csv").stat().st_size < 100:
            time.sleep(0.01)
        daemon.close()
        told, words = tool.communicate(timeout=LIMIT_S)
        self.assertEqual(tool.returncode, 3)
        self.assertIn("hung up", words)
        self.assertEqual(len(json.loads(told)["offsets"]), 3)

    def test_csv_on_the_standard_output_stands_alone(self):
        self.serve_offsets(make_offsets(3))
        done = self.run_tool("trace", "--csv", "-")
        self.assertEqual(len(list(csv.reader(io.StringIO(done.stdout)))), 4)
        self.assertEqual(done.stderr, "ebpf-bcctl: 3 offsets, 0 lost\n")

    def test_a_signal_ends_it_in_good_order(self):
        self.serve_offsets(make_offsets(3))
        tool = subprocess.Popen([TOOL, "-s", str(self.path), "trace", "--seconds", "1000", "--csv", "-"], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tool.stdout.readline()
        tool.send_signal(signal.SIGINT)
        _, words = tool.communicate(timeout=LIMIT_S)
        self.assertEqual((tool.returncode, words), (0, "ebpf-bcctl: 3 offsets, 0 lost\n"))

    def test_the_picture_has_both_panels(self):
        if not shutil.which("gnuplot"):
            self.skipTest("no gnuplot")
        path = self.folder / "picture.svg"
        rows = make_offsets(20000)
        rows[3][6] = 0
        rows[5][3] = 10 ** 7
        self.serve_offsets(rows[-8192:] + [])
        self.run_tool("trace", "--plot", str(path))
        self.path = self.folder / "other"
        self.serve_offsets(rows[:8192])
        self.run_tool("trace", "--plot", str(path))
        text = " ".join(" ".join("".join(node.itertext()).split())
                        for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text"))
        for words in ("offset from the master (ns)", "time (min)", "share of Syncs with |offset| ≥ x", "not in lock (1)",
                      "in lock (8191)", "1 beyond the scale"):
            self.assertIn(words, text)

    def test_the_picture_of_few_and_of_nothing_but_zero(self):
        if not shutil.which("gnuplot"):
            self.skipTest("no gnuplot")
        for i, rows in enumerate(([scripted.offset_row(1, 0)], [scripted.offset_row(k, 0) for k in range(1, 5)],
                                  [scripted.offset_row(1, -37 * 10 ** 9), scripted.offset_row(2, 2 ** 63 - 1)])):
            self.path = self.folder / str(i)
            self.serve_offsets(rows)
            path = self.folder / f"{i}.svg"
            self.run_tool("trace", "--plot", str(path))
            ElementTree.parse(path)

    def test_what_cannot_be_written_is_told_before_it_measures(self):
        self.serve_offsets(make_offsets(3))
        options = ("--csv", "--plot") if shutil.which("gnuplot") else ("--csv",)
        for arguments in ((option, "/no/such/file") for option in options):
            self.assertIn("No such file", self.run_tool("trace", "--seconds", "1000", *arguments, status=1).stderr)
        self.assertIn("cannot be written", self.run_tool("trace", "--csv", "/dev/full", status=1).stderr)

    def test_a_clock_that_measures_none_and_one_that_did_not_yet_are_1(self):
        self.serve()
        self.assertIn("0 offsets", self.run_tool("trace", status=1).stderr)
        self.path = self.folder / "other"
        self.serve(offsets=[{"error": "nothing is measured: this clock follows nobody"}])
        self.assertIn("follows nobody", self.run_tool("trace", status=1).stderr)

    def test_rows_that_make_no_sense_are_told(self):
        good = scripted.offset_row(2, 5)
        for i, rows in enumerate(([good[:6]], [["x", *good[1:]]], [[*good[:3], 1e400, *good[4:]]], [good, scripted.offset_row(1, 5)],
                                  [[*good[:6], -1]], [None])):
            self.path = self.folder / str(i)
            self.serve(offsets=[{"fields": scripted.OFFSET_FIELDS}, {"offsets": rows}, {"end": True, "next": 2, "lost": 0}])
            self.assertIn("makes no sense", self.run_tool("trace", status=1).stderr)

    def test_wrong_usage(self):
        for arguments in (("--seconds", "x"), ("--seconds", "0"), ("--csv", "-", "--json"), ("--plot",),
                          ("--csv", "a.svg", "--plot", "a.svg")):
            self.run_tool("trace", *arguments, status=2)


class Watch(Commands):
    LOG = [[i, i * scripted.SECOND_NS, 5, f"line {i}"] for i in range(1, 4)]

    def serve_clock(self, path=None, started_mono_ns=0, n_offsets=40, log=None):
        """Each look finds eight Syncs more, and the tenth of a line more in the log."""
        n_looks = [0]

        def count(_):
            n_looks[0] += 1
            return scripted.stats(8 * n_looks[0])
        status = {**scripted.STATUS, "started_mono_ns": started_mono_ns,
                  "now_mono_ns": 10 ** 12 + n_offsets * scripted.SECOND_NS // 8}
        answers = {"status": [{"status": status}], "stats": count,
                   "offsets": scripted.numbered(scripted.OFFSET_FIELDS, "offsets", make_offsets(n_offsets)),
                   "log": scripted.numbered(scripted.LOG_FIELDS, "log", log or self.LOG)}
        daemon = scripted.Daemon(path or self.path, {**scripted.normal_answers(), **answers})
        self.addCleanup(daemon.close)
        return daemon

    def popen(self, *arguments, **more):
        tool = subprocess.Popen([TOOL, "-s", str(self.path), "watch", *arguments], text=True, **more)
        self.addCleanup(tool.wait, LIMIT_S)
        self.addCleanup(lambda: tool.poll() is None and tool.kill())
        return tool

    def test_without_a_terminal_pictures_follow_each_other(self):
        self.serve_clock()
        text = self.run_tool("watch", "--interval", "0.25", "--count", "3", env={**os.environ, "LC_ALL": "C"}).stdout
        self.assertNotIn("\x1b", text)
        self.assertTrue(text.isascii())
        self.assertEqual(text.count("boundary clock, locked to its master, aabbcc.fffe.ddeeff-1 at eth0"), 3)
        self.assertEqual(text.count("2 min ago"), 3)
        # Of the log only what is new.
        self.assertEqual([text.count(f"] line {i}\n") for i in (1, 2, 3)], [1, 1, 1])
        rates = [line.split()[4] for line in text.splitlines() if line.startswith("eth0")]
        self.assertEqual(rates[0], "-")
        self.assertTrue(0 < float(rates[1]) <= 32.1, rates)

    def test_json_is_a_line_for_each_look_with_what_is_new(self):
        self.serve_clock()
        lines = self.run_tool("watch", "--json", "--interval", "0.25", "--count", "2").stdout.splitlines()
        first, second = map(json.loads, lines)
        self.assertEqual([len(first["offsets"]), len(second["offsets"])], [40, 0])
        self.assertEqual([one["text"] for one in first["log"]], ["line 1", "line 2", "line 3"])
        self.assertEqual(second["log"], [])
        self.assertEqual(first["rates"][0], {"name": "eth0", "sync_in_per_s": None, "sync_out_per_s": None,
                                             "refused_per_s": None})
        self.assertEqual(second["rates"][1]["refused_per_s"], 0)
        self.assertGreater(second["rates"][1]["sync_in_per_s"], 0)
        self.assertEqual([one["name"] for one in second["ports"]], ["eth0", "eth1", "eth2"])
        self.assertEqual(second["status"]["state"], "locked")
        self.assertTrue(second["is_connected"])

    def test_the_log_is_told_as_far_back_as_the_daemon_has_it(self):
        self.serve_clock(log=[[i, i * scripted.SECOND_NS, 5, f"line {i}"] for i in range(45, 301)])
        told = json.loads(self.run_tool("watch", "--json", "--count", "1").stdout)
        self.assertEqual([one["text"] for one in told["log"]], [f"line {i}" for i in range(45, 301)])

    def test_it_stays_when_the_daemon_goes_and_knows_its_successor(self):
        first = self.serve_clock()
        tool = self.popen("--json", "--interval", "0.25", stdout=subprocess.PIPE)
        self.addCleanup(tool.stdout.close)
        self.assertEqual(len(json.loads(tool.stdout.readline())["offsets"]), 40)
        first.close()
        while json.loads(line := tool.stdout.readline())["is_connected"]:
            pass
        self.assertRegex(json.loads(line)["reason"], "hung up|nobody listens")
        # Its numbers begin anew: rates are not told of the difference of two daemons.
        log = [[i, (10 + i) * scripted.SECOND_NS, 5, f"line {i}"] for i in range(1, 3)]
        second = self.serve_clock(started_mono_ns=5, n_offsets=7, log=log)
        while not (told := json.loads(tool.stdout.readline()))["is_connected"]:
            pass
        self.assertEqual((len(told["offsets"]), len(told["log"])), (7, 2))
        self.assertIsNone(told["rates"][0]["sync_in_per_s"])
        # One that only loaded its configuration anew goes on with its log.
        second.close()
        self.serve_clock(started_mono_ns=6, n_offsets=8, log=[*log, [3, 13 * scripted.SECOND_NS, 5, "loaded"]])
        while not (told := json.loads(tool.stdout.readline())).get("log"):
            pass
        self.assertEqual([one["text"] for one in told["log"]], ["loaded"])
        tool.send_signal(signal.SIGTERM)
        self.assertEqual(tool.wait(LIMIT_S), 0)

    def test_a_clock_that_lets_pass_has_other_rates_and_no_plot(self):
        looks = iter(range(100))

        def count(_):
            return [{"stats": {"number": 1, "name": "eth0", "counters": {"bpf_tx_corrected": 8 * next(looks),
                                                                         "bpf_rx_dropped_seen": 5}}}, {"end": True}]
        status = {**scripted.STATUS, "clock_type": "E2E_TC", "state": "forwarding", "offset": None, "parent": None}
        self.serve(status=[{"status": status}], stats=count, log=[{"error": "unknown request"}],
                   offsets=[{"error": "nothing is measured: this clock follows nobody"}])
        text = self.run_tool("watch", "--interval", "0.25", "--count", "2").stdout
        self.assertIn("corrected/s  completed/s", text)
        self.assertNotIn("ago", text)
        self.assertNotIn("\n\n\n", text)
        self.assertIn("end-to-end transparent clock, forwarding", text)

    def terminal(self, columns, lines):
        """A pseudo terminal of that size: the end to read, and the tool's."""
        reader, writer = os.openpty()
        self.addCleanup(os.close, reader)
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        return reader, writer

    def read_until(self, reader, words, text=b""):
        while words not in text:
            text += os.read(reader, 65536)
        return text

    def on_terminal(self, columns, lines, *arguments, environment=None):
        reader, writer = self.terminal(columns, lines)
        environment = {**os.environ, "LC_ALL": "C", "TERM": "xterm", **(environment or {})}
        environment = {name: value for name, value in environment.items() if value is not None}
        tool = self.popen(*arguments, stdout=writer, stderr=subprocess.PIPE, env=environment)
        self.addCleanup(tool.stderr.close)
        return tool, reader, writer

    def test_a_terminal_is_taken_and_given_back_also_at_a_signal(self):
        self.serve_clock()
        # Whoever runs the tests may have had it ignored (nohup), which the tool would keep.
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            tool, reader, writer = self.on_terminal(80, 24)
            text = self.read_until(reader, b"\x1b[J")
            self.assertTrue(text.startswith(b"\x1b[?1049h"), text)
            tool.send_signal(number)
            self.assertEqual(tool.wait(LIMIT_S), 0)
            os.close(writer)
            self.read_until(reader, b"\x1b[?1049l", text)

    def drawn(self, columns, lines, **environment):
        tool, reader, writer = self.on_terminal(columns, lines, "--count", "1", environment=environment)
        self.assertEqual(tool.wait(LIMIT_S), 0, tool.stderr.read())
        os.close(writer)
        text = self.read_until(reader, b"\x1b[J").decode()
        return re.search(r"\x1b\[H(.*)\x1b\[J", text, re.DOTALL)[1]

    def test_no_line_and_no_picture_is_larger_than_the_window(self):
        self.serve_clock()
        for columns, lines in ((80, 24), (40, 10), (20, 6), (10, 3), (1, 1), (200, 60)):
            shown = re.sub(r"\x1b\[[0-9;]*[mK]", "", self.drawn(columns, lines)).replace("\r", "").split("\n")
            self.assertLessEqual(len(shown), lines)
            self.assertLessEqual(max(map(len, shown)), columns)
            if lines >= 10:
                self.assertTrue(any(line.startswith("eth2") for line in shown), shown)
                self.assertIn("line 3", shown[-1])
            if lines >= 24:
                self.assertTrue(any("2 min ago" in line for line in shown), shown)

    def test_of_more_ports_than_the_window_has_lines_the_rest_is_counted(self):
        ports = [scripted.port(i, f"eth{i}", "MASTER") for i in range(1, 129)] + [{"end": True}]
        self.serve_clock().answers["port_status"] = ports
        shown = self.drawn(80, 24, NO_COLOR="1")
        n_shown = len(re.findall(r"eth\d+ +MASTER", shown))
        self.assertGreater(n_shown, 12)
        self.assertIn(f"and {128 - n_shown} ports more", shown)
        self.assertIn("] line 3", shown)

    def test_colours_are_not_for_those_who_do_not_want_them(self):
        self.serve_clock()
        self.assertIn("\x1b[32m", self.drawn(80, 24, NO_COLOR=None))
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotRegex(self.drawn(80, 24, **environment), r"\x1b\[[0-9]+m")

    def test_another_size_is_drawn_at_once(self):
        self.serve_clock()
        tool, reader, writer = self.on_terminal(80, 24, "--interval", "1000")
        self.read_until(reader, b"\x1b[J")
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 30, 0, 0))
        # The terminal is not its controlling one here: the kernel would tell by this signal.
        tool.send_signal(signal.SIGWINCH)
        text = self.read_until(reader, b"\x1b[J").decode()
        self.assertIn("boundary clock, ", text)
        self.assertNotIn("aabbcc", text)
        tool.send_signal(signal.SIGINT)
        self.assertEqual(tool.wait(LIMIT_S), 0)
        os.close(writer)

    def test_wrong_usage(self):
        for arguments in (("--interval", "0.2"), ("--interval", "x"), ("--count", "0"), ("--count", "-1")):
            self.run_tool("watch", *arguments, status=2)


# What answers whatever is asked.
class Anything(dict):
    def __init__(self, *messages):
        super().__init__()
        self.messages = messages

    def get(self, _name, _default=None):
        return list(self.messages)


class Refusals(Commands):
    COMMANDS = ("status", "ports", "stats", "stamps", "trace", "watch")

    @staticmethod
    def to_end(command):
        return ("--count", "1") if command == "watch" else ()

    def expect(self, words, status, *commands):
        for command in commands or self.COMMANDS:
            self.assertIn(words, self.run_tool(command, status=status).stderr)

    def answer_always(self, *messages):
        daemon = scripted.Daemon(self.path, Anything(*messages))
        self.addCleanup(daemon.close)

    def test_no_daemon_is_3(self):
        self.expect(f"no ebpf-bc listens at: {self.path}", 3)
        self.path.write_text("a file")
        self.expect("no ebpf-bc listens at", 3)
        self.path = self.path / "below"
        self.expect("no ebpf-bc listens at", 3)

    def test_a_socket_of_another_kind_is_3(self):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_UNIX, kind) as other:
                other.bind(str(self.path))
                if kind == socket.SOCK_STREAM:
                    other.listen()
                self.expect("another program's socket", 3, "status")
            self.path.unlink()

    def test_a_path_that_is_too_long_or_empty_is_told(self):
        self.path = "x" * 200
        self.expect("too long", 1)
        self.path = ""
        self.expect("ebpf-bcctl", 3)

    def test_rubbish_is_told(self):
        for i, rubbish in enumerate((b"\xff\x00\x1b[2J", b"[]", b"{}", b'{"status":7}', b"{" * 1000, b"x" * 100000,
                                     b'{"port":{}}', b'{"status":')):
            self.path = self.folder / str(i)
            self.answer_always(rubbish)
            self.expect("the answer makes no sense", 1, "status")

    def test_more_ports_than_there_can_be_are_told(self):
        self.serve(port_status=[scripted.PORTS[0]] * 200, stats=[scripted.stats()[0]] * 200)
        self.expect("the answer makes no sense", 1, "status", "ports", "stats")

    def test_an_error_is_told_without_what_a_terminal_would_obey(self):
        self.answer_always(b'{"error":"no \\u001b[2J\\nway"}')
        self.expect("the daemon says: no ?[2J?way", 1)

    def test_nor_what_it_would_obey_beyond_ascii(self):
        self.answer_always('{"error":"no \u009b2J\u202eway"}'.encode())
        self.expect("the daemon says: no ??2J???way", 1)

    def test_an_older_daemon_is_told(self):
        self.answer_always({"error": "unknown request"})
        self.expect("older", 1)

    def test_a_daemon_that_hangs_up_is_3(self):
        def hang_up(_):
            raise OSError
        self.serve(ports=hang_up, status=hang_up, stats=hang_up, offsets=hang_up)
        self.expect("hung up", 3)

    def test_a_daemon_that_never_answers_or_never_listens_is_3(self):
        self.answer_always()
        deaf = self.folder / "deaf"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other, contextlib.ExitStack() as stack:
            other.bind(str(deaf))
            other.listen(0)
            # Whoever connects now waits until somebody accepts.
            stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)).connect(str(deaf))
            tools = [(words, subprocess.Popen([TOOL, "-s", str(path), command], stderr=subprocess.PIPE, text=True))
                     for path, words in ((self.path, "does not answer"), (deaf, "nobody answers at"))
                     for command in self.COMMANDS]
            for words, tool in tools:
                _, told = tool.communicate(timeout=LIMIT_S)
                self.assertEqual((tool.returncode, told.count("\n")), (3, 1), told)
                self.assertIn(words, told)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_a_path_without_permission_is_1(self):
        self.folder.chmod(0o755)
        tool = shutil.copy(TOOL, self.folder)
        closed = self.folder / "closed"
        closed.mkdir(mode=0o700)
        self.path = closed / "socket"
        self.serve()
        done = subprocess.run([tool, "-s", str(self.path), "status"], user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual((done.returncode, done.stderr), (1, f"ebpf-bcctl: {self.path}: Permission denied\n"))

    def test_wrong_usage_is_2(self):
        for command in self.COMMANDS:
            self.assertIn("no such option: --nonsense", self.run_tool(command, "--nonsense", status=2).stderr)
            self.run_tool(command, "-x", status=2)
            self.run_tool(command, "--json=5", status=2)
            self.run_tool(command, "more", status=2)

    def test_wrong_usage_before_and_of_other_commands_has_the_same_form(self):
        for arguments in (["-x"], ["--nonsense"], ["-s"], ["nonsense"], ["check", "--nonsense"], ["check", "-f"],
                          ["check", "--port"]):
            done = subprocess.run([TOOL, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  timeout=LIMIT_S)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"\Aebpf-bcctl: [^\n]+\nebpf-bcctl: see [^\n]+\n\Z")

    def test_a_closed_output_is_1_and_no_request(self):
        daemon = self.serve()
        done = subprocess.run(["sh", "-c", '"$0" -s "$1" status >&-', TOOL, str(self.path)], stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT_S)
        self.assertEqual((done.returncode, done.stderr), (1, "ebpf-bcctl: standard output: Bad file descriptor\n"))
        self.assertEqual([one["request"] for one in daemon.requests], ["status", "port_status"])

    def test_help_needs_no_daemon(self):
        for command in (*self.COMMANDS, "residence"):
            for flag in ("-h", "--help"):
                self.assertIn(f"usage: ebpf-bcctl [-s SOCKET] {command}", self.run_tool(command, flag).stdout)

    def test_a_full_disk_and_a_reader_that_left_are_1(self):
        self.serve(offsets=scripted.numbered(scripted.OFFSET_FIELDS, "offsets", make_offsets(3)))
        for command in self.COMMANDS:
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([TOOL, "-s", str(self.path), command, *self.to_end(command)], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=LIMIT_S)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
            self.assertIn("No space left", done.stderr)
            read_fd, write_fd = os.pipe()
            os.close(read_fd)
            with open(write_fd, "w", encoding="ascii") as pipe:
                done = subprocess.run([TOOL, "-s", str(self.path), command, *self.to_end(command)], stdout=pipe, stderr=subprocess.PIPE,
                                      text=True, timeout=LIMIT_S)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))


if __name__ == "__main__":
    unittest.main()
