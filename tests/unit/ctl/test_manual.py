# SPDX-License-Identifier: GPL-2.0-or-later
"""What the manual page and the completion tell of ebpf-bcctl, beside what it prints itself and accepts."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from unit.ctl import scripted, zsh

TOOL = os.environ.get("EBC_CTL", "")
PAGE = os.environ.get("EBC_CTL_PAGE", "")
COMPLETION = os.environ.get("EBC_CTL_COMPLETION", "")
LIMIT_S = 60
OPTION = re.compile(r"^ +(-{1,2}[a-z]+)", re.M)


def help_of(*command):
    return subprocess.run([TOOL, *command, "-h"], capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout


def commands():
    return re.findall(r"^  ([a-z]+)  ", help_of(), re.M)


def options_of(command):
    return set(OPTION.findall(help_of(command))) - {"-h"}


def interfaces(begin):
    """This machine's whose name begins so, of which lo is only one."""
    return sorted(name for name in os.listdir("/sys/class/net") if name.startswith(begin))


@unittest.skipUnless(TOOL and PAGE and COMPLETION, "run by meson")
class Manual(unittest.TestCase):
    def setUp(self):
        self.page = pathlib.Path(PAGE).read_text(encoding="utf-8")

    def section(self, name):
        return re.search(rf"^{name}\n=+\n(.*?)(?=^[A-Z ]+\n=+\n|\Z)", self.page, re.M | re.S)[1]

    def test_every_command_has_a_section_and_a_line_of_synopsis(self):
        self.assertIn("status", commands())
        for command in commands():
            self.section(command.upper())
            self.assertIn(f"**{command}**", self.section("SYNOPSIS"))

    def test_every_option_is_told_and_no_other(self):
        for command in commands():
            if command != "check":  # which has a page of its own
                told = set(re.findall(r"^(-{1,2}[a-z]+)", self.section(command.upper()), re.M))
                self.assertEqual(told, options_of(command), command)

    def test_every_member_of_json_is_told(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, folder)
        status = {**scripted.STATUS, "holdover": {"age_ns": 1, "expected_error_ns": 1},
                  "rate": {"ratio_ppb": 1.5, "grandmaster": "x"}}
        offsets = [scripted.offset_row(i, i) for i in range(1, 9)]
        daemon = scripted.Daemon(folder / "socket", {**scripted.normal_answers(offsets, [[1, 1, 5, "x"]]),
                                                     "status": [{"status": status}]})
        self.addCleanup(daemon.close)
        told = {word for literal in re.findall(r"``([^`]+)``", self.page) for word in re.findall(r"[a-z0-9_]+", literal)}

        def names(value):
            if isinstance(value, dict):
                for name, member in value.items():
                    if name not in ("counters", "rates") or not isinstance(member, dict):
                        yield from names(member)
                    yield name
            elif isinstance(value, list):
                for member in value:
                    yield from names(member)
        seen = set()
        for arguments in (("status",), ("ports",), ("stats", "--rate=0.01"), ("stamps",), ("watch", "--count", "1"),
                          ("trace",)):
            text = subprocess.run([TOOL, "-s", str(folder / "socket"), *arguments, "--json"], capture_output=True,
                                  text=True, check=True, timeout=LIMIT_S).stdout
            seen |= set(names(json.loads(text)))
        self.assertIn("sync_in_per_s", seen)
        self.assertEqual(seen - told, set())


