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
    found("ask", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      keyed(); // Enter: also where the key has not changed, but the service may have
    });
    this.#key.value = stored()?.getItem(STORED) ?? "";
    this.#key.addEventListener("change", () => {
      this.refuse(null);
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
    this.shorter = enough(Math.max(...models.map(({ input }) => (input ? Math.max(input.height, input.width) : 0))));
    const answering = models.filter(({ state }) => state === "ready").map(({ name }) => name);
    const choices = answering.length > 1 ? [...answering, ALL] : answering;
    const chosen = [before, first].find((name) => choices.includes(name)) ?? answering[0];
    const pills = models.map(({ name, title }) => pill(name, title, name === chosen, !choices.includes(name)));
    if (choices.includes(ALL)) pills.push(pill(ALL, "Compare all", chosen === ALL, false));
    const hadFocus = this.#pills.contains(document.activeElement);
    this.#pills.replaceChildren(element("legend", {}, "Ask"), ...pills);
    if (hadFocus) this.#chosen?.focus();
    found("credential", HTMLElement).hidden = !accepts.credentials.length;
    this.accepts = accepts;
  }

  /** Says that it can't be reached. */
  miss() {
    if (!this.accepts) this.#pills.querySelector(".note")?.replaceChildren("The service can't be reached; looking again");
  }

  get #chosen() {
    const chosen = this.#pills.querySelector("input:checked");
    return chosen instanceof HTMLInputElement ? chosen : null;
  }

  /** @returns {Question} */
  get question() {
    const model = this.#chosen?.value ?? "";
    const resize = this.#resize.value;
    const keeps = (resize || this.accepts?.resize) === KEEPS_PIXELS;
    return { model, resize, original: keeps || this.#original.checked };
  }

  /** The name of the header that carries the key; empty: none is needed. */
  get headerName() {
    const { credentials = [] } = this.accepts ?? {};
    const isToken = credentials.length > 1 && this.#key.value.trim().split(".").length === 3;
    return isToken ? "Authorization" : (credentials[0] ?? "");
  }

  /** @returns {[string, string] | null} the header that carries the key. Throws a Problem: there is none that can be sent */
  get header() {
    const name = this.headerName;
    if (!name) return null;
    const key = this.#key.value.trim();
    if (!key) throw new Problem({ code: "unauthorized" });
    if (!/^[!-~]+$/.test(key)) throw new Problem({ code: "unusable_key" });
    return [name, name === "Authorization" ? `Bearer ${key}` : key];
  }

  /**
   * Shows why the key is not taken, or that nothing is known against it.
   *
   * @param {string | null} why
   */
  refuse(why) {
    this.#key.ariaInvalid = why ? "true" : null;
    found("key-problem", HTMLElement).textContent = why ?? "";
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
