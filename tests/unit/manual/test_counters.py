#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bc-counters(7) explains every counter of the program's tables, and no other: test_counters.py PROGRAM PAGE."""

import pathlib
import re
import subprocess
import sys

# One entry may explain several: **rx_sync**, **rx_follow_up**
TERM = re.compile(r"^((?:\*\*[a-z0-9_]+\*\*(?:,\s)?)+)\n((?:    .*\n)+)", re.M)
NAME = re.compile(r"\*\*([a-z0-9_]+)\*\*")


def main():
    program, page = sys.argv[1:]
    counters = set(subprocess.run([program], capture_output=True, text=True, check=True).stdout.split())
    explained, faults = set(), []
    for names, text in TERM.findall(pathlib.Path(page).read_text(encoding="utf-8")):
        for name in NAME.findall(names):
            if name in explained:
                faults.append(f"{name} has two entries")
            if len(text.split()) < 3:
                faults.append(f"{name} has no explanation")
            explained.add(name)
    faults += [f"{name} has no entry" for name in sorted(counters - explained)]
    faults += [f"{name} is no counter" for name in sorted(explained - counters)]
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
