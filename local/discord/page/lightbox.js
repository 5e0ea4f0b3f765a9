// Shows one picture large; arrow keys go through its gallery, Esc closes.

import { el, icon } from "./dom.js";

const dialog = document.getElementById("lightbox");

/** Opens picture `index` of `pictures`, a list of {url, name}. */
export function openLightbox(pictures, index) {
  let at = index;
  const image = el("img", { alt: "" });
  const original = el(
    "a",
    { class: "lightbox-link", target: "_blank", rel: "noopener" },
    "Open original",
  );
  const count = el("span", { class: "lightbox-count" });
  const show = (step) => {
    at = (at + step + pictures.length) % pictures.length;
    image.src = original.href = pictures[at].url;
    image.alt = pictures[at].name;
    count.textContent = pictures.length > 1 ? `${at + 1} of ${pictures.length}` : "";
  };
  const button = (label, path, action) =>
    el(
      "button",
      { class: "icon-button", type: "button", "aria-label": label, onclick: action },
      icon(path),
    );
  const many = pictures.length > 1;
  dialog.replaceChildren(
    el(
      "div",
      { class: "lightbox-stage", onclick: (event) => event.target === image || dialog.close() },
      image,
    ),
    el(
      "div",
      { class: "lightbox-bar" },
      many ? button("Previous picture", "M15 5l-7 7 7 7", () => show(-1)) : null,
      count,
      many ? button("Next picture", "M9 5l7 7-7 7", () => show(1)) : null,
      original,
      button("Close", "M6 6l12 12M18 6L6 18", () => dialog.close()),
    ),
  );
  dialog.onkeydown = (event) => {
    if (event.key === "ArrowLeft") show(-1);
    if (event.key === "ArrowRight") show(1);
  };
  show(0);
  dialog.showModal();
}
