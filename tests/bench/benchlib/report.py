# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables with figure, peer, ratio, interval, target and verdict, and the CSV files beside them."""

import csv
import os
import pathlib
import platform
import sys
import time
from typing import NamedTuple

from harness import stats


class Row(NamedTuple):
    what: str
    figure: float
    peer: float = None  # the figure of what it is compared with
    ratio: stats.Ratio = None
    target: float = None  # of the ratio if there is one, else of the figure
    unit: str = "ns"
    note: str = ""

    @property
    def is_met(self):
        """None without a target."""
        if self.target is None:
            return None
        return (self.ratio.low if self.ratio else self.figure) <= self.target

    def cells(self):
        number = (lambda x: "" if x is None else f"{x:.0f} {self.unit}" if abs(x) >= 100 else f"{x:.3g} {self.unit}")
        ratio = f"{self.ratio.ratio:.2f}" if self.ratio else ""
        interval = f"{self.ratio.low:.2f}-{self.ratio.high:.2f}" if self.ratio else ""
        target = "" if self.target is None else f"<= {self.target:g}" + ("" if self.ratio else f" {self.unit}")
        verdict = {None: "", True: "met", False: "MISSED"}[self.is_met]
        return [self.what, number(self.figure), number(self.peer), ratio, interval, target, verdict, self.note]


HEADINGS = ["", "figure", "peer", "ratio", "95 %", "target", "verdict", ""]


def table(rows, headings=None):
    grid = [headings or HEADINGS] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i in (0, 7) else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in grid)


def compare(what, ours, theirs, q, target=None, note="", unit="ns"):
    """A Row for a quantile of two lists of samples."""
    return Row(what, stats.quantile(ours, q), stats.quantile(theirs, q), stats.quantile_ratio(ours, theirs, q),
               target, unit, note)


def compare_rounds(what, ours, theirs, q, target=None, unit="ns"):
    """The same of lists of rounds, each a list of samples, with the interval by rounds as its note. Rounds without
    samples are left out; each side has one with some."""
    ours, theirs = ([one for one in rounds if one] for rounds in (ours, theirs))
    by_rounds = stats.quantile_ratio_of_rounds(ours, theirs, q)
    return compare(what, *([sample for one in rounds for sample in one] for rounds in (ours, theirs)), q, target,
                   f"{by_rounds.low:.2f}-{by_rounds.high:.2f} by rounds", unit)


class Output:
    """The directory bench-out/NAME/ and the text that goes both there and onto the terminal."""

    def __init__(self, directory, name):
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self._text = open(self.directory / "report.txt", "w", encoding="utf-8")
        self.say(f"{name}: {time.strftime('%Y-%m-%d %H:%M')}, kernel {platform.release()}, {os.cpu_count()} CPUs")

    def say(self, text=""):
        print(text, flush=True)
        print(text, file=self._text, flush=True)

    def progress(self, text):
        """Goes to the terminal only."""
        print(text, file=sys.stderr, flush=True)

    def csv(self, name, headings, rows):
        with open(self.directory / f"{name}.csv", "w", encoding="ascii", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(headings)
            writer.writerows(rows)


def status(rows):
    """The exit status: 1 when a target was missed."""
    return 1 if any(row.is_met is False for row in rows) else 0
