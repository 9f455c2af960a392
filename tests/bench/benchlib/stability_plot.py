# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of a clock's stability: a figure over the observation interval, both axes logarithmic."""

from benchlib.plot import COLOURS, DASHES, draw


def curves(output, name, title, series, label, formats=("svg",)):
    """series: {name: [(tau_s, value)]}; values that are not above zero have no place on such an axis."""
    drawn = {key: [(tau, value) for tau, value in points if value and value > 0] for key, points in series.items()}
    drawn = {key: points for key, points in drawn.items() if points}
    if not drawn:
        return False
    data = {f"s{i}": points for i, points in enumerate(drawn.values())}
    lines = [f"$s{i} using 1:2 with linespoints pt 7 ps 0.5 lw 2 dt {DASHES[i % 6]} lc rgb '{COLOURS[i % 6]}' title '{key}'"
             for i, key in enumerate(drawn)]
    body = f"""
set logscale xy
set xlabel 'observation interval tau, s'
set ylabel '{label}'
set format '%g'
set grid mxtics mytics lc rgb '#eeeeee' lt 1
set key outside right center
plot {', '.join(lines)}
"""
    return draw(output, name, title, (900, 480), body, data, formats)
