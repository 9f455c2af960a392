# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bcctl check on this very machine, as root and as nobody: its forms of output, its exit status, bad input, and
that the manual page has every topic."""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

TOOL = os.environ.get("EBC_CTL", "")
ROOT = pathlib.Path(os.environ.get("EBC_ROOT", "."))
PAGE = ROOT / "docs" / "man" / "ebpf-bcctl-check.8.rst"
NOBODY = 65534
LIMIT_S = 60
ESCAPE = "\033"
# A container may forbid it to its root.
CAN_UNSHARE = os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "--net", "true"], check=False,
                                                   stderr=subprocess.DEVNULL).returncode == 0
LEVELS = {"problem": "problems", "note": "notes", "good": "good"}


def topics_of_sources():
    """The topics that the sources name: in each call that makes a finding, the first string."""
    calls = re.compile(r'\b(?:finding_add|port_finding|port_unseen)\s*\((?!struct|const struct)[^;"]*"([a-z0-9-]+)"')
    return {topic for path in (ROOT / "ctl" / "check").glob("*.c") for topic in calls.findall(path.read_text())}


def topics_of_page():
    return set(re.findall(r"^\*\*([a-z0-9-]+)\*\*(?:, \*\*[a-z0-9-]+\*\*)*\n(?=    )", PAGE.read_text(), re.M))


@unittest.skipUnless(TOOL, "run by meson")
class Check(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-check-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_tool(self, *arguments, **more):
        return subprocess.run([TOOL, "check", *arguments], capture_output=True, text=True, timeout=LIMIT_S, **more)

    def find(self, *arguments, **more):
        """The findings, which must be whole, and agree with counts and status."""
        done = self.run_tool("--json", *arguments, **more)
        self.assertEqual(done.stderr, "")
        told = json.loads(done.stdout)
        for level, count in LEVELS.items():
            self.assertEqual(told[count], sum(one["level"] == level for one in told["findings"]))
        self.assertEqual(done.returncode, 1 if told["problems"] else 0)
        for one in told["findings"]:
            self.assertEqual(set(one), {"level", "topic", "port", "text", "why", "mend"})
            self.assertTrue(one["text"], one)
            self.assertTrue(one["why"] or one["level"] == "good", one)
        return told["findings"]

    def configure(self, text):
        path = self.folder / "bc.conf"
        path.write_text(text)
        return str(path)

    def find_topic(self, findings, topic, level=None):
        found = [one for one in findings if one["topic"] == topic and level in (None, one["level"])]
        self.assertTrue(found, topic)
        return found[0]


class Findings(Check):
    def test_findings_are_whole(self):
        findings = self.find()
        self.assertLessEqual({one["topic"] for one in findings}, topics_of_page())
        for topic in ("kernel", "clocksource", "vdso", "system-clock", "rtc", "rivals", "c-states", "wake-up"):
            self.find_topic(findings, topic)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become nobody")
    def test_nobody_is_told_what_only_root_can_see(self):
        tool = self.folder / "ebpf-bcctl"
        shutil.copy(TOOL, tool)
        self.folder.chmod(0o755)
        done = subprocess.run([tool, "check", "--json"], capture_output=True, text=True, timeout=LIMIT_S, user=NOBODY,
                              group=NOBODY, extra_groups=[])
        findings = json.loads(done.stdout)["findings"]
        self.assertTrue(self.find_topic(findings, "bpf", "note")["text"].startswith("as root:"))
        self.find_topic(findings, "capabilities", "note")
        self.assertEqual(done.returncode, 1 if any(one["level"] == "problem" for one in findings) else 0)
        for one in findings:
            self.assertTrue(one["text"] and (one["why"] or one["level"] == "good"), one)

    def test_a_configuration_decides_what_is_judged(self):
        findings = self.find("-f", self.configure("[global]\nleapfile /nonexistent\n[no-such-port]\n"))
        self.find_topic(findings, "configuration", "good")
        self.find_topic(findings, "leapfile", "problem")
        self.assertEqual({one["port"] for one in findings}, {None, "no-such-port"})

    def test_a_configuration_that_the_daemon_would_refuse_is_a_problem(self):
        for text in ("[global]\nlogSyncInterval 99\n[eth0]\n", "rubbish\n", "\0\1\2",
                     "[global]\npublish_stamps 1\nbpf_pin_path \n"):
            found = self.find_topic(self.find("-f", self.configure(text)), "configuration", "problem")
            self.assertIn("would refuse", found["text"])

    def test_a_file_without_ports_counts_with_those_of_the_command_line(self):
        file = self.configure("[global]\nleapfile /nonexistent\n")
        for ports, level in (([], "note"), (["no-such-port"], "good")):
            findings = self.find("-f", file, *ports)
            self.assertEqual(self.find_topic(findings, "configuration")["level"], level)
            self.find_topic(findings, "leapfile", "problem")
        self.assertEqual({one["port"] for one in findings}, {None, "no-such-port"})

    @unittest.skipUnless(os.geteuid() == 0, "only root can be deprived")
    def test_what_keeps_a_clock_from_starting_is_a_problem(self):
        clock = self.configure("[global]\nclock_type E2E_TC\n[gone0]\n[gone1]\n")
        done = subprocess.run(["setpriv", "--bounding-set=-perfmon,-sys_admin", TOOL, "check", "--json", "-f", clock],
                              capture_output=True, text=True, timeout=LIMIT_S)
        findings = json.loads(done.stdout)["findings"]
        self.assertIn("CAP_PERFMON", self.find_topic(findings, "capabilities", "problem")["text"])
        self.find_topic(findings, "bpf", "problem")
        self.assertNotIn("btf", {one["topic"] for one in findings})

    @unittest.skipUnless(CAN_UNSHARE, "needs a root that may unmount")
    def test_without_sysfs_nothing_in_it_is_told_to_be_good(self):
        done = subprocess.run(["unshare", "--mount", "sh", "-c", 'umount -l /sys && exec "$@"', "sh", TOOL, "check",
                               "--json"], capture_output=True, text=True, timeout=LIMIT_S)
        findings = json.loads(done.stdout)["findings"]
        self.find_topic(findings, "sysfs", "note")
        self.assertFalse({one["topic"] for one in findings} & {"pps", "phc", "rtc", "c-states", "p-states", "isolation",
                                                               "hyper-threading"})

    @unittest.skipUnless(CAN_UNSHARE, "needs a root that may mount")
    def test_a_router_is_asked_for_its_own_file_and_told_its_own_commands(self):
        made = ("mount -t tmpfs none /etc && mount -t tmpfs none /run && mkdir /run/ebpf-bc && : >/etc/openwrt_release && "
                "printf '[no-such-port]\\nleapfile /nonexistent\\n' >/run/ebpf-bc/main.conf && ")
        done = subprocess.run(["unshare", "--mount", "sh", "-c", made + 'exec "$@"', "sh", TOOL, "check", "--json"],
                              capture_output=True, text=True, timeout=LIMIT_S)
        findings = json.loads(done.stdout)["findings"]
        found = self.find_topic(findings, "configuration", "problem")
        self.assertTrue(found["text"].startswith("/var/run/ebpf-bc/main.conf: "))
        self.assertIn("uci ", found["mend"])
        for word in ("apt ", "systemctl ", "timedatectl "):
            self.assertFalse([one for one in findings if word in (one["mend"] or "")], word)

    @unittest.skipUnless(CAN_UNSHARE, "needs a root that may make a network namespace")
    def test_a_host_without_ethernet_has_no_port(self):
        done = subprocess.run(["unshare", "--net", TOOL, "check", "--json"], capture_output=True, text=True,
                              timeout=LIMIT_S)
        self.find_topic(json.loads(done.stdout)["findings"], "ports", "problem")

    def test_options_may_stand_behind_ports(self):
        self.assertIn("no-such-port", {one["port"] for one in json.loads(
            self.run_tool("no-such-port", "--json").stdout)["findings"]})

    def test_the_standard_input_is_a_file_too(self):
        findings = self.find("-f", "-", input="[global]\nclock_type E2E_TC\n[gone0]\n[gone1]\n")
        self.assertIn("the standard input", self.find_topic(findings, "configuration", "good")["text"])

    # Among processes of its own: of several of a name only the first is told, and this machine may have one. The kernel
    # gives it its name a moment after execve() is taken for done: it is asked for an answer.
    WITH_RIVAL = ('mkfifo "$1.in" "$1.out"; "$1" <"$1.in" >"$1.out" & echo $!; exec 3>"$1.in" 4<"$1.out"; echo >&3; '
                  'read -r _ <&4; shift; exec "$@"')

    @unittest.skipUnless(CAN_UNSHARE, "needs a root that may unshare processes")
    def test_a_daemon_that_steers_the_same_clock_is_a_problem(self):
        program = self.folder / "chronyd"
        shutil.copy(shutil.which("cat"), program)
        ours = self.configure("[global]\nlocal_clock system\n[gone0]\n")
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", self.WITH_RIVAL, "sh", program, TOOL,
                               "check", "--json", "-f", ours], capture_output=True, text=True, timeout=LIMIT_S)
        pid, _, told = done.stdout.partition("\n")
        found = [one for one in json.loads(told)["findings"] if one["topic"] == "rivals"]
        self.assertEqual([one["level"] for one in found], ["problem"])
        self.assertIn(f"chronyd (pid {pid})", found[0]["text"])
        self.assertIn(f"kill {pid}", found[0]["mend"])

    def test_what_is_not_printable_is_replaced(self):
        findings = self.find("--port", "\033[2J\u00e9")
        self.assertIn("?[2J??", {one["port"] for one in findings})


class Text(Check):
    def test_what_is_good_is_counted_unless_asked_for(self):
        short, whole = self.run_tool().stdout, self.run_tool("--all").stdout
        self.assertNotIn("Good\n", short)
        self.assertRegex(short.splitlines()[-1], r"^\d+ problems?, \d+ notes?, \d+ good \(--all shows them\)$")
        self.assertIn("Good\n", whole)
        self.assertRegex(whole, r"\n  kernel: Linux ")
        self.assertNotIn(ESCAPE, whole)

    def test_lines_fit_unless_they_are_commands(self):
        for line in self.run_tool("--all").stdout.splitlines():
            self.assertTrue(len(line) <= 110 or line.lstrip().startswith("->"), line)

    def on_terminal(self, **environment):
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", closefd=True, buffering=0) as screen:
            tool = subprocess.Popen([TOOL, "check", "--all"], stdout=theirs, env={**os.environ, **environment})
            os.close(theirs)
            text = b""
            try:
                while part := screen.read(65536):
                    text += part
            except OSError:  # the terminal's other end is closed
                pass
            tool.wait(LIMIT_S)
        return text.decode()

    def test_only_terminals_get_colours_and_not_all(self):
        self.assertIn(ESCAPE, self.on_terminal(NO_COLOR=""))
        self.assertNotIn(ESCAPE, self.on_terminal(NO_COLOR="1"))


class BadInput(Check):
    def test_wrong_usage_is_said_in_a_line(self):
        for arguments in (["--bogus"], ["a/b"], ["--port", ""], ["--port", "x" * 16], ["--port", "a/b"], ["--port"],
                          ["-f", "/nonexistent/file"], ["-f", str(self.folder)], ["--port", "x"] * 129):
            done = self.run_tool(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(1 <= len(done.stderr.splitlines()) <= 2, done.stderr)

    def test_a_full_disk_is_said(self):
        for arguments in ([], ["--json"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([TOOL, "check", *arguments], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=LIMIT_S)
            self.assertEqual(done.returncode, 1)
            self.assertIn("No space left on device", done.stderr)


class Manual(unittest.TestCase):
    def test_every_topic_is_in_the_manual_and_no_other(self):
        self.assertEqual(topics_of_sources(), topics_of_page())
