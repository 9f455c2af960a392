// SPDX-License-Identifier: GPL-2.0-or-later
// Asks once a second and shows the answer; what is no longer true is shown as such.

const PERIOD_MS = 1000, PATIENCE_MS = 8000, STALE_MS = 5000, TRACE_NS = 600e9, RATE_WINDOW = 6, LOG_LINES = 12,
	RESIDENCE_SILENCE_NS = 15e9;
const SPANS = [["1" + THIN + "min", 60e9], ["3" + THIN + "min", 180e9], ["10" + THIN + "min", 600e9]];
const CLOCK_STATES = {
	locked: ["good", "\u2713", "Locked"], acquiring: ["warn", "\u25d0", "Acquiring"], holdover: ["warn", "\u25f7", "Holdover"],
	grandmaster: ["good", "\u2605", "Grandmaster"], listening: ["info", "\u25cb", "Listening"],
	forwarding: ["good", "\u21c4", "Forwarding"], measuring: ["good", "\u25c9", "Measuring"],
};
const LEVELS = [["bad", "panic"], ["bad", "alert"], ["bad", "critical"], ["bad", "error"], ["warn", "warning"], ["idle", "notice"],
	["idle", "info"], ["idle", "debug"]];

let rows = [], next = 0, spanNs = SPANS[1][1], scale = null, shown = [], picked = null, history = [];
const residenceRates = new Map();
let last = null, lastAt = 0, failure = "";

/* ----- the trace ----- */

function addTrace(trace, nowMono) {
	if (trace.next < next)
		rows = [];
	for (const [number, mono, offset, ppb, delay, servo] of asList(trace.rows))
		if (number > (rows.length ? rows[rows.length - 1].number : 0))
			rows.push({number, mono, offset, ppb, delay, servo});
	next = trace.next;
	rows = rows.filter(row => row.mono > nowMono - TRACE_NS);
}

function quantile(sorted, part) {
	return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

function pickedText(row, nowMono) {
	const delay = isNumber(row.delay) ? `, path delay ${duration(row.delay)}` : "";
	return `${age(nowMono - row.mono)} ago: ${duration(row.offset)}, frequency ${frequency(row.ppb)}${delay}, servo s${row.servo}`;
}

function drawOffsets(nowMono) {
	const svg = $(".trace svg");
	shown = rows.filter(row => row.mono > nowMono - spanNs);
	scale = drawTrace(svg, shown, nowMono, spanNs);
	const sizes = Float64Array.from(inStep(shown), row => Math.abs(row.offset)).sort();
	drawCcdf($(".ccdf svg"), sizes);
	const summary = sizes.length ? `${sizes.length} offsets, half of them below ${duration(quantile(sizes, 0.5))}, ` +
		`99${THIN}% below ${duration(quantile(sizes, 0.99))}, largest ${duration(sizes[sizes.length - 1])}` : "no offsets";
	$(".ccdf .readout").textContent = sizes.length ? `p50 ${duration(quantile(sizes, 0.5))}, p99 ${duration(quantile(sizes, 0.99))}` : "";
	$(".ccdf svg").setAttribute("aria-label", "Distribution of the offsets' magnitude: " + summary);
	svg.setAttribute("aria-label", "Offset over time: " + summary + ". Arrow keys read single values.");
	drawPicked(nowMono, summary);
}

function drawPicked(nowMono, summary) {
	const row = picked === null ? null : shown.find(one => one.number === picked);
	const beyond = scale && scale.nBeyond ? `; ${scale.nBeyond} beyond the scale (\u25b2)` : "";
	drawCursor($(".trace svg"), scale, row);
	$(".trace .readout").textContent = row ? pickedText(row, nowMono) : summary + beyond;
}

function pickAt(clientX) {
	const svg = $(".trace svg"), box = svg.getBoundingClientRect();
	const x = (clientX - box.left) * svg.viewBox.baseVal.width / box.width;
	let best = null;
	for (const row of shown)
		if (!best || Math.abs(scale.x(row.mono) - x) < Math.abs(scale.x(best.mono) - x))
			best = row;
	picked = best ? best.number : null;
	if (best)
		drawPicked(last.now_mono_ns, "");
}

function pickNeighbour(step) {
	const i = shown.findIndex(row => row.number === picked);
	const row = shown[i < 0 ? shown.length - 1 : Math.min(shown.length - 1, Math.max(0, i + step))];
	picked = row ? row.number : null;
	if (row)
		drawPicked(last.now_mono_ns, "");
}

function watchTrace() {
	const svg = $(".trace svg");
	const forget = () => {
		picked = null;
		if (last)
			drawOffsets(last.now_mono_ns);
	};
	svg.addEventListener("pointermove", event => scale && pickAt(event.clientX));
	svg.addEventListener("pointerleave", forget);
	svg.addEventListener("blur", forget);
	svg.addEventListener("keydown", event => {
		const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50}[event.key];
		if (!step || !scale)
			return;
		event.preventDefault();
		pickNeighbour(step);
	});
	for (const [words, span] of SPANS) {
		const button = el("button", {type: "button", "aria-pressed": span === spanNs}, words);
		button.addEventListener("click", () => {
			spanNs = span;
			document.querySelectorAll(".range button").forEach(one => one.setAttribute("aria-pressed", one === button));
			if (last)
				drawOffsets(last.now_mono_ns);
		});
		$(".range").append(button);
	}
}

