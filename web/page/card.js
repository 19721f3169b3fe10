/** One photo on the page. Its elements stay while it goes from the disk to its answer, so that the focus does too. */

import { drawn } from "./answer.js";
import { Command } from "./command.js";
import { element } from "./element.js";
import { drawn as drawnTiming } from "./timing.js";
import { sentence, span } from "./words.js";

/** @typedef {import("./photo.js").Photo} Photo */
/**
 * @typedef {object} Desk what a card asks of the page
 * @property {(photo: Photo) => void} cancel
 * @property {(photo: Photo) => void} again
 * @property {(photo: Photo) => void} remove
 * @property {() => void} hurry
 * @property {() => number} pauseMs until photos are sent again; Infinity: not before a key is entered
 * @property {(photo: Photo) => {text: string, differs: boolean}} command for a terminal
 * @property {(name: string) => string} title of a network
 * @property {(text: string) => void} say for the ear
 */

export class Card {
  #photo;
  #desk;
  #picture = element("img", { alt: "", decoding: "async", hidden: true });
  #news = element("div", { className: "news" });
  #found = element("div", { className: "found" });
  #foot = element("div", { className: "foot" });
  #countdown = element("p");
  #command;
  #buttons;

  /**
   * @param {Photo} photo
   * @param {Desk} desk
   */
  constructor(photo, desk) {
    this.#photo = photo;
    this.#desk = desk;
    const title = element("h3", { id: `photo-${photo.number}`, title: photo.name }, photo.name);
    this.#command = new Command(() => desk.command(photo), desk.say);
    this.#buttons = {
      again: this.#button("Ask again", () => desk.again(photo)),
      copy: this.#command.button,
      remove: this.#button("Remove", () => desk.remove(photo)),
      hurry: this.#button("Try now", () => desk.hurry()),
      cancel: this.#button("Cancel", () => desk.cancel(photo)),
    };
    for (const button of Object.values(this.#buttons)) button.setAttribute("aria-describedby", title.id);
    const actions = element("p", { className: "buttons" }, ...Object.values(this.#buttons));
    const news = element("div", { className: "middle" }, this.#news, this.#found);
    const body = element("div", { className: "body" }, title, news, this.#foot, actions, this.#command.element);
    const picture = element("div", { className: "picture" }, this.#picture);
    this.element = element("li", { className: "card" }, picture, body);
    this.element.setAttribute("aria-labelledby", title.id);
    this.update();
  }

  /** Shows what has become of the photo. */
  update() {
    const { state, picture, question, found } = this.#photo;
    this.element.dataset.state = state;
    this.element.classList.toggle("wide", question.model === "all" || Boolean(found?.answer.models));
    if (picture && this.#picture.src !== picture) this.#picture.src = picture;
    this.#picture.hidden = !picture;
    this.#count();
    this.#offer();
    this.#news.replaceChildren(...this.#told());
    this.#found.classList.toggle("earlier", state !== "done");
    const before = found && state !== "done" ? [element("p", { className: "note" }, "Found before:")] : [];
    this.#found.replaceChildren(...before, ...(found ? [drawn(found.answer, this.#desk.title)] : []));
    this.#foot.replaceChildren(...this.#notes());
    this.#command.update();
  }

  /** Shows how time goes on, where the photo waits for it. */
  tick() {
    if (!this.#photo.held) return;
    this.#count();
    this.#offer();
  }

  #count() {
    const pauseMs = this.#desk.pauseMs();
    const seconds = Math.ceil(pauseMs / 1000);
    const text = pauseMs === Infinity ? "Waiting for a key" : `Trying again ${seconds ? `in ${span(seconds)}` : "soon"}`;
    if (this.#countdown.textContent !== text) this.#countdown.textContent = text;
  }

  /** @returns {Node[]} */
  #told() {
    const { state, problem, held, progress } = this.#photo;
    switch (state) {
      case "done":
        return [];
      case "failed":
        return problem ? failure(problem) : [];
      case "cancelled":
        return [element("p", {}, "Cancelled.")];
      case "waiting":
        return held ? [...failure(held), this.#countdown] : [element("p", {}, "Waiting")];
      case "preparing":
        return [element("p", {}, "Opening")];
      case "sending":
        return bar(`Sending, ${Math.floor(progress * 100)} %`, progress);
      case "asked":
        return bar("Looking");
    }
  }

  #notes() {
    const { found } = this.#photo;
    if (!found) return [];
    return [drawnTiming(found.timing), ...(found.note ? [element("p", { className: "note" }, found.note)] : [])];
  }

  /** Shows the buttons that mean something now; one that had the focus and goes hands it to one that does no harm. */
  #offer() {
    const { isOpen, held } = this.#photo;
    const { hurry, cancel, again, copy } = this.#buttons;
    const had = [hurry, cancel, again].find((button) => button === document.activeElement);
    hurry.hidden = !(held && isOpen && this.#desk.pauseMs() < Infinity);
    cancel.hidden = !isOpen;
    again.hidden = isOpen;
    if (had?.hidden) copy.focus();
  }

  /**
   * @param {string} text
   * @param {() => void} act
   */
  #button(text, act) {
    // The second click of a double one is for what was there before.
    const onclick = (/** @type {MouseEvent} */ { detail }) => detail < 2 && act();
    return element("button", { type: "button", onclick }, text);
  }
}

/** @param {import("./api.js").Problem} problem */
function failure(problem) {
  const says = element("p", { className: "failure" }, sentence(problem));
  return problem.detail ? [says, element("p", { className: "note" }, problem.detail)] : [says];
}

/**
 * @param {string} label
 * @param {number} [value] 0 to 1; none: nobody knows
 */
function bar(label, value) {
  const progress = element("progress", { max: 1, ariaLabel: label });
  if (value !== undefined) progress.value = value;
  return [element("p", {}, label), progress];
}
