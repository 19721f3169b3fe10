/** Where photos come from: chosen, taken, dropped (folders too) or pasted. */

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
 * The whole page takes drops, whatever is dropped: else that would be shown in place of the page.
 *
 * @param {HTMLElement} mark
 * @param {(files: File[]) => void} take
 */
function listenForDrops(mark, take) {
  document.addEventListener("dragover", (event) => {
    if (isText(event)) return;
    event.preventDefault();
    mark.classList.toggle("over", hasFiles(event));
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) mark.classList.remove("over"); // it has left the page
  });
  document.addEventListener("drop", async (event) => {
    if (isText(event)) return;
    event.preventDefault();
    mark.classList.remove("over");
    const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
    take((await Promise.all(items.map(filesOf))).flat());
  });
}

/** @param {DragEvent} event */
const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files") ?? false;

/**
 * Whether it brings text to where text goes.
 *
 * @param {DragEvent} event
 */
const isText = (event) => event.target === found("key", HTMLInputElement) && !hasFiles(event);

/**
 * @param {DataTransferItem} item
 * @returns {Promise<File[]>} of a folder those in it, by their names
 */
function filesOf(item) {
  const entry = item.webkitGetAsEntry?.();
  const file = item.getAsFile();
  return entry?.isDirectory ? filesIn(entry) : Promise.resolve(file ? [file] : []);
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>} the pictures; what can't be read is left out, and so is what begins with a dot
 */
async function filesIn(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return new Promise((resolve) => file.file((one) => resolve(isPicture(one) ? [one] : []), () => resolve([])));
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([]))); // a hundred at a time
    if (!some.length) break;
    entries.push(...some);
  }
  entries.sort((one, other) => one.name.localeCompare(other.name));
  return (await Promise.all(entries.map(filesIn))).flat();
}

/**
 * Whether a file of a folder is meant: beside photos lie notes and thumbnails.
 *
 * @param {File} file
 */
const isPicture = ({ name, type }) => type.startsWith("image/") || /\.(jpe?g|png|webp|heic|heif|avif)$/i.test(name);
