/** Draws an answer: labels as bars, or several networks side by side. */

import { element } from "./element.js";
import { track } from "./track.js";
import { listed, percent, readable } from "./words.js";

/** @typedef {import("./api.js").Answer} Answer */
/** @typedef {import("./api.js").Part} Part */
/** @typedef {import("./api.js").Label} Label */

/**
 * @param {Answer} answer
 * @param {(name: string) => string} title how people write a network's name
 */
export function drawn(answer, title) {
  if (answer.models) return compared(answer, answer.models, title);
  return bars(answer.results ?? []);
}

/**
 * Says in one line what was found, for the ear.
 *
 * @param {Answer} answer
 */
export function said(answer) {
  const first = best(answer) ?? Object.values(answer.models ?? {}).map(best).find(Boolean);
  return first ? `${readable(first.class)}, ${percent(first.prob)}` : "no answer";
}

/** @param {Part} part */
const best = (part) => part.results?.[0];

/** @param {Label[]} labels */
function bars(labels) {
  const list = element("ol", { className: "labels", role: "list" }); // which Safari takes from one without numbers
  for (const { class: name, prob } of labels) {
    const text = element("span", { className: "label" }, readable(name));
    const share = element("span", { className: "share" }, percent(prob));
    list.append(element("li", {}, text, share, track(prob)));
  }
  return list;
}

/**
 * @param {Answer} answer
 * @param {Record<string, Part>} models
 * @param {(name: string) => string} title
 */
function compared(answer, models, title) {
  const opinions = Object.entries(models).map(([name, part]) => ({ name: title(name), part, says: best(part)?.class }));
  const leader = best(answer)?.class ?? mostSaid(opinions.map(({ says }) => says ?? ""));
  const columns = opinions.map(({ name, part, says }) => {
    const isOther = says !== leader;
    const heading = element("h4", {}, name, ...(isOther ? [element("span", { className: "tag" }, "differs")] : []));
    return element("section", { className: isOther ? "column other" : "column" }, heading, bars(part.results ?? []));
  });
  if (answer.results) {
    const heading = element("h4", {}, "Together", element("small", {}, "their mean"));
    columns.unshift(element("section", { className: "column together" }, heading, bars(answer.results)));
  }
  return element(
    "div",
    {},
    element("p", { className: "verdict" }, verdict(opinions, leader)),
    element("div", { className: "columns" }, ...columns),
  );
}

/**
 * Says who agrees, and who says what instead.
 *
 * @param {{name: string, says?: string}[]} opinions
 * @param {string} leader
 */
function verdict(opinions, leader) {
  /** @type {Map<string, string[]>} */
  const camps = new Map([[leader, []]]);
  for (const { name, says = "nothing" } of opinions) camps.set(says, [...(camps.get(says) ?? []), name]);
  const leading = camps.get(leader)?.length ?? 0;
  if (leading === opinions.length) return `All ${leading} say ${readable(leader)}.`;
  if ([...camps.values()].every((names) => names.length < 2)) return "No two agree.";
  camps.delete(leader);
  const others = [...camps].map(([label, names]) => `${listed(names)} ${names.length > 1 ? "say" : "says"} ${readable(label)}`);
  return `${leading} of ${opinions.length} ${leading === 1 ? "says" : "say"} ${readable(leader)}; ${listed(others)}.`;
}

/** @param {string[]} said */
function mostSaid(said) {
  const times = (/** @type {string} */ one) => said.filter((other) => other === one).length;
  return [...said].sort((one, other) => times(other) - times(one))[0] ?? "";
}
