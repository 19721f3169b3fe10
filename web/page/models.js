/**
 * What is served: a table of the networks, and whether their answers mean anything.
 *
 * @typedef {{agreed: number, compared: number}} Agreement
 * @typedef {{milliseconds?: {all: number}, agreement?: Agreement}} Measured
 * @typedef {object} Model
 * @property {string} name
 * @property {string} title
 * @property {string} state
 * @property {{height: number, width: number}} [input]
 * @property {number | null} [parameters]
 * @property {{top1: number, top5: number | null} | null} [published_accuracy] percent
 * @property {{source: string}} [weights]
 * @property {string} [precision]
 * @property {number} [classes]
 * @property {Record<string, Measured>} [precisions]
 */

import { element, found } from "./element.js";
import { track } from "./track.js";
import { listed, percent } from "./words.js";

const HEADS = ["Network", "First label right", "Among five", "Time for one", "Agreement", "Looks at", "Parameters", "Served as"];
/** @type {Record<string, string>} */
const WEIGHTS = { imagenet: "ImageNet weights", file: "weights from a file", pocket: "in the box", random: "random weights" };
/** @type {Record<string, string>} */
const STATES = { weights_missing: "no weights here", failed: "could not be loaded", loading: "being loaded" };
const MILLIONS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/**
 * @param {Model[]} models
 * @param {string} first the one that answers where none is named
 */
export function show(models, first) {
  const slowest = Math.max(0, ...models.map((model) => milliseconds(model) ?? 0));
  const head = element("tr", {}, ...HEADS.map((text) => element("th", { scope: "col" }, text)));
  const rows = models.map((model) => row(model, slowest));
  found("table", HTMLTableElement).replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  found("served", HTMLElement).hidden = false;
  const warning = found("banner", HTMLElement);
  warning.textContent = warned(models, first);
  warning.hidden = !warning.textContent;
}

/**
 * @param {Model[]} models
 * @param {string} first
 */
export function warned(models, first) {
  const random = models.filter(({ weights }) => weights?.source === "random").map(({ title }) => title);
  if (!random.length) return boxed(models, first);
  const who = random.length === models.length ? "this service runs" : `${listed(random)} ${random.length > 1 ? "run" : "runs"}`;
  return `Answers are made up: ${who} with random weights. The README tells where real ones go (WEIGHTS_DIR).`;
}

/**
 * @param {Model[]} models
 * @param {string} first
 */
function boxed(models, first) {
  const pocket = models.find(({ name, weights }) => name === first && weights?.source === "pocket");
  if (!pocket || !models.some(({ state }) => state === "weights_missing")) return "";
  return `${pocket.title} answers, a small network that came with this service and knows ${pocket.classes} kinds of things; others have no weights here. The README tells where they go (WEIGHTS_DIR).`;
}

/**
 * @param {Model} model
 * @param {number} slowest milliseconds
 */
function row(model, slowest) {
  const { title, published_accuracy: accuracy, input, parameters } = model;
  const ms = milliseconds(model);
  const cells = [
    share(accuracy?.top1),
    share(accuracy?.top5),
    ms === undefined ? "" : metered(`${ms.toFixed(1)} ms`, ms / slowest),
    agreement(model),
    input ? `${input.width} × ${input.height}` : "",
    parameters ? `${MILLIONS.format(parameters / 1e6)} M` : "",
    servedAs(model),
  ];
  const name = element("th", { scope: "row" }, title);
  return element("tr", {}, name, ...cells.map((cell) => element("td", {}, cell)));
}

/** @param {number | null} [percents] */
const share = (percents) => (percents ? metered(`${percents} %`, percents / 100) : "");

/** @param {Model} model */
const milliseconds = ({ precision = "", precisions }) => precisions?.[precision]?.milliseconds?.all;

/** @param {Model} model */
function agreement({ precision = "", precisions }) {
  if (!precision) return "";
  if (precision === "float32") return "is float32";
  const found = precisions?.[precision]?.agreement;
  return found?.compared ? `${percent(found.agreed / found.compared)} of ${found.compared}` : "not measured";
}

/** @param {Model} model */
function servedAs({ state, precision, weights }) {
  if (state !== "ready") return STATES[state] ?? state;
  return `${precision}, ${WEIGHTS[weights?.source ?? ""] ?? weights?.source}`;
}

/**
 * @param {string} text
 * @param {number} share 0 to 1
 */
const metered = (text, share) => element("div", { className: "metered" }, text, track(share));
