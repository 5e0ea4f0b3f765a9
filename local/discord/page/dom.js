// Builds elements from plain text only: nothing a member or the bot writes is ever parsed as HTML.

/** Makes an element. `attributes` holds attributes, `on…` listeners and `dataset`. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Makes an icon from the path of a 24 by 24 drawing. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Makes the round picture of a member or of the bot. */
export function avatar(user, people) {
  if (user.bot) return el("img", { class: "avatar", src: "/page/icon.svg", alt: "" });
  const person = people.get(user.id);
  const initial = nameOf(user).slice(0, 1).toUpperCase();
  const node = el("span", { class: "avatar", "aria-hidden": "true" }, initial);
  node.style.backgroundColor = person?.colour ?? "#5865f2";
  return node;
}

export function nameOf(user) {
  return user.global_name || user.username;
}

/** Returns a colour of Discord's API, a number, as CSS has it. */
export const colour = (number) => `#${number.toString(16).padStart(6, "0")}`;

/** Makes a link that leaves the page. */
export function linked(href, text) {
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}
