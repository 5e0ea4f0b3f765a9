// The fields of a command that is being filled in: a chip with a name and an input for each option.

import { el } from "./dom.js";
import { fileInput, textInput } from "./option_inputs.js";
import { ATTACHMENT } from "./options.js";

const NO_FILE = "Choose or drop a file";

/** Returns the field of an option, with nothing in it yet. */
export function fieldOf(option) {
  const isFile = option.type === ATTACHMENT;
  const input = isFile ? fileInput(option) : textInput(option);
  const label = el("label", { class: "chip-name", for: input.id }, option.name);
  const shown = isFile ? el("label", { class: "chip-file", for: input.id }, NO_FILE) : null;
  const chip = el("span", { class: `chip${isFile ? " attachment" : ""}` }, label, shown, input);
  return { option, input, chip, shown, file: null, picked: null, asked: 0 };
}

/** Puts a file into a field, and shows it there. */
export function putFile(field, file) {
  field.file = file;
  field.shown.textContent = file.name || "pasted.png";
  field.chip.querySelector("img")?.remove();
  if (file.type.startsWith("image/")) {
    const image = el("img", { src: URL.createObjectURL(file), alt: "" });
    image.addEventListener("load", () => URL.revokeObjectURL(image.src));
    field.shown.before(image);
  }
}

/** Takes the file out of a field. */
export function removeFile(field) {
  field.file = null;
  field.input.value = "";
  field.chip.querySelector("img")?.remove();
  field.shown.textContent = NO_FILE;
}

/** Returns the box in which one of the options that are not used yet can be chosen. */
export function moreInput(unused) {
  return el("input", {
    class: "more",
    type: "text",
    autocomplete: "off",
    role: "combobox",
    "aria-expanded": "false",
    "aria-label": "Add an option",
    placeholder: `+${unused} optional`,
  });
}

/** Takes text such as "a fox steps: 20" apart, as Discord does: [own, name, value, …]. */
export function split(text, options) {
  const names = options.map((option) => option.name).join("|");
  return text.split(new RegExp(`(?:^|\\s)(${names}):\\s*`));
}
