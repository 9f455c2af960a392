// SPDX-License-Identifier: GPL-2.0-or-later
// The pictures: offset over time, how often it is larger than so much, and histograms of residences.

const LEFT = 64, RIGHT = 10, TOP = 8, BOTTOM = 24;

function frame(svg) {
	const width = Math.max(160, svg.clientWidth || 600), height = Math.max(80, svg.clientHeight || 250);
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	return {width, height, right: width - RIGHT, bottom: height - BOTTOM};
}

function linePath(d, kind) {
	return svgEl("path", {d, class: kind});
}

function label(text, x, y, anchor) {
	return svgEl("text", {x, y, "text-anchor": anchor}, text);
}

/* 10 ns, not 10.0 ns. */
function decade(e) {
	const unit = Math.min(3, Math.max(0, Math.floor(e / 3)));
	return Math.pow(10, e - 3 * unit) + THIN + ["ns", "\u00b5s", "ms", "s"][unit];
}

/* With zero and some room, and not beyond eight times what three quarters keep within: no outlier flattens the rest. */
function robustRange(values) {
	const sizes = Float64Array.from(values, Math.abs).sort(), bound = 8 * sizes[Math.floor(0.75 * sizes.length)] + 20;
	const low = Math.max(-bound, Math.min(0, ...values)), high = Math.min(bound, Math.max(0, ...values));
	const room = Math.max((high - low) * 0.12, 10);
	return [low - room, high + room];
}

/* Where rows are closer than pixels, each pixel gets its first, smallest, largest and last. */
function tracePath(rows, x, y) {
	const gap = 3 * medianGap(rows) + 2e9, parts = [];
	let column = [], last = null;
	const flush = () => {
		if (!column.length)
			return;
		const low = column.reduce((a, b) => b.offset < a.offset ? b : a);
		const high = column.reduce((a, b) => b.offset > a.offset ? b : a);
		const picked = [...new Set([column[0], low, high, column[column.length - 1]])].sort((a, b) => a.mono - b.mono);
		for (const row of picked) {
			parts.push(`${last === null || row.mono - last > gap ? "M" : "L"}${x(row.mono).toFixed(1)} ${y(row.offset).toFixed(1)}`);
			last = row.mono;
		}
		column = [];
	};
	for (const row of rows) {
		if (column.length && Math.floor(x(row.mono)) !== Math.floor(x(column[0].mono)))
			flush();
		column.push(row);
	}
	flush();
	return parts.join("");
}

function medianGap(rows) {
	const gaps = rows.slice(1).map((row, i) => row.mono - rows[i].mono).sort((a, b) => a - b);
	return gaps.length ? gaps[gaps.length >> 1] : 0;
}

function timeLabel(ns) {
	if (ns === 0)
		return "now";
	const s = Math.round(ns / 1e9);
	if (s % 60 === 0)
		return MINUS + s / 60 + THIN + "min";
	return MINUS + (s < 60 ? s + THIN + "s" : Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0"));
}

/* Without those of before the clock was set, where there are others. */
function inStep(rows) {
	const later = rows.filter(row => row.servo >= 2);
	return later.length ? later : rows;
}

/* Returns {x, y} from times and offsets to pixels, or null without rows. */
function drawTrace(svg, rows, nowMono, spanNs) {
	const {right, bottom} = frame(svg);
	svg.replaceChildren();
	const x = mono => LEFT + (right - LEFT) * (1 - (nowMono - mono) / spanNs);
	for (let back = 0; back <= spanNs; back += spanNs / (spanNs < 600e9 ? 6 : 5)) {
		svg.append(linePath(`M${x(nowMono - back)} ${TOP}V${bottom}`, "grid"),
			label(timeLabel(back), x(nowMono - back), bottom + 17, back === 0 ? "end" : "middle"));
	}
	if (!rows.length) {
		svg.append(label("nothing measured in this time", (LEFT + right) / 2, (TOP + bottom) / 2, "middle"));
		return null;
	}
	const [low, high] = robustRange(inStep(rows).map(row => row.offset));
	const clamp = value => Math.min(high, Math.max(low, value));
	const y = offset => bottom - (bottom - TOP) * (clamp(offset) - low) / (high - low);
	const step = niceStep(high - low, 5);
	for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
		const value = Math.abs(tick) < step / 2 ? 0 : tick;
		svg.append(linePath(`M${LEFT} ${y(value)}H${right}`, value === 0 ? "zero" : "grid"),
			label(duration(value), LEFT - 8, y(value) + 4, "end"));
	}
	svg.append(linePath(tracePath(rows, x, y), "curve"));
	const beyond = rows.filter(row => row.offset < low || row.offset > high);
	for (const row of beyond.slice(-200)) {
		const at = x(row.mono), edge = y(row.offset), tip = row.offset > high ? -5 : 5;
		svg.append(linePath(`M${at - 3} ${edge}H${at + 3}L${at} ${edge + tip}Z`, "beyond"));
	}
	return {x, y, nBeyond: beyond.length};
}

