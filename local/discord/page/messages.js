// The list of messages: draws them, keeps them up to date, stays at the bottom.

import { avatar, el, icon, nameOf } from "./dom.js";
import { markdown } from "./markdown.js";
import { attachments, component, embed } from "./message_parts.js";
import { clock, day } from "./times.js";

const LOADING = 1 << 7;
const EPHEMERAL = 1 << 6;
const SAME_GROUP_MS = 7 * 60 * 1000;
const EYE =
  "M2 12s4-6 10-6 10 6 10 6-4 6-10 6S2 12 2 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5";

export class Messages {
  #list = document.getElementById("messages");
  #scroller = document.getElementById("scroller");
  #announcer = document.getElementById("announcer");
  #shown = new Map();
  #dismissed = new Set();
  #people = new Map();
  #channel = "";
  #use;
  #atBottom = true;
  #lastTop = 0;
  #lastHeight = 0;

  /** `use(message, custom_id, values)` sends the interaction of a button or menu. */
  constructor(use) {
    this.#use = use;
    const follow = new ResizeObserver(() => this.#atBottom && this.toBottom());
    follow.observe(this.#list);
    follow.observe(this.#scroller);
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
  }

  /** Draws the whole channel afresh. */
  reset(ready) {
    this.#people = new Map(ready.members.map((member) => [member.id, member]));
    this.#channel = ready.channel.name;
    this.#shown.clear();
    this.#announcer.textContent = "";
    this.#list.replaceChildren(this.#welcome());
    for (const event of ready.messages) this.#place(event);
    this.toBottom();
  }

  create(event) {
    if (event.message.interaction) this.#arrived(event.message.interaction);
    this.#place(event);
    this.#announce(event);
    if (this.#atBottom) this.toBottom();
  }

  update(event) {
    const before = this.#shown.get(event.message.id);
    if (!before) return this.create(event);
    const node = this.#draw(event, before.node.dataset.joined === "true");
    before.node.replaceWith(node);
    this.#shown.set(event.message.id, { ...event, node });
    const grew = event.message.attachments.length > before.message.attachments.length;
    if (before.message.flags & LOADING || grew) this.#announce(event);
    if (this.#atBottom) this.toBottom();
  }

  remove({ id }) {
    this.#shown.get(id)?.node.remove();
    this.#shown.delete(id);
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
        this.#usedLine({ user, name: commandName }),
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
    const last = [...this.#shown.values()].at(-1)?.message;
    if (!last || day(last) !== day(event.message)) {
      this.#list.append(
        el("div", { class: "day", role: "separator" }, el("span", {}, day(event.message))),
      );
    }
    const node = this.#draw(event, joins(last, event.message));
    this.#shown.set(event.message.id, { ...event, node });
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
        message.interaction ? this.#usedLine(message.interaction) : null,
        joined ? null : this.#byline(message),
        this.#contents(message, notice),
        message.flags & EPHEMERAL ? this.#onlyYou(message) : null,
      ),
    );
  }

  #contents(message, notice) {
    if (notice) return el("p", { class: "notice" }, notice);
    if (message.flags & LOADING) return thinking(message.author);
    const context = {
      message,
      people: this.#people,
      use: (node, customId, values) => this.#useComponent(node, message, customId, values),
    };
    const parts = [
      ...attachments(message),
      ...message.embeds.map((one) => embed(one, this.#people)),
      ...message.components.map((one) => component(one, context)),
    ];
    return [
      message.content
        ? el(
            "div",
            { class: "content" },
            markdown(message.content, this.#people),
            message.edited_timestamp ? el("small", { class: "edited" }, " (edited)") : null,
          )
        : null,
      ...parts,
    ];
  }

  async #useComponent(node, message, customId, values) {
    node.classList.add("waiting");
    node.setAttribute("aria-busy", "true");
    await this.#use(message, customId, values);
    node.classList.remove("waiting");
    node.removeAttribute("aria-busy");
  }

  #byline(message) {
    const { author } = message;
    const name = el("span", { class: "author" }, nameOf(author));
    name.style.color = author.bot ? "#c9cdfb" : "#f2f3f5";
    return el(
      "h3",
      { class: "byline" },
      name,
      author.bot ? el("span", { class: "app-tag" }, "APP") : null,
      el(
        "time",
        { datetime: message.timestamp, title: new Date(message.timestamp).toLocaleString() },
        `${day(message) === "Today" ? "Today at " : ""}${clock(message)}`,
      ),
    );
  }

  #usedLine({ user, name }) {
    return el(
      "p",
      { class: "used" },
      avatar(user, this.#people),
      el("b", {}, nameOf(user)),
      " used ",
      el("span", { class: "command-name" }, `/${name}`),
    );
  }

  #onlyYou(message) {
    const dismiss = () => {
      this.#dismissed.add(message.id);
      this.remove(message);
    };
    return el(
      "p",
      { class: "only-you" },
      icon(EYE),
      "Only you can see this",
      " · ",
      el("button", { type: "button", class: "text-button", onclick: dismiss }, "Dismiss message"),
    );
  }

  #welcome() {
    return el(
      "header",
      { class: "welcome" },
      el("span", { class: "welcome-hash", "aria-hidden": "true" }, "#"),
      el("h2", {}, `Welcome to #${this.#channel}!`),
      el(
        "p",
        {},
        "This is the start of the channel. Type ",
        el("kbd", {}, "/"),
        " and pick a command to begin.",
      ),
    );
  }

  #announce({ message, notice }) {
    const pictures = message.attachments.length;
    const what = message.flags & LOADING ? "is thinking" : notice || message.content;
    const tail = pictures ? `, ${pictures} ${pictures === 1 ? "picture" : "pictures"}` : "";
    this.#announcer.textContent = `${nameOf(message.author)}: ${what}${tail}`;
  }
}

function thinking(author) {
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return el("p", { class: "thinking" }, dots, `${nameOf(author)} is thinking…`);
}

function joins(last, message) {
  return (
    Boolean(last) &&
    !message.interaction &&
    last.author.id === message.author.id &&
    !((last.flags ^ message.flags) & EPHEMERAL) &&
    day(last) === day(message) &&
    new Date(message.timestamp) - new Date(last.timestamp) < SAME_GROUP_MS
  );
}
