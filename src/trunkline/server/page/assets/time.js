// Times as people say them.

const UNITS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86400, 3600, "h"],
  [604800, 86400, "d"],
];
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DEADLINE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Return how long ago `at` was: "now", "12 s", "3 min"; or the day of what is a week old. */
export function ago(at, now = Date.now()) {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 5) return "now";
  const unit = UNITS.find(([below]) => seconds < below);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[2]}` : DAY.format(at);
}

/** Return `at` in full. */
export const moment = (at) => MOMENT.format(at);

/** Return `at` to the minute. */
export const deadline = (at) => DEADLINE.format(at);

/** Bring the words of all times inside `root` up to date. */
export function refresh(root) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const words = ago(Date.parse(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
}
