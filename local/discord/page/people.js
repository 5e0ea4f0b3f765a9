// Who is here: the members you can play, and the list at the side.

import { avatar, el } from "./dom.js";

export const LOCK = "M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z";

const CAN_BE_PLAYED = 3;

/** Draws the members to play; `play(member)` is told which one was chosen. */
export function drawPlayers(world, play) {
  const fieldset = document.getElementById("players");
  if (!fieldset.querySelector("input"))
    fieldset.append(
      ...world.members.slice(0, CAN_BE_PLAYED).map((one) => player(one, world, play)),
    );
  fieldset.querySelector(`[value="${CSS.escape(world.member.username)}"]`).checked = true;
}

function player(one, world, play) {
  const radio = el("input", {
    type: "radio",
    name: "player",
    value: one.username,
    "aria-label": [one.name, ...one.roles].join(", "),
    onchange: () => play(one),
  });
  return el(
    "label",
    { class: "player" },
    radio,
    avatar(one, world.people),
    el("span", {}, el("b", {}, one.name), el("small", {}, one.roles[0] ?? "Member")),
  );
}

/** Draws everybody in the channel, by role. */
export function drawPeople(world) {
  const person = (user, name, tag) =>
    el("li", {}, avatar(user, world.people), el("span", {}, name), tag);
  const group = (title, people) =>
    people.length
      ? [
          el("h2", {}, `${title} — ${people.length}`),
          el(
            "ul",
            {},
            people.map((one) => person(one, one.name, null)),
          ),
        ]
      : [];
  const withRole = (name) => world.members.filter((one) => (one.roles[0] ?? "Online") === name);
  document
    .getElementById("people")
    .replaceChildren(
      ...group("Moderator", withRole("Moderator")),
      ...group("Patron", withRole("Patron")),
      ...group("Online", withRole("Online")),
      el("h2", {}, "App — 1"),
      el(
        "ul",
        {},
        person(world.bot, world.bot.username, el("span", { class: "app-tag" }, "APP")),
      ),
    );
}
