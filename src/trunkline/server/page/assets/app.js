// The page: it joins the parts and holds what the reader chose.

import { cleanTag, keep, queryOf, recall, streamOfAddress } from "./choice.js";
import { Connection } from "./connection.js";
import { onKeys } from "./keys.js";
import { Rate } from "./rate.js";
import { Screen } from "./screen.js";
import { refresh } from "./time.js";
import { Timeline } from "./timeline.js";

const SCROLLED_PIXELS = 240; // who reads further down is not to be pushed
const FEW = 3;
const HIDDEN_MILLISECONDS = 200; // a hidden page has no frames
const at = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");

const chosen = streamOfAddress();
let held = false;
let single = recall("single") === "true";
let theme = new URLSearchParams(location.search).get("theme") ?? recall("theme");

const rate = new Rate(at("plot"), at("rate"));
const screen = new Screen(at("feed"), { single });
const timeline = new Timeline({
  add: (post) => screen.add(post),
  replace: (post) => screen.replace(post),
  remove: (id) => screen.remove(id),
  changed: showWaiting,
});
const connection = new Connection({ event: take, state: showState });

const ACTIONS = {
  backfill: (data) => timeline.backfill(data),
  update: (post) => (rate.count(), timeline.add(post)),
  "status.update": (post) => timeline.edit(post),
  delete: ({ id }) => timeline.remove(id),
};

// Events are applied once a frame; when many came, or those of before, they have no entrance.
let arrived = [];

function take(name, data) {
  arrived.push([name, data]);
  if (arrived.length > 1) return;
  if (document.hidden) setTimeout(apply, HIDDEN_MILLISECONDS);
  else requestAnimationFrame(apply);
}

function apply() {
  const events = arrived;
  arrived = [];
  const draw = () => events.forEach(applyOne);
  if (events.length > FEW || events.some(([name]) => name === "backfill")) screen.together(draw);
  else draw();
  at("feed").setAttribute("aria-busy", "false");
}

function applyOne([name, data]) {
  try {
    ACTIONS[name](data);
  } catch (error) {
    reportError(error); // one strange post is not the end of the others
  }
}

document.addEventListener("visibilitychange", apply); // the frame that was waited for may not come

/** Tell those who listen, of what they must know and cannot see. */
function say(words) {
  at("news").textContent = words;
}

// --- the connection ---

let countdown;
let wasLive = false;

function showState(state, seconds) {
  clearInterval(countdown);
  at("state").dataset.state = state;
  const until = performance.now() + seconds * 1000;
  const words = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (state === "live") return "Live";
    if (state === "waiting") return left > 1 ? `Reconnecting in ${left} s` : "Reconnecting";
    return wasLive ? "Reconnecting" : "Connecting";
  };
  const show = () => (at("state-words").textContent = words());
  show();
  if (state === "waiting") countdown = setInterval(show, 500);
  if (state === "live" && at("news").dataset.lost) {
    say("Connected again");
    delete at("news").dataset.lost;
  } else if (state === "waiting" && wasLive && !at("news").dataset.lost) {
    say("Connection lost, reconnecting");
    at("news").dataset.lost = "yes";
  }
  wasLive ||= state === "live";
}

// --- pause ---

function setHeld(next) {
  held = next;
  timeline.pause(held || scrollY > SCROLLED_PIXELS);
  at("pause").setAttribute("aria-pressed", String(held));
  say(held ? "Paused" : "Going on");
  showWaiting(timeline.waiting.size);
}

/** Go on, from the top. */
function goOn() {
  scrollTo({ top: 0 });
  setHeld(false);
}

function showWaiting(count) {
  const waits = held || count > 0;
  at("pause").classList.toggle("held", waits);
  at("pause-words").textContent = !waits ? "Pause" : count ? `Resume · ${count} waiting` : "Resume";
  document.title = count ? `(${count}) Trunkline: live` : "Trunkline: live";
  at("empty").hidden = screen.cards.size > 0;
}

function togglePause() {
  if (at("pause").classList.contains("held")) goOn();
  else setHeld(true);
}

// --- the stream ---

function follow() {
  const tagged = chosen.stream.startsWith("hashtag");
  at("filter").dataset.tagged = tagged;
  at("tag").value = chosen.tag;
  for (const radio of at("filter").elements.stream) {
    radio.checked = radio.value === chosen.stream.replace("hashtag:local", "hashtag");
  }
  arrived.length = 0;
  timeline.clear();
  rate.clear();
  scrollTo({ top: 0 });
  if (held) setHeld(false);
  if (tagged && !chosen.tag) {
    connection.close();
    at("state").dataset.state = "idle";
    at("state-words").textContent = "Choose a tag";
    at("empty").textContent = "Type a hashtag to follow it";
    return;
  }
  at("empty").textContent = tagged ? `Waiting for the first post with #${chosen.tag}` : "Waiting for the first post";
  history.replaceState(null, "", queryOf(chosen));
  connection.open(`/page/events${queryOf(chosen)}`);
}

function choose(stream, tag = chosen.tag) {
  const next = { stream, tag: cleanTag(tag) };
  if (next.stream === chosen.stream && next.tag === chosen.tag) return;
  Object.assign(chosen, next);
  follow();
}

// --- how it looks ---

const isDark = () => (theme === null ? dark.matches : theme === "dark");

function showTheme() {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  document.documentElement.classList.toggle("is-dark", isDark());
  at("theme").setAttribute("aria-label", `Change to ${isDark() ? "light" : "dark"} colours`);
}

function toggleTheme() {
  theme = isDark() ? "light" : "dark";
  keep("theme", theme);
  showTheme();
}

function showColumns() {
  at("columns").setAttribute("aria-pressed", String(single));
  document.documentElement.classList.toggle("single", single);
  screen.setSingle(single);
}

function toggleColumns() {
  single = !single;
  keep("single", String(single));
  showColumns();
}

// --- the reader ---

at("pause").addEventListener("click", togglePause);
at("theme").addEventListener("click", toggleTheme);
at("columns").addEventListener("click", toggleColumns);
at("keys").addEventListener("click", () => at("help").showModal());
at("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  choose("hashtag", at("tag").value);
  at("tag").blur();
});
at("tag").addEventListener("keydown", (event) => event.key === "Escape" && at("tag").blur());
at("tag").addEventListener("change", () => choose("hashtag", at("tag").value));
at("filter").addEventListener("change", (event) => {
  if (event.target.name !== "stream") return;
  choose(event.target.value);
  if (event.target.value === "hashtag") at("tag").focus();
});
at("feed").addEventListener("click", (event) => {
  const link = event.target.closest("a[data-tag]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose("hashtag", link.dataset.tag);
});
addEventListener("scroll", () => timeline.pause(held || scrollY > SCROLLED_PIXELS), { passive: true });
dark.addEventListener("change", showTheme);
at("shortcuts").checked = recall("shortcuts") !== "false";
at("shortcuts").addEventListener("change", () => keep("shortcuts", String(at("shortcuts").checked)));

onKeys(
  {
    j: () => screen.move(1),
    k: () => screen.move(-1),
    " ": togglePause,
    "/": () => (at("tag").focus(), at("tag").select()),
    c: toggleColumns,
    t: toggleTheme,
    "?": () => at("help").showModal(),
  },
  () => at("shortcuts").checked,
);

setInterval(() => refresh(at("feed")), 5000);
at("host").textContent = location.host;
showTheme();
showColumns();
follow();
