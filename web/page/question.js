/**
 * What is asked about a photo, and by whom: the form.
 *
 * @typedef {{model: string, resize: string, original: boolean}} Question
 * @typedef {import("./api.js").Accepts} Accepts
 */

import { Problem } from "./api.js";
import { element, found } from "./element.js";
import { enough } from "./shrink.js";

const STORED = `triptych.key ${new URL(".", location.href).pathname}`; // another prefix is another service
const ALL = "all";
const KEEPS_PIXELS = "keras"; // takes single pixels out of the photo, so that they must be the photo's own

export class Asking {
  #pills = found("models", HTMLFieldSetElement);
  #resize = found("resize", HTMLSelectElement);
  #original = found("original", HTMLInputElement);
  #key = found("key", HTMLInputElement);
  /** @type {Accepts | null} null: the service has not said yet */
  accepts = null;
  /** Pixels of a photo's shorter side that are enough for every network. */
  shorter = 0;

  /**
   * @param {() => void} changed the question is another
   * @param {() => void} keyed a key was entered
   */
  constructor(changed, keyed) {
    found("ask", HTMLFormElement).addEventListener("change", changed);
    found("ask", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
    this.#key.value = stored()?.getItem(STORED) ?? "";
    this.#key.addEventListener("change", () => {
      this.#key.removeAttribute("aria-invalid");
      keyed();
    });
    this.#key.addEventListener("input", () => stored()?.setItem(STORED, this.#key.value));
  }

  /**
   * Offers what the service has; what was chosen stays so.
   *
   * @param {{default: string, accepts: Accepts, models: import("./models.js").Model[]}} served
   */
  offer({ default: first, accepts, models }) {
    const before = this.question.model;
    this.accepts = accepts;
    this.shorter = enough(Math.max(...models.map(({ input }) => Math.max(input.height, input.width))));
    const answering = models.filter(({ state }) => state === "ready").map(({ name }) => name);
    const choices = answering.length > 1 ? [...answering, ALL] : answering;
    const chosen = [before, first].find((name) => choices.includes(name)) ?? answering[0];
    const pills = models.map(({ name, title }) => pill(name, title, name === chosen, !choices.includes(name)));
    if (choices.includes(ALL)) pills.push(pill(ALL, "Compare all", chosen === ALL, false));
    this.#pills.replaceChildren(element("legend", {}, "Ask"), ...pills);
    found("credential", HTMLElement).hidden = !accepts.credentials.length;
  }

  /** @returns {Question} */
  get question() {
    const chosen = this.#pills.querySelector("input:checked");
    const model = chosen instanceof HTMLInputElement ? chosen.value : "";
    const resize = this.#resize.value;
    const keeps = (resize || this.accepts?.resize) === KEEPS_PIXELS;
    return { model, resize, original: keeps || this.#original.checked };
  }

  /** @returns {[string, string] | null} the header that carries the key. Throws a Problem: there is none that can be sent */
  get header() {
    const { credentials = [] } = this.accepts ?? {};
    if (!credentials.length) return null;
    const key = this.#key.value.trim();
    if (!key) throw new Problem({ code: "unauthorized" });
    if (!/^[!-~]+$/.test(key)) throw new Problem({ code: "unusable_key" });
    const isToken = credentials.length > 1 ? key.split(".").length === 3 : credentials[0] === "Authorization";
    return isToken ? ["Authorization", `Bearer ${key}`] : ["X-API-Key", key];
  }

  /** Shows that the key is not taken. */
  refuse() {
    if (this.#key.value) this.#key.setAttribute("aria-invalid", "true");
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
