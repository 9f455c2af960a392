# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of several panels, for what a clock reports of itself beside its true time error: traces of whole runs
and of their settled part, distributions side by side."""

import math
from typing import NamedTuple

from benchlib import plot

REPORTED, TRUE = "offset that it reports", "true time error"
REPORTED_COLOUR, TRUE_COLOUR = "#d97706", "#1d4ed8"
# Below it the scale of a whole run is linear, above it logarithmic, in both directions.
LINEAR_NS = 300
# A trace has at most so many pairs of extremes: what a screen can show.
BUCKETS = 500
# Above a panel its title, below it its tics.
TITLE_PX, AXIS_PX = 30, 30

_NS = {1e2: "100 ns", 1e3: "1 us", 1e4: "10 us", 1e5: "100 us", 1e6: "1 ms", 1e7: "10 ms", 1e8: "100 ms", 1e9: "1 s"}
_PARTS = (("all", 1), ("1 in 2", 0.5), ("1 in 10", 0.1), ("3 in 100", 0.03), ("1 in 100", 0.01), ("1 in 1000", 1e-3),
          ("1 in 10^4", 1e-4), ("1 in 10^5", 1e-5))


class Traces(NamedTuple):
    """What belongs into a panel: lists of runs, each a list of (seconds, ns)."""
    title: str
    reported: list
    true: list


class Band(NamedTuple):
    """The axes of a row of panels: seconds shown, and the scale, linear to ±limit_ns or logarithmic."""
    begin_s: float
    end_s: float
    limit_ns: float
    is_logarithmic: bool = False


def extremes(points, begin, end, buckets=BUCKETS):
    """The largest and the smallest of each part of the time, in the order of time: a tail survives, unlike where
    every n-th is taken."""
    points = [point for point in points if begin <= point[0] <= end]
    if len(points) <= 2 * buckets:
        return points
    kept, first = [], 0
    for i in range(buckets):
        edge, last = begin + (end - begin) * (i + 1) / buckets, first
        while last < len(points) and (points[last][0] < edge or i == buckets - 1):
            last += 1
        part = points[first:last]
        if part:
            kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
        first = last
    return kept


class _Picture:
    """Data blocks and commands of one gnuplot run."""

    def __init__(self):
        self.data, self.commands = {}, []

    def block(self, points):
        name = f"d{len(self.data)}"
        # An empty block would be an error.
        self.data[name] = points or [(math.nan, math.nan)]
        return f"${name}"

    def panel(self, left, right, bottom, top, commands, curves):
        self.commands.append(f"""
set lmargin at screen {left:.4f}
set rmargin at screen {right:.4f}
set bmargin at screen {bottom:.4f}
set tmargin at screen {top:.4f}
{commands}
plot {', '.join(curves)}
unset title
unset label 1
""")

    def draw(self, output, name, title, size, formats):
        # gnuplot gives a multiplot's title no font of its own unless it is told.
        body = "unset title\nset multiplot title '" + title.replace("'", "''") + "' font ',15'\n" + \
            "".join(self.commands) + "unset multiplot\n"
        return plot.draw(output, name, "", size, body, self.data, formats)


def _logarithmic(limit_ns):
    tics = "'0' 0, " + ", ".join(f"'{sign}{text}' {'-' if sign == '-' else ''}{value:g}" for value, text in _NS.items()
                                 if 1e3 <= value <= limit_ns for sign in ("+", "-"))
    return f"""
set nonlinear y via asinh(y/{LINEAR_NS}.) inverse {LINEAR_NS}.*sinh(y)
set yrange [{-limit_ns * 3:g}:{limit_ns * 3:g}]
set ytics ({tics})
"""


def _linear(limit_ns):
    unit, text = (1000, " us") if limit_ns >= 2000 else (1, " ns")
    step = limit_ns / 2
    tics = ", ".join(f"'{'+' if k > 0 else ''}{k * step / unit:g}{text if k else ''}' {k * step:g}" for k in range(-2, 3))
    return f"""
