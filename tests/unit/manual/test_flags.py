#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page of ebpf-bc tells every flag that -h prints, and no other: test_flags.py PROGRAM PAGE."""

import pathlib
import re
import subprocess
import sys


def main():
    program, page = sys.argv[1:]
    help_text = subprocess.run([program, "-h"], capture_output=True, text=True, check=True).stdout
    usage = help_text[:help_text.index("Options of the configuration file")]
    printed = {flag for line in re.findall(r"^  (-\w[^\n]*?)(?:  |$)", usage, re.M) for flag in re.findall(r"-(\w)\b", line)}
    options = re.search(r"^OPTIONS\n=+\n(.*?)^[A-Z ]+\n=+\n", pathlib.Path(page).read_text(encoding="utf-8"), re.M | re.S)[1]
    told = set(re.findall(r"^-(\w)(?: [A-Z]+)?$", options, re.M))
    faults = [f"-{flag} is not in the manual" for flag in sorted(printed - told)]
    faults += [f"-{flag} is in the manual, not in -h" for flag in sorted(told - printed)]
    if not printed:
        faults.append("-h prints no flags")
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
