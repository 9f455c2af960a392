# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab that ebpf-bc(8) tells a newcomer to type: as a script, and what comes of it."""

import re
import statistics

from . import programs

PAGE = programs.TREE / "docs" / "man" / "ebpf-bc.8.rst"
# The page's namespaces, files and processes are nobody else's, and gone afterwards. /run is empty.
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
         "mount -t tmpfs tmpfs /run && mkdir /run/netns && exec sh -eu"]
TIMEOUT_S = 100
N_LAST = 3
OFFSET = re.compile(r"master offset +(-?\d+) s(\d)")


def _commands():
    """The blocks of commands of the section, in their order, as they are copied: with the page's indentation."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(r"^A LAB TO TRY\n=+\n(.*?)^[A-Z ]+\n=+\n", text, re.M | re.S)[1]
    return re.findall(r"::\n\n((?:    .*\n|\n)+)", section)


def script():
    """What timeout(1) ends is as it should be, and a doctor may find problems; any other failure ends the shell."""
    check, hosts, box, start, client, status, end = _commands()
    start, client = (re.sub(r"^( *timeout .*?[^\\])\n", r"\1 || [ $? = 124 ]\n", block, flags=re.M | re.S)
                     for block in (start, client))
    check = check.rstrip() + " || [ $? = 1 ]\n"
    return "echo ==\n".join([check, hosts + box + start, client, status, end])


def check(test, done):
    """A shell that was given the script has ended: both followed, and the tool told it."""
    test.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    found, box_log, client_log, told, _ = done.stdout.split("==\n")
    test.assertRegex(found, r"\d+ problems?, \d+ notes?")
    for who, log in (("box", box_log), ("client", client_log)):
        offsets = OFFSET.findall(log)
        test.assertTrue(offsets, f"{who} follows nobody:\n{log}")
        test.assertEqual(offsets[-1][1], "2", f"{who}:\n{log}")
        last_ns = [abs(int(offset_ns)) for offset_ns, _ in offsets[-N_LAST:]]
        test.assertLess(statistics.median(last_ns), 1_000_000, f"{who}:\n{log}")
    test.assertIn("locked", told)
    test.assertRegex(told, r"bc0\b.*SLAVE")
    test.assertRegex(told, r"bc1\b.*MASTER")
    test.assertNotIn("not found", done.stderr)
