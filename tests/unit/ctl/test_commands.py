# SPDX-License-Identifier: GPL-2.0-or-later
"""What ebpf-bcctl makes of what a daemon tells, and of sockets that are not a daemon's."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

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


# What answers whatever is asked.
class Anything(dict):
    def __init__(self, *messages):
        super().__init__()
        self.messages = messages

    def get(self, _name, _default=None):
        return list(self.messages)


class Refusals(Commands):
    COMMANDS = ("status", "ports", "stats", "stamps")

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

    def test_an_older_daemon_is_told(self):
        self.answer_always({"error": "unknown request"})
        self.expect("older", 1)

    def test_a_daemon_that_hangs_up_is_3(self):
        def hang_up(_):
            raise OSError
        self.serve(ports=hang_up, status=hang_up, stats=hang_up)
        self.expect("hung up", 3)

    def test_a_daemon_that_never_answers_is_3(self):
        self.answer_always()
        self.expect("does not answer", 3, "status")

    def test_wrong_usage_is_2(self):
        for command in self.COMMANDS:
            self.assertIn("no such option: --nonsense", self.run_tool(command, "--nonsense", status=2).stderr)
            self.run_tool(command, "-x", status=2)
            self.run_tool(command, "--json=5", status=2)
            self.run_tool(command, "more", status=2)

    def test_help_needs_no_daemon(self):
        for command in (*self.COMMANDS, "residence"):
            for flag in ("-h", "--help"):
                self.assertIn(f"usage: ebpf-bcctl [-s SOCKET] {command}", self.run_tool(command, flag).stdout)

    def test_a_full_disk_and_a_reader_that_left_are_1(self):
        self.serve()
        for command in self.COMMANDS:
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([TOOL, "-s", str(self.path), command], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=LIMIT_S)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
            self.assertIn("No space left", done.stderr)
            read_fd, write_fd = os.pipe()
            os.close(read_fd)
            with open(write_fd, "w", encoding="ascii") as pipe:
                done = subprocess.run([TOOL, "-s", str(self.path), command], stdout=pipe, stderr=subprocess.PIPE,
                                      text=True, timeout=LIMIT_S)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))


if __name__ == "__main__":
    unittest.main()
