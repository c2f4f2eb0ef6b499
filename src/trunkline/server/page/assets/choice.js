// What the reader chose: the stream and tag in the address, so that it can be shared; the rest in
// this browser, so that it lasts.

const STREAMS = ["public", "public:local", "public:remote", "hashtag", "hashtag:local"];

/** Return the stream that the address names. */
export function streamOfAddress(address = location.search) {
  const query = new URLSearchParams(address);
  const stream = query.get("stream");
  const tag = cleanTag(query.get("tag") ?? "");
  return { stream: STREAMS.includes(stream) ? stream : tag ? "hashtag" : "public", tag };
}

/** Return the query that names a stream, for the address and for the server. */
export function queryOf({ stream, tag }) {
  const query = new URLSearchParams({ stream });
  if (stream.startsWith("hashtag")) query.set("tag", tag);
  return `?${query}`;
}

/** Return a tag as the server takes it: without its sign, nor what cannot be in one. */
export const cleanTag = (text) => text.trim().replace(/^#+/, "").replace(/[\s:/?#%&]/g, "");

/** Return what was kept under `name`; a browser that keeps nothing is no error. */
export function recall(name) {
  try {
    return localStorage.getItem(`trunkline.${name}`);
  } catch {
    return null;
  }
}

/** Keep `value` under `name` in this browser. */
export function keep(name, value) {
  try {
    localStorage.setItem(`trunkline.${name}`, value);
  } catch {
    // Private windows may keep nothing; the choice then lasts as long as the page.
  }
}
