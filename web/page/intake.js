/** Where photos come from: chosen, taken, dropped or pasted. */

import { found } from "./element.js";

/**
 * @param {(files: File[]) => void} take
 */
export function listen(take) {
  for (const id of ["choose", "camera"]) {
    const input = found(id, HTMLInputElement);
    input.addEventListener("change", () => {
      take([...(input.files ?? [])]);
      input.value = ""; // so that the same photo may be chosen again
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData?.files.length) take([...clipboardData.files]);
  });
  listenForDrops(found("drop", HTMLElement), take);
}

/**
 * The whole page takes drops: one that misses its mark would show the photo in place of the page.
 *
 * @param {HTMLElement} mark
 * @param {(files: File[]) => void} take
 */
function listenForDrops(mark, take) {
  let depth = 0; // of elements under the pointer that were entered and not left
  const over = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    mark.classList.toggle("over", depth > 0);
  };
  const hasFiles = (/** @type {DragEvent} */ { dataTransfer }) => dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(-depth);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
