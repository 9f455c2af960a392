// SPDX-License-Identifier: GPL-2.0-or-later
// Values as text, and text as nodes. What comes from the network is never markup: only text nodes are made of it.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {}))
		node.setAttribute(name, value);
	node.append(...children.filter(child => child !== null && child !== undefined));
	return node;
}

function el(name, attributes, ...children) {
	return fill(document.createElement(name), attributes, children);
}

function svgEl(name, attributes, ...children) {
	return fill(document.createElementNS(SVG, name), attributes, children);
}

function $(selector) {
	return document.querySelector(selector);
}

function isNumber(value) {
	return typeof value === "number" && Number.isFinite(value);
}

function asList(value) {
	return Array.isArray(value) ? value : [];
}

function asText(value) {
	return value === null || value === undefined ? "" : String(value);
}

const MINUS = "\u2212", THIN = "\u202f", NONE = "\u2013";

function signed(text, value) {
	return (value < 0 ? MINUS : "") + text;
}

/* Three digits and a unit. */
function duration(ns) {
	if (!isNumber(ns))
		return NONE;
	const size = Math.abs(ns);
	for (const [unit, factor] of [["ns", 1], ["\u00b5s", 1e3], ["ms", 1e6], ["s", 1e9]]) {
		const value = size / factor;
		if (value < 999.5 || unit === "s") {
			const decimals = unit === "ns" || value >= 100 ? 0 : value >= 10 ? 1 : 2;
			return signed(value.toFixed(decimals) + THIN + unit, ns);
		}
	}
}

/* An age, in the units of people. */
function age(ns) {
	if (!isNumber(ns))
		return NONE;
	const s = Math.max(0, ns / 1e9);
	if (s < 90)
		return s.toFixed(0) + THIN + "s";
	if (s < 5400)
		return (s / 60).toFixed(0) + THIN + "min";
	if (s < 172800)
		return (s / 3600).toFixed(1) + THIN + "h";
	return (s / 86400).toFixed(0) + THIN + "days";
}

function frequency(ppb) {
	if (!isNumber(ppb))
		return NONE;
	const size = Math.abs(ppb);
	return signed(size < 9999 ? size.toFixed(0) + THIN + "ppb" : (size / 1000).toFixed(1) + THIN + "ppm", ppb);
}

function rate(perSecond) {
	if (!isNumber(perSecond))
		return NONE;
	return (perSecond >= 10 || perSecond === 0 ? perSecond.toFixed(0) : perSecond.toFixed(1)) + "/s";
}

/* Steps of 1, 2 or 5 times a power of ten, about n of them in the span. */
function niceStep(span, n) {
	const raw = span / n, power = Math.pow(10, Math.floor(Math.log10(raw)));
	return [1, 2, 5, 10].find(step => step * power >= raw) * power;
}
