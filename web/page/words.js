/** What people read. */

/** @typedef {import("./api.js").Problem} Problem */

/**
 * Makes a class's name readable: "golden_retriever" is "golden retriever".
 *
 * @param {string} name
 */
export const readable = (name) => name.replaceAll("_", " ");

/**
 * @param {number} share 0 to 1
 */
export function percent(share) {
  const hundredths = share * 100;
  if (hundredths > 0 && hundredths < 0.1) return "< 0.1 %";
  return `${hundredths < 10 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

/**
 * Returns a length of time as people say it.
 *
 * @param {number} seconds
 */
export const span = (seconds) => (seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`);

/**
 * Returns a name by which a file can be told from others: phones call every photo "image.jpg".
 *
 * @param {string} name
 * @param {string[]} others
 */
export function unique(name, others) {
  const taken = new Set(others);
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(name) ?? [];
  for (let count = 2, found = name; ; count += 1) {
    if (!taken.has(found)) return found;
    found = `${stem} (${count})${ending ?? ""}`;
  }
}

/** @param {number} bytes */
export function size(bytes) {
  const kilo = bytes / 1024;
  if (kilo < 1000) return `${Math.max(1, Math.round(kilo))} kB`;
  return `${(kilo / 1024).toFixed(1)} MB`;
}

/** @type {Record<string, string>} */
const SENTENCES = {
  unreachable: "The service can't be reached.",
  broken_connection: "The connection breaks whenever this photo is sent.",
  refused: "The service does not let this page ask (any more).",
  key_changed: "Another key was entered meanwhile.",
  unreadable_file: "This file can't be read (any more): choose it again.",
  unsupported_format: "This is no photo that the service can read.",
  corrupt_image: "This photo is damaged.",
  truncated_image: "A part of this photo is missing.",
  too_many_pixels: "This photo has more pixels than the service takes.",
  upload_too_large: "This photo is larger than the service takes.",
  unauthorized: "A key is needed: enter yours above.",
  unknown_key: "The key above is not taken.",
  unusable_key: "The key above has a character that no key has.",
  forbidden: "The key above may not ask this.",
  rate_limited: "Too many photos in a short time.",
  overloaded: "The service is busy.",
  not_ready: "The service is not ready.",
  weights_missing: "This network has no weights here.",
  deadline_exceeded: "The service had no time left for this photo.",
  internal_error: "The service failed at this photo.",
  invalid_model: "The service has no such network any more: ask again with another.",
};

/**
 * Says in plain words what went wrong; where we know no better, in the service's.
 *
 * @param {Problem} problem
 */
export function sentence(problem) {
  if (problem.code === "no_answer_of_ours") {
    if (problem.status === 413) return SENTENCES.upload_too_large;
    return `Something before the service answers in its place (${problem.status}).`;
  }
  return SENTENCES[problem.code] ?? (problem.error ? `${problem.error}.` : `The service answered with ${problem.status}.`);
}

/**
 * Lists things as people do: "a, b and c".
 *
 * @param {string[]} things
 */
export const listed = (things) => new Intl.ListFormat("en", { type: "conjunction" }).format(things);
