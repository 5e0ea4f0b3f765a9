// One slash command being filled in: a chip for each option, and a box that offers the others.

import { el } from "./dom.js";
import { fieldOf, moreInput, putFile, removeFile, split } from "./option_fields.js";
import { explanation, fit } from "./option_inputs.js";
import { ATTACHMENT, TYPES, choicesOf, chosen, problem } from "./options.js";

const NONE = "No options match your search.";
const PAUSE_MS = 150;

export class CommandForm {
  #popup;
  #fileLimit;
  #hooks;
  #fields = new Map();
  #chips = el("div", { class: "chips" });
  #more = null;

  /**
   * `hooks`: submit() when Enter is pressed, leave() when the member backs out, and
   * suggest(name, values), which asks the application for choices.
   */
  constructor(command, popup, fileLimit, hooks) {
    this.command = command;
    this.#popup = popup;
    this.#fileLimit = fileLimit;
    this.#hooks = hooks;
    this.node = el(
      "div",
      { class: "command", role: "group", tabindex: -1, "aria-label": `Command ${command.name}` },
      el("span", { class: "command-title" },
        el("img", { class: "avatar", src: "/page/icon.svg", alt: "" }),
        `/${command.name}`,
      ),
      this.#chips,
    );
    this.node.addEventListener("keydown", (event) => {
      if (event.target === this.node) this.#key(event, null);
    });
    for (const option of this.#options.filter((one) => one.required)) this.#add(option);
    this.#drawMore();
  }

  get #options() {
    return this.command.options ?? [];
  }

