/**
 * What the service is asked, and what it says. Addresses are relative to the page, so that /v1/ and a proxy's prefix work.
 *
 * @typedef {{class: string, prob: number, id: string}} Label
 * @typedef {{model: string, version?: string, precision?: string, weights?: string, results?: Label[]}} Part
 * @typedef {Part & {models?: Record<string, Part>, request_id?: string}} Answer
 * @typedef {{formats: string[], max_upload_mb: number, credentials: string[]}} Accepts
 * @typedef {import("./timing.js").Timing} Timing
 */

import { parts } from "./timing.js";

const ANSWER_MS = 60_000; // of silence after the photo has been sent: far above any DEADLINE_S
const REACH_MS = 5_000;

/** Why there is no answer. `retryAfterS`: when to ask again; undefined where asking again would change nothing. */
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
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} progress told the share of the upload that has gone, 0 to 1
 * @returns {Promise<{answer: Answer, timing: Timing}>} rejects with a Problem, or with the signal's reason
 */
export function predict({ upload, name, fields, header }, signal, progress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest(); // fetch tells nothing of what has been sent
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    form.append("file", upload, name);
    const start = performance.now();
    let sentAt = start;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let patience;
    const stop = () => call.abort();
    call.open("POST", "predict");
    if (header) call.setRequestHeader(...header);
    call.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 1);
    call.upload.onload = () => {
      sentAt = performance.now();
      progress(1);
      patience = setTimeout(stop, ANSWER_MS);
    };
    call.onload = () => {
      const took = { total: performance.now() - start, sending: sentAt - start };
      const answer = read(call.responseText);
      if (call.status === 200 && answer) {
        resolve({ answer, timing: parts(call.getResponseHeader("Server-Timing") ?? "", took) });
      } else reject(problem(call.status, answer, call.getResponseHeader("Retry-After")));
    };
    call.onerror = () => reject(new Problem({ code: "unreachable" }));
    call.onabort = () => reject(signal.aborted ? signal.reason : new Problem({ code: "silent" }));
    call.onloadend = () => {
      clearTimeout(patience);
      signal.removeEventListener("abort", stop);
    };
    signal.throwIfAborted();
    signal.addEventListener("abort", stop);
    call.send(form);
  });
}

/**
 * Returns what is served, and what it takes.
 *
 * @returns {Promise<{default: string, accepts: Accepts, models: import("./models.js").Model[]}>}
 */
export async function models() {
  const answer = await fetch("models", { cache: "no-store" });
  if (!answer.ok) throw new Problem({ code: "unreachable", status: answer.status });
  return answer.json();
}

/**
 * Says whether the service answers at all.
 *
 * @param {AbortSignal} signal then nobody wants to know any more
 */
export async function isReachable(signal) {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(REACH_MS)]);
    return (await fetch("livez", { cache: "no-store", signal: either })).ok;
  } catch {
    return false;
  }
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
  const seconds = Number(retryAfter);
  const code = body?.code ?? "no_answer_of_ours";
  return new Problem({ ...body, status, code, retryAfterS: retryAfter && seconds >= 0 ? seconds : undefined });
}
