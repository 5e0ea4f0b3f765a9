// Embeds: the cards of messages that are not made of components.

import { colour, el, linked } from "./dom.js";
import { markdown } from "./markdown.js";
import { gallery } from "./media.js";

/** Returns one embed as the card that Discord draws. */
export function embed(data, people) {
  const card = el(
    "article",
    { class: "embed" },
    data.author ? el("p", { class: "embed-author" }, data.author.name) : null,
    data.title ? el("h3", {}, data.url ? linked(data.url, data.title) : data.title) : null,
    data.description
      ? el("div", { class: "embed-text" }, markdown(data.description, people))
      : null,
    data.fields?.length
      ? el(
          "dl",
          { class: "embed-fields" },
          data.fields.map((field) => fieldOf(field, people)),
        )
      : null,
    data.image ? gallery([{ ...data.image, name: data.title || "Picture" }]) : null,
    data.footer ? el("p", { class: "embed-footer" }, data.footer.text) : null,
  );
  if (data.thumbnail)
    card.append(el("img", { class: "thumbnail", src: data.thumbnail.url, alt: "" }));
  if (data.color) card.style.borderInlineStartColor = colour(data.color);
  return card;
}

function fieldOf(field, people) {
  return el(
    "div",
    { class: field.inline ? "inline" : "" },
    el("dt", {}, field.name),
    el("dd", {}, markdown(field.value, people)),
  );
}