  get #unused() {
    return this.#options.filter((option) => !this.#fields.has(option.name));
  }

  focus(text = "") {
    const first = [...this.#fields.values()][0];
    const [, ...named] = split(text, this.#options);
    if (!first && named.length) return void this.#spread(named);
    if (first && text && first.input.type !== "file") {
      first.input.value = text;
      this.#typed(first);
    }
    (first?.input ?? this.#more ?? this.node).focus();
  }

  /** Gives a dropped or pasted file to the first attachment option without one. */
  takeFile(file) {
    const fields = [...this.#fields.values()];
    const field =
      fields.find((one) => one.option.type === ATTACHMENT && !one.file) ??
      this.#addNamed(this.#unused.find((one) => one.type === ATTACHMENT)) ??
      fields.find((one) => one.option.type === ATTACHMENT);
    if (!field) return false;
    this.#setFile(field, file);
    return true;
  }

  /** Returns the values by option name, files as File; undefined, with the fault shown, if invalid. */
  values() {
    const values = {};
    for (const field of this.#fields.values()) {
      const value = this.#valueOf(field);
      const picked = field.picked !== null && field.picked.name === value;
      const wrong = picked ? "" : problem(field.option, value, this.#fileLimit);
      if (this.#showProblem(field, wrong)) return undefined;
      if (value !== null && value !== "")
        values[field.option.name] = this.#typedValue(field.option, value);
    }
    return values;
  }

  #typedValue(option, value) {
    const { picked } = this.#fields.get(option.name);
    if (picked?.name === value) return picked.value;
    const choice = choicesOf(option).length ? chosen(option, value) : undefined;
    return choice === undefined ? value : choice;
  }

  #valueOf(field) {
    return field.option.type === ATTACHMENT ? field.file : field.input.value.trim();
  }

  #addNamed(option) {
    if (!option) return undefined;
    const field = this.#add(option);
    this.#drawMore();
    field.input.focus();
    return field;
  }

  #add(option) {
    const field = fieldOf(option);
    const { input, chip } = field;
    this.#fields.set(option.name, field);
    input.addEventListener("focus", () => this.#explain(field));
    input.addEventListener("keydown", (event) => this.#key(event, field));
    if (option.type === ATTACHMENT)
      input.addEventListener(
        "change",
        () => input.files[0] && this.#setFile(field, input.files[0]),
      );
    else input.addEventListener("input", () => this.#typed(field));
    if (this.#more) this.#chips.insertBefore(chip, this.#more);
    else this.#chips.append(chip);
    return field;
  }

  #setFile(field, file) {
    putFile(field, file);
    this.#showProblem(field, problem(field.option, file, this.#fileLimit));
    field.input.focus();
  }

  #drawMore() {
    this.#more?.remove();
    this.#more = null;
    if (!this.#unused.length) return;
    const input = moreInput(this.#unused.length);
    input.addEventListener("focus", () => this.#offer(input, -1));
    input.addEventListener("input", () => this.#offer(input, 0));
    input.addEventListener("keydown", (event) => this.#key(event, null));
    this.#more = input;
    this.#chips.append(input);
  }

  #offer(input, active) {
    const typed = input.value.trim().toLowerCase();
    const named = this.#unused.find((option) => `${option.name}:` === typed);
    if (named) return void this.#addNamed(named);
    const matching = this.#unused.filter((option) => option.name.includes(typed));
    const items = matching.map((option) => ({
      title: option.name,
      detail: option.description,
      aside: TYPES[option.type],
      value: option,
    }));
    const heading = el(
      "p",
      { class: "popup-heading" },
      items.length ? "Optional" : "No such option",
    );
    this.#popup.show(input, { heading, items, active, pick: (option) => this.#addNamed(option) });
  }

  #typed(field) {
    fit(field.input);
    const [own, ...others] = split(field.input.value, this.#options);
    if (others.length) {
      field.input.value = own;
      fit(field.input);
      return this.#spread(others);
    }
    this.#showProblem(field, "");
    this.#explain(field, 0);
  }

  #spread([name, value, ...others]) {
    const option = this.#options.find((one) => one.name === name);
    const field = this.#fields.get(name) ?? this.#addNamed(option);
    if (value && option.type !== ATTACHMENT) {
      field.input.value = value;
      fit(field.input);
    }
    field.input.focus();
    if (others.length) this.#spread(others);
  }

  #explain(field, active = -1, fault = "") {
    const { option, input } = field;
    if (option.autocomplete && !fault) return void this.#suggest(field);
    const typed = input.type === "file" ? "" : input.value.trim().toLowerCase();
    const exact = chosen(option, typed) !== undefined;
    const choices = choicesOf(option).filter(
      (one) => exact || one.name.toLowerCase().includes(typed),
    );
    this.#popup.show(input, {
      heading: explanation(option, fault),
      items: choices.map((choice) => ({ title: choice.name, value: choice })),
      active: typed && !exact ? active : -1,
      pick: (choice) => {
        input.value = choice.name;
        this.#next(field);
      },
    });
  }

  /** Asks the application once the member pauses, and shows what it suggests. */
  async #suggest(field) {
    const { option, input } = field;
    const turn = (field.asked += 1);
    const show = (words, items = []) =>
      this.#popup.show(input, {
        heading: explanation(option, "", words),
        items: items.map((choice) => ({ title: choice.name, value: choice })),
        active: -1,
        pick: (choice) => this.#picked(field, choice),
      });
    if (!this.#popup.open) show("Loading options…");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (turn !== field.asked || document.activeElement !== input) return;
    const current = () => turn === field.asked && document.activeElement === input;
    try {
      const choices = await this.#hooks.suggest(option.name, this.#partly(field));
      if (current()) show(choices.length || !input.value ? "" : NONE, choices);
    } catch (error) {
      if (current()) show(error.message);
    }
  }

  #picked(field, choice) {
    field.asked += 1;
    field.picked = choice;
    field.input.value = choice.name;
    this.#showProblem(field, "");
    this.#next(field);
  }

  /** Returns what is filled in so far, for the application to suggest by. */
  #partly(focused) {
    const values = {};
    for (const field of this.#fields.values()) {
      const value = this.#valueOf(field);
      if (field === focused) values[field.option.name] = value;
      else if (value && !(value instanceof File))
        values[field.option.name] = this.#typedValue(field.option, value);
    }
    return values;
  }

  #showProblem(field, text) {
    field.chip.classList.toggle("invalid", Boolean(text));
    field.input.setAttribute("aria-invalid", String(Boolean(text)));
    if (!text) return false;
    field.input.focus();
    this.#explain(field, -1, text);
    return true;
  }

  #next(field) {
    fit(field.input);
    const fields = [...this.#fields.values()];
    const after = fields.slice(fields.indexOf(field) + 1).find((one) => !this.#valueOf(one));
    (after?.input ?? this.#more ?? field.input).focus();
    if (!after && !this.#more) this.#popup.hide();
  }

  #key(event, field) {
    if (event.isComposing) return;
    const input = event.currentTarget;
    const isFile = input.type === "file";
    if (["ArrowDown", "ArrowUp"].includes(event.key) && this.#popup.open) {
      event.preventDefault();
      this.#popup.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Tab" && !event.shiftKey && this.#popup.hasActive) {
      event.preventDefault();
      this.#popup.pickActive();
    } else if (event.key === "Enter" && !(isFile && !field.file && !event.ctrlKey)) {
      event.preventDefault();
      if (!this.#popup.pickActive()) this.#hooks.submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (this.#popup.open) this.#popup.hide();
      else this.#hooks.leave();
    } else if (event.key === "Backspace" && (isFile || !input.value)) {
      event.preventDefault();
      this.#back(field);
    }
  }

  #back(field) {
    const fields = [...this.#fields.values()];
    const at = field ? fields.indexOf(field) : fields.length;
    if (field?.file) return void removeFile(field);
    if (field && !field.option.required) {
      field.chip.remove();
      this.#fields.delete(field.option.name);
      this.#drawMore();
    }
    if (at > 0) fields[at - 1].input.focus();
    else if (!field || field.option.required) this.#hooks.leave();
    else this.#more.focus();
  }
}
