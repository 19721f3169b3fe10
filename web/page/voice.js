/** What a screen reader says of what happens: one photo's answer, or of many how far they are, now and then. */

import { said } from "./answer.js";
import { found } from "./element.js";
import { sentence } from "./words.js";

/** @typedef {import("./photo.js").Photo} Photo */

const QUIET_MS = 10_000; // between two reports of many photos

export class Voice {
  #place = found("said", HTMLElement);
  #spokeAt = -QUIET_MS;
  #isOfMany = false;
  #trouble = ""; // that was told, until an answer comes

  /** @param {string} text */
  say(text) {
    this.#place.textContent = text;
  }

  /**
   * Tells what came of a photo.
   *
   * @param {Photo} photo
   * @param {Photo[]} all of them on the page
   */
  tell({ name, found, problem, held, isOpen }, all) {
    if (isOpen) return this.#hold(held);
    this.#trouble = "";
    const open = all.filter(({ isOpen }) => isOpen).length;
    this.#isOfMany ||= open > 0;
    if (!this.#isOfMany) return this.say(`${name}: ${problem ? sentence(problem) : found ? `${said(found.answer)}.` : "cancelled."}`);
    if (open && performance.now() < this.#spokeAt + QUIET_MS) return;
    this.#spokeAt = performance.now();
    this.#isOfMany = open > 0;
    this.say(`${open ? "" : "All done: "}${counted(all)}.`);
  }

  /**
   * Takes note that photos were removed: with none on its way, what comes next is not one of many.
   *
   * @param {Photo[]} all
   */
  forget(all) {
    this.#isOfMany &&= all.some(({ isOpen }) => isOpen);
  }

  /** @param {import("./api.js").Problem | null} held why photos wait; told once */
  #hold(held) {
    if (!held || held.code === this.#trouble) return;
    this.#trouble = held.code;
    this.say(sentence(held));
  }
}

/**
 * Says how far they are: "4 of 5 answered, 1 failed".
 *
 * @param {Photo[]} photos
 */
export function counted(photos) {
  const count = (/** @type {string} */ which) => photos.filter(({ state }) => state === which).length;
  const failed = count("failed");
  return `${count("done")} of ${photos.length} answered${failed ? `, ${failed} failed` : ""}`;
}
