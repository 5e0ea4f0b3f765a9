// The parts of a message below its text: pictures, files, embeds, buttons and menus.

import { el, icon } from "./dom.js";
import { openLightbox } from "./lightbox.js";
import { markdown } from "./markdown.js";

const isPicture = (attachment) =>
  /^image\/(png|jpeg|webp|gif)$/.test(attachment.content_type ?? "");

/** Returns the gallery and the file cards of a message; files that an embed shows are left out. */
export function attachments(message) {
  const elsewhere = JSON.stringify([message.embeds, message.components]);
  const own = message.attachments.filter((one) => !elsewhere.includes(JSON.stringify(one.url)));
  const pictures = own.filter(isPicture);
  const files = own.filter((one) => !isPicture(one));
  return [pictures.length ? gallery(pictures.map(pictureOf)) : null, ...files.map(fileCard)];
}

function pictureOf(attachment) {
  const { url, width, height, description, filename } = attachment;
  return { url, width, height, name: description || filename };
}

function gallery(pictures) {
  const tiles = pictures.map((picture, index) =>
    el(
      "button",
      {
        class: "picture",
        type: "button",
        "aria-label": `Enlarge ${picture.name}`,
        onclick: () => openLightbox(pictures, index),
      },
      el("img", {
        src: picture.url,
        alt: picture.name,
        width: picture.width,
        height: picture.height,
      }),
    ),
  );
  return el("div", { class: "gallery", dataset: { count: Math.min(pictures.length, 5) } }, tiles);
}

function fileCard(attachment) {
  return el(
    "a",
    { class: "file", href: attachment.url, download: attachment.filename },
    icon("M7 3h7l5 5v13H7zM14 3v5h5"),
    el("span", {}, el("b", {}, attachment.filename), el("small", {}, bytes(attachment.size))),
  );
}

function bytes(size) {
  if (size < 1024) return `${size} bytes`;
  return size < 1024 * 1024
    ? `${(size / 1024).toFixed(1)} KB`
    : `${(size / 1048576).toFixed(1)} MB`;
}

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
          data.fields.map((field) =>
            el(
              "div",
              { class: field.inline ? "inline" : "" },
              el("dt", {}, field.name),
              el("dd", {}, markdown(field.value, people)),
            ),
          ),
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

const colour = (number) => `#${number.toString(16).padStart(6, "0")}`;
const linked = (href, text) =>
  el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);

const BUTTON_STYLES = ["", "primary", "secondary", "success", "danger", "link", "premium"];

/** Returns one component; `use(custom_id, values)` sends the interaction of a button or menu. */
export function component(data, context) {
  const inner = () => (data.components ?? []).map((one) => component(one, context));
  switch (data.type) {
    case 1:
      return el("div", { class: "row" }, inner());
    case 2:
      return button(data, context);
    case 3:
      return menu(data, context);
    case 9:
      return el(
        "div",
        { class: "section" },
        el("div", {}, inner()),
        component(data.accessory, context),
      );
    case 10:
      return el("div", { class: "text-display" }, markdown(data.content, context.people));
    case 11:
      return el("img", { class: "thumbnail", src: data.media.url, alt: data.description ?? "" });
    case 12:
      return gallery(data.items.map((item) => sized(item, context.message)));
    case 13:
      return fileCard(context.message.attachments.find((one) => one.url === data.file.url));
    case 14:
      return el("hr", { class: data.divider === false ? "invisible" : "" });
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

function sized(item, message) {
  const file = message.attachments.find((one) => one.url === item.media.url) ?? {};
  const name = item.description || file.filename || "Picture";
  return { url: item.media.url, width: file.width, height: file.height, name };
}

function container(data, children) {
  const box = el("div", { class: "container" }, children);
  if (data.accent_color) box.style.borderInlineStartColor = colour(data.accent_color);
  return box;
}

function button(data, context) {
  const label = [data.emoji?.name, data.label].filter(Boolean).join(" ");
  if (data.url)
    return el(
      "a",
      { class: "button link", href: data.url, target: "_blank", rel: "noopener noreferrer" },
      label,
      " ↗",
    );
  return el(
    "button",
    {
      class: `button ${BUTTON_STYLES[data.style] ?? ""}`,
      type: "button",
      disabled: data.disabled,
      onclick: (event) => context.use(event.currentTarget, data.custom_id),
    },
    label,
  );
}

function menu(data, context) {
  const placeholder = el("option", { value: "" }, data.placeholder || "Make a selection");
  const options = data.options.map((one) =>
    el("option", { value: one.value, selected: one.default }, one.label),
  );
  return el(
    "select",
    {
      class: "menu",
      disabled: data.disabled,
      "aria-label": data.placeholder || "Make a selection",
      onchange: (event) =>
        event.currentTarget.value &&
        context.use(event.currentTarget, data.custom_id, [event.currentTarget.value]),
    },
    placeholder,
    options,
  );
}
