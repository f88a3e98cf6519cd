// Small charts, one per measurement, drawn on canvas.
import { clock, h, line, soon } from "./dom.js";

const format = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });

// Chart draws the values of one series over their times.
export class Chart {
  constructor(name) {
    this.value = h("span", { class: "chart-value" });
    this.range = h("span", { class: "chart-range" });
    this.canvas = h("canvas", { role: "img", width: "10", height: "10" });
    this.element = h(
      "figure",
      { class: "chart" },
      h("figcaption", {}, h("span", { class: "chart-name", title: name }, name), this.value),
      this.canvas,
      this.range,
    );
    this.name = name;
  }

  draw(series) {
    const { times, values } = series;
    const low = Math.min(...values);
    const high = Math.max(...values);
    this.value.textContent = line(series.last);
    this.range.textContent =
      low === high
        ? `${values.length === 1 ? "one value" : `${values.length} equal values`}`
        : `${format.format(low)} to ${format.format(high)} · ${values.length} values`;
    this.range.title = `since ${clock(times[0])}`;
    this.canvas.setAttribute("aria-label", `${this.name}: ${line(series.last)} now, ${this.range.textContent}`);
    this.#plot(times, values, low, high);
    this.canvas.dataset.points = values.length;
  }

  #plot(times, values, low, high) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas);
    const accent = style.getPropertyValue("--accent");
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    const pad = 5;
    const first = times[0];
    const span = times[times.length - 1] - first;
    // Messages with the same time, or without an order, are spread evenly.
    const ordered = span > 0 && times.every((t, i) => i === 0 || t >= times[i - 1]);
    const n = values.length;
    const x = (i) =>
      n === 1 ? width - pad : pad + (width - 2 * pad) * (ordered ? (times[i] - first) / span : i / (n - 1));
    const y = (v) => (high === low ? height / 2 : height - pad - ((v - low) / (high - low)) * (height - 2 * pad));

    c.strokeStyle = style.getPropertyValue("--edge");
    c.lineWidth = 1;
    c.beginPath();
    for (const at of [pad, height - pad]) {
      c.moveTo(0, Math.round(at) + 0.5);
      c.lineTo(width, Math.round(at) + 0.5);
    }
    c.stroke();

    const path = new Path2D();
    values.forEach((v, i) => (i ? path.lineTo(x(i), y(v)) : path.moveTo(x(i), y(v))));
    const area = new Path2D(path);
    area.lineTo(x(n - 1), height);
    area.lineTo(x(0), height);
    c.globalAlpha = 0.12;
    c.fillStyle = accent;
    c.fill(area);
    c.globalAlpha = 1;
    c.strokeStyle = accent;
    c.lineWidth = 1.75;
    c.lineJoin = "round";
    c.stroke(path);
    c.fillStyle = accent;
    c.beginPath();
    c.arc(x(n - 1), y(values[n - 1]), 3, 0, 2 * Math.PI);
    c.fill();
  }
}

// Charts shows the charts of one device.
export class Charts {
  #element;
  #device = null;
  #charts = new Map();
  #store;
  #title = h("h2", {});
  #grid = h("div", { class: "chart-grid" });

  constructor(element, store) {
    this.#element = element;
    this.#store = store;
    element.append(this.#title, this.#grid);
    this.draw = soon(() => this.#draw());
    new ResizeObserver(this.draw).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.draw);
  }

  // of selects the device; null is the one that sent last.
  of(device) {
    this.#device = device;
    this.draw();
  }

  #draw() {
    const { series } = this.#store;
    let device = this.#device;
    if (device === null) device = [...series.keys()].at(-1) ?? null;
    const own = series.get(device);
    this.#element.hidden = !own?.size;
    if (!own?.size) return;
    const title = `Measurements of ${device}`;
    if (this.#title.textContent !== title) {
      this.#title.textContent = title;
      this.#charts.clear();
      this.#grid.replaceChildren();
    }
    for (const [name, values] of own) {
      let chart = this.#charts.get(name);
      if (!chart) {
        chart = new Chart(name);
        this.#charts.set(name, chart);
        this.#grid.append(chart.element);
      }
      chart.draw(values);
    }
  }
}
