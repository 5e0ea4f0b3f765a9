// The list above the message box: commands, options and choices, driven from the keyboard.

import { el } from "./dom.js";

export class Popup {
  #node = el("div", { class: "popup", id: "popup", hidden: true });
  #items = [];
  #active = -1;
  #pick = () => {};
  #input = null;

  get node() {
    return this.#node;
  }

  get open() {
    return !this.#node.hidden && this.#items.length > 0;
  }

  get hasActive() {
    return this.open && this.#active >= 0;
  }

  /**
   * Shows a heading and rows for `input`. An item is {title, detail, aside, picture, value};
   * `active` is the row that Enter picks, or -1 while none is chosen.
   */
  show(input, { heading, items = [], active = 0, pick = () => {} }) {
    this.#items = items;
    this.#pick = pick;
    this.#active = items.length ? active : -1;
    this.#input = input;
    const rows = items.map((item, index) => this.#row(item, index));
    const list = rows.length
      ? el("div", { role: "listbox", id: "popup-list", "aria-label": "Suggestions" }, rows)
      : null;
    this.#node.replaceChildren(...[heading, list].filter(Boolean));
    this.#node.hidden = false;
    input.setAttribute("aria-controls", "popup-list");
    input.setAttribute("aria-expanded", String(rows.length > 0));
    this.#mark();
  }

  hide() {
    this.#node.hidden = true;
    this.#items = [];
    this.#input?.setAttribute("aria-expanded", "false");
    this.#input?.removeAttribute("aria-activedescendant");
  }

  move(step) {
    const count = this.#items.length;
    this.#active =
      this.#active < 0 ? (step > 0 ? 0 : count - 1) : (this.#active + step + count) % count;
    this.#mark();
  }

  /** Picks the active row; false where there is none. */
  pickActive() {
    if (!this.hasActive) return false;
    this.#pick(this.#items[this.#active].value);
    return true;
  }

  #mark() {
    const rows = this.#node.querySelectorAll('[role="option"]');
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === this.#active)));
    const current = rows[this.#active];
    if (current) this.#input.setAttribute("aria-activedescendant", current.id);
    else this.#input.removeAttribute("aria-activedescendant");
    current?.scrollIntoView({ block: "nearest" });
  }

  #row(item, index) {
    return el(
      "div",
      {
        class: "popup-row",
        role: "option",
        id: `popup-${index}`,
        onpointerdown: (event) => {
          event.preventDefault();
          this.#pick(item.value);
        },
        onpointermove: () => {
          if (this.#active === index) return;
          this.#active = index;
          this.#mark();
        },
      },
      item.picture ?? null,
      el(
        "span",
        { class: "popup-words" },
        el("b", {}, item.title),
        item.detail ? el("small", {}, item.detail) : null,
      ),
      item.aside ? el("span", { class: "popup-aside" }, item.aside) : null,
    );
  }
}
