// Changes a drawn message into its newer state in place: what stayed the same keeps its focus, and a
// picture is exchanged only when the next one is there, so that a preview never flickers. What is of
// another kind is replaced: its listeners would stay, and do what the old one did.

/** Makes `old` look like `fresh`; returns the node that is shown in the end. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return old;
  if (!sameKind(old, fresh) || fresh.dataset?.whole !== undefined) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.tagName === "IMG" && old.getAttribute("src") !== fresh.getAttribute("src")) {
    exchange(old, fresh);
    return old;
  }
  sync(old, fresh);
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, index) =>
    before[index] ? morph(before[index], child) : old.append(child),
  );
  before.slice(after.length).forEach((child) => child.remove());
  return old;
}

/** Whether both are elements of one tag and of one class, the first that is named. */
function sameKind(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) return false;
  return old.tagName === fresh.tagName && old.classList[0] === fresh.classList[0];
}

function sync(old, fresh) {
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) === value) continue;
    if (name === "style") old.style.cssText = value; // the page's policy refuses it as an attribute
    else old.setAttribute(name, value);
  }
}

async function exchange(old, fresh) {
  const next = new Image();
  next.src = fresh.src;
  old.dataset.next = fresh.src;
  await next.decode().catch(() => {});
  if (old.dataset.next === fresh.src) sync(old, fresh);
}
