// The boxes that options are typed into, and the words that explain them.

import { el } from "./dom.js";
import { TYPES, bounds } from "./options.js";

/**
 * Returns what the list above the box says about an option; `fault` takes the place of its facts,
 * and `note` stands below them.
 */
export function explanation(option, fault, note = "") {
  const facts = [TYPES[option.type], option.required ? "required" : "optional", bounds(option)];
  return el(
    "div",
    { class: "popup-heading explain" },
    el("p", {}, el("b", {}, option.name), " ", option.description),
    fault
      ? el("p", { class: "fault", role: "alert" }, fault)
      : el("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    note ? el("p", { class: "note", role: "status" }, note) : null,
  );
}

let counter = 0;

/** Makes the box of an option that is typed. */
export function textInput(option) {
  const attributes = {
    id: `option-${(counter += 1)}`,
    rows: 1,
    autocomplete: "off",
    spellcheck: "false",
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-required": String(Boolean(option.required)),
    inputmode: option.type === 4 ? "numeric" : option.type === 10 ? "decimal" : null,
  };
  const input = el("textarea", attributes);
  fit(input);
  return input;
}

/** Makes the box of an attachment option. */
export function fileInput(option) {
  return el("input", {
    id: `option-${(counter += 1)}`,
    type: "file",
    class: "unseen",
    "aria-required": String(Boolean(option.required)),
  });
}

/** Makes a box as wide as its text where the browser does not. */
export function fit(input) {
  if (CSS.supports("field-sizing", "content")) return;
  input.style.width = `${Math.min(Math.max(input.value.length + 1, 2), 60)}ch`;
}
