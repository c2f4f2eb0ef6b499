// The posts on the screen, in as many columns as there is room for. A post stays in its column, and
// a new one comes on top of the shortest; only a change of width deals them out anew.

import { card } from "./card.js";

const COLUMN_REM = 23;
const MOST_COLUMNS = 6;
const USUAL_PIXELS = 240; // of a post
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Screen {
  constructor(feed, { single }) {
    this.feed = feed;
    this.single = single;
    this.cards = new Map(); // by id, oldest first
    this.columns = [];
    this.serial = 0;
    this.heights = null; // of the columns, while many posts are drawn together
    new ResizeObserver(() => this.arrange()).observe(feed);
    this.arrange();
  }

  /** Draw a new post on top. */
  add(post) {
    const element = card(post);
    element.ariaPosInSet = ++this.serial;
    element.ariaSetSize = -1;
    this.cards.set(post.id, element);
    this.shortest().prepend(element);
    this.enter(element);
    this.reachable();
  }

  /** Draw what `draw` adds at once: no entrance, and the columns are measured only once. */
  together(draw) {
    this.heights = this.columns.map((column) => column.offsetHeight);
    try {
      draw();
    } finally {
      this.heights = null;
    }
  }

  /** Draw a post anew where it is; what was unfolded and focused stays so. */
  replace(post) {
    const old = this.cards.get(post.id);
    if (!old) return;
    const element = card(post);
    element.tabIndex = old.tabIndex;
    element.ariaPosInSet = old.ariaPosInSet;
    element.ariaSetSize = -1;
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    element.querySelectorAll("details").forEach((details, n) => (details.open = open[n] ?? false));
    const focused = old.contains(document.activeElement);
    this.cards.set(post.id, element);
    old.replaceWith(element);
    element.classList.add("changed");
    if (focused) element.focus({ preventScroll: true });
  }

  /** Take a post away. Focus on it goes to its neighbour. */
  remove(id) {
    const element = this.cards.get(id);
    if (!element) return;
    const focused = element.contains(document.activeElement);
    const order = this.order();
    const at = order.indexOf(element);
    this.cards.delete(id);
    element.remove();
    if (focused) this.focus(order[at + 1] ?? order[at - 1]);
    this.reachable();
  }

  /** Show one column, or as many as there is room for. */
  setSingle(single) {
    this.single = single;
    this.arrange();
  }

  /** Move the focus by `step` posts, newest first; from nowhere to the newest. */
  move(step) {
    const order = this.order();
    const at = order.indexOf(document.activeElement?.closest(".post"));
    this.focus(order[at < 0 ? 0 : Math.min(Math.max(at + step, 0), order.length - 1)]);
  }

  order() {
    return [...this.cards.values()].reverse();
  }

  focus(element) {
    if (!element) return;
    for (const other of this.cards.values()) other.tabIndex = -1;
    element.tabIndex = 0;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  }

  // The tab key reaches one post, from which j and k lead on.
  reachable() {
    const order = this.order();
    if (order.length && !order.some((element) => element.tabIndex === 0)) order[0].tabIndex = 0;
  }

  arrange() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const room = Math.floor(this.feed.clientWidth / (COLUMN_REM * rem));
    const count = this.single ? 1 : Math.min(Math.max(room, 1), MOST_COLUMNS);
    if (count === this.columns.length) return;
    this.columns = Array.from({ length: count }, () => document.createElement("div"));
    for (const column of this.columns) {
      column.className = "column";
      column.setAttribute("role", "presentation");
    }
    this.feed.replaceChildren(...this.columns);
    for (const element of this.cards.values()) this.shortest().prepend(element);
  }

  shortest() {
    const heights = this.heights ?? this.columns.map((column) => column.offsetHeight);
    const at = heights.indexOf(Math.min(...heights));
    heights[at] += USUAL_PIXELS;
    return this.columns[at];
  }

  enter(element) {
    if (this.heights || still.matches || document.hidden) return;
    const height = element.offsetHeight + parseFloat(getComputedStyle(element).marginBottom);
    const from = { marginTop: `${-height}px`, opacity: 0 };
    element.animate([from, { marginTop: 0, opacity: 1 }], { duration: 420, easing: "cubic-bezier(.2,.8,.2,1)" });
  }
}
