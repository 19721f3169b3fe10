/**
 * What the service is asked, and what it says. Addresses are relative to the page, so that /v1/ and a proxy's prefix work.
 *
 * @typedef {{class: string, prob: number, id: string}} Label
 * @typedef {{model: string, version?: string, precision?: string, weights?: string, results?: Label[]}} Part
 * @typedef {Part & {models?: Record<string, Part>, request_id?: string}} Answer
 * @typedef {object} Accepts
 * @property {string[]} formats as in "jpeg"
 * @property {number} max_upload_mb
 * @property {string[]} credentials headers of which one is needed
 * @property {string} resize what a request that names none gets
 * @property {number} deadline_s
 * @typedef {import("./timing.js").Timing} Timing
 */

import { parts } from "./timing.js";

const SPARE_S = 3; // for the network, beyond what the service may take
const MODELS_S = 15;
const OF_A_PROXY = new Set([502, 503, 504]); // what stands before the service says so while that is gone

/** Why there is no answer. `retryAfterS`: when to ask again; undefined where nothing is known of that. */
export class Problem extends Error {
  /** @param {{status?: number, code: string, error?: string, detail?: string, retryAfterS?: number}} facts */
  constructor({ status = 0, code, error = "", detail = "", retryAfterS }) {
    super(error || code);
    this.status = status;
    this.code = code;
    this.error = error;
    this.detail = detail;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * Asks what is in one image.
 *
 * @param {{upload: Blob, name: string, fields: Record<string, string>, header: [string, string] | null}} request
 * @param {number} deadlineS within which the service answers
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} progress told the share of the upload that has gone, 0 to 1
 * @returns {Promise<{answer: Answer, timing: Timing}>} rejects with a Problem, or with the signal's reason
 */
export function predict({ upload, name, fields, header }, deadlineS, signal, progress) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const call = new XMLHttpRequest(); // fetch tells nothing of what has been sent
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    form.append("file", upload, name);
    const start = performance.now();
    let sentAt = start;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let patience;
    const stop = () => call.abort();
    const wait = () => {
      clearTimeout(patience);
      patience = setTimeout(stop, 1000 * (2 * deadlineS + SPARE_S)); // of silence; a worker is ended after twice its deadline
    };
    call.open("POST", "predict");
    if (header) call.setRequestHeader(...header);
    call.upload.onprogress = ({ loaded, total }) => {
      wait();
      progress(total ? loaded / total : 1);
    };
    call.upload.onload = () => {
      wait();
      sentAt = performance.now();
      progress(1);
    };
    call.onload = () => {
      const took = { total: performance.now() - start, sending: sentAt - start };
      const answer = read(call.responseText);
      if (call.status === 200 && (answer?.results || answer?.models)) {
        resolve({ answer, timing: parts(call.getResponseHeader("Server-Timing") ?? "", took) });
      } else reject(problem(call.status, answer, call.getResponseHeader("Retry-After")));
    };
    call.onerror = () => reject(new Problem({ code: "unreachable" }));
    call.onabort = () => reject(signal.aborted ? signal.reason : new Problem({ code: "unreachable" }));
    call.onloadend = () => {
      clearTimeout(patience);
      signal.removeEventListener("abort", stop);
    };
    signal.addEventListener("abort", stop);
    wait();
    call.send(form);
  });
}

/**
 * Returns what is served, and what it takes.
 *
 * @returns {Promise<{default: string, accepts: Accepts, models: import("./models.js").Model[]}>}
 */
export async function models() {
  const answer = await fetch("models", { cache: "no-store", signal: after(MODELS_S) });
  const served = answer.ok ? await answer.json() : null;
  // While another version is rolled out, one may answer that tells less.
  if (!served?.accepts?.deadline_s) throw new Problem({ code: "unreachable", status: answer.status });
  return served;
}

/**
 * Says whether the service answers at all.
 *
 * @param {number} deadlineS a busy one may take as long
 * @param {AbortSignal} signal then nobody wants to know any more
 */
export async function isReachable(deadlineS, signal) {
  try {
    return (await fetch("livez", { cache: "no-store", signal: after(deadlineS + SPARE_S, signal) })).ok;
  } catch {
    return false;
  }
}

/**
 * Returns a signal that comes after a time, or with another. (AbortSignal.any is younger than some phones.)
 *
 * @param {number} seconds
 * @param {AbortSignal} [other]
 */
function after(seconds, other) {
  const control = new AbortController();
  setTimeout(() => control.abort(), 1000 * seconds);
  other?.addEventListener("abort", () => control.abort());
  return control.signal;
}

/** @param {string} text */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not ours: a proxy's page
  }
}

/**
 * @param {number} status
 * @param {{code?: string, error?: string, detail?: string} | null} body
 * @param {string | null} retryAfter
 */
function problem(status, body, retryAfter) {
  const retryAfterS = seconds(retryAfter);
  const gone = retryAfterS === undefined ? "unreachable" : "overloaded";
  const code = body?.code ?? (OF_A_PROXY.has(status) ? gone : "no_answer_of_ours");
  return new Problem({ ...body, status, code, retryAfterS });
}

/** @param {string | null} retryAfter a number of seconds, or a date (RFC 9110, section 10.2.3) */
function seconds(retryAfter) {
  if (!retryAfter) return undefined;
  const found = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isNaN(found) ? undefined : Math.max(0, found);
}
