/** Photos that wait for their answers: a few at a time, again when the service says so, none forgotten. */

import { isReachable, Problem } from "./api.js";

/** @typedef {import("./photo.js").Photo} Photo */

const MOST = 4; // at a time
const TRIES = 10; // of one photo that is told to come again
const BREAKS = 3; // of its connection, while the service can be reached
const LONGEST_PAUSE_S = 15; // while it can't
const JITTER = 0.25; // of a pause: else all pages that were refused come again together

export class Queue {
  /** @type {Photo[]} */
  #waiting = [];
  #running = 0;
  #most = MOST;
  #misses = 0; // in a row
  #resumeAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #ask;
  #changed;

  /**
   * @param {(photo: Photo, signal: AbortSignal) => Promise<void>} ask rejects with a Problem
   * @param {(photo: Photo) => void} changed
   */
  constructor(ask, changed) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Milliseconds until photos are sent again; 0: they are. */
  get pauseMs() {
    return Math.max(0, this.#resumeAt - Date.now());
  }

  /** @param {Photo} photo */
  add(photo) {
    photo.begin();
    this.#put(photo);
    this.#next();
  }

  /** @param {Photo} photo */
  cancel(photo) {
    photo.control.abort();
    if (this.#waiting.includes(photo)) {
      this.#waiting = this.#waiting.filter((other) => other !== photo);
      photo.state = "cancelled";
      this.#changed(photo);
    }
  }

  /** Goes on now, whatever it waits for. */
  hurry() {
    this.#resumeAt = 0;
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
    if (this.pauseMs) {
      this.#timer = setTimeout(() => this.#next(), this.pauseMs);
      return;
    }
    while (this.#running < this.#most) {
      const photo = this.#waiting.shift();
      if (!photo) return;
      this.#run(photo);
    }
  }

  /** @param {Photo} photo */
  async #run(photo) {
    this.#running += 1;
    photo.held = null;
    try {
      await this.#ask(photo, photo.control.signal);
      photo.state = "done";
      this.#misses = 0;
      this.#most = Math.min(MOST, this.#most + 1);
      this.#changed(photo);
    } catch (error) {
      await this.#failed(photo, error);
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /**
   * @param {Photo} photo
   * @param {unknown} error
   */
  async #failed(photo, error) {
    if (photo.control.signal.aborted) return this.#end(photo, "cancelled");
    if (!(error instanceof Problem)) {
      this.#end(photo, "failed", new Problem({ code: "page_error", error: "This page failed" }));
      throw error;
    }
    if (error.code === "unreachable") return this.#missed(photo, error);
    photo.tries += 1;
    if (error.retryAfterS === undefined || photo.tries >= TRIES) return this.#end(photo, "failed", error);
    this.#most = 1; // and more again with each answer
    this.#hold(photo, error, error.retryAfterS);
  }

  /**
   * @param {Photo} photo
   * @param {Problem} problem
   */
  async #missed(photo, problem) {
    const isThere = await isReachable(photo.control.signal);
    if (photo.control.signal.aborted) return this.#end(photo, "cancelled");
    if (isThere) photo.breaks += 1;
    else this.#most = 1;
    if (photo.breaks >= BREAKS) return this.#end(photo, "failed", new Problem({ code: "broken_connection" }));
    this.#misses += 1;
    this.#hold(photo, problem, Math.min(LONGEST_PAUSE_S, 2 ** (this.#misses - 1)));
  }

  /**
   * @param {Photo} photo
   * @param {Problem} problem
   * @param {number} seconds
   */
  #hold(photo, problem, seconds) {
    photo.held = problem;
    const until = Date.now() + 1000 * seconds * (1 + JITTER * Math.random());
    this.#resumeAt = Math.max(this.#resumeAt, until);
    this.#put(photo);
  }

  /**
   * @param {Photo} photo
   * @param {"cancelled" | "failed"} state
   * @param {Problem | null} problem
   */
  #end(photo, state, problem = null) {
    photo.state = state;
    photo.problem = problem;
    this.#changed(photo);
  }
}
