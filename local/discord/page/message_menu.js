// The menu of a message: its commands under "Apps", and what every client offers.

import { el, icon } from "./dom.js";

const MORE = "M5 12h.01M12 12h.01M19 12h.01";
let shown = null;

/** Returns the button that opens the menu; `items()` gives what `openMenu` shows. */
export function moreButton(items) {
  return el(
    "button",
    {
      class: "icon-button more-button",
      type: "button",
      "aria-haspopup": "menu",
      "aria-label": "More",
      title: "More",
      onclick: (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        openMenu(items(), { x: box.right, y: box.bottom + 4 }, event.currentTarget);
      },
    },
    icon(MORE),
  );
}

/** Opens a menu at a point; an item is {label, act, danger} or {heading}. */
export function openMenu(items, { x, y }, opener) {
  close();
  const node = el(
    "div",
    { class: "context-menu", role: "menu", tabindex: -1, "aria-label": "Message" },
    items.map((item) => (item.heading ? heading(item) : row(item, opener))),
  );
  document.body.append(node);
  const { width, height } = node.getBoundingClientRect();
  node.style.left = `${Math.max(8, Math.min(x - (opener ? width : 0), innerWidth - width - 8))}px`;
  node.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
  node.addEventListener("keydown", (event) => key(event, node, opener));
  shown = node;
  node.querySelector("[role=menuitem]")?.focus();
}

function close(opener) {
  shown?.remove();
  shown = null;
  opener?.focus();
}

const heading = (item) => el("p", { class: "menu-heading" }, item.heading);

function row({ label, act, danger }, opener) {
  return el(
    "button",
    {
      class: `menu-row${danger ? " danger" : ""}`,
      type: "button",
      role: "menuitem",
      tabindex: -1,
      onclick: () => {
        close(opener);
        act();
      },
      onpointermove: (event) => event.currentTarget.focus(),
    },
    label,
  );
}

function key(event, node, opener) {
  const rows = [...node.querySelectorAll("[role=menuitem]")];
  const at = rows.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) rows[(at + step + rows.length) % rows.length].focus();
  else if (event.key === "Home") rows[0].focus();
  else if (event.key === "End") rows.at(-1).focus();
  else if (event.key === "Escape" || event.key === "Tab") close(opener);
  else return;
  event.preventDefault();
}

addEventListener("pointerdown", (event) => shown && !shown.contains(event.target) && close());
addEventListener("resize", () => close());
