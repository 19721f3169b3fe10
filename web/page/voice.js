/** What a screen reader says of what happens: one photo's answer, or of many how far they are, now and then. */

import { said } from "./answer.js";
import { found } from "./element.js";
import { sentence } from "./words.js";

/** @typedef {import("./photo.js").Photo} Photo */

const QUIET_MS = 10_000; // between two reports of many photos

export class Voice {
  #place = found("said", HTMLElement);
  #spokeAt = 0;
  #isOfMany = false;

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
  tell({ name, found, problem }, all) {
    const open = all.filter(({ isOpen }) => isOpen).length;
    this.#isOfMany ||= open > 0;
    if (!this.#isOfMany) return this.say(`${name}: ${problem ? sentence(problem) : found ? `${said(found.answer)}.` : "cancelled."}`);
    if (open && Date.now() < this.#spokeAt + QUIET_MS) return;
    this.#spokeAt = Date.now();
    this.#isOfMany = open > 0;
    this.say(`${open ? "" : "All done: "}${counted(all)}.`);
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
