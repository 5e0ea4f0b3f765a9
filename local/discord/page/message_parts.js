// The parts that messages are drawn with, and the welcome at the start of a channel.

import { component } from "./components.js";
import { avatar, el, icon, nameOf } from "./dom.js";
import { embed } from "./embeds.js";
import { markdown } from "./markdown.js";
import { attachments } from "./media.js";
import { LOADING } from "./message_text.js";
import { clock, day } from "./times.js";

const FIRST_LINES = [
  "/serve prompt: a red fox in snow",
  "/serve prompt: a lighthouse at dusk --ar 3:2",
  "/help ",
];
const EYE =
  "M2 12s4-6 10-6 10 6 10 6-4 6-10 6S2 12 2 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5";

/** Returns what a message holds, or the notice that stands in its place. */
export function contents(message, notice, people) {
  if (notice) return el("p", { class: "notice" }, notice);
  if (message.flags & LOADING) return thinking(message.author);
  const context = { message, people };
  const parts = [
    ...attachments(message),
    ...message.embeds.map((one) => embed(one, people)),
    ...message.components.map((one) => component(one, context)),
  ];
  return [
    message.content
      ? el(
          "div",
          { class: "content" },
          markdown(message.content, people),
          message.edited_timestamp ? el("small", { class: "edited" }, " (edited)") : null,
        )
      : null,
    ...parts,
  ];
}

/** Returns who wrote a message and when. */
export function byline(message, world) {
  const { author } = message;
  const name = el("span", { class: "author" }, nameOf(author));
  name.style.color = author.bot ? "#c9cdfb" : (roleColour(world, author) ?? "#f2f3f5");
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

/** Returns who used which command. */
export function usedLine({ user, name }, world) {
  const slash = world.commands.some((one) => one.type === 3 && one.name === name);
  return el(
    "p",
    { class: "used" },
    avatar(user, world.people),
    el("b", {}, nameOf(user)),
    " used ",
    el("span", { class: "command-name" }, slash ? name : `/${name}`),
  );
}

/** Returns the line below what one member alone sees. */
export function onlyYou(dismiss) {
  return el(
    "p",
    { class: "only-you" },
    icon(EYE),
    "Only you can see this",
    " · ",
    el("button", { type: "button", class: "text-button", onclick: dismiss }, "Dismiss message"),
  );
}

/** Returns what stands at the start of a channel; `begin` puts a line into the message box. */
export function welcome({ channel, bot }, begin) {
  return el(
    "header",
    { class: "welcome" },
    el("span", { class: "welcome-hash", "aria-hidden": "true" }, channel.direct ? "@" : "#"),
    el("h2", {}, channel.direct ? bot.username : `Welcome to #${channel.name}!`),
    el(
      "p",
      {},
      channel.direct
        ? "These are your direct messages with the bot. Type "
        : "This is the start of the channel. Type ",
      el("kbd", {}, "/"),
      " and pick a command, or begin with one of these:",
    ),
    el(
      "div",
      { class: "welcome-lines" },
      ...FIRST_LINES.map((line) =>
        el("button", { type: "button", onclick: () => begin(line) }, line),
      ),
    ),
    channel.nsfw
      ? el("p", { class: "age-note" }, "This channel is age-restricted: for adults only.")
      : null,
  );
}

function roleColour(world, author) {
  const role = world.people.get(author.id)?.roles[0];
  const found = world.roles.find((one) => one.name === role);
  return found ? `#${found.color.toString(16).padStart(6, "0")}` : undefined;
}

function thinking(author) {
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return el("p", { class: "thinking" }, dots, `${nameOf(author)} is thinking…`);
}
