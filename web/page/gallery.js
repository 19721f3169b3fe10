/** All photos on the page, and what can be done with all of them. */

import { said } from "./answer.js";
import { Card } from "./card.js";
import { found } from "./element.js";
import { csv, json, save } from "./export.js";
import { isSame } from "./question.js";
import { sentence } from "./words.js";

/** @typedef {import("./photo.js").Photo} Photo */
/** @typedef {import("./question.js").Question} Question */

const TICK_MS = 1000;

export class Gallery {
  /** @type {Map<Photo, Card>} in the order in which they came */
  #cards = new Map();
  #list = found("cards", HTMLUListElement);
  #again = found("again", HTMLButtonElement);
  #desk;
  #current;

  /**
   * @param {import("./card.js").Desk} desk
   * @param {() => Question} current what the form asks now
   */
  constructor(desk, current) {
    this.#desk = desk;
    this.#current = current;
    this.#again.addEventListener("click", () => this.#askAgain());
    found("csv", HTMLButtonElement).addEventListener("click", () => save("triptych.csv", "text/csv", csv(this.photos)));
    found("json", HTMLButtonElement).addEventListener("click", () => {
      save("triptych.json", "application/json", json(this.photos));
    });
    found("clear", HTMLButtonElement).addEventListener("click", () => this.photos.forEach(desk.remove));
    setInterval(() => this.#cards.forEach((card) => card.tick()), TICK_MS);
  }

  get photos() {
    return [...this.#cards.keys()];
  }

  /** @param {Photo} photo */
  add(photo) {
    const card = new Card(photo, this.#desk);
    this.#cards.set(photo, card);
    this.#list.append(card.element);
    this.refresh();
  }

  /** @param {Photo} photo */
  update(photo) {
    this.#cards.get(photo)?.update();
    if (!photo.isOpen) this.#say(photo);
    this.refresh();
  }

  /** @param {Photo} photo */
  remove(photo) {
    const gone = this.#cards.get(photo)?.element;
    if (!gone) return;
    const next = gone.nextElementSibling ?? gone.previousElementSibling;
    const hadFocus = gone.contains(document.activeElement);
    gone.remove();
    this.#cards.delete(photo);
    this.refresh();
    if (!hadFocus) return;
    const button = next?.querySelector("button:not([hidden])");
    (button instanceof HTMLButtonElement ? button : found("choose", HTMLInputElement)).focus();
  }

  /** Counts them, and offers what can be done. */
  refresh() {
    const { photos } = this;
    const count = (/** @type {(photo: Photo) => boolean} */ which) => photos.filter(which).length;
    const failed = count(({ state }) => state === "failed");
    const parts = [`${count(({ state }) => state === "done")} of ${photos.length} answered`];
    if (failed) parts.push(`${failed} failed`);
    found("count", HTMLElement).textContent = parts.join(", ");
    found("photos", HTMLElement).hidden = !photos.length;
    document.body.classList.toggle("has-photos", photos.length > 0);
    this.#again.hidden = !this.#askable.length;
    this.#again.textContent = `Ask again (${this.#askable.length})`;
  }

  /** Those without an answer, and those that were asked something else. */
  get #askable() {
    const current = this.#current();
    return this.photos.filter((photo) => !photo.isOpen && (photo.state !== "done" || !isSame(photo.question, current)));
  }

  #askAgain() {
    this.#askable.forEach(this.#desk.again);
    found("choose", HTMLInputElement).focus(); // this button is gone
  }

  /** @param {Photo} photo */
  #say({ name, answer, problem }) {
    const what = answer ? said(answer) : problem ? sentence(problem) : "cancelled";
    const left = this.photos.filter(({ isOpen }) => isOpen).length;
    found("said", HTMLElement).textContent = `${name}: ${what}${left ? "" : " All done."}`;
  }
}
