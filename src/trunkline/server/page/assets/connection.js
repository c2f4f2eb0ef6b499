// One event stream kept alive: it opens, watches, backs off with jitter, and says how it is.
// It knows neither posts nor the page.

const CAP_SECONDS = 60;
const HEALTHY_SECONDS = 60;
const BEATS_UNTIL_STALL = 3;
const OPENING_SECONDS = 15;
const NAMES = ["backfill", "update", "status.update", "delete", "heartbeat"];

/** Return how long to wait before the next attempt: full jitter, doubling up to a cap. */
export function backoffSeconds(attempt, dice = Math.random) {
  return dice() * Math.min(CAP_SECONDS, 2 ** attempt);
}

export class Connection {
  /**
   * @param {{event: (name: string, data: object) => void,
   *          state: (state: "connecting" | "live" | "waiting", seconds: number) => void}} tell
   */
  constructor(tell) {
    this.tell = tell;
    this.attempt = 0;
    this.watchdogSeconds = OPENING_SECONDS;
    window.addEventListener("online", () => this.retry && this.connect());
  }

  /** Follow the stream at `url` instead of any other. */
  open(url) {
    this.url = url;
    this.attempt = 0;
    this.connect();
  }

  /** Follow nothing. */
  close() {
    clearTimeout(this.retry);
    clearTimeout(this.watchdog);
    this.retry = null;
    this.source?.close();
    this.source = null;
  }

  connect() {
    this.close();
    this.tell.state("connecting", 0);
    this.watchdogSeconds = OPENING_SECONDS;
    this.connectedAt = null;
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("error", () => source === this.source && this.lose());
    for (const name of NAMES) {
      source.addEventListener(name, (event) => source === this.source && this.take(name, event));
    }
    this.watch();
  }

  take(name, event) {
    const data = JSON.parse(event.data);
    if (name === "backfill") {
      this.connectedAt = performance.now();
      this.watchdogSeconds = BEATS_UNTIL_STALL * data.heartbeat_seconds;
      this.tell.state("live", 0);
    }
    this.watch();
    if (name !== "heartbeat") this.tell.event(name, data);
  }

  // The browser's own reconnecting has neither jitter nor growth: a hall full of pages would
  // return at once.
  lose() {
    const lived = this.connectedAt === null ? 0 : (performance.now() - this.connectedAt) / 1000;
    this.close();
    if (lived >= HEALTHY_SECONDS) this.attempt = 0;
    const seconds = backoffSeconds(this.attempt++);
    this.tell.state("waiting", seconds);
    this.retry = setTimeout(() => this.connect(), seconds * 1000);
  }

  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lose(), this.watchdogSeconds * 1000);
  }
}
