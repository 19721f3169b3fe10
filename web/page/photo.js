/** One photo, on its way from the disk to its answer. */

/** @typedef {"waiting" | "preparing" | "sending" | "asked" | "done" | "failed" | "cancelled"} State */
/**
 * @typedef {object} Found an answer, and what it answers
 * @property {import("./api.js").Answer} answer
 * @property {import("./timing.js").Timing} timing
 * @property {import("./question.js").Question} question
 * @property {string} note what was done to the photo before it was sent; empty: nothing
 */

export class Photo {
  /** @type {State} */
  state = "waiting";
  /** How much of it has been sent, 0 to 1. */
  progress = 0;
  /** Address of its picture; empty: there is none (yet). */
  picture = "";
  /** @type {Found | null} what was found last: it stays while the photo is asked about again */
  found = null;
  /** @type {import("./api.js").Problem | null} why it has no (new) answer */
  problem = null;
  /** @type {import("./api.js").Problem | null} why it waits to be sent again */
  held = null;
  tries = 0;
  breaks = 0;
  control = new AbortController();

  /**
   * @param {File} file
   * @param {string} name by which it is told from the others
   * @param {number} number in the order in which they came
   * @param {import("./question.js").Question} question to be asked, or that was asked last
   */
  constructor(file, name, number, question) {
    this.file = file;
    this.name = name;
    this.number = number;
    this.question = question;
  }

  get isOpen() {
    return this.state !== "done" && this.state !== "failed" && this.state !== "cancelled";
  }

  /** Is asked about (again). */
  begin() {
    Object.assign(this, { progress: 0, problem: null, held: null, tries: 0, breaks: 0 });
    this.control = new AbortController();
  }

  /**
   * Is asked about no more. Who cancels gets back what was there before.
   *
   * @param {"done" | "failed" | "cancelled"} state
   * @param {import("./api.js").Problem | null} problem
   */
  end(state, problem) {
    this.state = state === "cancelled" && this.found ? "done" : state;
    this.problem = problem;
    if (this.state === "done" && this.found) this.question = this.found.question;
  }

  /**
   * Takes a picture to show.
   *
   * @param {Blob} picture
   */
  show(picture) {
    this.hide();
    this.picture = URL.createObjectURL(picture);
  }

  /** Lets go of its picture. */
  hide() {
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = "";
  }
}