@unittest.skipUnless(TOOL and PAGE and COMPLETION, "run by meson")
class Completion(unittest.TestCase):
    def complete(self, *words):
        script = (f"source {COMPLETION}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ebpf_bcctl; "
                  "((${#COMPREPLY[@]})) && printf '%s\\n' \"${COMPREPLY[@]}\"; true")
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", TOOL, *words], capture_output=True, text=True,
                              timeout=LIMIT_S)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_every_command_and_every_option_is_offered_and_no_other(self):
        self.assertEqual([word for word in self.complete("") if not word.startswith("-")], commands())
        self.assertEqual(self.complete("sta"), ["status", "stats", "stamps"])
        for command in commands():
            self.assertEqual(set(self.complete(command, "-")) - {"-h"}, options_of(command), command)
            self.assertEqual(self.complete("-s", "/some/where", command, "--js"), ["--json"])

    def test_names_of_ports_come_from_the_daemon_and_run_nothing(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, folder)
        trap = "$(touch${IFS}x)"
        daemon = scripted.Daemon(folder / "socket", {
            **scripted.normal_answers(), "port_status": [scripted.port(1, "eth0", "MASTER"), scripted.port(2, "eth1", "MASTER"),
                                                         scripted.port(3, trap, "MASTER"), {"end": True}]})
        self.addCleanup(daemon.close)
        where = ("-s", str(folder / "socket"))
        self.assertEqual(self.complete(*where, "stats", "--port", "e"), ["eth0", "eth1"])
        self.assertEqual(self.complete(*where, "stats", "--port", "$"), [r"\$\(touch\$\{IFS\}x\)"])
        self.assertFalse(pathlib.Path("x").exists())
        self.assertEqual(self.complete("-s" + where[1], "stats", "--port", "=", "e"), ["eth0", "eth1"])
        self.assertEqual(self.complete(*where, "stats", "--port", "=")[:2], ["eth0", "eth1"])
        self.assertEqual(self.complete("-s", str(folder / "none"), "stats", "--port", ""), [])

    def test_types_files_and_interfaces(self):
        self.assertEqual(self.complete("stamps", "--type", "s"), ["sync"])
        self.assertEqual(self.complete("trace", "--seconds", ""), [])
        self.assertIn("/usr/bin", self.complete("residence", "--raw", "/usr/b"))
        for words in (("check",), ("check", "--port")):
            self.assertEqual(sorted(self.complete(*words, "l")), interfaces("l"))


@unittest.skipUnless(TOOL and PAGE and COMPLETION, "run by meson")
@unittest.skipUnless(shutil.which("zsh"), "no zsh here: packaging/install-deps installs it")
class ZshCompletion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.zsh = zsh.Zsh(pathlib.Path(COMPLETION).parent, LIMIT_S)
        cls.addClassCleanup(cls.zsh.close)

    def complete(self, words):
        return self.zsh.complete(f"{TOOL} {words}")

    def test_every_command_and_every_option_is_offered_and_no_other(self):
        self.assertEqual(self.complete(""), commands())
        self.assertEqual(self.complete("sta"), ["status", "stats", "stamps"])
        self.assertEqual(set(self.complete("-")), {"-s", "-v", "-h"})
        for command in commands():
            self.assertEqual(set(self.complete(f"{command} -")) - {"-h"}, options_of(command), command)
            self.assertEqual(self.complete(f"-s /some/where {command} --js"), ["--json"])

    def test_names_of_ports_come_from_the_daemon_and_run_nothing(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, folder)
        # Without a blank: zsh does not split ${IFS}.
        trap = f"$(:>{folder}/x)"
        daemon = scripted.Daemon(folder / "socket", {
            **scripted.normal_answers(), "port_status": [scripted.port(1, "eth0", "MASTER"), scripted.port(2, "eth1", "MASTER"),
                                                         scripted.port(3, trap, "MASTER"), {"end": True}]})
        self.addCleanup(daemon.close)
        for where in (f"-s {folder}/socket", f"-s{folder}/socket"):
            self.assertEqual(self.complete(f"{where} stats --port e"), ["eth0", "eth1"])
            self.assertEqual(self.complete(f"{where} stats --port=e"), ["eth0", "eth1"])
        quoted = rf"\$\(:\>{folder}/x\)"
        self.assertEqual(self.complete(f"-s {folder}/socket stats --port "), ["eth0", "eth1", quoted])
        self.assertFalse((folder / "x").exists())
        self.assertEqual(self.complete(f"-s {folder}/none stats --port "), [])

    def test_what_the_line_would_run_is_not_run_before(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-ctl-"))
        self.addCleanup(shutil.rmtree, folder)
        for trap in (f"$(touch {folder}/x)", f"`touch {folder}/x`", f"=(touch {folder}/x)"):
            for words in (f"-s {trap} stats --port ", f"-s{trap} stats -", f"{trap} --j"):
                self.complete(words)
                self.assertFalse((folder / "x").exists(), words)

    def test_types_files_and_interfaces(self):
        self.assertEqual(self.complete("stamps --type s"), ["sync"])
        self.assertEqual(self.complete("trace --seconds "), [])
        self.assertIn("bin", self.complete("residence --raw /usr/b"))
        self.assertIn("bin", self.complete("trace --plot /usr/b"))
        for words in ("check l", "check --port l"):
            self.assertEqual(sorted(self.complete(words)), interfaces("l"))


if __name__ == "__main__":
    unittest.main()
