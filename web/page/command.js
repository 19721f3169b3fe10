/** The command of one photo: copied, shown, and to be copied by hand where a page may not. */

import { element } from "./element.js";

const COPIED_MS = 2000;
const DIFFERS =
  "It sends the file as it is. Here a smaller JPEG of it was sent: the answer may differ a little, or the service may refuse the file.";

export class Command {
  /** @type {HTMLButtonElement} */
  button;
  #text = element("pre", { tabIndex: 0, role: "group", ariaLabel: "Command" });
  #hint = element("p", { className: "note" }, DIFFERS);
  #write;
  #say;

  /**
   * @param {() => {text: string, differs: boolean}} write differs: what it sends is not what the page sent
   * @param {(text: string) => void} say for the ear
   */
  constructor(write, say) {
    this.#write = write;
    this.#say = say;
    this.button = element("button", { type: "button", onclick: () => this.#copy() }, "Copy curl");
    this.element = element("div", { className: "command", hidden: true }, this.#text, this.#hint);
  }

  /** Says what is asked now, where it is shown. */
  update() {
    if (this.element.hidden) return;
    const { text, differs } = this.#write();
    if (this.#text.textContent !== text) this.#text.textContent = text;
    this.#hint.hidden = !differs;
  }

  async #copy() {
    this.element.hidden = false;
    this.update();
    try {
      await navigator.clipboard.writeText(this.#text.textContent ?? "");
      this.button.textContent = "Copied";
      this.#say("Copied.");
      setTimeout(() => (this.button.textContent = "Copy curl"), COPIED_MS);
    } catch {
      // Not over plain HTTP, but to copy by hand:
      this.#text.focus();
      getSelection()?.selectAllChildren(this.#text);
    }
  }
}
