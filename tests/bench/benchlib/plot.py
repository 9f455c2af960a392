# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures by gnuplot, as SVG: how often an error is larger than x, and errors over time. Without gnuplot
there are none; the CSV files are there all the same."""

import math
import shutil
import subprocess

# Told apart also without colours: by the order of the legend and by dashes.
COLOURS = ("#4d4d4d", "#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#b45309")
DASHES = ("1", "1", "2", "4", "3", "5")

_FRAME = """
set terminal {terminal}
set output '{path}'
set datafile separator ' '
set title '{title}' font ',15'
set border 3 lc rgb '#888888'
set tics nomirror textcolor rgb '#333333'
set grid lc rgb '#dddddd' lt 1
"""
_TERMINALS = {
    "svg": "svg size {w},{h} dynamic background rgb 'white' font 'sans-serif,13'",
    "png": "pngcairo size {w},{h} background rgb 'white' font 'sans-serif,13'",
}


def draw(output, name, title, size, body, data, formats):
    """Runs gnuplot's commands `body` on blocks of points, {name: [(number, ...)]}; False without gnuplot."""
    if not shutil.which("gnuplot"):
        return False
    blocks = "".join(f"${key} << EOD\n" + "\n".join(" ".join(f"{x:.6g}" for x in point) for point in points) + "\nEOD\n"
                     for key, points in data.items())
    for kind in formats:
        frame = _FRAME.format(terminal=_TERMINALS[kind].format(w=size[0], h=size[1]), title=title.replace("'", "''"),
                              path=output.directory / f"{name}.{kind}")
        subprocess.run(["gnuplot"], input=blocks + frame + body, text=True, check=True,
                       stdout=subprocess.DEVNULL)
    return True


def _thin(points, limit):
    """At most about `limit` of them, evenly, the last kept."""
    step = max(1, len(points) // limit)
    return points[::step] + ([points[-1]] if points and (len(points) - 1) % step else [])


def ccdf(output, name, title, series, unit="ns", label="|offset|", formats=("svg",)):
    """series: {name: [value]}. Both axes are logarithmic: the median on the left, the tail on the right."""
    data, lines = {}, []
    for i, (key, values) in enumerate(series.items()):
        ordered = sorted(max(1.0, abs(value)) for value in values)
        n = len(ordered)
        points = [(value, 1 - k / n) for k, value in enumerate(ordered)]
        # Every point of the tail, some of the rest.
        data[f"d{i}"] = _thin(points[:-200], 400) + points[-200:] if n > 200 else points
        lines.append(f"$d{i} using 1:2 with steps lw 2.2 dt {DASHES[i % 6]} lc rgb '{COLOURS[i % 6]}' title '{key}'")
    largest = max(max(abs(v) for v in values) for values in series.values())
    body = f"""
set logscale xy
set xrange [9.9:{max(10000, largest * 1.3):g}]
set yrange [{0.5 / max(len(v) for v in series.values()):g}:1]
set xlabel '{label}, {unit}'
set ylabel 'part of the samples that is larger'
set ytics ('all' 1, '1 in 2' 0.5, '1 in 10' 0.1, '1 in 100' 0.01, '1 in 1000' 0.001, '1 in 10^4' 0.0001, '1 in 10^5' 0.00001)
set format x '%.0s %c'
set xtics ('10' 10, '30' 30, '100' 100, '300' 300, '1000' 1000, '3000' 3000, '10^4' 1e4, '3 10^4' 3e4, '10^5' 1e5, '10^6' 1e6, '10^7' 1e7)
set key bottom left box lc rgb '#dddddd' opaque
plot {', '.join(lines)}
"""
    return draw(output, name, title, (760, 480), body, data, formats)


def _round_up(x):
    """To 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(x))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= x)


def trace(output, name, title, panels, unit="ns", limit=None, label="seconds measured, all rounds in turn",
          formats=("svg",)):
    """panels: {name: [(seconds, value)]}, one below the other on one scale, ±limit; what lies beyond is a
    triangle at the edge."""
    limit = _round_up(limit or 2000)
    data, plots = {}, []
    n = len(panels)
    for i, (key, points) in enumerate(panels.items()):
        # An empty block would be an error.
        inside = [p for p in points if abs(p[1]) <= limit] or [(0, 10 * limit)]
        outside = [(t, limit if v > 0 else -limit) for t, v in points if abs(v) > limit]
        data[f"i{i}"], data[f"o{i}"] = _thin(inside, 6000), outside or [(0, 10 * limit)]
        last = i == n - 1
        plots.append(f"""
set tmargin at screen {1 - (0.09 + 0.81 * i / n):.4f}
set bmargin at screen {1 - (0.09 + 0.81 * (i + 1) / n) + 0.02:.4f}
set format x '{'%g' if last else ''}'
set xlabel '{label if last else ""}'
set ylabel '{key}'
plot 0 lc rgb '#bbbbbb' notitle, $i{i} using 1:2 with points pt 7 ps 0.25 lc rgb '{COLOURS[i % 6]}' notitle, \\
     $o{i} using 1:2 with points pt 9 ps 0.9 lc rgb '{COLOURS[i % 6]}' notitle
unset title
""")
    end = max(points[-1][0] for points in panels.values() if points)
    body = f"""
set lmargin at screen 0.14
set rmargin at screen 0.97
set xrange [0:{end:g}]
set yrange [{-1.08 * limit:g}:{1.08 * limit:g}]
set ytics {limit / 2:g}
set label 1 '{unit}' at screen 0.02,0.95
set multiplot
{''.join(plots)}
unset multiplot
"""
    return draw(output, name, title, (900, 120 + 170 * n), body, data, formats)


def distribution(output, name, title, series, label, target=None, formats=("svg",)):
    """series: {name: [value]}, values of a few starts each: one row of dots per series."""
    data = {f"d{i}": [(value, n_rows - i) for value in values] or [(-1, -1)]
            for n_rows in (len(series),) for i, values in enumerate(series.values())}
    tics = ", ".join(f"'{key}' {len(series) - i}" for i, key in enumerate(series))
    lines = [f"$d{i} using 1:2:(0.0) with points pt 7 ps 0.8 lc rgb '{COLOURS[i % 6]}' notitle" for i in range(len(series))]
    largest = max(max(values) for values in series.values() if values)
    mark = f"set arrow 1 from {target},0.4 to {target},{len(series) + 0.6} nohead dt 2 lc rgb '#888888'\n" \
           f"set label 2 'target' at {target},{len(series) + 0.7} center\n" if target else ""
    body = f"""
set xrange [0:{max(largest * 1.05, (target or 0) * 1.1):g}]
set yrange [0.4:{len(series) + 0.9}]
set ytics ({tics})
set xlabel '{label}'
set jitter overlap 0.1 spread 0.5 vertical
{mark}
plot {', '.join(lines)}
"""
    return draw(output, name, title, (760, 150 + 60 * len(series)), body, data, formats)
