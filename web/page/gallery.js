/** All photos on the page, and what can be done with all of them. */

import { Card } from "./card.js";
import { found } from "./element.js";
import { csv, json, save } from "./export.js";
import { isSame } from "./question.js";
import { counted, Voice } from "./voice.js";

/** @typedef {import("./photo.js").Photo} Photo */
/** @typedef {import("./question.js").Question} Question */
/** @typedef {Omit<import("./card.js").Desk, "say">} Desk */

const TICK_MS = 1000;

export class Gallery {
  /** @type {Map<Photo, Card>} in the order in which they came */
  #cards = new Map();
  #list = found("cards", HTMLUListElement);
  #again = found("again", HTMLButtonElement);
  #voice = new Voice();
  #desk;
  #current;

  /**
   * @param {Desk} desk
   * @param {() => Question} current what the form asks now
   */
  constructor(desk, current) {
    this.#desk = { ...desk, say: (/** @type {string} */ text) => this.#voice.say(text) };
    this.#current = current;
    this.#again.addEventListener("click", () => this.#askAgain());
    found("csv", HTMLButtonElement).addEventListener("click", () => save("triptych.csv", "text/csv", csv(this.photos)));
    found("json", HTMLButtonElement).addEventListener("click", () => {
      save("triptych.json", "application/json", json(this.photos));
    });
    found("clear", HTMLButtonElement).addEventListener("click", () => this.#clear());
    addEventListener("beforeunload", (event) => this.photos.some(({ isOpen }) => isOpen) && event.preventDefault());
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
    const card = this.#cards.get(photo);
    if (!card) return; // removed
    card.update();
    this.#voice.tell(photo, this.photos);
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
    this.#voice.forget(this.photos);
    this.refresh();
    if (!hadFocus) return;
    const button = next?.querySelector("button:not([hidden])");
    (button instanceof HTMLButtonElement ? button : found("choose", HTMLInputElement)).focus();
  }

  /** Counts them, and offers what can be done. */
  refresh() {
    const { photos } = this;
    found("count", HTMLElement).textContent = counted(photos);
    found("photos", HTMLElement).hidden = !photos.length;
    document.body.classList.toggle("has-photos", photos.length > 0);
    const askable = this.#askable.length;
    this.#again.hidden = !askable;
    this.#again.textContent = `Ask again (${askable})`;
  }

  /** Those without an answer, and those that were asked something else. */
  get #askable() {
    const current = this.#current();
    return this.photos.filter((photo) => !photo.isOpen && (photo.state !== "done" || !isSame(photo.question, current)));
  }

  #askAgain() {
    this.#askable.forEach(this.#desk.again);
    found("csv", HTMLButtonElement).focus(); // this button is gone
  }

  #clear() {
    const { photos } = this;
    if (photos.length > 1 && !confirm(`Remove ${photos.length} photos, and what was found in them?`)) return;
    photos.forEach(this.#desk.remove);
    found("choose", HTMLInputElement).focus();
    this.#voice.say("All photos are removed.");
  }
}