/* ----- rates: of ports from the oldest of the last few answers ----- */

function addHistory(data) {
	const totals = {};
	for (const one of asList(data.stats))
		totals[one.number] = portTotals(one.counters);
	const id = data.status ? data.status.started_mono_ns : null;
	if (history.length && history[0].id !== id) {
		history = [];
		residenceRates.clear();
	}
	history.push({id, mono: data.now_mono_ns, totals});
	history = history.slice(-RATE_WINDOW);
}

/* The exporter looks at residences more rarely than it is asked: from one change to the next. */
function residenceRate(one, nowMono) {
	const key = `${one.ingress} ${one.egress} ${one.type}`, past = residenceRates.get(key);
	if (!past || one.count < past.count)
		residenceRates.set(key, {count: one.count, mono: nowMono, rate: null});
	else if (one.count > past.count)
		residenceRates.set(key, {count: one.count, mono: nowMono, rate: (one.count - past.count) / ((nowMono - past.mono) / 1e9)});
	else if (nowMono - past.mono > RESIDENCE_SILENCE_NS)
		past.rate = 0;
	return residenceRates.get(key).rate;
}

function rateOf(get) {
	const first = history[0], now = history[history.length - 1], s = (now.mono - first.mono) / 1e9;
	const [a, b] = [get(first), get(now)];
	return s > 0.5 && isNumber(a) && isNumber(b) && b >= a ? (b - a) / s : null;
}

function portRates() {
	const rates = {};
	for (const number of Object.keys(history[history.length - 1].totals)) {
		const of = name => rateOf(one => one.totals[number] && one.totals[number][name]);
		rates[number] = {rx: of("rx"), tx: of("tx"), corrected: of("corrected"), refused: of("refused")};
	}
	return history.length > 1 ? rates : {};
}

/* ----- facts ----- */

function setFact(id, tone, big, small) {
	const fact = $(id);
	fact.className = fact.className.replace(/ ?(good|info|warn|bad|idle)\b/g, "") + (tone ? " " + tone : "");
	fact.querySelector(".big").textContent = big;
	fact.querySelector(".small").textContent = small;
}

function drawState(data) {
	const status = data.status, parts = [];
	if (!data.up || !status) {
		setFact("#state", "bad", "\u2715 No daemon", asText(data.error));
		return;
	}
	const [tone, symbol, word] = CLOCK_STATES[status.state] || ["idle", "?", asText(status.state)];
	if (status.holdover)
		parts.push(`for ${age(status.holdover.age_ns)}, expected error ${duration(status.holdover.expected_error_ns)}`);
	if (status.rate && isNumber(status.rate.ratio_ppb))
		parts.push(`grandmaster's rate ${frequency(status.rate.ratio_ppb)}`);
	if (status.parent)
		parts.push(`by port ${asText(status.parent.port)}`);
	if (isNumber(status.steps_removed) && status.parent)
		parts.push(`${status.steps_removed} ${status.steps_removed === 1 ? "step" : "steps"} from the grandmaster`);
	setFact("#state", tone, symbol + " " + word, parts.join(", "));
}

