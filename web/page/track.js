/** A share, drawn. */

import { element } from "./element.js";

/**
 * Draws a bar that is filled so far; what it says stands beside it in words.
 *
 * @param {number} share 0 to 1
 */
export function track(share) {
  const fill = element("span", { className: "fill" });
  fill.style.inlineSize = `${share * 100}%`;
  return element("span", { className: "track", ariaHidden: "true" }, fill);
}
