// Which posts there are: on the screen, and waiting while it is paused. It applies edits and
// deletions, also to what waits. It knows no document; the screen is told what to draw.

const KEPT = 120;
const WAITING = 500;
const REMEMBERED = 2000;

const isOlder = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export class Timeline {
  /**
   * @param {{add: (post: object) => void, replace: (post: object) => void,
   *          remove: (id: string) => void, changed: (waiting: number) => void}} screen
   */
  constructor(screen) {
    this.screen = screen;
    this.paused = false;
    this.clear();
  }

  /** Forget everything and empty the screen. */
  clear() {
    for (const id of this.shown?.keys() ?? []) this.screen.remove(id);
    this.shown = new Map();
    this.waiting = new Map();
    this.gone = new Set();
    this.screen.changed(0);
  }

  /** Let new posts wait, or show those that did. */
  pause(paused) {
    if (paused === this.paused) return;
    this.paused = paused;
    if (!paused) {
      const posts = [...this.waiting.values()].slice(-KEPT);
      this.waiting.clear();
      posts.forEach((post) => this.show(post));
    }
    this.screen.changed(this.waiting.size);
  }

  /** Take a new post. A deletion may have overtaken it; a reconnect may bring it again. */
  add(post) {
    if (this.gone.has(post.id) || this.gone.has(post.original_id)) return;
    if (this.shown.has(post.id) || this.waiting.has(post.id)) {
      this.edit(post);
    } else if (this.paused) {
      this.waiting.set(post.id, post);
      if (this.waiting.size > WAITING) this.waiting.delete(this.waiting.keys().next().value);
    } else {
      this.show(post);
    }
    this.screen.changed(this.waiting.size);
  }

  /** Take a new version of a post, which boosts of it show as well; an older one is nothing. */
  edit(version) {
    const before = (post) => (post.edited_at ?? "") <= (version.edited_at ?? "");
    for (const posts of [this.shown, this.waiting]) {
      for (const [id, post] of posts) {
        if (!before(post)) continue;
        if (id === version.id) this.put(posts, version);
        else if (post.original_id === version.id) {
          const { booster, original_id, at } = post;
          this.put(posts, { ...version, id, booster, original_id, at });
        }
      }
    }
  }

  /** Remove a post, boosts of it, and what others quote of it. */
  remove(gone) {
    this.gone.add(gone);
    if (this.gone.size > REMEMBERED) this.gone.delete(this.gone.values().next().value);
    for (const posts of [this.shown, this.waiting]) {
      for (const [id, post] of posts) {
        if (id === gone || post.original_id === gone) {
          posts.delete(id);
          if (posts === this.shown) this.screen.remove(id);
        } else if (post.quote?.id === gone) {
          this.put(posts, { ...post, quote: null });
        }
      }
    }
    this.screen.changed(this.waiting.size);
  }

  /** Take the newest posts as they are now: what we have that is newer and not there is gone. */
  backfill({ posts, complete }) {
    const there = new Set(posts.map((post) => post.id));
    const oldest = posts[0]?.id;
    const known = [...this.shown.values(), ...this.waiting.values()];
    for (const post of complete ? known : []) {
      const covered = oldest === undefined || isOlder(oldest, post.id) < 0;
      if (covered && !there.has(post.id) && !post.booster) this.remove(post.id);
    }
    posts.forEach((post) => this.add(post));
  }

  show(post) {
    this.shown.set(post.id, post);
    this.screen.add(post);
    if (this.shown.size > KEPT) {
      const oldest = this.shown.keys().next().value;
      this.shown.delete(oldest);
      this.screen.remove(oldest);
    }
  }

  put(posts, post) {
    posts.set(post.id, post);
    if (posts === this.shown) this.screen.replace(post);
  }
}
