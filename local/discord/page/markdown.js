// Discord's flavour of Markdown, turned into elements.

import { el } from "./dom.js";
import { ANY, emoji } from "./emoji.js";

const FENCE = /```(?:[\w+-]*\n)?([\s\S]*?)```/g;

/** Returns the nodes of a whole message. */
export function markdown(text, people) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    nodes.push(...lines(text.slice(from, match.index).replace(/\n$/, ""), people));
    nodes.push(el("pre", {}, el("code", {}, match[1].replace(/\n$/, ""))));
    from = match.index + match[0].length;
  }
  nodes.push(...lines(text.slice(from).replace(/^\n/, from ? "" : "\n"), people));
  return nodes;
}

const BLOCKS = [
  [
    /^(#{1,3}) (.+)$/,
    (m, people) =>
      el(
        "p",
        { class: `heading-${m[1].length}`, role: "heading", "aria-level": m[1].length + 2 },
        inline(m[2], people),
      ),
  ],
  [/^-# (.+)$/, (m, people) => el("p", { class: "subtext" }, inline(m[1], people))],
  [/^> ?(.*)$/, (m, people) => el("blockquote", {}, inline(m[1], people))],
  [/^\s*[-*] (.+)$/, (m, people) => el("p", { class: "bullet" }, inline(m[1], people))],
];

function lines(text, people) {
  const nodes = [];
  if (!text) return nodes;
  let wasText = false;
  for (const line of text.split("\n")) {
    const block = BLOCKS.map(([rule, make]) => [line.match(rule), make]).find(([match]) => match);
    if (block) nodes.push(block[1](block[0], people));
    else nodes.push(...(wasText ? [el("br")] : []), ...inline(line, people));
    wasText = !block;
  }
  return nodes;
}

const wrapped =
  (tag, attributes = {}) =>
  (m, people) =>
    el(tag, attributes, inline(m[1], people));
const INLINE = [
  [/\\([^0-9A-Za-z\s])/, (m) => m[1]],
  [/``([^`]+)``/, (m) => el("code", {}, m[1])],
  [/`([█▓▒░]{4,})`/, (m) => bar(m[1])],
  [/`([^`]+)`/, (m) => el("code", {}, m[1])],
  [/\*\*([\s\S]+?)\*\*(?!\*)/, wrapped("strong")],
  [/__([\s\S]+?)__(?!_)/, wrapped("u")],
  [/~~([\s\S]+?)~~/, wrapped("s")],
  [/\|\|([\s\S]+?)\|\|/, (m, people) => spoiler(inline(m[1], people))],
  [/\*([^\s*][\s\S]*?)\*(?!\*)/, wrapped("em")],
  [/(?<![\w])_([^\s_][\s\S]*?)_(?![\w])/, wrapped("em")],
  [/\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/, (m, people) => link(m[2], inline(m[1], people))],
  [/<(https?:\/\/[^\s>]+)>/, (m) => link(m[1], [m[1]])],
  [/https?:\/\/[^\s<>]+[^\s<>.,:;"')\]]/, (m) => link(m[0], [m[0]])],
  [/<@!?(\d+)>/, (m, people) => mention(people.get(m[1])?.name ?? "unknown-user")],
  [ANY, (m) => emoji(m[0])],
  [/<t:(\d+)(?::([tTdDfFR]))?>/, (m) => moment(Number(m[1]), m[2])],
];

/** Returns the nodes of one line. */
export function inline(text, people) {
  const nodes = [];
  let rest = text;
  while (rest) {
    let first = null;
    for (const [rule, make] of INLINE) {
      const match = rest.match(rule);
      if (match && (first === null || match.index < first.match.index)) first = { match, make };
    }
    if (first === null) break;
    if (first.match.index) nodes.push(rest.slice(0, first.match.index));
    nodes.push(first.make(first.match, people));
    rest = rest.slice(first.match.index + first.match[0].length);
  }
  return rest ? [...nodes, rest] : nodes;
}

const TO_A_MESSAGE = /^https:\/\/(?:\w+\.)?discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/;

function link(href, children) {
  const [, channel, message] = href.match(TO_A_MESSAGE) ?? [];
  if (channel) return el("a", { href: `#channel/${channel}/${message ?? ""}` }, children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, children);
}

/** Draws a bar of blocks as a bar, which needs no font that has them. */
function bar(blocks) {
  const done = [...blocks].filter((one) => one === "█").length;
  const fill = el("i");
  fill.style.width = `${(100 * done) / blocks.length}%`;
  return el("span", { class: "bar", role: "img", "aria-label": "Progress" }, fill);
}

function mention(name) {
  return el("span", { class: "mention" }, `@${name}`);
}

function spoiler(children) {
  const node = el(
    "button",
    { class: "spoiler", type: "button", "aria-label": "Spoiler" },
    children,
  );
  node.addEventListener("click", () => {
    node.classList.add("shown");
    node.removeAttribute("aria-label");
  });
  return node;
}

// Discord, "Message Formatting", Timestamp Styles.
const MOMENTS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

function moment(seconds, style) {
  const date = new Date(seconds * 1000);
  const text = style === "R" ? relative(date) : date.toLocaleString([], MOMENTS[style] ?? MOMENTS.f);
  return el("time", { datetime: date.toISOString(), title: date.toLocaleString() }, text);
}

function relative(date) {
  const seconds = (date - Date.now()) / 1000;
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units[3];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(
    Math.round(seconds / size),
    unit,
  );
}