function drawCursor(svg, scale, row) {
	svg.querySelectorAll(".cursor, .spot").forEach(node => node.remove());
	if (!scale || !row)
		return;
	const {bottom} = frame(svg), x = scale.x(row.mono);
	svg.append(linePath(`M${x} ${TOP}V${bottom}`, "cursor"), svgEl("circle", {cx: x, cy: scale.y(row.offset), r: 4, class: "spot"}));
}

/* The part of the offsets whose magnitude exceeds x, both axes logarithmic. */
function drawCcdf(svg, sizes) {
	const {right, bottom} = frame(svg), n = sizes.length;
	svg.replaceChildren();
	if (n < 2)
		return;
	const least = Math.max(1, sizes[Math.floor(n * 0.02)]), low = Math.floor(Math.log10(least));
	const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(2, sizes[n - 1]))));
	const decades = Math.max(1, Math.ceil(Math.log10(n)));
	const x = ns => LEFT + (right - LEFT) * (Math.log10(Math.max(ns, Math.pow(10, low))) - low) / (high - low);
	const y = part => TOP - (bottom - TOP) * Math.log10(part) / decades;
	const every = Math.ceil((high - low) / Math.max(2, (right - LEFT) / 60));
	for (let e = low; e <= high; e++)
		svg.append(linePath(`M${x(Math.pow(10, e))} ${TOP}V${bottom}`, "grid"),
			(e - low) % every ? "" : label(decade(e), x(Math.pow(10, e)), bottom + 17, e === high ? "end" : "middle"));
	for (let e = 0; e <= decades; e++)
		svg.append(linePath(`M${LEFT} ${y(Math.pow(10, -e))}H${right}`, "grid"),
			label(e <= 2 ? Math.pow(10, 2 - e) + THIN + "%" : (Math.pow(10, 2 - e)).toFixed(e - 2) + THIN + "%",
				LEFT - 8, y(Math.pow(10, -e)) + 4, "end"));
	const parts = [`M${LEFT} ${y(1)}`];
	let lastX = -1;
	for (let i = 0; i < n; i++) {
		const at = x(sizes[i]), left = (n - i) / n;
		if (at - lastX < 0.7 && i < n - 12)
			continue;
		parts.push(`L${at.toFixed(1)} ${y(left).toFixed(1)}`);
		lastX = at;
	}
	svg.append(linePath(parts.join(""), "curve"));
}

/* The decades that all these histograms span. */
function residenceDecades(residences) {
	const buckets = residences.flatMap(one => asList(one.buckets));
	const low = Math.min(...buckets.map(([lower]) => Math.max(1, lower))), high = Math.max(...buckets.map(([, upper]) => upper));
	return buckets.length ? [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))] : [3, 4];
}

const HISTOGRAM_WIDTH = 600, HISTOGRAM_HEIGHT = 42;

function decadeX(ns, [low, high]) {
	return HISTOGRAM_WIDTH * (Math.log10(Math.max(1, ns)) - low) / (high - low);
}

function histogram(buckets, decades, words) {
	const most = Math.max(1, ...buckets.map(([, , n]) => n));
	const svg = svgEl("svg", {viewBox: `0 0 ${HISTOGRAM_WIDTH} ${HISTOGRAM_HEIGHT}`, preserveAspectRatio: "none", role: "img",
		"aria-label": words});
	for (let e = decades[0]; e <= decades[1]; e++)
		svg.append(linePath(`M${decadeX(Math.pow(10, e), decades)} 0V${HISTOGRAM_HEIGHT}`, "grid"));
	for (const [lower, upper, n] of buckets) {
		const x = decadeX(lower, decades), width = decadeX(upper, decades) - x;
		const height = HISTOGRAM_HEIGHT * Math.log1p(n) / Math.log1p(most);
		svg.append(svgEl("rect", {x, y: HISTOGRAM_HEIGHT - height, width: Math.max(1, width - 0.4), height, class: "bar"}));
	}
	return svg;
}

function histogramAxis(decades) {
	const svg = svgEl("svg", {"aria-hidden": "true"});
	for (let e = decades[0]; e <= decades[1]; e++) {
		const part = 100 * (e - decades[0]) / (decades[1] - decades[0]);
		svg.append(svgEl("text", {x: part + "%", y: 13, "text-anchor": part < 1 ? "start" : part > 99 ? "end" : "middle"},
			decade(e)));
	}
	return svg;
}
