// One graph as SVG: lines, stacked areas or bars over time, limits, and the values under the pointer.

import { el } from "./dom.js";

const COLOURS = ["#7c8cff", "#f2a35e", "#5fcf9f", "#d98cf0", "#e6cf5c", "#ff8f92", "#6ec7e6", "#b3bac5"];
const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [200, 44, 10, 12, 22];
const A_COLUMN = 46; // so wide is a 24th of the page, and a letter as large as in the text
const ON_A_PHONE = 350;
const TICKS = 4;

/** Makes the graph of a widget whose series have a value, or null, for each of `times`. */
export function plot(widget, times) {
  const series = widget.series.map((one, n) => ({ ...one, colour: COLOURS[n % COLOURS.length] }));
  const drawn = series.filter(({ values }) => values.some((value) => value !== null));
  if (!drawn.length) {
    const of_aws = series.every((one) => one.of_aws);
    const text = of_aws ? "AWS tells this itself; here there is nothing to tell" : "Nothing so far";
    return el("p", { class: "none" }, text);
  }
  const layers = widget.stacked ? stack(drawn, times.length) : drawn;
  const scale = scaleFor(widget, layers, times);
  const svg = shape("svg", { viewBox: `0 0 ${scale.wide} ${HEIGHT}`, role: "img" });
  svg.setAttribute("aria-label", `${widget.title}, in ${widget.unit}`);
  svg.append(...axes(scale, times), ...layers.flatMap((layer) => marks(layer, widget, scale)));
  svg.append(...widget.limits.filter(({ value }) => value <= scale.high).flatMap((one) => limit(one, scale)));
  const box = el("div", { class: "plot" }, svg);
  followPointer(box, svg, drawn, scale, times, widget.unit);
  return el("div", {}, box, legend(series));
}

function stack(series, count) {
  const base = Array(count).fill(0);
  return series
    .map((one) => {
      const from = [...base];
      one.values.forEach((value, n) => (base[n] += value ?? 0));
      return { ...one, from, values: one.values.map((value, n) => (value === null ? null : base[n])) };
    })
    .reverse(); // the lowest is drawn last, over the others
}

function scaleFor(widget, layers, times) {
  const known = layers.flatMap(({ values }) => values.filter((value) => value !== null));
  const nearby = widget.limits.map(({ value }) => value).filter((value) => value <= 2 * Math.max(...known));
  const least = Math.min(...known, ...nearby);
  const low = widget.lowest ?? Math.max(Math.floor(least - 1), least < 0 ? -Infinity : 0);
  const high = widget.highest ?? roundUp(Math.max(...known, ...nearby));
  const wide = matchMedia("(max-width: 800px)").matches ? ON_A_PHONE : widget.width * A_COLUMN;
  const step = (wide - LEFT - RIGHT) / times.length;
  return {
    wide,
    low,
    high,
    step,
    x: (n) => LEFT + (n + 0.5) * step,
    y: (value) => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM),
  };
}

function roundUp(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8, 10].map((n) => n * power).find((round) => round >= value);
}

function axes(scale, times) {
  const parts = [];
  for (let tick = 0; tick <= TICKS; tick += 1) {
    const value = scale.low + ((scale.high - scale.low) * tick) / TICKS;
    const y = scale.y(value);
    parts.push(shape("line", { class: "grid", x1: LEFT, x2: scale.wide - RIGHT, y1: y, y2: y }));
    parts.push(words(LEFT - 6, y + 4, "end", short(value)));
  }
  const every = Math.ceil(times.length / 5);
  for (let n = Math.floor(every / 2); n < times.length; n += every)
    parts.push(words(scale.x(n), HEIGHT - 6, "middle", clock(times[n])));
  return parts;
}

function marks(layer, widget, scale) {
  const points = layer.values.map((value, n) => (value === null ? null : [scale.x(n), scale.y(value), n]));
  const bottom = (n) => scale.y(layer.from?.[n] ?? scale.low);
  const known = points.filter(Boolean);
  const half = (scale.step * 0.7) / 2;
  if (widget.bars || widget.stacked)
    return known.map(([x, y, n]) =>
      shape("rect", {
        ...{ x: x - half, y, width: half * 2, height: Math.max(0, bottom(n) - y), fill: layer.colour },
      }),
    );
  const lines = runs(points).map((run) =>
    shape("polyline", {
      points: run.map(([x, y]) => `${x},${y}`).join(" "),
      ...{ fill: "none", stroke: layer.colour, "stroke-width": 2, "stroke-linejoin": "round" },
    }),
  );
  return [...lines, ...known.map(([x, y]) => shape("circle", { cx: x, cy: y, r: 2.5, fill: layer.colour }))];
}

/** Splits points into stretches without a gap. */
function runs(points) {
  const found = [[]];
  for (const point of points) {
    if (point) found.at(-1).push(point);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((run) => run.length > 1);
}

function limit({ value, label }, scale) {
  const y = scale.y(value);
  const right = scale.wide - RIGHT;
  const name = words(right, y - 4, "end", label);
  name.setAttribute("class", "limit-name");
  return [shape("line", { class: "limit", x1: LEFT, x2: right, y1: y, y2: y }), name];
}

function followPointer(box, svg, series, scale, times, unit) {
  const told = el("div", { class: "told", hidden: true });
  const cursor = shape("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  svg.append(cursor);
  box.append(told);
  svg.addEventListener("pointermove", (event) => {
    const { left, width } = svg.getBoundingClientRect();
    const at = ((event.clientX - left) / width) * scale.wide;
    const n = Math.min(times.length - 1, Math.max(0, Math.floor((at - LEFT) / scale.step)));
    const entry = ({ label, colour, values }) => el("div", {}, swatch(colour), `${label}: ${short(values[n])} ${unit}`);
    const here = series.filter(({ values }) => values[n] !== null).map(entry);
    told.replaceChildren(el("b", {}, clock(times[n])), ...(here.length ? here : ["nothing"]));
    const isLeft = at < scale.wide / 2;
    told.style[isLeft ? "right" : "left"] = "0";
    told.style[isLeft ? "left" : "right"] = "auto";
    told.hidden = false;
    cursor.setAttribute("x1", scale.x(n));
    cursor.setAttribute("x2", scale.x(n));
    cursor.setAttribute("visibility", "visible");
  });
  svg.addEventListener("pointerleave", () => {
    told.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  });
}

function legend(series) {
  const entry = ({ label, colour, values }) => {
    const isQuiet = values.every((value) => value === null);
    return el("li", { class: isQuiet ? "quiet" : null }, swatch(colour), label);
  };
  return el("ul", { class: "legend" }, series.map(entry));
}

function swatch(colour) {
  const mark = el("i");
  mark.style.background = colour;
  return mark;
}

function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function words(x, y, anchor, text) {
  const node = shape("text", { x, y, "text-anchor": anchor });
  node.textContent = text;
  return node;
}

function short(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
