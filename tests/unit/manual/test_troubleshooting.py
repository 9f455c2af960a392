#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/troubleshooting.md quotes is there: log lines are among the program's texts, and counters, options, alarms
and states are known: test_troubleshooting.py PRINT_COUNTERS PRINT_OPTIONS TREE."""

import pathlib
import re
import subprocess
import sys

QUOTED = re.compile(r"`([^`]+)`")
# Comments, so that what is said of a text is not taken for it; strings, which may hold what looks like a comment.
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|(?P<text>"(?:\\.|[^"\\\n])*")|' r"'(?:\\.|[^'\\])+'", re.S)
# Programs whose command lines are quoted, and what others are called, or say.
COMMANDS = {"curl", "ebpf-bcctl", "ethtool", "ip", "journalctl", "nft", "ps", "ss", "systemctl", "tc", "tcpdump"}
OTHERS = {"chrony", "chronyd", "ntpd", "ptp4l", "ptpd", "ebpf-bc", "timed out while polling for tx timestamp"}


def texts(tree):
    """The strings of the C sources, those that stand beside each other made one; in lines."""
    found = []
    for path in [*tree.glob("bc/**/*.[ch]"), *tree.glob("bpf/*.c"), *tree.glob("config/*.c"), *tree.glob("ctl/**/*.c")]:
        source = TOKEN.sub(lambda match: match["text"] or " ", path.read_text(encoding="utf-8"))
        found += re.findall(r'"((?:\\.|[^"\\\n])*)"', re.sub(r'"\s*(?:PRI\w+\s*)?"', "", source))
    return found


def table(program):
    return {line.split("\t")[0] for line in subprocess.run([program], capture_output=True, text=True,
                                                           check=True).stdout.splitlines()}


class Known:
    def __init__(self, print_counters, print_options, tree):
        self.options = table(print_options)
        self.counters = table(print_counters)
        self.texts = texts(tree)
        self.all_text = "\n".join(self.texts)
        self.words = self.options | self.counters | set(self.texts) | OTHERS
        self.files = {path.name for path in tree.glob("packaging/systemd/*")}
        self.words |= set(re.findall(r"ebpf_bc_\w+", (tree / "ctl/exporter/metrics.def").read_text(encoding="utf-8")))

    def has_line(self, line):
        return all(part.strip(" :") in self.all_text for part in line.split("..."))

    def fault(self, quote):
        """What is wrong with it, or None."""
        first, *rest = quote.split(" ")
        if first == "ebpf-bcctl:":  # as all its messages begin
            return self.fault(" ".join(rest))
        if "/" in first or first.startswith(("-", "refclock", "ebpf-bc@")) or first in COMMANDS | self.files:
            return None
        if rest and first in self.options and len(rest) == 1:
            return None
        if not rest and first.endswith("_"):
            return None if any(name.startswith(first) for name in self.counters) else f"no counter begins with {first}"
        if quote in self.words:
            return None
        if not rest and re.fullmatch(r"\w[\w-]*", first):
            return f"{first} is no counter, option, alarm or state"
        return None if self.has_line(quote) else f"no text of the program has: {quote}"


def main():
    print_counters, print_options, tree = sys.argv[1:]
    tree = pathlib.Path(tree)
    known = Known(print_counters, print_options, tree)
    text = (tree / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"^    .*$", "", text, flags=re.M))
    quotes = QUOTED.findall(text)
    faults = [fault for quote in quotes for fault in [known.fault(quote)] if fault]
    if text.count("`") % 2 or len(quotes) < 100:
        faults.append("the page quotes little, or a quote has no end")
    for number, fault in enumerate(faults, 1):
        print(f"not ok {number} - {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
