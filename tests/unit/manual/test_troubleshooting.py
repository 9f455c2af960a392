#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/troubleshooting.md quotes log lines that the program has, and names counters and options that are there:
test_troubleshooting.py PRINT_COUNTERS PRINT_OPTIONS TREE."""

import pathlib
import re
import subprocess
import sys

LOG = re.compile(r"\*\*Log: `([^`]+)`((?:\*\*)?(?:,\s`[^`]+`)*)")
NAME = re.compile(r"`((?:bpf|rx|tx|tc|pdelay|announce|sync|follow_up|delay|unicast|path_delay|timer|management)_[a-z0-9_]+)`")


def literals(tree):
    """The C sources, with strings that stand beside each other made one."""
    text = ""
    for path in [*tree.glob("bc/**/*.c"), *tree.glob("bpf/*.c"), *tree.glob("config/*.c")]:
        source = path.read_text(encoding="utf-8")
        text += re.sub(r'"\s*(?:PRI\w+\s*)?"', "", source)
    return text


def table(program):
    return {line.split("\t")[0] for line in subprocess.run([program], capture_output=True, text=True,
                                                           check=True).stdout.splitlines()}


def main():
    print_counters, print_options, tree = sys.argv[1:]
    tree = pathlib.Path(tree)
    text = re.sub(r"\s+", " ", (tree / "docs" / "troubleshooting.md").read_text(encoding="utf-8"))
    sources, faults = literals(tree), []
    lines = [line for first, others in LOG.findall(text) for line in [first, *re.findall(r"`([^`]+)`", others)]]
    for line in lines:
        missing = [part.strip(" :") for part in line.split("...") if part.strip(" :") not in sources]
        if missing:
            faults.append(f"no log line has {missing}")
    known = table(print_counters) | table(print_options)
    faults += [f"{name} is no counter and no option" for name in sorted(set(NAME.findall(text)) - known)]
    if not lines:
        faults.append("no log line is quoted")
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
