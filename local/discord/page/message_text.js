// What a message says in words, and whether it stands below the one before without a head.

import { day } from "./times.js";

export const LOADING = 1 << 7;
export const EPHEMERAL = 1 << 6;
const SAME_GROUP_MS = 7 * 60 * 1000;

/** Returns the words of a message: its content, or those of its text components. */
export function wordsOf(message) {
  const texts = (parts) =>
    parts.flatMap((one) => [one.content ?? [], texts(one.components ?? [])].flat());
  return message.content || texts(message.components).join("\n");
}

/** Returns the beginning of a message in one line, without its marks. */
export function plain(message, people) {
  const named = (_, id) => `@${people.get(id)?.name ?? "unknown-user"}`;
  const words = wordsOf(message)
    .replace(/<@!?(\d+)>/g, named)
    .replace(/^-# |[*`_█░]|\\(?=\W)/gm, "");
  return words.split("\n")[0].trim().slice(0, 80) || "Click to see the picture";
}

/** Tells whether a message is drawn as a part of the group of the one before it. */
export function joins(last, message) {
  return (
    Boolean(last) &&
    !message.interaction &&
    !message.message_reference &&
    last.author.id === message.author.id &&
    !((last.flags ^ message.flags) & EPHEMERAL) &&
    day(last) === day(message) &&
    new Date(message.timestamp) - new Date(last.timestamp) < SAME_GROUP_MS
  );
}