function drawOffsetFact(status) {
	const offset = status && status.offset;
	$("#offset").hidden = !offset;
	$("#offsets").hidden = !offset && !rows.length;
	if (offset)
		setFact("#offset", "", duration(offset.last_ns), `rms ${duration(offset.rms_ns)}, largest ${duration(offset.max_ns)}; ` +
			`frequency ${frequency(offset.frequency_ppb)}, path ${duration(offset.path_delay_ns)}`);
}

function drawGrandmaster(status) {
	const grandmaster = status && (status.grandmaster || (status.rate && {identity: status.rate.grandmaster}));
	$("#grandmaster").hidden = !grandmaster;
	if (!grandmaster)
		return;
	const parts = [];
	if (grandmaster.is_self)
		parts.push("this clock itself");
	if (isNumber(grandmaster.clock_class))
		parts.push(`class ${grandmaster.clock_class}`, `accuracy ${asText(grandmaster.clock_accuracy)}`,
			`priority ${asText(grandmaster.priority1)}, ${asText(grandmaster.priority2)}`);
	if (status.time && status.time.time_traceable)
		parts.push("traceable");
	setFact("#grandmaster", "", asText(grandmaster.identity), parts.join(", "));
}

/* Between two answers the clock goes on by itself. */
function drawTime() {
	const time = last && last.up && last.status && last.status.time;
	$("#time").hidden = !time || !isNumber(time.ptp_ns);
	if ($("#time").hidden)
		return;
	const isTai = time.ptp_timescale && isNumber(time.utc_offset_s);
	const ms = (time.ptp_ns + last.now_mono_ns - time.mono_ns) / 1e6 + (performance.now() - lastAt) - (isTai ? time.utc_offset_s * 1000 : 0);
	const date = new Date(ms);
	if (isNaN(date))
		return;
	const [day, clock] = date.toISOString().split("T");
	const leap = time.leap ? `, leap second ${time.leap > 0 ? "inserted" : "left out"} at the end of the day` : "";
	setFact("#time", time.leap ? "warn" : "", clock.slice(0, 8), day + (isTai ? ` UTC, ${time.utc_offset_s}${THIN}s behind TAI` +
		(time.utc_offset_valid ? "" : " (not confirmed)") : ", of no known epoch") + leap);
}

/* ----- lists ----- */

function drawAlarms(data) {
	const alarms = data.up && data.status ? asList(data.status.alarms) : [];
	const items = alarms.map(alarm => el("li", {class: "bad"}, el("span", {class: "what"},
		"\u25b2 " + asText(alarm.kind).replaceAll("_", " ") + (alarm.port ? `, ${alarm.port}` : "")),
	el("span", {class: "text"}, asText(alarm.text) + (isNumber(alarm.since_mono_ns) ? ` (for ${age(data.now_mono_ns - alarm.since_mono_ns)})` : ""))));
	$("#alarms").hidden = !data.up;
	$("#alarms ul").replaceChildren(...items.length ? items : [el("li", {class: "good"}, "\u2713 no alarms")]);
}

function drawLog(data) {
	const lines = asList(data.log).slice(-LOG_LINES).reverse().map(([, mono, level, text]) => {
		const [tone, word] = LEVELS[level] || LEVELS[6], at = new Date(Date.now() - (data.now_mono_ns - mono) / 1e6);
		return el("li", {}, el("time", {}, isNaN(at) ? "" : at.toTimeString().slice(0, 8)),
			el("span", {class: tone}, (tone === "idle" ? "" : "\u25b2 ") + word), el("span", {}, asText(text)));
	});
	$("#log").hidden = !lines.length;
	$("#log ol").replaceChildren(...lines);
}

