// Foreign text and bytes, for people: everything visible, nothing longer than a page can show.
import { h } from "./dom.js";

const maxText = 200_000; // characters of a body that are shown at first
const maxHex = 4096; // bytes

// visible writes control characters, and those that turn the direction of text, as what they are.
export function visible(text) {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (c) => {
      const code = c.codePointAt(0);
      if (c === "\r") return "";
      return code < 32 ? String.fromCodePoint(0x2400 + code) : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}

// long shows the beginning of a text, and all of it where the reader wants that.
export function long(text, limit = maxText) {
  const pre = h("pre", { class: "json foreign", tabindex: "0" });
  if (text.length <= limit) {
    pre.textContent = visible(text);
    return pre;
  }
  pre.textContent = `${visible(text.slice(0, limit))}…`;
  const more = h(
    "button",
    {
      type: "button",
      class: "small",
      onclick: () => {
        pre.textContent = visible(text);
        more.remove();
      },
    },
    `Show all ${text.length.toLocaleString()} characters`,
  );
  return h("div", { class: "long" }, pre, more);
}

export function bytesOf(body) {
  if (body.base64) return Uint8Array.from(atob(body.base64), (c) => c.charCodeAt(0));
  return new TextEncoder().encode(body.text ?? "");
}

// hex shows bytes as hexdump -C does.
export function hex(bytes) {
  const lines = [];
  const shown = bytes.subarray(0, maxHex);
  for (let at = 0; at < shown.length; at += 16) {
    const row = [...shown.subarray(at, at + 16)];
    const digits = row.map((b) => b.toString(16).padStart(2, "0"));
    const left = `${digits.slice(0, 8).join(" ")}  ${digits.slice(8).join(" ")}`;
    const text = row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${left.padEnd(48)}  ${text}`);
  }
  if (bytes.length > maxHex) lines.push(`… and ${(bytes.length - maxHex).toLocaleString()} bytes more`);
  return h("pre", { class: "json hex", tabindex: "0" }, lines.join("\n") || "no bytes");
}
