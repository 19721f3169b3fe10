/** One photo, on its way from the disk to its answer. */

/** @typedef {"waiting" | "preparing" | "sending" | "asked" | "done" | "failed" | "cancelled"} State */

export class Photo {
  /** @type {State} */
  state = "waiting";
  /** How much of it has been sent, 0 to 1. */
  progress = 0;
  /** What was done to it before it was sent, in words. */
  note = "";
  /** @type {string} address of its picture; empty: there is none (yet) */
  picture = "";
  /** @type {import("./api.js").Answer | null} */
  answer = null;
  /** @type {import("./timing.js").Timing | null} */
  timing = null;
  /** @type {import("./api.js").Problem | null} why it has no answer */
  problem = null;
  /** @type {import("./api.js").Problem | null} why it waits to be sent again */
  held = null;
  tries = 0;
  breaks = 0;
  control = new AbortController();

  /**
   * @param {File} file
   * @param {number} number in the order in which they came
   * @param {import("./question.js").Question} question
   */
  constructor(file, number, question) {
    this.file = file;
    this.number = number;
    this.question = question;
    this.name = file.name || "pasted photo";
  }

  /** Forgets what came of it, before it is asked about (again). */
  begin() {
    Object.assign(this, { progress: 0, answer: null, timing: null, problem: null, held: null, tries: 0, breaks: 0 });
    this.control = new AbortController();
  }

  get isOpen() {
    return this.state !== "done" && this.state !== "failed" && this.state !== "cancelled";
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