function residenceRow(one, decades, nowMono) {
	const cell = (name, text) => el("td", {"data-name": name}, text);
	return el("tr", {}, el("td", {}, `${one.ingress} \u2192 ${one.egress}`), el("td", {}, asText(one.type)),
		cell("rate", rate(residenceRate(one, nowMono))), cell("p50", duration(one.p50_ns)), cell("p99", duration(one.p99_ns)),
		cell("largest", duration(one.max_ns)), cell("before, queue", `${duration(one.before_p50_ns)}, ${duration(one.queued_p50_ns)}`),
		el("td", {class: "spread"}, histogram(asList(one.buckets), decades, `${one.count} messages, half below ${duration(one.p50_ns)}`)));
}

function drawResidences(data) {
	const residences = asList(data.residences).sort((a, b) => (b.type === "sync") - (a.type === "sync"));
	$("#residences").hidden = !residences.length;
	if (!residences.length)
		return;
	const decades = residenceDecades(residences);
	$("#residences tbody").replaceChildren(...residences.map(one => residenceRow(one, decades, data.now_mono_ns)),
		el("tr", {class: "axis"}, el("td", {colspan: 7}), el("td", {class: "spread"}, histogramAxis(decades))));
	$(".omitted").textContent = data.residences_omitted ? `and ${data.residences_omitted} with fewer messages` : "";
}

function drawFooter(data) {
	const status = data.status;
	$("#footer").replaceChildren(...[status && `ebpf-bc ${asText(status.version)}, process ${asText(status.pid)}`,
		status && `up for ${age(data.now_mono_ns - status.started_mono_ns)}`, `exporter ${asText(data.exporter_version)}`]
		.filter(Boolean).map(text => el("span", {}, text)));
	document.title = status ? `${asText(status.state)}, ebpf-bc ${location.hostname}` : "no daemon, ebpf-bc";
}

/* ----- the loop ----- */

/* Whether what is shown is true now. */
function drawPulse() {
	const ageMs = last ? last.age_ns / 1e6 + performance.now() - lastAt : Infinity;
	const isStale = ageMs > STALE_MS, isDown = last && !last.up;
	let words = "";
	if (isStale && last)
		words = `Stale: the exporter has told nothing for ${age(ageMs * 1e6)}` + (failure ? ` (${failure})` : "") + ". What is shown is old.";
	else if (isStale && failure)
		words = `The exporter does not answer (${failure}).`;
	else if (isDown)
		words = `No daemon: ${asText(last.error)}.` + (rows.length ? " The trace shown is what was measured before." : "");
	else if (last && last.error)
		words = `The daemon cannot tell all: ${asText(last.error)}.`;
	$("#pulse").className = isStale || isDown ? "bad" : "good";
	$("#pulse").textContent = isStale ? (last ? "\u25b2 stale" : "asking \u2026") : isDown ? "\u25b2 no daemon" : "\u25cf live";
	$("#banner").hidden = !words;
	if ($("#banner").textContent !== words)
		$("#banner").textContent = words;
	document.body.classList.toggle("stale", isStale && last !== null);
}

function show(data) {
	last = data;
	lastAt = performance.now();
	addTrace(data.trace, data.now_mono_ns);
	addHistory(data);
	document.body.classList.remove("waiting");
	$("#map").hidden = !data.up;
	drawState(data);
	drawOffsetFact(data.status);
	drawGrandmaster(data.status);
	drawTime();
	drawAlarms(data);
	drawMap(data, portRates());
	drawOffsets(data.now_mono_ns);
	drawResidences(data);
	drawLog(data);
	drawFooter(data);
}

async function ask() {
	const answer = await fetch(`/status.json?since=${next}`, {cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS)});
	if (!answer.ok)
		throw new Error(`status ${answer.status}`);
	return answer.json();
}

async function turn() {
	try {
		show(await ask());
		failure = "";
	} catch (error) {
		failure = asText(error.message);
	}
	drawPulse();
	setTimeout(turn, PERIOD_MS);
}

$("#host").textContent = location.host;
watchTrace();
setInterval(() => {
	drawTime();
	drawPulse();
}, 1000);
window.addEventListener("resize", () => last && drawOffsets(last.now_mono_ns));
turn();
