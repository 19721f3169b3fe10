/**
 * What was found, as a file: the rows are those of clients/triptych_client.py, with the code of what failed. A photo that
 * was answered and then failed has the answer and the code.
 */

import { element } from "./element.js";

/** @typedef {import("./photo.js").Photo} Photo */
/** @typedef {import("./api.js").Part} Part */

const BOM = "\ufeff"; // without it Excel reads "ümlaut" as something else
const FACTS = /** @type {const} */ (["model", "weights", "precision", "version"]);

/** @param {Photo[]} photos */
export function csv(photos) {
  const rows = photos.filter(hasEnded).flatMap(rowsOf);
  const top = Math.max(3, ...rows.map(({ part }) => part?.results?.length ?? 0));
  const numbers = [...Array(top).keys()];
  const head = ["file", ...FACTS, ...numbers.flatMap((n) => [`class${n + 1}`, `prob${n + 1}`, `id${n + 1}`]), "code"];
  const lines = rows.map(({ file, part, code }) => {
    const labels = numbers.flatMap((n) => {
      const label = part?.results?.[n];
      return label ? [label.class, label.prob, label.id] : ["", "", ""];
    });
    return [harmless(file), ...FACTS.map((fact) => part?.[fact] ?? ""), ...labels, code];
  });
  return BOM + [head, ...lines].map((line) => `${line.map(cell).join(",")}\n`).join("");
}

/** @param {Photo[]} photos */
export function json(photos) {
  const entries = photos.filter(hasEnded).map(({ name, found, problem }) => {
    const { status, code, error, detail } = problem ?? { status: 0, code: "cancelled", error: "Cancelled", detail: "" };
    return { file: name, ...found?.answer, ...((problem || !found) && { status, code, error, detail }) };
  });
  return `${JSON.stringify(entries, null, 1)}\n`;
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
export function save(name, type, text) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it after this
}

/**
 * Whether there is something to tell of it: its answer, also while it is asked again, or why there is none.
 *
 * @param {Photo} photo
 */
const hasEnded = ({ found, isOpen }) => Boolean(found) || !isOpen;

/**
 * @param {Photo} photo
 * @returns {{file: string, part?: Part, code: string}[]}
 */
function rowsOf({ name: file, found, problem }) {
  if (!found) return [{ file, code: problem?.code ?? "cancelled" }];
  const { answer } = found;
  const parts = [...Object.values(answer.models ?? {}), ...(answer.results ? [answer] : [])];
  return parts.map((part) => ({ file, part, code: problem?.code ?? "" }));
}

/**
 * Returns a name that no spreadsheet takes for a formula (OWASP, "CSV Injection").
 *
 * @param {string} name
 */
const harmless = (name) => (/^[=+\-@\t\r]/.test(name) ? `'${name}` : name);

/** @param {string | number} value */
function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
