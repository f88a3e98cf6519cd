// Small helpers: elements, times, JSON with every digit.

// h makes an element. Properties that start with "on" are listeners, all others are attributes. Text is never HTML.
export function h(tag, properties = {}, ...children) {
  const element =
    tag === "svg" || svgTags.has(tag)
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

const svgTags = new Set(["g", "line", "rect", "circle", "path", "text", "title"]);

export const $ = (id) => document.getElementById(id);

export function show(element, visible) {
  element.hidden = !visible;
}

// Digits is a number whose notation JavaScript would change: 21.50, or more digits than a double has.
class Digits {
  constructor(source) {
    this.source = source;
  }
  valueOf() {
    return Number(this.source);
  }
}

// parse reads JSON and keeps the notation of numbers, if the browser has JSON.parse source text access.
export function parse(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && context.source !== String(value)
      ? new Digits(context.source)
      : value,
  );
}

export const isNumber = (value) => typeof value === "number" || value instanceof Digits;

// line writes a value as JSON on one line.
export function line(value) {
  if (value instanceof Digits) return value.source;
  if (Array.isArray(value)) return `[${value.map(line).join(",")}]`;
  if (value && typeof value === "object")
    return `{${Object.entries(value)
      .map(([k, v]) => `${JSON.stringify(k)}:${line(v)}`)
      .join(",")}}`;
  return JSON.stringify(value) ?? "";
}

const maxLines = 2000;

// pretty shows a value as indented JSON.
export function pretty(value) {
  const out = h("pre", { class: "json", tabindex: "0" });
  let lines = 0;
  const put = (kind, text) => out.append(kind ? h("span", { class: kind }, text) : text);
  const write = (v, indent) => {
    if (lines > maxLines) return;
    if (isNumber(v)) return put("j-number", line(v));
    if (typeof v === "string") return put("j-string", JSON.stringify(v));
    if (v === null || typeof v !== "object") return put("j-word", String(v));
    const list = Array.isArray(v);
    const entries = Object.entries(v);
    if (entries.length === 0) return put("", list ? "[]" : "{}");
    put("", list ? "[" : "{");
    entries.forEach(([key, item], i) => {
      lines++;
      put("", `\n${indent}  `);
      if (!list) {
        put("j-key", JSON.stringify(key));
        put("", ": ");
      }
      write(item, `${indent}  `);
      if (i < entries.length - 1) put("", ",");
    });
    put("", `\n${indent}${list ? "]" : "}"}`);
  };
  write(value, "");
  if (lines > maxLines) out.append("\n… and more");
  return out;
}

const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export const clock = (time) => clockFormat.format(time);

export const exactClock = (time) => `${clock(time)}.${String(time.getMilliseconds()).padStart(3, "0")}`;

// ago is the time since something, for people.
export function ago(time, now = Date.now()) {
  const seconds = Math.round((now - time) / 1000);
  if (seconds < 2) return "now";
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return time.toLocaleDateString();
}

export function milliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

export const shortHub = (hub) => hub?.replace(/\.azure-devices\.(net|us|cn)$/, "") ?? "";

export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;

// facts is a list of names and values; names without a value are omitted.
export function facts(entries) {
  return h(
    "dl",
    { class: "facts" },
    entries
      .filter(([, v]) => v !== undefined && v !== null && v !== "")
      .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

// copyable is text with a button that copies it.
export function copyable(text) {
  const button = h(
    "button",
    {
      type: "button",
      class: "small",
      onclick: async () => {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = "Copy";
        }, 1500);
      },
    },
    "Copy",
  );
  return h("div", { class: "copyable" }, h("pre", { tabindex: "0" }, text), button);
}

let silence;

// announce tells screen readers, not more often than they can speak.
export function announce(text) {
  clearTimeout(silence);
  silence = setTimeout(() => {
    $("announce").textContent = text;
  }, 700);
}

// soon calls f once for any number of calls, after ms; ms of 0 is the next frame.
export function soon(f, ms = 0) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => {
      waiting = false;
      f();
    };
    if (ms) setTimeout(run, ms);
    else requestAnimationFrame(run);
  };
}

// sure asks the reader; yes is the text of the button that says so.
export function sure(text, yes = "Delete") {
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  const dialog = $("ask");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}
