// The keys of the pages about requests, and the list of them.
import { $, h } from "./dom.js";

const help = [
  ["j", "the next request"],
  ["k", "the one before"],
  ["Enter", "open the selected request"],
  ["r", "send it again"],
  ["e", "edit it and send it"],
  ["/", "search"],
  ["Esc", "back to the list"],
  ["?", "these keys"],
];

const isField = (e) => e.target.closest?.("input, textarea, select, [contenteditable]") !== null;

// keys calls the action of a key, when the reader does not write into a field. actions returns those of the view.
export function keys(actions) {
  $("keys-list").replaceChildren(...help.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]));
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || document.querySelector("dialog[open]")) return;
    if (isField(e)) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    if (e.defaultPrevented || (e.key === "Enter" && e.target.closest?.("button, a, summary, label"))) return;
    const now = actions();
    if (e.key === "?" && now) {
      e.preventDefault();
      $("keys").showModal();
      return;
    }
    const action = now?.[e.key];
    if (!action) return;
    e.preventDefault();
    action();
  });
}
