// A menu of a message: opens a list, takes one choice or several, and tells of them with an event.

import { el, icon } from "./dom.js";
import { emoji } from "./emoji.js";

let counter = 0;

/** Returns a string select; choosing dispatches "choose" with {customId, values}. */
export function menu(data) {
  const list = new SelectList(data);
  return list.node;
}

class SelectList {
  #data;
  #list;
  #button;
  #chosen;

  constructor(data) {
    this.#data = data;
    this.#chosen = new Set(data.options.filter((one) => one.default).map((one) => one.value));
    const id = `select-${(counter += 1)}`;
    this.#button = el(
      "button",
      {
        class: "select-button",
        type: "button",
        disabled: data.disabled,
        "aria-haspopup": "listbox",
        "aria-expanded": "false",
        "aria-label": data.placeholder || "Make a selection",
        onclick: () => (this.#list.hidden ? this.#open() : this.#close()),
      },
      el("span", {}, this.#shown()),
      icon("M6 9l6 6 6-6"),
    );
    this.#list = el(
      "div",
      { class: "select-list", id, role: "listbox", hidden: true, "aria-multiselectable": this.#many },
      data.options.map((option) => this.#row(option)),
    );
    this.node = el(
      "div",
      { class: "select", dataset: { whole: JSON.stringify(data) } },
      this.#button,
      this.#list,
    );
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.node.addEventListener("focusout", (event) => {
      if (!this.#list.hidden && !this.node.contains(event.relatedTarget)) this.#close(false);
    });
  }

  get #many() {
    return (this.#data.max_values ?? 1) > 1;
  }

  #shown() {
    const labels = this.#data.options.filter((one) => this.#chosen.has(one.value));
    return labels.map((one) => one.label).join(", ") || this.#data.placeholder || "Make a selection";
  }

  #row(option) {
    return el(
      "div",
      {
        class: "select-row",
        role: "option",
        tabindex: -1,
        "aria-selected": String(this.#chosen.has(option.value)),
        onclick: (event) => this.#pick(option, event.currentTarget),
      },
      option.emoji?.name ? emoji(option.emoji.name) : null,
      el(
        "span",
        {},
        el("b", {}, option.label),
        option.description ? el("small", {}, option.description) : null,
      ),
    );
  }

  #open() {
    this.#list.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    (this.#list.querySelector('[aria-selected="true"]') ?? this.#list.firstElementChild).focus();
    this.#list.scrollIntoView({ block: "nearest" });
  }

  /** Closes the list; a menu that takes several choices sends them now, as Discord does. */
  #close(focus = true) {
    this.#list.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (focus) this.#button.focus();
    if (this.#many && this.#changed) this.#send();
  }

  #changed = false;

  #pick(option, row) {
    if (this.#many) {
      const on = !this.#chosen.has(option.value);
      if (on && this.#chosen.size >= this.#data.max_values) return;
      if (on) this.#chosen.add(option.value);
      else this.#chosen.delete(option.value);
      row.setAttribute("aria-selected", String(on));
      this.#changed = true;
    } else {
      this.#chosen = new Set([option.value]);
      this.#close();
      this.#send();
    }
    this.#button.firstElementChild.textContent = this.#shown();
  }

  #send() {
    this.#changed = false;
    const detail = { customId: this.#data.custom_id, values: [...this.#chosen] };
    this.node.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail }));
  }

  #key(event) {
    if (this.#list.hidden) {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        this.#open();
      }
      return;
    }
    const rows = [...this.#list.children];
    const at = rows.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) rows[(at + step + rows.length) % rows.length].focus();
    else if (event.key === "Enter" || event.key === " ") rows[at]?.click();
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
  }
}
