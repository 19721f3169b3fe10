/** How many photos are sent at a time, and when none is: as the service says, and as its silence does. */

const MOST = 4; // at a time
const LONGEST_MISS_S = 15; // while it can't be reached
const LONGEST_S = 3600; // whatever is asked for
const JITTER = 0.25; // of a pause: else all pages that were refused come again together

export class Pace {
  /** Photos that may be on their way at once. */
  most = MOST;
  /** Whether none may, until something is known that is not known yet. */
  isLocked = true;
  #misses = 0; // in a row
  #resumeAt = 0;

  /** Milliseconds until photos are sent again; 0: they are. */
  get pauseMs() {
    return Math.max(0, this.#resumeAt - performance.now());
  }

  /** Takes note of an answer. */
  answered() {
    this.#misses = 0;
    this.most = Math.min(MOST, this.most + 1);
  }

  /**
   * Holds all photos, and then lets one go at a time, and more with each answer.
   *
   * @param {number} seconds
   */
  refused(seconds) {
    this.most = 1;
    this.#pause(seconds);
  }

  /** Holds all photos, longer each time. Those that fail together are one time. */
  missed() {
    if (!this.pauseMs) this.#misses += 1;
    this.most = 1;
    this.#pause(Math.min(LONGEST_MISS_S, 2 ** (this.#misses - 1)));
  }

  /** Forgets the pause. */
  hurry() {
    this.#resumeAt = 0;
  }

  /** @param {number} seconds */
  #pause(seconds) {
    const pauseS = Math.min(LONGEST_S, seconds) * (1 + JITTER * Math.random());
    this.#resumeAt = Math.max(this.#resumeAt, performance.now() + 1000 * pauseS);
  }
}
