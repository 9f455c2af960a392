# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bcctl against a daemon that makes its figures up: what it prints, draws, and ends with."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

TOOL = os.environ.get("EBC_CTL", "")
DAEMON = os.environ.get("EBC_FAKE_DAEMON", "")
MESSAGES = 4000
LIMIT_S = 60
SVG = "{http://www.w3.org/2000/svg}"


@unittest.skipUnless(TOOL and DAEMON, "run by meson")
class Tool(unittest.TestCase):
    messages = MESSAGES

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = self.folder / "socket"
        self.daemon = self.start_daemon()

    def start_daemon(self):
        daemon = subprocess.Popen([DAEMON, str(self.socket), str(self.messages)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, daemon)
        self.assertEqual(daemon.stdout.readline(), "ready\n")
        return daemon

    @staticmethod
    def stop(daemon):
        daemon.stdin.close()
        daemon.wait(LIMIT_S)
        daemon.stdout.close()

    def run_tool(self, *arguments, status=0, **more):
        done = subprocess.run([TOOL, "-s", str(self.socket), "residence", *arguments], capture_output=True, text=True,
                              timeout=LIMIT_S, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def popen_tool(self, *arguments):
        tool = subprocess.Popen([TOOL, "-s", str(self.socket), "residence", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        self.addCleanup(tool.stdout.close)
        self.addCleanup(tool.stderr.close)
        self.addCleanup(tool.wait, LIMIT_S)
        self.addCleanup(lambda: tool.poll() is None and tool.kill())
        return tool


class Output(Tool):
    def test_the_table_has_a_row_for_each_ports_and_type(self):
        lines = self.run_tool().stdout.splitlines()
        self.assertIn("before the queue", lines[0])
        self.assertEqual(lines[1].split()[:4], ["ingress", "egress", "message", "count"])
        self.assertEqual([line.split()[:3] for line in lines[2:]],
                         [["c,2", "gm0", "delay_req"], ["c1", "gm0", "delay_req"], ["gm0", "c,2", "sync"],
                          ["gm0", "c1", "sync"]])
        self.assertEqual(len({len(line) for line in lines[1:]}), 1)

    def test_times_have_the_digits_of_all_other_commands(self):
        cells = re.split(r"  +| \| +", self.run_tool("--port", "c1", "--type", "sync").stdout.splitlines()[-1].strip())
        self.assertEqual(len(cells), 16)
        for cell in cells[4:]:
            self.assertRegex(cell, r"^([0-9]{1,3} ns|([0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]|[0-9]{3}) (us|ms|s))$")

    def test_csv_and_json_say_the_same(self):
        table = list(csv.DictReader(io.StringIO(self.run_tool("--csv", "--port", "c1", "--type", "sync").stdout)))
        self.assertEqual([row["part"] for row in table], ["total", "before", "queued"])
        told = json.loads(self.run_tool("--json", "--port", "c1", "--type", "sync").stdout)["residences"]
        self.assertEqual([(one["ingress"], one["egress"], one["type"]) for one in told], [("gm0", "c1", "sync")])
        for row in table:
            part = told[0][row["part"]]
            self.assertEqual(sum(bucket[2] for bucket in part["buckets"]), part["count"])
            self.assertGreaterEqual(part["count"], int(row["count"]))
            figures = [float(row[name]) for name in
                       ("min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns")]
            self.assertEqual(figures, sorted(figures))
            self.assertAlmostEqual(part["p50_ns"] / float(row["p50_ns"]), 1, 1)

    def test_names_are_quoted_where_csv_needs_it(self):
        rows = list(csv.reader(io.StringIO(self.run_tool("--csv").stdout)))
        self.assertEqual({len(row) for row in rows}, {13})
        self.assertEqual(rows[1][:3], ["c,2", "gm0", "delay_req"])

    def test_seconds_count_only_what_comes_meanwhile(self):
        row = next(csv.DictReader(io.StringIO(self.run_tool("--csv", "--seconds", "0.3", "--type", "sync").stdout)))
        self.assertTrue(0 < int(row["count"]) < MESSAGES / 4)

    def test_watch_shows_what_is_new_and_the_total_until_it_is_interrupted(self):
        tool = self.popen_tool("--watch", "0.1", "--type", "sync")
        seen = "".join(tool.stdout.readline() for _ in range(14))
        tool.send_signal(signal.SIGINT)
        self.assertEqual(tool.wait(LIMIT_S), 0)
        self.assertRegex(seen, r"last \d+\.\d s")
        self.assertIn("in total", seen)
        counts = [int(line.split()[3]) for line in seen.splitlines() if line.startswith("gm0")]
        self.assertGreater(counts[2], counts[0])

    def test_raw_is_a_line_a_sample_and_tells_what_was_lost(self):
        tool = self.popen_tool("--raw", "-")
        header = tool.stdout.readline().strip()
        self.assertEqual(header, "rx_mono_ns,ingress,egress,type,domain,sdo_id,source_port_identity,sequence_id,"
                                 "before_ns,queued_ns,residence_ns")
        lines = [tool.stdout.readline().strip() for _ in range(8)]
        tool.send_signal(signal.SIGINT)
        rest, words = tool.communicate(timeout=LIMIT_S)
        self.assertEqual(tool.returncode, 0)
        self.assertEqual(lines[0], "1000000000000000001,gm0,c1,delay_req,24,683,001122.fffe.334455-258,1,1000,500,1500")
        self.assertEqual(lines[1], "1000000000000000002,gm0,c1,delay_req,24,683,001122.fffe.334455-258,2,1000,,")
        self.assertIn(f"{8 + len(rest.splitlines())} samples, 0 lost", words)

    def test_raw_into_a_file_ends_by_itself(self):
        path = self.folder / "raw.csv"
        self.run_tool("--raw", str(path), "--seconds", "0.3", "--type", "delay_req")
        self.assertGreater(len(path.read_text().splitlines()), 1)
        self.run_tool("--raw", str(path), "--seconds", "0.3", "--type", "sync", status=1)
        self.assertEqual(len(path.read_text().splitlines()), 1)

    def test_raw_ends_when_nobody_reads_any_more(self):
        tool = self.popen_tool("--raw", "-")
        tool.stdout.readline()
        tool.stdout.close()
        self.assertEqual(tool.wait(LIMIT_S), 1)

    def test_the_clear_is_total(self):
        self.run_tool("--clear")
        self.assertIn("no event message", self.run_tool(status=1).stderr)
        self.assertEqual(json.loads(self.run_tool("--json", status=1).stdout), {"residences": []})


class Plot(Tool):
    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_the_picture_has_both_panels_and_every_name(self):
        path = self.folder / "picture.svg"
        self.run_tool("--plot", str(path))
        text = " ".join("".join(node.itertext()) for node in ElementTree.parse(path).iter(SVG + "text"))
        for words in ("residence time t (µs)", "share of messages per decade", "share of messages with residence ≥ t",
                      "gm0 → c1, sync", "gm0 → c,2, sync", "c1 → gm0, delay_req"):
            self.assertIn(words, " ".join(text.split()))

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_the_picture_also_of_a_handful_of_messages(self):
        path = self.folder / "picture.svg"
        self.run_tool("--plot", str(path), "--seconds", "0.2")
        ElementTree.parse(path)

    def with_gnuplot(self, script):
        """An environment where gnuplot is this script, or missing."""
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        if script:
            (bin_folder / "gnuplot").write_text(script)
            (bin_folder / "gnuplot").chmod(stat.S_IRWXU)
        return {**os.environ, "PATH": str(bin_folder)}

    # It answers --version, which is asked before anything is measured, and spoils the picture.
    FAILS_LATE = '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho half a picture\nexit 3\n'

    def old_picture(self):
        path = self.folder / "picture.svg"
        path.write_text("of yesterday")
        path.chmod(0o640)
        return path

    def assert_alone(self, path):
        self.assertEqual([entry.name for entry in path.parent.iterdir() if entry.name.startswith(path.name)], [path.name])

    def assert_untouched(self, path):
        self.assertEqual(path.read_text(), "of yesterday")
        self.assert_alone(path)

    def test_a_missing_gnuplot_is_named_with_its_package(self):
        path, environment = self.old_picture(), self.with_gnuplot(None)
        self.assertIn("gnuplot-nox", self.run_tool("--plot", str(path), status=1, env=environment).stderr)
        self.assert_untouched(path)
        path.unlink()
        self.run_tool("--plot", str(path), status=1, env=environment)
        self.assertFalse(path.exists())

    def test_a_gnuplot_that_fails_leaves_what_was_there(self):
        path = self.old_picture()
        done = self.run_tool("--plot", str(path), status=1, env=self.with_gnuplot(self.FAILS_LATE))
        self.assertIn("gnuplot failed", done.stderr)
        self.assertIn("sync", done.stdout)
        self.assert_untouched(path)

    def test_what_cannot_be_drawn_is_told_before_it_measures_or_clears(self):
        broken, works = self.with_gnuplot("#!/bin/sh\nexit 3\n"), dict(os.environ)
        if not shutil.which("gnuplot"):
            self.skipTest("no gnuplot")
        for path, env in ((self.old_picture(), broken), (self.folder, works), (self.folder / "no" / "such", works),
                          ("", works)):
            # It would take longer than the test waits.
            done = self.run_tool("--clear", "--seconds", "1000", "--plot", str(path), status=1, env=env)
            self.assertIn("cannot draw", done.stderr)
        self.assert_untouched(self.folder / "picture.svg")
        row = next(csv.DictReader(io.StringIO(self.run_tool("--csv", "--type", "sync", "--port", "c1").stdout)))
        self.assertGreaterEqual(int(row["count"]), MESSAGES)

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_a_picture_that_was_there_is_replaced_also_through_a_link(self):
        path, link = self.old_picture(), self.folder / "link.svg"
        link.symlink_to(path)
        with open(path, encoding="utf-8") as reader:
            self.run_tool("--plot", str(link))
            # Whoever reads the old one reads it to its end.
            self.assertEqual(reader.read(), "of yesterday")
        self.assertTrue(link.is_symlink())
        ElementTree.parse(path)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        self.assert_alone(path)

    def test_what_is_no_regular_file_is_written_into_and_stays(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        fd = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        environment = self.with_gnuplot("#!/bin/sh\necho picture\n")
        self.run_tool("--plot", str(pipe), env=environment)
        self.assertEqual(os.read(fd, 100), b"picture\n")
        (self.folder / "bin" / "gnuplot").write_text(self.FAILS_LATE)
        self.run_tool("--plot", str(pipe), status=1, env=environment)
        with self.assertRaises(BlockingIOError):
            os.read(fd, 100)
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))

    def test_a_path_that_cannot_be_written_is_named(self):
        self.assertIn("no/such", self.run_tool("--plot", str(self.folder / "no/such/file"), status=1,
                                               env=self.with_gnuplot("#!/bin/sh\n")).stderr)


class Refusals(Tool):
    def test_wrong_usage_is_2(self):
        for arguments in (("--json", "--csv"), ("--watch", "0"), ("--seconds", "x"), ("--seconds", "nan"), ("--nonsense",),
                          ("more",), ("--raw", "-", "--watch"), ("--raw", "-", "--plot", "x.svg")):
            self.run_tool(*arguments, status=2)
        for arguments in ([], ["nonsense"], ["-x"]):
            self.assertEqual(subprocess.run([TOOL, *arguments], capture_output=True, timeout=LIMIT_S).returncode, 2)

    def test_unknown_ports_and_types_are_told_what_there_is(self):
        self.assertIn("gm0 c1", self.run_tool("--port", "eth9", status=2).stderr)
        self.assertIn("pdelay_req", self.run_tool("--type", "announce", status=2).stderr)

    def test_no_daemon_is_3(self):
        self.stop(self.daemon)
        self.daemon = None
        self.assertIn(str(self.socket), self.run_tool(status=3).stderr)

    def stop(self, daemon):
        if not daemon.stdin.closed:
            Tool.stop(daemon)

    def test_a_daemon_that_ends_while_it_streams_is_3(self):
        tool = self.popen_tool("--raw", "-")
        tool.stdout.readline()
        self.stop(self.daemon)
        tool.communicate(timeout=LIMIT_S)
        self.assertEqual(tool.returncode, 3)

    def test_a_full_daemon_says_no(self):
        with contextlib.ExitStack() as stack:
            streams = []
            for _ in range(16):
                streams.append(self.popen_tool("--raw", "-"))
                # The header comes before the place is taken, the first sample after.
                streams[-1].stdout.readline(), streams[-1].stdout.readline()
            self.assertIn("too many clients", self.run_tool(status=1).stderr)
            for tool in streams:
                stack.callback(tool.communicate, timeout=LIMIT_S)
                tool.send_signal(signal.SIGINT)

    def test_help_and_version_are_fine(self):
        for flag in ("-h", "-v", "--help", "--version"):
            self.assertEqual(subprocess.run([TOOL, flag], capture_output=True, timeout=LIMIT_S).returncode, 0)


if __name__ == "__main__":
    unittest.main()
