// Connects the page: follows the channel's events as one member, and lets you play another one.

import { post } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, el } from "./dom.js";
import { Messages } from "./messages.js";

const byId = (id) => document.getElementById(id);
const messages = new Messages(async (message, customId, values) => {
  const body = { member: member.id, message: message.id, custom_id: customId, values };
  await post("/control/components", body).catch((error) => composer.say(error.message));
});
const composer = new Composer(messages);
let member = { id: sessionStorage.getItem("member") ?? "" };
let source = null;

function connect(memberId) {
  source?.close();
  source = new EventSource(
    `/control/events?${new URLSearchParams(memberId ? { member: memberId } : {})}`,
  );
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("READY", (ready) => start(ready, memberId));
  on("MESSAGE_CREATE", (event) => messages.create(event));
  on("MESSAGE_UPDATE", (event) => messages.update(event));
  on("MESSAGE_DELETE", (event) => messages.remove(event));
  on("COMMANDS_UPDATE", (event) => composer.setCommands(event.commands));
  source.onerror = () => {
    byId("connection").textContent = "Reconnecting…";
  };
}

function start(ready, memberId) {
  [ready.channel] = ready.channels;
  byId("connection").textContent = "";
  member = ready.members.find((one) => one.id === memberId) ?? ready.members[0];
  document.title = `#${ready.channel.name} · ${ready.guild.name}`;
  byId("guild-name").textContent = ready.guild.name;
  byId("guild-icon").alt = ready.guild.name;
  byId("channel-name").textContent = byId("channel-link").textContent = ready.channel.name;
  drawPlayers(ready.members);
  drawPeople(ready);
  messages.reset(ready);
  composer.reset(ready, member);
}

function drawPlayers(members) {
  const people = new Map(members.map((one) => [one.id, one]));
  const players = members.map((one) => {
    const radio = el("input", {
      type: "radio",
      name: "player",
      value: one.username,
      checked: one.id === member.id,
    });
    radio.addEventListener("change", () => play(one));
    return el(
      "label",
      { class: "player" },
      radio,
      avatar(one, people),
      el("span", {}, el("b", {}, one.name), el("small", {}, one.username)),
    );
  });
  const fieldset = byId("players");
  const focused = fieldset.contains(document.activeElement);
  fieldset.replaceChildren(fieldset.querySelector("legend"), ...players);
  if (focused) fieldset.querySelector("input:checked").focus();
}

function drawPeople(ready) {
  const people = new Map(ready.members.map((one) => [one.id, one]));
  const person = (user, name, tag) => el("li", {}, avatar(user, people), el("span", {}, name), tag);
  byId("people").replaceChildren(
    el("h2", {}, "App — 1"),
    el("ul", {}, person(ready.bot, ready.bot.username, el("span", { class: "app-tag" }, "APP"))),
    el("h2", {}, `Online — ${ready.members.length}`),
    el(
      "ul",
      {},
      ready.members.map((one) => person(one, one.name, null)),
    ),
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
connect(member.id);
