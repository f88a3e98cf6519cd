// Marks in a text area: what is wrong is underlined where it stands, and listed below.
import { h } from "./dom.js";

// marks underlines places in a text area. Behind it lies the same text, which is invisible, with the lines under it.
export function marks(area, behind, list) {
  const follow = () => {
    behind.scrollTop = area.scrollTop;
    behind.scrollLeft = area.scrollLeft;
  };
  area.addEventListener("scroll", follow);
  return (places) => {
    const lines = area.value.split("\n");
    const at = new Map();
    for (const p of places) if (p.line <= lines.length && !at.has(p.line)) at.set(p.line, p);
    behind.replaceChildren(
      ...lines.flatMap((text, i) => {
        const place = at.get(i + 1);
        const end = i < lines.length - 1 ? "\n" : "";
        if (!place) return [text + end];
        const start = Math.min(place.column - 1, Math.max(text.length - 1, 0));
        const length = /^[\w$.]+|^./.exec(text.slice(start))?.[0].length ?? 0;
        const wrong = text.slice(start, start + Math.max(length, 1)) || " ";
        return [text.slice(0, start), h("mark", { class: "wrong" }, wrong), text.slice(start + wrong.length) + end];
      }),
    );
    list.hidden = places.length === 0;
    list.replaceChildren(
      ...places.map((p) =>
        h(
          "li",
          {},
          h("button", { type: "button", class: "small", onclick: () => go(area, p) }, `Line ${p.line}, column ${p.column}`),
          ` ${p.text}`,
        ),
      ),
    );
    area.setAttribute("aria-invalid", places.length > 0 ? "true" : "false");
    follow();
  };
}

// go puts the caret at a place.
function go(area, place) {
  const lines = area.value.split("\n");
  const offset = lines.slice(0, place.line - 1).reduce((n, l) => n + l.length + 1, 0) + place.column - 1;
  area.focus();
  area.setSelectionRange(offset, offset + 1);
  area.scrollTop = (place.line - 3) * parseFloat(getComputedStyle(area).lineHeight);
}
