// The list of messages of one channel: draws them, keeps them up to date, stays at the bottom.

import { remove } from "./api.js";
import { avatar, el, nameOf } from "./dom.js";
import { moreButton, openMenu } from "./message_menu.js";
import { byline, contents, onlyYou, usedLine, welcome } from "./message_parts.js";
import { EPHEMERAL, LOADING, joins, plain, wordsOf } from "./message_text.js";
import { morph } from "./morph.js";
import { messageCommands } from "./slash.js";
import { clock, day } from "./times.js";

const MANAGE_MESSAGES = 1n << 13n;
const FAILED = "This interaction failed";

export class Messages {
  #list = document.getElementById("messages");
  #scroller = document.getElementById("scroller");
  #announcer = document.getElementById("announcer");
  #known = new Map();
  #shown = new Map();
  #dismissed = new Set();
  #world;
  #interact;
  #atBottom = true;
  #lastTop = 0;
  #lastHeight = 0;

  /** `interact` sends what members do: component, messageCommand; `world` says who and where. */
  constructor(world, interact) {
    this.#world = world;
    this.#interact = interact;
    const follow = new ResizeObserver(() => this.#atBottom && this.toBottom());
    follow.observe(this.#list);
    follow.observe(this.#scroller);
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
    this.#list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-custom-id]");
      if (button) this.#use(button, button.dataset.customId);
    });
    this.#list.addEventListener("choose", (event) =>
      this.#use(event.target, event.detail.customId, event.detail.values),
    );
    this.#list.addEventListener("contextmenu", (event) => this.#rightClicked(event));
  }

  /** Takes over all messages that the member may read, in every channel. */
  load(events) {
    this.#known = new Map(events.map((event) => [event.message.id, event]));
  }

