/** Photos that wait for their answers: a few at a time, again when the service says so, none forgotten. */

import { Problem } from "./api.js";
import { Pace } from "./pace.js";

/** @typedef {import("./photo.js").Photo} Photo */

const TRIES = 10; // of one photo that is told to come again
const BREAKS = 3; // of its connection, while the service can be reached
/** Codes of what no photo has a part in: all wait until another key is entered. */
export const OF_THE_KEY = new Set(["unauthorized", "unknown_key", "unusable_key", "forbidden"]);

export class Queue {
  /** @type {Photo[]} */
  #waiting = [];
  #running = 0;
  #pace = new Pace();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #ask;
  #isReachable;
  #changed;

  /**
   * It is locked until it is told to go on.
   *
   * @param {(photo: Photo, signal: AbortSignal) => Promise<void>} ask rejects with a Problem
   * @param {(signal: AbortSignal) => Promise<boolean>} isReachable whether the service answers at all
   * @param {(photo: Photo) => void} changed
   */
  constructor(ask, isReachable, changed) {
    this.#ask = ask;
    this.#isReachable = isReachable;
    this.#changed = changed;
  }

  /** Milliseconds until photos are sent again; Infinity: not before something is known that is not known yet. */
  get pauseMs() {
    return this.#pace.isLocked ? Infinity : this.#pace.pauseMs;
  }

  /** @param {Photo} photo */
  add(photo) {
    photo.begin();
    this.#put(photo);
    this.#next();
  }

  /** @param {Photo} photo */
  cancel(photo) {
    if (!photo.isOpen) return;
    photo.control.abort();
    this.#waiting = this.#waiting.filter((other) => other !== photo);
    this.#end(photo, "cancelled");
  }

  /** What it did not know is known now. */
  unlock() {
    this.#pace.isLocked = false;
    this.#next();
  }

  /** Tries now instead of later. */
  hurry() {
    this.#pace.hurry();
    this.#next();
  }

  /** @param {Photo} photo */
  #put(photo) {
    photo.state = "waiting";
    this.#waiting.push(photo);
    this.#waiting.sort((one, other) => one.number - other.number);
    this.#changed(photo);
  }

  #next() {
    clearTimeout(this.#timer);
    if (this.#pace.isLocked) return;
    const pauseMs = this.#pace.pauseMs;
    if (pauseMs) {
      this.#timer = setTimeout(() => this.#next(), pauseMs);
      return;
    }
    while (this.#running < this.#pace.most) {
      const photo = this.#waiting.shift();
      if (!photo) return;
      this.#run(photo);
    }
  }

  /** @param {Photo} photo */
  async #run(photo) {
    const { signal } = photo.control;
    this.#running += 1;
    photo.held = null;
    try {
      await this.#ask(photo, signal);
      this.#pace.answered();
      this.#end(photo, "done");
    } catch (error) {
      if (!signal.aborted) await this.#failed(photo, signal, error);
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /**
   * @param {Photo} photo
   * @param {AbortSignal} signal
   * @param {unknown} error
   */
  async #failed(photo, signal, error) {
    if (!(error instanceof Problem)) {
      this.#end(photo, "failed", new Problem({ code: "page_error", error: "This page failed" }));
      throw error;
    }
    if (OF_THE_KEY.has(error.code)) {
      this.#pace.isLocked = true;
      return this.#hold(photo, error);
    }
    if (error.code === "unreachable") return this.#missed(photo, signal, error);
    photo.tries += 1;
    if (error.retryAfterS === undefined || photo.tries >= TRIES) return this.#end(photo, "failed", error);
    this.#pace.refused(error.retryAfterS);
    this.#hold(photo, error);
  }

  /**
   * @param {Photo} photo
   * @param {AbortSignal} signal
   * @param {Problem} problem
   */
  async #missed(photo, signal, problem) {
    const isThere = await this.#isReachable(signal).catch(() => false);
    if (signal.aborted) return;
    if (isThere) photo.breaks += 1;
    if (photo.breaks >= BREAKS) {
      const code = problem.status ? "no_answer_of_ours" : "broken_connection";
      return this.#end(photo, "failed", new Problem({ code, status: problem.status }));
    }
    this.#pace.missed();
    this.#hold(photo, problem);
  }

  /**
   * @param {Photo} photo
   * @param {Problem} problem
   */
  #hold(photo, problem) {
    photo.held = problem;
    this.#put(photo);
  }

  /**
   * @param {Photo} photo
   * @param {"done" | "cancelled" | "failed"} state
   * @param {Problem | null} problem
   */
  #end(photo, state, problem = null) {
    photo.end(state, problem);
    this.#changed(photo);
  }
}
