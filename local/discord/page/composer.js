// The message box: plain chat, or, after a "/", a command with its options.

import { post, upload } from "./api.js";
import { CommandForm } from "./command_form.js";
import { el, icon } from "./dom.js";
import { Popup } from "./popup.js";

export class Composer {
  #popup = new Popup();
  #draft = el("textarea", {
    id: "draft",
    class: "draft",
    rows: 1,
    maxlength: 2000,
    role: "combobox",
    autocomplete: "off",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
  });
  #fault = el("p", { class: "dock-fault", role: "alert", hidden: true });
  #slot = el("div", { class: "slot" }, this.#draft);
  #form = null;
  #commands = [];
  #member = null;
  #fileLimit = 0;
  #busy = false;
  #messages;

  constructor(messages) {
    this.#messages = messages;
    const start = el(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": "Use a command",
        onclick: () => this.#startSlash(),
      },
      icon("M12 5v14M5 12h14"),
    );
    const send = el(
      "button",
      { class: "icon-button send", type: "submit", "aria-label": "Send" },
      icon("M4 12l16-8-6 16-3-7z"),
    );
    const box = el("form", { class: "box", autocomplete: "off" }, start, this.#slot, send);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.getElementById("dock").append(this.#popup.node, this.#fault, box);
    this.#draft.addEventListener("input", () => this.#typed());
    this.#draft.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener(
      "focusout",
      (event) => box.contains(event.relatedTarget) || this.#popup.hide(),
    );
    this.#acceptFiles();
  }

  /** Takes over what the page learnt at its connection. */
  reset(ready, member) {
    this.#member = member;
    this.#fileLimit = ready.attachment_size_limit;
    this.#draft.placeholder = `Message #${ready.channel.name}`;
    this.#draft.setAttribute("aria-label", `Message #${ready.channel.name}`);
    this.setCommands(ready.commands);
  }

  setCommands(commands) {
    this.#commands = commands.filter((command) => command.type === 1);
  }

  #startSlash() {
    if (this.#form) this.#leave();
    this.#draft.value = "/";
    this.#draft.focus();
    this.#typed();
  }

  #typed() {
    this.say("");
    const text = this.#draft.value;
    const [, name, rest] = text.match(/^\/(\S+)\s([\s\S]*)$/) ?? [];
    const exact = this.#commands.find((command) => command.name === name);
    if (exact) this.#enter(exact, rest);
    else if (/^\/\S*$/.test(text)) this.#offer(text.slice(1).toLowerCase());
    else this.#popup.hide();
  }

  #offer(typed) {
    const matching = this.#commands.filter((command) => command.name.includes(typed));
    const items = matching.map((command) => ({
      title: `/${command.name}`,
      detail: command.description,
      aside: (command.options ?? []).map((one) => one.name).join("  "),
      picture: el("img", { class: "avatar", src: "/page/icon.svg", alt: "" }),
      value: command,
    }));
    const words = items.length
      ? "Commands"
      : this.#commands.length
        ? "No command of that name"
        : "No commands are registered yet";
    const heading = el("p", { class: "popup-heading" }, words);
    this.#popup.show(this.#draft, { heading, items, pick: (command) => this.#enter(command, "") });
  }

  #enter(command, rest) {
    this.#popup.hide();
    this.#draft.value = "";
    const hooks = { submit: () => this.#submit(), leave: () => this.#leave() };
    this.#form = new CommandForm(command, this.#popup, this.#fileLimit, hooks);
    this.#slot.replaceChildren(this.#form.node);
    this.#form.focus(rest.trimStart());
  }

  #leave() {
    this.#form = null;
    this.#popup.hide();
    this.#slot.replaceChildren(this.#draft);
    this.#draft.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    if (["ArrowDown", "ArrowUp"].includes(event.key) && this.#popup.open) {
      event.preventDefault();
      this.#popup.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      this.#popup.hide();
    } else if (event.key === "Tab" && !event.shiftKey && this.#popup.hasActive) {
      event.preventDefault();
      this.#popup.pickActive();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!this.#popup.pickActive()) this.#submit();
    }
  }

  async #submit() {
    if (this.#busy) return;
    this.say("");
    this.#busy = true;
    try {
      await (this.#form ? this.#useCommand() : this.#chat());
    } catch (error) {
      this.say(error.message);
    } finally {
      this.#busy = false;
    }
  }

  async #chat() {
    const content = this.#draft.value.trim();
    if (!content) return;
    if (/^\/\S*$/.test(content)) throw new Error(`There is no command ${content}.`);
    this.#draft.value = "";
    await post("/control/chat", { member: this.#member.id, content });
  }

  async #useCommand() {
    const values = this.#form.values();
    if (!values) return;
    const { command } = this.#form;
    const options = await uploaded(values);
    this.#leave();
    const done = this.#messages.pending(this.#member, command.name);
    try {
      await post("/control/commands", { member: this.#member.id, command: command.id, options });
    } finally {
      done();
    }
  }

  /** Shows a fault above the box; "" takes it away. */
  say(text) {
    this.#fault.textContent = text;
    this.#fault.hidden = !text;
  }

  #acceptFiles() {
    const dock = document.getElementById("dock");
    addEventListener("dragover", (event) => {
      event.preventDefault();
      dock.classList.add("dropping");
    });
    addEventListener(
      "dragleave",
      (event) => event.relatedTarget || dock.classList.remove("dropping"),
    );
    addEventListener("drop", (event) => {
      event.preventDefault();
      dock.classList.remove("dropping");
      this.#take(event.dataTransfer.files[0]);
    });
    addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.#take(event.clipboardData.files[0]);
    });
  }

  #take(file) {
    if (file && !this.#form?.takeFile(file)) {
      this.say("Type / and pick a command that takes an attachment, then add the file.");
    }
  }
}

async function uploaded(values) {
  const entries = Object.entries(values).map(async ([name, value]) => [
    name,
    value instanceof File ? (await upload(value)).id : value,
  ]);
  return Object.fromEntries(await Promise.all(entries));
}