  /** Draws the current channel afresh. */
  show() {
    this.#shown.clear();
    this.#announcer.textContent = "";
    this.#list.replaceChildren(welcome(this.#world, (line) => this.#interact.begin(line)));
    for (const event of this.#known.values()) if (this.#here(event)) this.#place(event);
    this.toBottom();
  }

  create(event) {
    this.#known.set(event.message.id, event);
    if (!this.#here(event)) return;
    if (event.message.interaction) this.#arrived(event.message.interaction);
    this.#place(event);
    this.#announce(event);
    if (this.#atBottom) this.toBottom();
  }

  update(event) {
    const { id } = event.message;
    const before = this.#known.get(id);
    this.#known.set(id, event);
    if (!this.#here(event)) return;
    const node = this.#shown.get(id);
    if (!node) return before ? undefined : this.create(event);
    this.#shown.set(id, morph(node, this.#draw(event, node.dataset.joined === "true")));
    const grew = event.message.attachments.length > before.message.attachments.length;
    if (before.message.flags & LOADING || grew) this.#announce(event);
    if (this.#atBottom) this.toBottom();
  }

  remove({ id }) {
    this.#known.delete(id);
    const node = this.#shown.get(id);
    this.#shown.delete(id);
    if (node?.contains(document.activeElement)) document.getElementById("draft")?.focus();
    node?.remove();
  }

  /** Shows that a command is on its way; returns a function that takes the line away. */
  pending(member, commandName) {
    const user = { id: member.id, username: member.name };
    const node = el(
      "article",
      { class: "message pending", dataset: { user: member.id, command: commandName } },
      el(
        "div",
        { class: "message-body" },
        usedLine({ user, name: commandName }, this.#world),
        el("p", { class: "notice-soft" }, "Sending command…"),
      ),
    );
    this.#list.append(node);
    this.toBottom();
    return () => node.remove();
  }

  toBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#atBottom = true;
    this.#lastHeight = this.#scroller.scrollHeight;
  }

  /** Brings a message of the current channel into sight. */
  jump(id) {
    const node = this.#shown.get(id);
    if (!node) return;
    this.#atBottom = false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("found");
    node.addEventListener("animationend", () => node.classList.remove("found"), { once: true });
  }

  get #people() {
    return this.#world.people;
  }

  #here({ message }) {
    return message.channel_id === this.#world.channel?.id;
  }

  /** Takes away the line of a command whose answer is here. */
  #arrived({ user, name }) {
    const waiting = [...this.#list.querySelectorAll(".pending")];
    waiting.find((one) => one.dataset.user === user.id && one.dataset.command === name)?.remove();
  }

  /** Only a reader who scrolls up leaves the bottom; a list that shrinks or grows does not. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    if (scrollHeight - scrollTop - clientHeight < 60) this.#atBottom = true;
    else if (scrollTop < this.#lastTop && scrollHeight === this.#lastHeight) this.#atBottom = false;
    this.#lastTop = scrollTop;
    this.#lastHeight = scrollHeight;
  }

  #place(event) {
    if (this.#dismissed.has(event.message.id)) return;
    const last = this.#known.get([...this.#shown.keys()].at(-1))?.message;
    if (!last || day(last) !== day(event.message)) {
      this.#list.append(
        el("div", { class: "day", role: "separator" }, el("span", {}, day(event.message))),
      );
    }
    const node = this.#draw(event, joins(last, event.message));
    this.#shown.set(event.message.id, node);
    this.#list.append(node);
  }

  #draw({ message, notice }, joined) {
    const classes = [
      "message",
      joined ? "joined" : "",
      message.flags & EPHEMERAL ? "ephemeral" : "",
    ];
    const head = joined
      ? el("time", { class: "gutter" }, clock(message))
      : avatar(message.author, this.#people);
    return el(
      "article",
      { class: classes.join(" ").trim(), dataset: { id: message.id, joined } },
      head,
      el(
        "div",
        { class: "message-body" },
        this.#above(message),
        joined ? null : byline(message, this.#world),
        contents(message, notice, this.#people),
        message.flags & EPHEMERAL ? onlyYou(() => this.#dismiss(message)) : null,
      ),
      notice || message.flags & LOADING ? null : this.#more(message),
    );
  }

  #above(message) {
    if (message.interaction) return usedLine(message.interaction, this.#world);
    if (message.message_reference) return this.#repliedLine(message.message_reference);
    return null;
  }

  async #use(node, customId, values) {
    const article = node.closest(".message");
    const { message } = this.#known.get(article.dataset.id);
    article.querySelector(".failed")?.remove();
    node.classList.add("waiting");
    node.setAttribute("aria-busy", "true");
    const worked = await this.#interact.component(message, customId, values);
    node.classList.remove("waiting");
    node.removeAttribute("aria-busy");
    if (!worked)
      article
        .querySelector(".message-body")
        .append(el("p", { class: "failed", role: "alert" }, FAILED));
  }

  #rightClicked(event) {
    const article = event.target.closest(".message[data-id]");
    if (!article || event.target.closest("a, video, .select")) return;
    event.preventDefault();
    const { message } = this.#known.get(article.dataset.id);
    openMenu(this.#menu(message), { x: event.clientX, y: event.clientY });
  }

  #more(message) {
    return el(
      "div",
      { class: "tools", dataset: { whole: "" } },
      moreButton(() => this.#menu(this.#known.get(message.id).message)),
    );
  }

  #menu(message) {
    const apps = messageCommands(this.#world);
    const mine = message.author.id === this.#world.member.id;
    const may = mine || BigInt(this.#world.member.permissions) & MANAGE_MESSAGES;
    const path = `/control/chat/${message.id}?member=${this.#world.member.id}`;
    const used = (command) => this.#useCommand(message, command);
    return [
      ...(apps.length && !(message.flags & EPHEMERAL) ? [{ heading: "Apps" }] : []),
      ...(message.flags & EPHEMERAL ? [] : apps).map((command) => ({
        label: command.name,
        act: () => used(command),
      })),
      { heading: "Message" },
      { label: "Copy text", act: () => navigator.clipboard?.writeText(wordsOf(message)) },
      { label: "Copy message ID", act: () => navigator.clipboard?.writeText(message.id) },
      ...(may && !(message.flags & EPHEMERAL)
        ? [
            {
              label: "Delete message",
              danger: true,
              act: () => remove(path).catch((error) => this.#interact.say(error.message)),
            },
          ]
        : []),
    ];
  }

  async #useCommand(message, command) {
    const done = this.pending(this.#world.member, command.name);
    await this.#interact.messageCommand(message, command);
    done();
  }

  #repliedLine({ message_id: id }) {
    const original = this.#known.get(id)?.message;
    return el(
      "p",
      { class: "used" },
      original ? avatar(original.author, this.#people) : null,
      original ? el("b", {}, nameOf(original.author)) : null,
      el(
        "button",
        { type: "button", class: "snippet", onclick: () => this.jump(id) },
        original ? plain(original, this.#people) : "Original message was deleted",
      ),
    );
  }

  #dismiss(message) {
    this.#dismissed.add(message.id);
    this.remove(message);
  }

  #announce({ message, notice }) {
    const pictures = message.attachments.length;
    const what = message.flags & LOADING ? "is thinking" : notice || wordsOf(message);
    const tail = pictures ? `, ${pictures} ${pictures === 1 ? "picture" : "pictures"}` : "";
    this.#announcer.textContent = `${nameOf(message.author)}: ${what}${tail}`;
  }
}
