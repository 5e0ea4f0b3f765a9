// The components of a message. Buttons and menus only say what they are; the list of messages
// listens for clicks on [data-custom-id] and for the event "choose", so that a message can change
// in place.

import { colour, el } from "./dom.js";
import { emoji, nameOfEmoji } from "./emoji.js";
import { markdown } from "./markdown.js";
import { fileCard, gallery, ofItem } from "./media.js";
import { menu } from "./select.js";

const BUTTON_STYLES = ["", "primary", "secondary", "success", "danger", "link", "premium"];

/** Returns one component of a message; `context` is {message, people}. */
export function component(data, context) {
  const inner = () => (data.components ?? []).map((one) => component(one, context));
  switch (data.type) {
    case 1:
      return el("div", { class: "row" }, inner());
    case 2:
      return button(data);
    case 3:
      return menu(data);
    case 9:
      return el(
        "div",
        { class: "section" },
        el("div", { class: "section-words" }, inner()),
        component(data.accessory, context),
      );
    case 10:
      return el("div", { class: "text-display" }, markdown(data.content, context.people));
    case 11:
      return thumbnail(data);
    case 12:
      return gallery(data.items.map((item) => ofItem(item, context.message)));
    case 13:
      return fileCard(context.message.attachments.find((one) => one.url === data.file.url));
    case 14:
      return el("hr", { class: separator(data) });
    case 17:
      return container(data, inner());
    default:
      return el(
        "p",
        { class: "notice" },
        `The local Discord draws no component of type ${data.type}.`,
      );
  }
}

function separator(data) {
  return `${data.divider === false ? "invisible" : ""}${data.spacing === 2 ? " wide" : ""}`.trim();
}

function thumbnail(data) {
  const alt = data.description ?? "";
  return gallery([{ url: data.media.url, name: alt || "Picture", spoiler: data.spoiler }], alt);
}

function container(data, children) {
  const box = el("div", { class: "container" }, children);
  if (data.accent_color !== null && data.accent_color !== undefined)
    box.style.setProperty("--accent-bar", colour(data.accent_color));
  if (!data.spoiler) return box;
  const show = el("button", { type: "button", class: "spoiler-cover" }, "Spoiler");
  show.addEventListener("click", () => show.remove());
  box.append(show);
  return box;
}

function button(data) {
  const words = [
    data.emoji?.name ? emoji(data.emoji.name) : null,
    data.label ? el("span", {}, data.label) : null,
  ];
  const attributes = { class: `button ${BUTTON_STYLES[data.style] ?? ""}`.trim() };
  if (data.url) {
    const link = { href: data.url, target: "_blank", rel: "noopener noreferrer" };
    return el("a", { ...attributes, ...link }, words, el("span", { "aria-hidden": "true" }, "↗"));
  }
  return el(
    "button",
    {
      ...attributes,
      type: "button",
      disabled: data.disabled,
      "aria-label": data.label || nameOfEmoji(data.emoji.name),
      title: data.label ? null : nameOfEmoji(data.emoji.name),
      dataset: { customId: data.custom_id },
    },
    words,
  );
}
