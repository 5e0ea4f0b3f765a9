// A form of the application, as a dialog. It stays open until its answer came.

import { el, icon } from "./dom.js";
import { upload } from "./api.js";
import { markdown } from "./markdown.js";

const dialog = document.getElementById("modal");

/** Opens a form; `submit(values)` sends it and throws an Error with what to show. */
export function openModal(modal, submit) {
  const fields = modal.components.flatMap(fieldsOf);
  const fault = el("p", { class: "modal-fault", role: "alert", hidden: true });
  const send = el("button", { class: "button primary", type: "submit" }, "Submit");
  const say = (text) => {
    fault.textContent = text;
    fault.hidden = !text;
  };
  const form = el(
    "form",
    { class: "modal-form", autocomplete: "off", novalidate: true },
    el(
      "header",
      {},
      el("h2", { id: "modal-title" }, modal.title),
      el(
        "button",
        {
          class: "icon-button",
          type: "button",
          "aria-label": "Close",
          onclick: () => dialog.close(),
        },
        icon("M6 6l12 12M18 6L6 18"),
      ),
    ),
    el(
      "div",
      { class: "modal-fields" },
      fields.map((field) => field.node),
    ),
    fault,
    el(
      "footer",
      {},
      el("button", { class: "button ghost", type: "button", onclick: () => dialog.close() }, "Cancel"),
      send,
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.find((field) => field.problem?.());
    if (wrong) {
      say(wrong.problem());
      wrong.focus();
      return;
    }
    send.disabled = true;
    say("");
    try {
      await submit(await valuesOf(fields));
      dialog.close();
    } catch (error) {
      say(error.message);
    } finally {
      send.disabled = false;
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  fields.find((field) => field.focus)?.focus();
}

// A click beside the form closes it, as in Discord.
dialog.addEventListener("pointerdown", (event) => event.target === dialog && dialog.close());

async function valuesOf(fields) {
  const entries = fields
    .filter((field) => field.name)
    .map(async (field) => [field.name, await field.value()]);
  return Object.fromEntries(await Promise.all(entries));
}

function fieldsOf(part) {
  if (part.type === 10) return [{ node: el("div", { class: "modal-words" }, markdown(part.content, new Map())) }];
  if (part.type === 1)
    return part.components.map((one) => fieldOf({ label: one.label }, one));
  return [fieldOf(part, part.component)];
}

function fieldOf(label, one) {
  const id = `field-${one.custom_id}`;
  const required = one.required !== false && one.type !== 23;
  const input = inputOf(one, id);
  const node = el(
    "div",
    { class: "modal-field" },
    el(
      "label",
      { for: id },
      label.label,
      required ? el("span", { class: "star", "aria-hidden": "true" }, "*") : null,
    ),
    label.description ? el("p", { class: "hint" }, label.description) : null,
    input.node,
  );
  if (required) input.focusable.setAttribute("aria-required", "true");
  return {
    name: one.custom_id,
    node,
    value: input.value,
    problem: () => input.problem(label.label, required),
    focus: () => input.focusable.focus(),
  };
}

function inputOf(one, id) {
  if (one.type === 4) return textOf(one, id);
  if (one.type === 19) return filesOf(one, id);
  if (one.type === 23) {
    const box = el("input", { type: "checkbox", id, checked: one.default });
    return { node: box, focusable: box, value: () => box.checked, problem: () => "" };
  }
  return choiceOf(one, id);
}

function textOf(one, id) {
  const attributes = {
    id,
    placeholder: one.placeholder,
    maxlength: one.max_length ?? 4000,
    autocomplete: "off",
  };
  const box =
    one.style === 2
      ? el("textarea", { ...attributes, rows: 4 })
      : el("input", { ...attributes, type: "text" });
  box.value = one.value ?? "";
  const count = el("small", { class: "count", "aria-hidden": "true" });
  const recount = () => {
    count.textContent = `${box.value.length}/${one.max_length ?? 4000}`;
  };
  box.addEventListener("input", recount);
  recount();
  return {
    node: el("div", { class: "modal-text" }, box, one.style === 2 || one.max_length ? count : null),
    focusable: box,
    value: () => box.value,
    problem: (label, required) => {
      if (required && !box.value.trim()) return `${label}: this field is required.`;
      const short = box.value && one.min_length && box.value.length < one.min_length;
      return short ? `${label}: must be at least ${one.min_length} in length.` : "";
    },
  };
}

function choiceOf(one, id) {
  const many = one.type === 22 || (one.max_values ?? 1) > 1;
  const options = one.options.map((option) =>
    el("option", { value: option.value, selected: option.default }, option.label),
  );
  const placeholder = many
    ? null
    : el("option", { value: "" }, one.placeholder || "Make a selection");
  const box = el("select", { id, multiple: many }, placeholder, options);
  const values = () => [...box.selectedOptions].map((option) => option.value).filter(Boolean);
  return {
    node: box,
    focusable: box,
    value: values,
    problem: (label, required) =>
      required && !values().length ? `${label}: make a selection.` : "",
  };
}

function filesOf(one, id) {
  const box = el("input", { type: "file", id, multiple: (one.max_values ?? 1) > 1 });
  return {
    node: box,
    focusable: box,
    value: async () => {
      const kept = await Promise.all([...box.files].map(upload));
      return kept.map((file) => file.id);
    },
    problem: (label, required) =>
      required && !box.files.length ? `${label}: choose a file.` : "",
  };
}
