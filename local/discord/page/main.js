// Connects the page: follows what happens as one member, in one channel, and lets you change both.
//
// api, events → main → people (who and where), messages (the list), composer (the box), panel (the
// views behind the scenes; a new one is a line in views.js and a module of its own).

import { post } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, el, icon } from "./dom.js";
import { Messages } from "./messages.js";
import { openModal } from "./modal.js";
import { showPanel } from "./panel.js";
import { LOCK, drawPeople, drawPlayers } from "./people.js";

const byId = (id) => document.getElementById(id);

/** What every part of the page may look up. */
const world = {
  member: { id: sessionStorage.getItem("member") ?? "" },
  channel: null,
  channels: [],
  members: [],
  roles: [],
  commands: [],
  people: new Map(),
  unread: new Set(),
};
const interact = {
  /** Uses a button or a menu; returns false when the interaction failed. */
  component: (message, customId, values) =>
    send("/control/components", { message: message.id, custom_id: customId, values }),
  /** Uses a command from the menu of a message. */
  messageCommand: (message, command) =>
    send("/control/message_commands", { message: message.id, command: command.id }),
  say: (text) => composer.say(text),
  begin: (line) => composer.begin(line),
  answered: (answer) => modalOf(answer),
};
const messages = new Messages(world, interact);
const composer = new Composer(world, messages, interact);
let source = null;

async function send(path, body) {
  try {
    const who = { member: world.member.id, channel: world.channel.id };
    const answer = await post(path, { ...who, ...body });
    modalOf(answer);
    return answer.problems.length === 0;
  } catch (error) {
    composer.say(error.message);
    return false;
  }
}

function modalOf({ answer, problems, interaction_id: openedBy }) {
  if (problems.length || answer?.type !== 9) return;
  openModal(answer.data, async (values) => {
    const sent = await post("/control/modals", {
      member: world.member.id,
      opened_by: openedBy,
      values,
    });
    if (sent.problems.length) throw new Error("Something went wrong. Try again.");
  });
}

function connect(memberId) {
  source?.close();
  source = new EventSource(
    `/control/events?${new URLSearchParams(memberId ? { member: memberId } : {})}`,
  );
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("READY", (ready) => start(ready, memberId));
  on("MESSAGE_CREATE", (event) => {
    messages.create(event);
    markUnread(event.message.channel_id);
  });
  on("MESSAGE_UPDATE", (event) => messages.update(event));
  on("MESSAGE_DELETE", (event) => messages.remove(event));
  on("COMMANDS_UPDATE", (event) => {
    world.commands = event.commands;
    composer.setCommands();
  });
  source.onerror = () => {
    byId("connection").textContent = "Reconnecting…";
  };
}

function start(ready, memberId) {
  byId("connection").textContent = "";
  Object.assign(world, ready);
  world.member = ready.members.find((one) => one.id === memberId) ?? ready.members[0];
  world.people = new Map(ready.members.map((one) => [one.id, one]));
  document.body.dataset.member = world.member.username; // whose page this is, now that it is theirs
  byId("guild-name").textContent = ready.guild.name;
  byId("guild-icon").alt = ready.guild.name;
  drawPlayers(world, play);
  drawPeople(world);
  messages.load(ready.messages);
  world.channel = null;
  route();
}

/**
 * Opens what the address names: #channel/ID, with a message's id behind it or not, or the view of
 * that name beside the channel.
 */
function route() {
  const [kind, id, messageId] = location.hash.slice(1).split("/");
  showPanel(kind, world);
  const named = kind === "channel" && world.channels.find((one) => one.id === id);
  const last = world.channels.find((one) => one.name === sessionStorage.getItem("channel"));
  const channel = named || last || world.channels[0];
  if (channel && channel !== world.channel) enter(channel);
  if (messageId) messages.jump(messageId);
}

function enter(channel) {
  world.channel = channel;
  world.unread.delete(channel.id);
  sessionStorage.setItem("channel", channel.name);
  document.title = channel.direct
    ? `@${channel.name}`
    : `#${channel.name} · ${world.guild.name}`;
  byId("channel-name").textContent = channel.name;
  byId("channel-sign").textContent = channel.direct ? "@" : "#";
  byId("topic").textContent = channel.topic;
  drawChannels();
  messages.show();
  composer.reset();
}

function markUnread(channelId) {
  if (channelId === world.channel?.id) return;
  world.unread.add(channelId);
  drawChannels();
}

function drawChannels() {
  const link = (channel) =>
    el(
      "a",
      {
        class: `channel${world.unread.has(channel.id) ? " unread" : ""}`,
        href: `#channel/${channel.id}`,
        "aria-current": channel.id === world.channel.id ? "page" : null,
        onclick: () => toggleMenu(false),
      },
      channel.direct
        ? avatar({ ...world.bot }, world.people)
        : el("span", { class: "hash", "aria-hidden": "true" }, "#"),
      el("span", { class: "channel-name" }, channel.name),
      channel.nsfw
        ? el("span", { class: "age", title: "Age-restricted" }, icon(LOCK), "18+")
        : null,
      world.unread.has(channel.id) ? el("span", { class: "unseen" }, "unread") : null,
    );
  byId("channels").replaceChildren(
    el("h2", {}, "Text channels"),
    ...world.channels.filter((one) => !one.direct).map(link),
    el("h2", {}, "Direct messages"),
    ...world.channels.filter((one) => one.direct).map(link),
  );
}

function play(one) {
  sessionStorage.setItem("member", one.id);
  connect(one.id);
  toggleMenu(false);
}

function toggleMenu(open) {
  byId("drawer").classList.toggle("open", open);
  byId("scrim").hidden = !open;
  byId("menu").setAttribute("aria-expanded", String(open));
}

byId("menu").addEventListener("click", () => toggleMenu(true));
byId("scrim").addEventListener("click", () => toggleMenu(false));
byId("drawer").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  toggleMenu(false);
  byId("menu").focus();
});
// A link to the message box is no address of a view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  composer.focus();
});
addEventListener("hashchange", () => world.channels.length && route());
connect(world.member.id);
