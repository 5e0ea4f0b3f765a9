// The message box: plain chat, or, after a "/", a command with its options.

import { post, upload } from "./api.js";
import { CommandForm } from "./command_form.js";
import { el, icon } from "./dom.js";
import { Popup } from "./popup.js";
import { slashCommands } from "./slash.js";
import { Tray } from "./tray.js";

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
  #busy = false;
  #messages;
  #world;
  #interact;
  #tray = new Tray(() => this.#draft.focus());

  constructor(world, messages, interact) {
    this.#world = world;
    this.#messages = messages;
    this.#interact = interact;
    const attach = el("input", { type: "file", hidden: true });
    attach.addEventListener("change", () => {
      this.#take(attach.files[0]);
      attach.value = "";
    });
    const button = (label, path, onclick) =>
      el(
        "button",
        { class: "icon-button", type: "button", "aria-label": label, title: label, onclick },
        icon(path),
      );
    const plus = button("Attach a file", "M12 5v14M5 12h14", () => attach.click());
    const start = button("Use a command", "M15 4L9 20", () => this.begin("/"));
    const send = el(
      "button",
      { class: "icon-button send", type: "submit", "aria-label": "Send" },
      icon("M4 12l16-8-6 16-3-7z"),
    );
    const box = el("form", { class: "box", autocomplete: "off" }, plus, this.#slot, start, send);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.getElementById("dock").append(this.#popup.node, this.#fault, this.#tray.node, box, attach);
    this.#draft.addEventListener("input", () => this.#typed());
    this.#draft.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener(
      "focusout",
      (event) => box.contains(event.relatedTarget) || this.#popup.hide(),
    );
    this.#acceptFiles();
  }

  /** Begins anew in the current channel, as the current member. */
  reset() {
    if (this.#form) this.#leave();
    this.say("");
    const { name, direct } = this.#world.channel;
    const label = `Message ${direct ? "@" : "#"}${name}`;
    this.#draft.placeholder = label;
    this.#draft.setAttribute("aria-label", label);
    this.setCommands();
  }

  setCommands() {
    this.#commands = slashCommands(this.#world);
  }

  focus() {
    (this.#form ?? this.#draft).focus();
  }

  /** Writes a line into the box, as if it had been typed. */
  begin(line) {
    if (this.#form) this.#leave();
    this.#draft.value = line;
    this.#draft.focus();
    this.#typed();
  }

  #typed() {
    this.say("");
    const text = this.#draft.value;
    const exact = this.#commands
      .filter((command) => text.startsWith(`/${command.name} `))
      .toSorted((one, other) => other.name.length - one.name.length)[0];
    const typed = text.slice(1).toLowerCase();
    if (exact) this.#enter(exact, text.slice(exact.name.length + 2));
    else if (/^\/\S*$/.test(text) || this.#begins(text)) this.#offer(typed);
    else this.#popup.hide();
  }

  #begins(text) {
    return text[0] === "/" && this.#commands.some(({ name }) => `/${name}`.startsWith(text));
  }

  #offer(typed) {
    const matching = this.#commands
      .filter((command) => command.name.includes(typed))
      .toSorted((one, other) => other.name.startsWith(typed) - one.name.startsWith(typed));
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
    const hooks = {
      submit: () => this.#submit(),
      leave: () => this.#leave(),
      suggest: (focused, options) => this.#suggest(command, focused, options),
    };
    const limit = this.#world.attachment_size_limit;
    this.#form = new CommandForm(command, this.#popup, limit, hooks);
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

  async #suggest(command, focused, options) {
    const body = { ...this.#who(), command: command.name, focused, options };
    const { choices, problems } = await post("/control/autocomplete", body);
    if (problems.length) throw new Error("Loading options failed");
    return choices;
  }

  #who() {
    return { member: this.#world.member.id, channel: this.#world.channel.id };
  }

  async #chat() {
    const content = this.#draft.value.trim();
    const { files } = this.#tray;
    if (!content && !files.length) return;
    if (/^\/\S*$/.test(content)) throw new Error(`There is no command ${content}.`);
    const kept = await Promise.all(files.map(upload));
    this.#draft.value = "";
    this.#tray.clear();
    const attachments = kept.map((file) => file.id);
    await post("/control/chat", { ...this.#who(), content, attachments });
  }

  async #useCommand() {
    const values = this.#form.values();
    if (!values) return;
    const { command } = this.#form;
    const who = this.#who();
    const options = await uploaded(values);
    this.#leave();
    this.#busy = false; // the next one need not wait for the answer to this one
    const done = this.#messages.pending(this.#world.member, command.name);
    try {
      const body = { ...who, command: command.name, options };
      this.#interact.answered(await post("/control/commands", body));
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
    if (!file || this.#form?.takeFile(file)) return;
    if (this.#form) this.say(`/${this.#form.command.name} takes no attachment.`);
    else if (file.size > this.#world.attachment_size_limit) this.say("That file is too large.");
    else this.#tray.add(file);
  }
}

async function uploaded(values) {
  const entries = Object.entries(values).map(async ([name, value]) => [
    name,
    value instanceof File ? (await upload(value)).id : value,
  ]);
  return Object.fromEntries(await Promise.all(entries));
}
