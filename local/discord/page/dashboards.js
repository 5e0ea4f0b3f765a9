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
  byId("alarms").replaceChildren(...alarmsOf(told.alarms ?? [], told.dashboards[0]?.name));
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

function alarmsOf(alarms, deployment) {
  if (!alarms.length) return [];
  const ringing = alarms.filter((alarm) => alarm.rings).length;
  const said = ringing ? `${ringing} of ${alarms.length} ring` : `all ${alarms.length} are quiet`;
  const summary = el("summary", {}, el("h2", {}, "Alarms"), el("span", { class: ringing ? "rings" : "" }, said));
  const head = el("tr", {}, ["", "alarm", "rings", "now"].map((name) => el("th", {}, name)));
  const rows = alarms.map((alarm) => alarmRow(alarm, deployment));
  const was = document.querySelector("#alarms details");
  const open = was ? was.open : ringing > 0;
  return [el("details", { open }, summary, el("table", {}, el("thead", {}, head), el("tbody", {}, rows)))];
}

function alarmRow({ name, text, parts, rings, wakes, condition, latest }, deployment) {
  const short = name.startsWith(`${deployment}-`) ? name.slice(deployment.length + 1) : name;
  const isPart = wakes && !parts.length;
  const look = isPart ? el("em", { title: "Somebody is woken, through one composite alarm" }, "look now") : null;
  return el("tr", { class: rings ? "rings" : null },
    el("td", { class: "state" }, rings ? "rings" : "quiet"),
    el("td", { class: "what" }, el("b", { title: name }, short), " ", look, el("p", {}, text)),
    el("td", { class: "condition" }, condition),
    el("td", { class: "now" }, latest === null ? "–" : written(latest)),
  );
}

function figures({ series }) {
  const figure = ({ label, values }) =>
    el("div", {}, el("b", {}, written(values[0], label)), el("span", {}, label.replace(/,? ?\$$/, "")));
  return el("div", { class: "figures" }, series.map(figure));
}

/** Writes a value in the unit that its label tells of. */
function written(value, label = "") {
  if (value === null) return "–";
  const size = Math.abs(value);
  const digits = size < 1 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: size < 100 ? 2 : 0 };
  const text = value.toLocaleString("en", digits);
  if (label.endsWith("$")) return `$${text}`;
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
