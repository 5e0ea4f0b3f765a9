// Emoji on buttons and in words, drawn as lines: a machine without a font of emoji shows them too.

import { el, icon } from "./dom.js";

const DRAWN = {
  "🔍": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5M11 8v6M8 11h6",
  "🔎": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5M11 8v6M8 11h6",
  "🔭": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5M8 11h6",
  "⬆": "M12 20V5M5 12l7-7 7 7",
  "🔁": "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  "🔄": "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  "🎲": "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
  "🎨": "M12 3a9 9 0 1 0 0 18c2 0 2-2 1-3s0-3 2-3h3c2 0 3-1 3-3 0-5-4-9-9-9zM8 9h.01M12 7h.01M16 9h.01M7 13h.01",
  "🪄": "M4 20L16 8M15 3v3M20 8h-3M19 4l-2 2M20 13l-1-1M11 4l1 1",
  "✨": "M12 4l2 6 6 2-6 2-2 6-2-6-6-2 6-2z",
  "✏": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  "📝": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  "🔀": "M3 7h4l10 10h4M3 17h4l3-3M14 10l3-3h4M18 4l3 3-3 3M18 14l3 3-3 3",
  "✖": "M6 6l12 12M18 6L6 18",
  "❌": "M6 6l12 12M18 6L6 18",
  "⏹": "M6 6h12v12H6z",
  "🗑": "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  "ℹ": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v6M12 7.500h.01",
  "⭐": "M12 3l3 6 6 1-4.500 4.500 1 6.500-5.500-3-5.500 3 1-6.500L3 10l6-1z",
  "❤": "M12 20S4 15 4 9a4 4 0 0 1 8-1 4 4 0 0 1 8 1c0 6-8 11-8 11z",
  "⚠": "M12 3L2 20h20zM12 10v4M12 17h.01",
  "🔒": "M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z",
  "🖼": "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  "📋": "M8 5H6v16h12V5h-2M9 3h6v4H9z",
  "⏳": "M6 3h12M6 21h12M7 3c0 6 5 6 5 9s-5 3-5 9M17 3c0 6-5 6-5 9s5 3 5 9",
  "↔": "M3 12h18M7 8l-4 4 4 4M17 8l4 4-4 4",
  "📎": "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.500 3.500 0 0 1 5 5l-8.500 8.500a1.500 1.500 0 0 1-2-2L15 8",
  "🚫": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12",
  "➡": "M4 12h15M13 6l6 6-6 6",
  "⬅": "M20 12H5M11 6l-6 6 6 6",
  "▶": "M7 5l12 7-12 7z",
  "◀": "M17 5L5 12l12 7z",
};
/** What a button with nothing but an emoji is called. */
const NAMED = {
  "🗑": "Delete",
  "ℹ": "Info",
  "⭐": "Favourite",
  "❤": "Favourite",
  "🔁": "Again",
  "✏": "Edit",
  "✖": "Cancel",
  "❌": "Cancel",
};
const bare = (text) => text.replace("\uFE0F", "");
export const ANY = new RegExp(
  Object.keys(DRAWN)
    .map((one) => `${one}\uFE0F?`)
    .join("|"),
  "u",
);

/** Returns one emoji; one without a drawing stays text. */
export function emoji(text) {
  const drawing = DRAWN[bare(text)];
  return el(
    "span",
    { class: "emoji", role: "img", "aria-label": nameOfEmoji(text) },
    drawing ? icon(drawing) : text,
  );
}

/** Returns a word for an emoji where there is one. */
export const nameOfEmoji = (text) => NAMED[bare(text)] ?? text;
