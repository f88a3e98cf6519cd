// The timeline of DPS: a lane per device, a mark per call, from the registration to the hub.
import { clock, h, shortHub } from "./dom.js";

const maxLanes = 12;
const maxCalls = 120;
const laneHeight = 30;
const stackedHeight = 46; // of a lane with its name above it
const top = 26;

// lanes draws the last calls.
export function lanes(element, legend, calls) {
  const recent = calls.slice(-maxCalls).filter((c) => c.device);
  element.closest("figure").hidden = recent.length === 0;
  if (!recent.length) return;
  const byDevice = new Map();
  for (const c of recent.toReversed()) {
    if (!byDevice.has(c.device) && byDevice.size >= maxLanes) continue;
    if (!byDevice.has(c.device)) byDevice.set(c.device, []);
    byDevice.get(c.device).unshift(c);
  }
  const shown = [...byDevice.values()].flat();
  const times = shown.map((c) => c.at.getTime());
  let from = Math.min(...times);
  let to = Math.max(...times);
  if (to - from < 2000) [from, to] = [from - 300, from + 2000];
  const visible = Math.max(300, element.clientWidth || 900);
  const narrow = visible < 600;
  // Names stand beside their lanes where they fit, or else above them; they are never cut.
  const longest = Math.max(...[...byDevice.keys()].map(textWidth));
  const stacked = longest > (narrow ? 90 : visible * 0.3);
  const width = stacked ? Math.max(visible, longest + 4) : visible;
  const right = narrow ? 62 : 110;
  const left = stacked ? 34 : Math.max(narrow ? 104 : 150, longest + 28);
  const frame = { width, left, right, stacked, end: stacked ? visible : width };
  const x = (t) => left + ((t - from) / (to - from)) * (frame.end - left - right);
  const each = stacked ? stackedHeight : laneHeight;
  const height = top + byDevice.size * each + 6;
  const svg = h("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label":
      `${shown.length} calls to DPS of ${byDevice.size} devices between ${clock(from)} and ${clock(to)}; ` +
      "the list below has them all",
  });
  svg.append(...axis(from, to, x, height, narrow ? 3 : 6));
  let i = 0;
  for (const [device, list] of byDevice)
    svg.append(lane(device, list, x, top + i++ * each + (stacked ? 31 : laneHeight / 2), frame));
  element.replaceChildren(svg);
  if (!legend.childElementCount)
    legend.append(...["register", "poll", "lookup"].map(key), key("bad"), h("span", { class: "lanes-more" }));
  const all = new Set(calls.map((c) => c.device).filter(Boolean)).size;
  legend.querySelector(".lanes-more").textContent =
    all > byDevice.size
      ? `${byDevice.size} of ${all.toLocaleString()} devices: those that called last. Find others by the field below.`
      : "";
}

let ruler = null;

// textWidth is how wide the name of a device is, in pixels.
function textWidth(text) {
  if (!ruler) {
    ruler = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(document.body);
    ruler.font = `600 13px ${style.fontFamily}`;
  }
  return Math.ceil(ruler.measureText(text).width);
}

function axis(from, to, x, height, maxSteps) {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000];
  const step = steps.find((s) => (to - from) / s <= maxSteps) ?? (to - from) / maxSteps;
  const out = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
    const label = step < 1000 ? `${clock(t)}.${Math.round((t % 1000) / 100)}` : clock(t);
    out.push(
      h("line", { x1: x(t), x2: x(t), y1: top - 6, y2: height, class: "lane-grid" }),
      h("text", { x: x(t), y: 12, class: "lane-time" }, label),
    );
  }
  return out;
}

function lane(device, calls, x, y, { left, right, stacked, end: edge }) {
  const g = h("g", {});
  const last = calls.at(-1);
  g.append(h("line", { x1: left, x2: edge - right, y1: y, y2: y, class: "lane-base" }));
  g.append(
    h(
      "text",
      stacked ? { x: 0, y: y - 14, class: "lane-name above" } : { x: left - 14, y: y + 4, class: "lane-name" },
      device,
    ),
  );
  // A bar from each registration to its end.
  let begun = null;
  for (const c of calls) {
    if (c.op === "register") begun ??= c;
    const ended = c.state && c.state !== "assigning";
    if (begun && (ended || c === last)) {
      g.append(
        h("line", {
          x1: x(begun.at),
          x2: x(c.at),
          y1: y,
          y2: y,
          class: `lane-bar ${ended && c.state !== "assigned" ? "bad" : ""}`,
        }),
      );
      if (ended) begun = null;
    }
  }
  g.append(...calls.map((c) => mark(c, x(c.at.getTime()), y)));
  const end =
    last.state === "assigned"
      ? shortHub(last.hub)
      : last.status >= 300 || !last.status
        ? `${last.status || "no answer"}`
        : (last.state ?? "");
  g.append(h("text", { x: edge - right + 14, y: y + 4, class: refused(last) ? "lane-end bad" : "lane-end" }, end));
  return g;
}

// refused reports whether a call was refused. A look-up of a device that DPS does not know yet does not count.
export const refused = (c) =>
  !(c.op === "lookup" && c.status === 404) &&
  (c.status === 0 || c.status >= 300 || ["failed", "disabled"].includes(c.state));

function mark(c, x, y) {
  const label = h("title", {}, `${clock(c.at)} ${c.op} ${c.status || "no answer"} ${c.state ?? ""} ${c.note ?? ""}`);
  if (refused(c)) return h("path", { d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8`, class: "mark-bad" }, label);
  if (c.op === "register") return h("circle", { cx: x, cy: y, r: 5, class: "mark-register" }, label);
  if (c.op === "lookup")
    return h(
      "rect",
      { x: x - 4, y: y - 4, width: 8, height: 8, transform: `rotate(45 ${x} ${y})`, class: "mark-lookup" },
      label,
    );
  return h("circle", { cx: x, cy: y, r: 4, class: "mark-poll" }, label);
}

function key(op) {
  const call = op === "bad" ? { op: "", status: 0, at: 0 } : { op, status: 200, at: 0 };
  const svg = h("svg", { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" });
  svg.append(mark(call, 7, 7));
  svg.querySelector("title").remove();
  return h(
    "span",
    {},
    svg,
    { register: "registers", poll: "asks how far it is", lookup: "looks up its hub", bad: "refused" }[op],
  );
}
