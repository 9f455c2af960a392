// SPDX-License-Identifier: GPL-2.0-or-later
// The box and its ports: which bring the time, which take it on, and what they are doing.

/* Tone and symbol for each state; the state's name is always written beside them. */
const PORT_STATES = {
	SLAVE: ["good", "\u25bc"], UNCALIBRATED: ["warn", "\u25d0"], PASSIVE: ["idle", "\u25c7"], MASTER: ["info", "\u25b2"],
	GRAND_MASTER: ["info", "\u25b2"], PRE_MASTER: ["idle", "\u25b3"], LISTENING: ["idle", "\u25cb"], INITIALIZING: ["idle", "\u25cb"],
	DISABLED: ["idle", "\u2013"], FAULTY: ["bad", "\u2715"], FORWARDING: ["good", "\u21c4"],
};
const CLOCK_TYPES = {
	OC: "Ordinary clock", BC: "Boundary clock", E2E_TC: "Transparent clock, end to end", P2P_TC: "Transparent clock, peer to peer",
	MONITOR: "Monitor",
};
const UPSTREAM = ["SLAVE", "UNCALIBRATED", "PASSIVE"], DOWNSTREAM = ["MASTER", "GRAND_MASTER", "PRE_MASTER"];
const MESSAGES = ["sync", "follow_up", "delay_req", "delay_resp", "announce", "signaling", "management", "pdelay_req",
	"pdelay_resp", "pdelay_resp_follow_up"];
const REFUSED = /refused|ignored|denied|dropped/;
/* More than these on a side are set in columns. */
const WIRED_MAX = 6;
/* Of more than these only names, states, rates and what is wrong are told. */
const TALKATIVE_MAX = 20;

function chip([tone, symbol], words) {
	return el("span", {class: "chip " + tone}, symbol + " " + words);
}

function sumCounters(counters, matches) {
	return Object.entries(counters || {}).reduce((sum, [name, n]) => sum + (matches(name) && isNumber(n) ? n : 0), 0);
}

/* Totals of a port by what the page tells of it. */
function portTotals(counters) {
	return {
		rx: sumCounters(counters, name => name.startsWith("rx_") && MESSAGES.includes(name.slice(3))),
		tx: sumCounters(counters, name => name.startsWith("tx_") && MESSAGES.includes(name.slice(3))),
		corrected: sumCounters(counters, name => name === "bpf_tx_corrected"),
		refused: sumCounters(counters, name => REFUSED.test(name)),
	};
}

/* A transparent clock has no upstream of its own: it is where most Syncs come from. */
function syncIngress(residences) {
	const counts = {};
	for (const one of residences)
		if (one.type === "sync")
			counts[one.ingress] = (counts[one.ingress] || 0) + one.count;
	return Object.keys(counts).sort((a, b) => counts[b] - counts[a])[0];
}

function sideOf(port, ingress) {
	if (port.state === "FORWARDING")
		return port.name === ingress ? "upstream" : "downstream";
	return UPSTREAM.includes(port.state) ? "upstream" : DOWNSTREAM.includes(port.state) ? "downstream" : "aside";
}

function ratesLine(rates) {
	if (!rates)
		return null;
	const parts = [];
	if (rates.rx || rates.tx || !rates.corrected)
		parts.push(`in ${rate(rates.rx)}, out ${rate(rates.tx)}`);
	if (rates.corrected)
		parts.push(`corrected ${rate(rates.corrected)}`);
	const line = el("p", {class: "rates"}, parts.join(", "));
	if (rates.refused >= 0.05)
		line.append(", ", el("span", {class: "warn"}, `refused ${rate(rates.refused)}`));
	return line;
}

function portCard(port, rates, nowMono) {
	const look = PORT_STATES[port.state] || ["idle", "?"];
	const card = el("li", {class: "port " + look[0]},
		el("div", {class: "head"},
			el("span", {class: "name", title: asText(port.name)}, asText(port.name), el("small", {}, " " + asText(port.number))),
			chip(look, asText(port.state))));
	if (port.reason)
		card.append(el("p", {class: "reason"}, asText(port.reason)));
	if (port.peer)
		card.append(el("p", {class: "peer"}, (port.state === "SLAVE" || port.state === "UNCALIBRATED" ? "follows " : "peer ") + asText(port.peer)));
	const line = [asText(port.transport)];
	if (isNumber(port.delay_ns))
		line.push("delay " + duration(port.delay_ns));
	if (isNumber(port.since_mono_ns))
		line.push("for " + age(nowMono - port.since_mono_ns));
	card.append(el("p", {}, line.filter(Boolean).join(", ")), ratesLine(rates) || "");
	return card;
}

function drawMap(data, rates) {
	const status = data.status || {}, ports = asList(data.ports), ingress = syncIngress(asList(data.residences));
	const sides = {upstream: [], downstream: [], aside: []};
	for (const port of ports)
		sides[sideOf(port, ingress)].push(port);
	for (const [side, list] of Object.entries(sides)) {
		const cards = list.map(port => portCard(port, rates[port.number], data.now_mono_ns));
		$(`.${side} ul`).replaceChildren(...cards.length ? cards : [el("li", {class: "empty small"}, side === "upstream" ? "from nowhere" : "to nobody")]);
	}
	$(".aside").hidden = !sides.aside.length;
	$(".map").classList.toggle("wide", sides.downstream.length > WIRED_MAX || sides.upstream.length > WIRED_MAX);
	$(".map").classList.toggle("dense", sides.downstream.length > TALKATIVE_MAX);
	$(".box .kind").textContent = CLOCK_TYPES[status.clock_type] || asText(status.clock_type);
	$(".box .identity").textContent = asText(status.clock_identity);
	$(".box .setup").textContent = [isNumber(status.domain) ? `domain ${status.domain}` : "",
		status.stamping ? `stamps by ${status.stamping}` : "", status.local_clock ? `${status.local_clock} clock` : "",
		`${ports.length} ${ports.length === 1 ? "port" : "ports"}`].filter(Boolean).join(", ");
}
