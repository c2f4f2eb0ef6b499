// A post as an element. The only HTML that is read here is `post.html`, which the server made safe.

import { linkTo, make, withEmojis } from "./make.js";
import { ago, deadline, moment } from "./time.js";

const KINDS = { image: "Picture", gifv: "Animation", video: "Video", audio: "Audio" };
let serial = 0;

/** Return the element of `post`. */
export function card(post) {
  const name = `name-${++serial}`;
  const article = make(
    "article",
    { className: "post", tabIndex: -1, "aria-labelledby": name, dataset: { id: post.id } },
    post.booster ? boost(post.booster) : null,
    head(post, name),
    folded(post.warning, "warning", body(post)),
  );
  return article;
}

function boost(person) {
  const name = withEmojis(make("bdi", {}, person.name), person.emojis);
  return make("p", { className: "boost" }, make("span", { "aria-hidden": "true" }, "↻ "), name, " boosted");
}

function head(post, name) {
  const person = post.by;
  return make(
    "header",
    { className: "who" },
    make("img", { className: "avatar", src: person.avatar, alt: "", width: 48, height: 48, loading: "lazy" }),
    make(
      "div",
      { className: "names", id: name },
      linkTo(person.url, { className: "name" }, withEmojis(make("bdi", {}, person.name), person.emojis)),
      make("span", { className: "acct" }, `@${person.acct}`, person.bot ? make("span", { className: "bot" }, "bot") : null),
    ),
    make("div", { className: "when" }, time(post), post.edited_at ? edited(post) : null),
  );
}

function time(post) {
  const at = Date.parse(post.at);
  const properties = { dateTime: post.at, title: moment(at), dataset: { ago: "" } };
  return linkTo(post.url, {}, make("time", properties, ago(at)));
}

function edited(post) {
  const title = `Edited ${moment(Date.parse(post.edited_at))}`;
  return make("span", { className: "edited", title }, "edited");
}

function body(post) {
  return make(
    "div",
    { className: "body" },
    content(post),
    post.media?.length ? folded(needsFold(post) ? "Sensitive media" : "", "veil", media(post.media)) : null,
    post.poll ? poll(post.poll) : null,
    post.quote ? quote(post.quote) : null,
    post.card && !post.media?.length && !post.quote ? preview(post.card) : null,
  );
}

const needsFold = (post) => post.sensitive && !post.warning;

function folded(warning, className, inside) {
  if (!warning) return inside;
  return make("details", { className }, make("summary", {}, make("bdi", {}, warning)), inside);
}

/** Return the content. Scripts that a parsed document holds never run, and here are none. */
function content(post) {
  const parsed = new DOMParser().parseFromString(post.html, "text/html");
  const root = make("div", { className: "content", dir: "auto" }, ...parsed.body.childNodes);
  if (post.language) root.lang = post.language;
  for (const link of root.querySelectorAll("a[href]")) stayHere(link);
  return withEmojis(root, post.emojis);
}

/** A tag of this server chooses the stream; other pages of this server do not exist. */
function stayHere(link) {
  if (link.classList.contains("hashtag")) {
    link.dataset.tag = link.textContent.replace(/^#/, "");
    link.href = `/?stream=hashtag&tag=${encodeURIComponent(link.dataset.tag)}`;
    link.removeAttribute("target");
  } else if (link.origin === location.origin) {
    link.removeAttribute("href");
  }
}

function media(attachments) {
  const drawn = attachments.filter((one) => one.thumbnail).slice(0, 4);
  const others = attachments.filter((one) => !one.thumbnail && one.url);
  return make(
    "div",
    { className: "media" },
    drawn.length ? make("div", { className: "pictures", dataset: { count: drawn.length } }, ...drawn.map(picture)) : null,
    ...others.map(elsewhere),
  );
}

function picture(one) {
  const kind = KINDS[one.kind] ?? "File";
  const alt = one.about || `${kind} without a description`;
  const image = make("img", { src: one.thumbnail, alt, title: one.about, loading: "lazy" });
  const mark = one.kind === "image" ? null : make("span", { className: "kind" }, kind);
  return linkTo(one.url, { className: "picture" }, image, mark);
}

function elsewhere(one) {
  const link = linkTo(one.url, {});
  const words = `${KINDS[one.kind] ?? "File"} on ${link.host}`;
  link.textContent = one.about ? `${words}: ${one.about}` : words;
  return make("p", { className: "elsewhere" }, link);
}

function poll(poll) {
  const most = Math.max(1, ...poll.options.map((option) => option.votes ?? 0));
  const people = `${poll.voters} ${poll.voters === 1 ? "vote" : "votes"}`;
  const end = poll.expired ? "closed" : poll.until ? `open until ${deadline(Date.parse(poll.until))}` : "open";
  return make(
    "div",
    { className: "poll", role: "group", "aria-label": "Poll" },
    make("ul", { role: "list" }, ...poll.options.map((option) => answer(option, option.votes === most))),
    make("p", {}, `${people} · ${end}`),
  );
}

function answer(option, leads) {
  const share = option.share === undefined ? "" : `${option.share} %`;
  const row = make("li", {}, make("bdi", {}, option.title), make("b", {}, share));
  row.style.setProperty("--share", `${option.share ?? 0}%`);
  row.classList.toggle("leads", leads);
  return row;
}

function quote(post) {
  const { by } = post;
  const name = withEmojis(make("bdi", { className: "name" }, by.name), by.emojis);
  const who = make("p", { className: "by" }, make("img", { src: by.avatar, alt: "", width: 20, height: 20 }), name,
    make("span", { className: "acct" }, `@${by.acct}`));
  return make("blockquote", { className: "quote" }, who, folded(post.warning, "warning", content(post)));
}

function preview(card) {
  const words = make("span", { className: "words" }, make("small", {}, card.provider), make("b", {}, card.title));
  const image = card.picture ? make("img", { src: card.picture, alt: "", loading: "lazy" }) : null;
  return linkTo(card.url, { className: "preview" }, image, words);
}
