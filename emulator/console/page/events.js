// The view of events: as they arrive, with their charts and their path.
import { remove } from "./api.js";
import { Charts } from "./chart.js";
import {
  $,
  announce,
  copyable,
  exactClock,
  facts,
  h,
  line,
  milliseconds,
  plural,
  pretty,
  shortHub,
  show,
  soon,
} from "./dom.js";
import { List } from "./list.js";

export function eventsView(store) {
  const charts = new Charts($("charts"), store);
  const list = new List($("event-list"), { fill, choose });
  let filter = "";
  let paused = null; // the events that were there when the reader paused
  let told = 0;

  function wanted() {
    const all = paused ?? store.events;
    return filter ? all.filter((e) => e.device.includes(filter)) : all;
  }

  const refresh = soon(() => {
    const events = wanted();
    const none = store.events.length === 0;
    show($("welcome"), none);
    show($("event-split"), !none);
    show($("event-tools"), !none);
    const newer = paused ? ` — paused, ${store.events.length - paused.length} newer` : "";
    $("event-count").textContent = none
      ? ""
      : `${plural(events.length, "event")}${filter ? ` of ${store.events.length}` : ""}${newer}`;
    list.set(events);
    charts.draw();
    if (store.events.length > told && !none)
      announce(`${plural(store.events.length, "event")}, the last of ${store.events.at(-1).device}`);
    told = store.events.length;
  });

  function fill(row, event) {
    const note = store.note(event);
    row.replaceChildren(
      h("span", { class: "c-time" }, exactClock(event.at)),
      h("span", { class: "c-name" }, event.device),
      h("span", { class: "c-text mono" }, preview(event)),
      h(
        "span",
        { class: "c-note" },
        note ? `${note.source ? `${note.source} · ` : ""}${milliseconds(note.ms)}` : shortHub(event.hub),
      ),
    );
  }

  function choose(event) {
    const panel = $("event-detail");
    $("event-split").classList.toggle("chosen", event !== null);
    if (!event) return panel.replaceChildren(hint());
    charts.of(event.device);
    const note = store.note(event);
    panel.replaceChildren(
      h("button", { type: "button", class: "back small", onclick: () => list.select(null) }, "Back to the list"),
      h("h2", {}, event.device),
      way(store, event, note),
      h("h3", {}, "Body"),
      event.bodyEncoding ? h("pre", { class: "json", tabindex: "0" }, event.body) : pretty(event.body),
      ...(event.properties ? [h("h3", {}, "Properties"), facts(Object.entries(event.properties))] : []),
      h("h3", {}, "As the hub stored it"),
      facts([
        ["Hub", event.hub],
        ["Enqueued", event.at.toISOString()],
        ["Created", event.creationTimeUtc],
        ["Component", event.component],
        ["Message id", event.messageId],
        ["Correlation id", event.correlationId],
        ["User id", event.userId],
        ["Content type", [event.contentType, event.contentEncoding].filter(Boolean).join("; ")],
        ["Body", event.bodyEncoding && `not JSON, shown as ${event.bodyEncoding}`],
        ["Signed in with", event.authMethod === "x509" ? "X.509 certificate" : "SAS token"],
        ["In one request with", event.batch > 1 ? `${event.batch - 1} more` : ""],
        ["Request id", event.requestId],
        ...Object.entries(event.system ?? {}),
      ]),
    );
  }

  const hint = () => h("p", { class: "quiet" }, "Select an event to see its details.");

  $("event-filter").addEventListener("input", (e) => {
    filter = e.target.value.trim();
    charts.of(store.series.has(filter) ? filter : null);
    refresh();
  });
  $("event-pause").addEventListener("click", (e) => {
    paused = paused ? null : store.events.slice();
    e.target.setAttribute("aria-pressed", paused !== null);
    e.target.textContent = paused ? "Resume" : "Pause";
    refresh();
  });
  $("event-clear").addEventListener("click", async () => {
    await remove("/events");
    paused = null;
    $("event-pause").setAttribute("aria-pressed", "false");
    $("event-pause").textContent = "Pause";
    store.clear();
    list.select(null);
  });
  store.addEventListener("events", refresh);
  store.addEventListener("notes", () => {
    list.redraw();
    if (list.chosen && store.note(list.chosen) && !$("event-detail").querySelector(".noted")) choose(list.chosen);
  });
  welcome(store.info, $("welcome"));
  choose(null);
  return { shown: refresh };
}

const maxPreview = 240;

function preview(event) {
  const text = event.bodyEncoding ? event.body : line(event.body);
  return text.length > maxPreview ? `${text.slice(0, maxPreview)}…` : text;
}

// way is the path of an event: request, DPS, hub.
function way(store, event, note) {
  const dps = store.dpsCalls(event, note);
  const steps = [];
  if (note) steps.push([note.source || "request", "mapped by Mayfly"]);
  if (note || dps.length) {
    steps.push([
      "DPS",
      dps.length
        ? `${plural(dps.length, "call")}: ${dps.map((c) => c.op).join(", ")}`
        : "not asked: the device is known",
    ]);
  }
  steps.push([shortHub(event.hub), event.batch ? `batch of ${event.batch}` : "stored"]);
  return h(
    "div",
    {},
    h(
      "ol",
      { class: note ? "way noted" : "way" },
      steps.map(([name, what]) => h("li", {}, h("strong", {}, name), h("span", {}, what))),
    ),
    note ? h("p", { class: "quiet" }, `${milliseconds(note.ms)} from the request to the hub's answer`) : null,
  );
}

export function welcome(info, place) {
  place.replaceChildren(
    h("h2", {}, "Nothing has arrived yet"),
    h("p", {}, "Paste this into a terminal, and it appears here at once."),
    ...info.steps.map((s) => h("div", { class: "step" }, h("h3", {}, s.title), copyable(s.text))),
    facts([
      ["ID scope", info.idScope],
      ["Hubs", info.hubs.join(", ")],
      ["HTTPS", `https://${info.address}`],
      ["Bridge", info.bridge],
    ]),
  );
}
