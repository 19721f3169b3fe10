/** One photo on the page. Its elements stay while it goes from the disk to its answer, so that the focus does too. */

import { drawn } from "./answer.js";
import { element } from "./element.js";
import { drawn as drawnTiming } from "./timing.js";
import { sentence } from "./words.js";

/** @typedef {import("./photo.js").Photo} Photo */
/**
 * @typedef {object} Desk what a card asks of the page
 * @property {(photo: Photo) => void} cancel
 * @property {(photo: Photo) => void} again
 * @property {(photo: Photo) => void} remove
 * @property {() => void} hurry
 * @property {() => number} pauseMs until photos are sent again
 * @property {(photo: Photo) => string} command for a terminal
 * @property {(name: string) => string} title of a network
 */

const COPIED_MS = 2000;

export class Card {
  #photo;
  #desk;
  #picture = element("img", { alt: "", decoding: "async", hidden: true });
  #found = element("div", { className: "found" });
  #foot = element("div", { className: "foot" });
  #command = element("pre", { hidden: true, tabIndex: 0 });
  #buttons;

  /**
   * @param {Photo} photo
   * @param {Desk} desk
   */
  constructor(photo, desk) {
    this.#photo = photo;
    this.#desk = desk;
    const title = element("h3", { id: `photo-${photo.number}`, title: photo.name }, photo.name);
    this.#buttons = {
      hurry: this.#button("Try now", () => desk.hurry()),
      cancel: this.#button("Cancel", () => desk.cancel(photo)),
      again: this.#button("Ask again", () => desk.again(photo)),
      copy: this.#button("Copy curl", () => this.#copy()),
      remove: this.#button("Remove", () => desk.remove(photo)),
    };
    const actions = element("p", { className: "buttons" }, ...Object.values(this.#buttons));
    const body = element("div", { className: "body" }, title, this.#found, this.#foot, actions, this.#command);
    const picture = element("div", { className: "picture" }, this.#picture);
    this.element = element("li", { className: "card" }, picture, body);
    this.element.setAttribute("aria-labelledby", title.id);
    this.update();
  }

  /** Shows what has become of the photo. */
  update() {
    const { state, picture, question } = this.#photo;
    this.element.dataset.state = state;
    this.element.classList.toggle("wide", question.model === "all");
    if (picture && this.#picture.src !== picture) this.#picture.src = picture;
    this.#picture.hidden = !picture;
    this.#found.replaceChildren(...this.#news());
    this.#foot.replaceChildren(...this.#notes());
    this.#offer();
  }

  /** Counts down. */
  tick() {
    if (this.#photo.held) this.#found.replaceChildren(...this.#news());
  }

  /** @returns {Node[]} */
  #news() {
    const { state, answer, problem, held, progress } = this.#photo;
    switch (state) {
      case "done":
        return answer ? [drawn(answer, this.#desk.title)] : [];
      case "failed":
        return problem ? failure(problem) : [];
      case "cancelled":
        return [element("p", {}, "Cancelled.")];
      case "waiting":
        return held ? [...failure(held), again(this.#desk.pauseMs())] : [element("p", {}, "Waiting")];
      case "preparing":
        return [element("p", {}, "Opening")];
      case "sending":
        return bar(`Sending, ${Math.floor(progress * 100)} %`, progress);
      case "asked":
        return bar("Looking");
    }
  }

  #notes() {
    const { timing, note } = this.#photo;
    const notes = note ? [element("p", { className: "note" }, note)] : [];
    return timing ? [drawnTiming(timing), ...notes] : notes;
  }

  /** Shows the buttons that mean something now; one that had the focus and goes hands it on. */
  #offer() {
    const { isOpen, held } = this.#photo;
    const { hurry, cancel, again, copy, remove } = this.#buttons;
    const had = Object.values(this.#buttons).find((button) => button === document.activeElement);
    hurry.hidden = !(held && isOpen);
    cancel.hidden = !isOpen;
    again.hidden = isOpen;
    if (had?.hidden) [again, cancel, copy, remove].find((button) => !button.hidden)?.focus();
  }

  async #copy() {
    const { copy } = this.#buttons;
    this.#command.textContent = this.#desk.command(this.#photo);
    this.#command.hidden = false;
    try {
      await navigator.clipboard.writeText(this.#command.textContent);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy curl"), COPIED_MS);
    } catch {
      // Not over plain HTTP, but to copy by hand:
      this.#command.focus();
      getSelection()?.selectAllChildren(this.#command);
    }
  }

  /**
   * @param {string} text
   * @param {() => void} onclick
   */
  #button(text, onclick) {
    const button = element("button", { type: "button", onclick }, text);
    button.setAttribute("aria-describedby", `photo-${this.#photo.number}`);
    return button;
  }
}

/** @param {import("./api.js").Problem} problem */
function failure(problem) {
  const says = element("p", { className: "failure" }, sentence(problem));
  return problem.detail ? [says, element("p", { className: "note" }, problem.detail)] : [says];
}

/** @param {number} pauseMs */
function again(pauseMs) {
  const seconds = Math.ceil(pauseMs / 1000);
  return element("p", {}, seconds ? `Trying again in ${seconds} s` : "Trying again soon");
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
