/** Makes large photos smaller before they are sent, and pictures small enough to show. */

import { Problem } from "./api.js";
import { size } from "./words.js";

const CROP = 0.875; // of the shorter side, which is what the service cuts out
// Times the pixels that a network looks at. Measured with MobileNetV2 and 20 photos enlarged to 2400: the first label
// changes by 0.022 with 2, 0.012 with 2.67, 0.010 with 3.5, on average, for 95, 147 and 218 kB.
const SPARE = 2.67;
const WORTH = 1.25; // of it: smaller photos are sent as they are
const QUALITY = 0.92; // of the JPEG

/**
 * Returns how many pixels of the shorter side are enough for networks that look at *size* of them.
 *
 * @param {number} size
 */
export const enough = (size) => Math.round((SPARE * size) / CROP);

/**
 * @typedef {{formats: string[], original: boolean, shorter: number}} How
 *   formats that the service takes, as in "jpeg"; whether it is to be sent as it is; else pixels of the shorter side
 * @typedef {{upload: Blob, note: string, picture: Blob | null}} Prepared
 *   what to send, what was done to it, and what to show (null: the browser can't read it either)
 */

/** Works on one photo at a time: one of 12 megapixels takes 48 MB while it is open. */
export class Shrinker {
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {File} file
   * @param {How} how
   * @param {AbortSignal} signal
   * @returns {Promise<Prepared>} rejects with a Problem: the file can't be read; or with the signal's reason
   */
  prepare(file, how, signal) {
    const next = this.#last.then(() => {
      signal.throwIfAborted();
      return prepare(file, how);
    });
    this.#last = next.catch(() => {});
    return next;
  }
}

/**
 * @param {File} file
 * @param {How} how
 * @returns {Promise<Prepared>}
 */
async function prepare(file, { formats, original, shorter }) {
  const head = await file.slice(0, 12).arrayBuffer().catch(() => {
    throw new Problem({ code: "unreadable_file" });
  });
  const open = await createImageBitmap(file).catch(() => null); // turned as its EXIF says
  if (!open) return { upload: file, note: "", picture: null };
  const scale = shorter / Math.min(open.width, open.height);
  const isLarge = scale * WORTH < 1;
  const isTaken = formats.includes(formatOf(head));
  const small = isLarge || !isTaken ? await drawn(open, Math.min(1, scale)) : null;
  const from = `${open.width} × ${open.height}`;
  open.close();
  if (!small) return { upload: file, note: "", picture: file };
  if (original || (isTaken && small.size >= file.size)) return { upload: file, note: "", picture: small };
  const done = isLarge ? `made smaller here (from ${from}, ${size(file.size)})` : "made a JPEG here";
  return { upload: small, note: `${size(small.size)}, ${done}`, picture: small };
}

/**
 * Returns what a file is, whatever its name says; empty: nothing that the service could take.
 *
 * @param {ArrayBuffer} head its first 12 bytes
 */
function formatOf(head) {
  const text = String.fromCharCode(...new Uint8Array(head));
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  return text.startsWith("RIFF") && text.endsWith("WEBP") ? "webp" : "";
}

/**
 * @param {ImageBitmap} open
 * @param {number} scale at most 1
 * @returns {Promise<Blob | null>} a JPEG
 */
function drawn(open, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(open.width * scale));
  canvas.height = Math.max(1, Math.round(open.height * scale));
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) return Promise.resolve(null);
  context.fillStyle = "white"; // under transparency, as the service does
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(open, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
