// Small tools that make elements. Text goes in as text, attributes from a fixed few; nothing here
// reads HTML.

/** Return an element with `properties` set and `children` (elements, text, or nothing) inside. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "dataset") Object.assign(element.dataset, value);
    else if (name.startsWith("aria-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a link to another site, which learns nothing of us; plain text without an address. */
export function linkTo(url, properties, ...children) {
  if (!url) return make("span", properties, ...children);
  const away = { href: url, target: "_blank", rel: "noopener noreferrer nofollow" };
  return make("a", { ...away, ...properties }, ...children);
}

/** Put pictures where the text inside `root` has the shortcodes of `emojis`; return `root`. */
export function withEmojis(root, emojis = {}) {
  if (Object.keys(emojis).length === 0) return root;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const pieces = text.data.split(/:([A-Za-z0-9_]+):/);
    if (pieces.length === 1) continue;
    text.replaceWith(...pieces.map((piece, index) => emojiOrText(piece, index, emojis)));
  }
  return root;
}

function emojiOrText(piece, index, emojis) {
  if (index % 2 === 0) return piece;
  const name = `:${piece}:`;
  if (!Object.hasOwn(emojis, piece)) return name;
  return make("img", { className: "emoji", src: emojis[piece], alt: name, title: name });
}
