// The panel at the side of the channel, and the buttons in the title that open its views.

import { el, icon } from "./dom.js";
import { VIEWS } from "./views.js";

const panel = document.getElementById("panel");
const buttons = document.getElementById("views");
let open = null;
let end = () => {};

/** Shows the view of that name, or no panel where there is none. */
export async function showPanel(name, world) {
  const views = VIEWS.filter((view) => view.offered?.(world) ?? true);
  const view = views.find((one) => one.name === name) ?? null;
  drawButtons(views, view);
  if (view === open) return;
  open = view;
  end();
  end = () => {};
  panel.hidden = !view;
  document.body.classList.toggle("with-panel", Boolean(view));
  panel.classList.toggle("wide", Boolean(view?.wide));
  if (!view) return void panel.replaceChildren();
  const body = el("div", { class: "panel-body" });
  panel.replaceChildren(title(view), body);
  const { draw } = await view.load();
  if (open === view) end = draw(body, world) ?? (() => {});
}

function drawButtons(views, current) {
  buttons.replaceChildren(
    ...views.map((view) =>
      el(
        "a",
        {
          class: "icon-button view-button",
          href: view === current ? "#" : `#${view.name}`,
          title: view.title,
          "aria-label": view === current ? `Close ${view.title}` : view.title,
          "aria-current": view === current ? "true" : null,
        },
        icon(view.icon),
      ),
    ),
  );
}

function title(view) {
  return el(
    "header",
    { class: "panel-title" },
    el("h2", {}, view.title),
    el(
      "a",
      { class: "icon-button", href: "#", "aria-label": `Close ${view.title}` },
      icon("M6 6l12 12M18 6L6 18"),
    ),
  );
}
