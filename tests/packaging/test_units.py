# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be seen of units and package without building it."""

import pathlib
import re
import shutil
import subprocess
import unittest

from packaging.unit import parse

TREE = pathlib.Path(__file__).resolve().parents[2]
UNITS = TREE / "packaging/systemd"
# Of what only one has: the link for pmc; and in what they differ.
ONLY_FIRST = ("/bin/ln ", "ExecStopPost=", "# Where pmc")
DIFFERENT = (("/run/ebpf-bc@%i", "/run/ebpf-bc"), ("=ebpf-bc@%i", "=ebpf-bc"), ("/etc/ebpf-bc/%i.conf", "/etc/ebpf-bc/ebpf-bc.conf"),
             (" (%i)", ""))


def text_of(path):
    return (TREE / path).read_text(encoding="ascii")


class Units(unittest.TestCase):
    def test_the_template_is_the_unit_with_names_of_its_own(self):
        unit = [line for line in text_of("packaging/systemd/ebpf-bc.service").splitlines()[2:]
                if not any(word in line for word in ONLY_FIRST)]
        template = "\n".join(text_of("packaging/systemd/ebpf-bc@.service").splitlines()[2:])
        for theirs, ours in DIFFERENT:
            self.assertIn(theirs, template)
            template = template.replace(theirs, ours)
        self.assertEqual(template.splitlines(), unit)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_the_sandbox_is_worth_its_score(self):
        for unit, threshold in (("ebpf-bc.service", 21), ("ebpf-bc-exporter.service", 11)):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", "--no-pager",
                                   UNITS / unit], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("Overall exposure level", done.stdout)

    def test_one_that_hangs_or_finds_a_port_missing_is_started_again_for_ever(self):
        settings = parse(text_of("packaging/systemd/ebpf-bc.service"))
        self.assertEqual([settings[name] for name in ("Type", "Restart", "StartLimitIntervalSec")],
                         [["notify"], ["on-failure"], ["0"]])
        # The daemon is late only after a second, and feeds a watchdog four times in its time.
        self.assertGreater(int(settings["WatchdogSec"][-1]), 4)
        self.assertGreater(int(settings["RestartSec"][-1]), 1, "a journal is not to be filled meanwhile")

    def test_the_package_has_the_version_of_the_program(self):
        version = re.search(r"^  version: '([^']+)'", text_of("meson.build"), re.M)[1]
        self.assertEqual(re.match(r"ebpf-bc \(([^)]+)\)", text_of("packaging/debian/changelog"))[1], version)

    def test_the_units_leave_to_others_the_places_that_the_tools_look_at(self):
        """ebpf-bcctl finds the first one by itself, and none takes the sockets of another."""
        default = re.search(r'EBC_CONTROL_SOCKET_DEFAULT "([^"]+)"', text_of("util/paths.h"))[1]
        self.assertIn(f"--control_socket={default} ", text_of("packaging/systemd/ebpf-bc.service"))
        self.assertNotIn("/run/ebpf-bc/", text_of("packaging/systemd/ebpf-bc@.service"))
