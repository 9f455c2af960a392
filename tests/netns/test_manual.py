# SPDX-License-Identifier: GPL-2.0-or-later
"""What ebpf-bc(8) tells a newcomer to type works as it stands there."""

import os
import pathlib
import re
import statistics
import subprocess
import unittest

from harness import programs

PAGE = programs.TREE / "docs" / "man" / "ebpf-bc.8.rst"
# The page's namespaces, files and processes are nobody else's, and gone afterwards.
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
OWN_RUN = "mount -t tmpfs tmpfs /run && mkdir /run/netns && exec sh -eu"
N_LAST = 3
OFFSET = re.compile(r"master offset +(-?\d+) s(\d)")


def lab_commands():
    """The blocks of commands of the section, in their order, as they are copied: with the page's indentation."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(r"^A LAB TO TRY\n=+\n(.*?)^[A-Z ]+\n=+\n", text, re.M | re.S)[1]
    return re.findall(r"::\n\n((?:    .*\n|\n)+)", section)


class Manual(unittest.TestCase):
    def run_shell(self, script):
        folders = [os.path.dirname(programs.find_ebpf_bc()), os.path.dirname(programs.find_ebpf_bcctl())]
        environment = dict(os.environ, PATH=os.pathsep.join([*folders, os.environ["PATH"]]))
        return subprocess.run([*APART, "sh", "-c", OWN_RUN], input=script, text=True, capture_output=True, timeout=100,
                              env=environment, check=False)

    def test_the_lab_of_the_manual_works_as_it_is_typed(self):
        check, hosts, box, start, client, status, end = lab_commands()
        # What timeout(1) ends is as it should be, and a doctor may find problems; any other failure ends the shell.
        start, client = (re.sub(r"^( *timeout .*?[^\\])\n", r"\1 || [ $? = 124 ]\n", block, flags=re.M | re.S)
                         for block in (start, client))
        check = check.rstrip() + " || [ $? = 1 ]\n"
        done = self.run_shell("echo ==\n".join([check, hosts + box + start, client, status, end]))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found, box_log, client_log, told, _ = done.stdout.split("==\n")
        self.assertRegex(found, r"\d+ problems?, \d+ notes?")
        for who, log in (("box", box_log), ("client", client_log)):
            offsets = OFFSET.findall(log)
            self.assertTrue(offsets, f"{who} follows nobody:\n{log}")
            self.assertEqual(offsets[-1][1], "2", f"{who}:\n{log}")
            last_ns = [abs(int(offset_ns)) for offset_ns, _ in offsets[-N_LAST:]]
            self.assertLess(statistics.median(last_ns), 1_000_000, f"{who}:\n{log}")
        self.assertIn("locked", told)
        self.assertRegex(told, r"bc0\b.*SLAVE")
        self.assertRegex(told, r"bc1\b.*MASTER")
        self.assertNotIn("not found", done.stderr)


if __name__ == "__main__":
    unittest.main()
