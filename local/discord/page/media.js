// Pictures, films and files of a message.

import { el, icon } from "./dom.js";
import { openLightbox } from "./lightbox.js";

const IS_SPOILER = 1 << 3;
const isPicture = (type) => /^image\/(png|jpeg|webp|gif)$/.test(type ?? "");
const isFilm = (type) => /^video\/(mp4|webm)$/.test(type ?? "");

/** Returns the gallery and the file cards of a message without components of its own for them. */
export function attachments(message) {
  const elsewhere = JSON.stringify([message.embeds, message.components]);
  const own = message.attachments.filter((one) => !elsewhere.includes(JSON.stringify(one.url)));
  const shown = own.filter((one) => isPicture(one.content_type) || isFilm(one.content_type));
  const files = own.filter((one) => !shown.includes(one));
  return [shown.length ? gallery(shown.map(ofAttachment)) : null, ...files.map(fileCard)];
}

function ofAttachment(file) {
  const { url, width, height, content_type: type } = file;
  const spoiler = Boolean(file.flags & IS_SPOILER);
  return { url, width, height, type, spoiler, name: file.description || file.filename };
}

/** Returns what an item of a gallery component shows. */
export function ofItem(item, message) {
  const file = message.attachments.find((one) => one.url === item.media.url) ?? {};
  const { url, width, height, content_type: type } = { ...file, ...item.media };
  const spoiler = Boolean(item.spoiler || file.flags & IS_SPOILER);
  return { url, width, height, type, spoiler, name: item.description || file.filename || "Picture" };
}

/** Returns pictures and films side by side; each is {url, width, height, type, spoiler, name}. */
export function gallery(items) {
  const tiles = items.map((item) => (isFilm(item.type) ? film(item) : picture(item)));
  return el("div", { class: "gallery", dataset: { count: Math.min(items.length, 5) } }, tiles);
}

function picture({ url, width, height, name, spoiler }) {
  return el(
    "button",
    {
      class: `picture${spoiler ? " hidden" : ""}`,
      type: "button",
      "aria-label": spoiler ? `Show the spoiler ${name}` : `Enlarge ${name}`,
      onclick: (event) => opened(event.currentTarget),
    },
    el("img", { src: url, alt: name, width, height }),
    spoiler ? el("span", { class: "spoiler-word", "aria-hidden": "true" }, "Spoiler") : null,
  );
}

function film({ url, name, width, height }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return el("video", {
    class: "film",
    src: url,
    "aria-label": name,
    width,
    height,
    controls: true,
    loop: true,
    muted: true,
    autoplay: !still,
    playsinline: true,
  });
}

/** A click shows a spoiler, or enlarges the picture among those beside it. */
function opened(tile) {
  if (tile.classList.contains("hidden")) {
    tile.classList.remove("hidden");
    tile.querySelector(".spoiler-word").remove();
    tile.setAttribute("aria-label", `Enlarge ${tile.querySelector("img").alt}`);
    return;
  }
  const tiles = [...tile.closest(".gallery").querySelectorAll(".picture:not(.hidden)")];
  const pictures = tiles.map((one) => {
    const { src, alt } = one.querySelector("img");
    return { url: src, name: alt };
  });
  openLightbox(pictures, tiles.indexOf(tile));
}

/** Returns a file to download. */
export function fileCard(file) {
  return el(
    "a",
    { class: "file", href: file.url, download: file.filename },
    icon("M7 3h7l5 5v13H7zM14 3v5h5"),
    el("span", {}, el("b", {}, file.filename), el("small", {}, bytes(file.size))),
  );
}

function bytes(size) {
  if (size < 1024) return `${size} bytes`;
  return size < 1024 * 1024
    ? `${(size / 1024).toFixed(1)} KB`
    : `${(size / 1048576).toFixed(1)} MB`;
}