unset nonlinear y
set yrange [{-1.1 * limit_ns:g}:{1.1 * limit_ns:g}]
set ytics ({tics})
"""


def traces(output, name, title, rows, row_px=246, formats=("svg",)):
    """rows: [(Band, [Traces])], one below the other, as many columns in each. What lies beyond a linear scale is a
    triangle at its edge."""
    n_columns = len(rows[0][1])
    left_px, right_px, gap_px, top_px, bottom_px = 96, 30, 96, 66, 68
    row_px += TITLE_PX
    size = (240 + 560 * n_columns, top_px + bottom_px + row_px * len(rows))
    width_px = (size[0] - left_px - right_px - gap_px * (n_columns - 1)) / n_columns
    picture = _Picture()
    picture.commands.append(_legend(any(any(cell.true) for _, cells in rows for cell in cells), left_px, size))
    for r, (band, cells) in enumerate(rows):
        top_of_row_px = top_px + r * row_px
        for c, cell in enumerate(cells):
            left = (left_px + c * (width_px + gap_px)) / size[0]
            commands = f"""
{_logarithmic(band.limit_ns) if band.is_logarithmic else _linear(band.limit_ns)}
set xrange [{band.begin_s - 0.015 * (band.end_s - band.begin_s):g}:{band.end_s + 0.015 * (band.end_s - band.begin_s):g}]
set xlabel '{"seconds from the first offset" if r == len(rows) - 1 else ""}'
set title '{cell.title}' font ',13' offset 0,-0.5
"""
            picture.panel(left, left + width_px / size[0], 1 - (top_of_row_px + row_px - AXIS_PX) / size[1],
                          1 - (top_of_row_px + TITLE_PX) / size[1], commands, _curves(picture, band, cell))
            # The legend is drawn once, with the first panel.
            picture.commands.append("unset label 2\nunset label 3\n")
    return picture.draw(output, name, title, size, formats)


def _curves(picture, band, cell):
    edge_ns = band.limit_ns * (3 if band.is_logarithmic else 1)
    curves = ["0 lc rgb '#aaaaaa' notitle"]
    for runs, colour, style in ((cell.reported, REPORTED_COLOUR, f"points pt 7 ps 0.25 lc rgb '#50{REPORTED_COLOUR[1:]}'"),
                                (cell.true, TRUE_COLOUR, f"lines lw 1.2 lc rgb '#20{TRUE_COLOUR[1:]}'")):
        for points in runs:
            seen = extremes(points, band.begin_s, band.end_s)
            inside = [(t, v if abs(v) <= edge_ns else math.nan) for t, v in seen]
            outside = [(t, edge_ns if v > 0 else -edge_ns) for t, v in seen if abs(v) > edge_ns]
            curves.append(f"{picture.block(inside)} using 1:2 with {style} notitle")
            if outside:
                curves.append(f"{picture.block(outside)} using 1:2 with points pt 9 ps 0.7 lc rgb '{colour}' notitle")
    return curves


def _legend(has_true, left_px, size):
    y = 1 - 46 / size[1]
    text = f"set label 2 '● {REPORTED}' at screen {left_px / size[0]:g},{y:g} textcolor rgb '{REPORTED_COLOUR}'\n"
    if has_true:
        text += f"set label 3 '— {TRUE}' at screen {(left_px + 224) / size[0]:g},{y:g} textcolor rgb '{TRUE_COLOUR}'\n"
    return text


def distributions(output, name, title, columns, formats=("svg",)):
    """columns: {heading: {curve: [ns]}}: how often |value| is larger than x, side by side on the same axes."""
    columns = {heading: {key: values for key, values in curves.items() if values} for heading, curves in columns.items()}
    columns = {heading: curves for heading, curves in columns.items() if curves}
    if not columns:
        return False
    every = [values for curves in columns.values() for values in curves.values()]
    largest, most = max(max(map(abs, values)) for values in every), max(map(len, every))
    n = len(columns)
    size = (90 + 500 * n, 540)
    left_px, gap_px, right_px = 100, 70, 40
    width_px = (size[0] - left_px - right_px - gap_px * (n - 1)) / n
    keys = list(dict.fromkeys(key for curves in columns.values() for key in curves))
    picture = _Picture()
    for c, (heading, curves) in enumerate(columns.items()):
        lines = []
        for key, values in curves.items():
            k = keys.index(key)
            ordered = sorted(max(1.0, abs(value)) for value in values)
            points = [(value, 1 - i / len(ordered)) for i, value in enumerate(ordered)]
            # Every point of the tail, some of the rest.
            shown = points[:-300:max(1, len(points) // 500)] + points[-300:]
            lines.append(f"{picture.block(shown)} using 1:2 with steps lw 2 "
                         f"dt {plot.DASHES[k % 6]} lc rgb '{plot.COLOURS[k % 6]}' title '{key}'")
        commands = f"""
set logscale xy
set xrange [9.9:{max(10000, 1.4 * largest):g}]
set yrange [{0.6 / most:g}:1]
set xtics ('10 ns' 10, {', '.join(f"'{text}' {value:g}" for value, text in _NS.items())})
set ytics ({', '.join(f"'{text if c == 0 else ''}' {part:g}" for text, part in _PARTS)})
set xlabel '|{heading}|'
set ylabel '{"part of the samples that is larger" if c == 0 else ""}'
set key {'bottom left' if c == 0 else 'off'} box lc rgb '#dddddd' opaque
"""
        left = (left_px + c * (width_px + gap_px)) / size[0]
        picture.panel(left, left + width_px / size[0], 70 / size[1], 1 - 50 / size[1], commands, lines)
    return picture.draw(output, name, title, size, formats)
