/**
 * Where the time of one answer went.
 *
 * @typedef {{name: string, label: string, ms: number}} Part
 * @typedef {{total: number, parts: Part[]}} Timing milliseconds
 */

import { element } from "./element.js";

const LABELS = { sending: "sending", queue: "waiting", decode: "decoding", inference: "recognising", rest: "the rest" };
const LEAST_MS = 0.05; // to be named

/**
 * Splits what the browser has seen by what the service says of itself.
 *
 * @param {string} header Server-Timing, as in `decode;dur=3.1, queue;dur=0.2, inference;dur=20.4`
 * @param {{total: number, sending: number}} seen milliseconds
 * @returns {Timing}
 */
export function parts(header, { total, sending }) {
  /** @type {Record<string, number>} */
  const told = {};
  for (const entry of header.split(",")) {
    const [, name, ms] = /^\s*([\w-]+)\s*;\s*dur=([\d.]+)/.exec(entry) ?? [];
    if (name in LABELS) told[name] = Number(ms);
  }
  // The service begins while the upload still runs, as far as it waits for it: no part may make the sum too large.
  const inside = Object.values(told).reduce((sum, ms) => sum + ms, 0);
  const before = Math.min(sending, Math.max(0, total - inside));
  /** @type {Record<string, number>} */
  const all = { ...told, sending: before, rest: Math.max(0, total - before - inside) };
  return { total, parts: Object.entries(LABELS).map(([name, label]) => ({ name, label, ms: all[name] ?? 0 })) };
}

/**
 * Draws it as one bar, with its legend.
 *
 * @param {Timing} timing
 */
export function drawn({ total, parts: all }) {
  const bar = element("div", { className: "stack", ariaHidden: "true" });
  const legend = element("ul", { className: "legend", role: "list" });
  for (const { name, label, ms } of all) {
    const piece = element("span", { className: name });
    piece.style.flexGrow = String(ms);
    bar.append(piece);
    if (ms >= LEAST_MS) legend.append(element("li", { className: name }, `${label} ${figure(ms)}`));
  }
  return element("div", { className: "timing" }, element("p", {}, `${figure(total)} ms`), bar, legend);
}

/** @param {number} ms */
const figure = (ms) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
