// How many posts came: a plot of the last two minutes and a number for the last ten seconds.

const SVG = "http://www.w3.org/2000/svg";
const BARS = 60;
const BAR_SECONDS = 2;
const WIDTH = 180;
const HEIGHT = 36;
const DRAW_MILLISECONDS = 400;

function bar(index) {
  const rect = document.createElementNS(SVG, "rect");
  const step = WIDTH / BARS;
  const sizes = { x: index * step, width: step * 0.66, rx: 0.8 };
  for (const [name, value] of Object.entries(sizes)) rect.setAttribute(name, value);
  return rect;
}

export class Rate {
  constructor(plot, words) {
    this.plot = plot;
    this.words = words;
    this.bars = Array.from({ length: BARS }, (_, index) => plot.appendChild(bar(index)));
    this.clear();
    setInterval(() => this.step(), BAR_SECONDS * 1000);
    setInterval(() => this.draw(), DRAW_MILLISECONDS);
    setInterval(() => this.describe(), 10_000);
  }

  /** Forget what came. */
  clear() {
    this.counts = new Array(BARS).fill(0);
    this.draw();
  }

  /** Count one post. */
  count() {
    this.counts[BARS - 1]++;
  }

  get perSecond() {
    const bars = 5;
    return this.counts.slice(-bars - 1, -1).reduce((sum, count) => sum + count, 0) / (bars * BAR_SECONDS);
  }

  step() {
    this.counts.shift();
    this.counts.push(0);
  }

  draw() {
    const most = Math.max(4, ...this.counts);
    this.bars.forEach((bar, index) => {
      const height = Math.max(1, (this.counts[index] / most) * HEIGHT);
      bar.setAttribute("y", HEIGHT - height);
      bar.setAttribute("height", height);
    });
    this.words.textContent = this.perSecond.toFixed(1);
  }

  describe() {
    const sum = this.counts.reduce((all, count) => all + count, 0);
    const words = `${sum} posts in the last two minutes, ${this.perSecond.toFixed(1)} a second now`;
    this.plot.setAttribute("aria-label", words);
  }
}
