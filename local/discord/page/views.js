// What can be seen beside the channel. A view is reached as #name and by its button in the title.
//
// To add one (a view of dashboards, say): write page/NAME.js with `export function draw(node,
// world)`, which fills `node` and returns a function that ends what it began (timers, listeners),
// and add a line here. `wide` takes the whole space of the page, not only the side.

export const VIEWS = [
  {
    name: "cloud",
    title: "GPU cloud",
    icon: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
    offered: (world) => world.cloud,
    load: () => import("./cloud.js"),
  },
];
