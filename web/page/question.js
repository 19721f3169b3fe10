/**
 * What is asked about a photo: read from the form when the photo comes.
 *
 * @typedef {{model: string, resize: string, original: boolean}} Question
 * @typedef {import("./api.js").Accepts} Accepts
 */

import { element, found } from "./element.js";
import { enough } from "./shrink.js";

const STORED = "triptych.key";
export const ALL = "all";

/** The form's part that says how to ask. */
export class Asking {
  #pills = found("models", HTMLFieldSetElement);
  #resize = found("resize", HTMLSelectElement);
  #original = found("original", HTMLInputElement);
  #key = found("key", HTMLInputElement);
  /** @type {Accepts} until the service has said */
  accepts = { formats: ["jpeg", "png"], max_upload_mb: Infinity, credentials: [] };
  /** Pixels of a photo's shorter side that are enough for every network. */
  shorter = enough(299);

  /**
   * @param {() => void} changed the question is another
   * @param {() => void} keyed a key was entered
   */
  constructor(changed, keyed) {
    found("ask", HTMLFormElement).addEventListener("change", changed);
    found("ask", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
    this.#key.value = stored()?.getItem(STORED) ?? "";
    this.#key.addEventListener("change", keyed);
    this.#key.addEventListener("input", () => stored()?.setItem(STORED, this.#key.value));
  }

  /**
   * Offers what the service has.
   *
   * @param {{default: string, accepts: Accepts, models: import("./models.js").Model[]}} served
   */
  offer({ default: first, accepts, models }) {
    this.accepts = accepts;
    this.shorter = enough(Math.max(...models.map(({ input }) => Math.max(input.height, input.width))));
    const answering = models.filter(({ state }) => state === "ready");
    const chosen = (answering.find(({ name }) => name === first) ?? answering[0])?.name;
    const pills = models.map((model) => pill(model.name, model.title, model.name === chosen, model.state !== "ready"));
    if (answering.length > 1) pills.push(pill(ALL, "Compare all", false, false));
    this.#pills.replaceChildren(element("legend", {}, "Ask"), ...pills);
    if (accepts.credentials.length) this.needKey();
  }

  /** Shows the field for a key. */
  needKey() {
    found("credential", HTMLElement).hidden = false;
  }

  /** @returns {Question} */
  get question() {
    const chosen = this.#pills.querySelector("input:checked");
    const model = chosen instanceof HTMLInputElement ? chosen.value : "";
    return { model, resize: this.#resize.value, original: this.#original.checked };
  }

  /** @returns {[string, string] | null} the header that carries the key */
  get header() {
    const key = this.#key.value.trim();
    if (!key) return null;
    const { credentials } = this.accepts;
    const isToken = credentials.length > 1 ? key.split(".").length === 3 : credentials[0] === "Authorization";
    return isToken ? ["Authorization", `Bearer ${key}`] : ["X-API-Key", key];
  }
}

/**
 * Returns the fields of the request; what is left open is the service's to choose.
 *
 * @param {Question} question
 */
export function fieldsOf({ model, resize }) {
  return { ...(model && { model }), ...(resize && { resize }) };
}

/**
 * Says whether both would be asked alike.
 *
 * @param {Question} one
 * @param {Question} other
 */
export const isSame = (one, other) =>
  one.model === other.model && one.resize === other.resize && one.original === other.original;

/**
 * @param {string} value
 * @param {string} title
 * @param {boolean} checked
 * @param {boolean} disabled
 */
function pill(value, title, checked, disabled) {
  const input = element("input", { type: "radio", name: "model", value, checked, disabled });
  return element("label", {}, input, element("span", {}, title));
}

/** What this tab remembers; nothing where the browser was told to let pages remember nothing. */
function stored() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
