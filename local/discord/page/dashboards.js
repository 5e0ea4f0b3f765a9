// Draws the deployed dashboards with this run's figures, and again every few seconds.

import { plot } from "./dashboard_plot.js";
import { el } from "./dom.js";

const EVERY_MS = 5000;
const byId = (id) => document.getElementById(id);

async function refresh() {
  try {
    const response = await fetch("/control/dashboards");
    const told = await response.json();
    if (response.ok) draw(told);
    else byId("note").textContent = told.message;
  } catch {
    byId("note").textContent = "The local cloud does not answer. Trying again…";
  }
  setTimeout(refresh, EVERY_MS);
}

function draw(told) {
  if (document.querySelector(".told:not([hidden])")) return; // somebody is reading a value
  const widgets = told.dashboards.flatMap((one) => one.widgets);
  byId("name").textContent = told.dashboards.map((one) => one.name).join(", ") || "Dashboards";
  byId("note").textContent =
    `this run so far, each point ${told.period_s} s; on AWS the same with longer periods`;
  byId("alarms").replaceChildren(...alarmsOf(told.alarms ?? []));
  const headings = widgets.filter((widget) => widget.kind === "text");
  const links = headings.map(({ heading }) => el("a", { href: `#${idOf(heading)}` }, heading));
  byId("sections").replaceChildren(...links);
  byId("widgets").replaceChildren(...widgets.map((widget) => place(widget, told.times)));
}

function place(widget, times) {
  const node = widget.kind === "text" ? headingOf(widget) : cardOf(widget, times);
  node.style.gridColumn = `${widget.x + 1} / span ${widget.width}`;
  return node;
}

function headingOf({ heading, text }) {
  return el("header", { class: "heading", id: idOf(heading) }, el("h2", {}, heading), el("p", {}, text));
}

function cardOf(widget, times) {
  const kinds = { figures, graph: (one) => plot(one, times), table, note };
  const content = kinds[widget.kind](widget);
  return el("section", { class: "card", "aria-label": widget.title }, el("h3", {}, widget.title), content);
}

function alarmsOf(alarms) {
  if (!alarms.length) return [];
  const ringing = alarms.filter((alarm) => alarm.rings).length;
  const said = ringing ? `${ringing} of ${alarms.length} ring` : `all ${alarms.length} are quiet`;
  const summary = el("summary", {}, el("h2", {}, "Alarms"), el("span", { class: ringing ? "rings" : "" }, said));
  const rows = alarms.map((alarm) =>
    el("tr", { class: alarm.rings ? "rings" : null },
      el("td", {}, el("b", {}, alarm.rings ? "rings" : "quiet")),
      el("td", {}, alarm.name),
      el("td", {}, alarm.condition),
      el("td", { class: "number" }, alarm.latest === null ? "–" : written(alarm.latest)),
      el("td", { class: "wide" }, alarm.text),
    ),
  );
  const names = ["", "alarm", "rings", "now", ""];
  const head = el("tr", {}, names.map((name) => el("th", { class: name === "now" ? "number" : null }, name)));
  const was = document.querySelector("#alarms details");
  const open = was ? was.open : ringing > 0;
  return [el("details", { open }, summary, el("div", { class: "scroll" }, el("table", {}, head, rows)))];
}

function figures({ series }) {
  const figure = ({ label, values }) =>
    el("div", {}, el("b", {}, written(values[0], label)), el("span", {}, label === "$" ? "dollars" : label));
  return el("div", { class: "figures" }, series.map(figure));
}

function written(value, label) {
  if (value === null) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 5;
  const text = value.toLocaleString("en", { maximumFractionDigits: digits });
  if (label === "success") return `${text} %`;
  return ["median", "p95"].includes(label) ? `${text} s` : text;
}

function table({ columns, rows }) {
  if (!rows.length) return el("p", { class: "none" }, "Nothing so far");
  const cell = (value) =>
    typeof value === "number" || value === null
      ? el("td", { class: "number" }, value === null ? "–" : String(Math.round(value * 1000) / 1000))
      : el("td", {}, value || "–");
  const isNumber = columns.map((_, n) => rows.some((row) => typeof row[n] === "number"));
  const head = columns.map((name, n) => el("th", { class: isNumber[n] ? "number" : null }, name));
  const body = rows.map((row) => el("tr", {}, row.map(cell)));
  return el("div", { class: "scroll" }, el("table", {}, el("tr", {}, head), body));
}

function note({ text }) {
  return el("p", { class: "none" }, text);
}

function idOf(heading) {
  return heading.toLowerCase().replaceAll(/\W+/g, "-");
}

refresh();
