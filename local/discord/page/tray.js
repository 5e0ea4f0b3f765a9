// The files that wait above the message box until the message is sent.

import { el, icon } from "./dom.js";

export class Tray {
  #files = [];
  #emptied;

  /** `emptied()` is called when the last file was taken away. */
  constructor(emptied) {
    this.#emptied = emptied;
    this.node = el("ul", { class: "tray", "aria-label": "Files to send", hidden: true });
  }

  get files() {
    return [...this.#files];
  }

  add(file) {
    this.#files.push(file);
    const take = () => {
      this.#files = this.#files.filter((one) => one !== file);
      row.remove();
      this.node.hidden = !this.#files.length;
      if (!this.#files.length) this.#emptied();
    };
    const name = file.name || "pasted.png";
    const row = el(
      "li",
      {},
      preview(file),
      el("span", { class: "tray-name", title: name }, name),
      el(
        "button",
        { type: "button", class: "icon-button", "aria-label": `Remove ${name}`, onclick: take },
        icon("M6 6l12 12M18 6L6 18"),
      ),
    );
    this.node.append(row);
    this.node.hidden = false;
    this.#emptied();
  }

  clear() {
    this.#files = [];
    this.node.replaceChildren();
    this.node.hidden = true;
  }
}

function preview(file) {
  if (!file.type.startsWith("image/")) return icon("M7 3h7l5 5v13H7zM14 3v5h5");
  const image = el("img", { src: URL.createObjectURL(file), alt: "" });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}
