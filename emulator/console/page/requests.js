// The view of requests: what came in to the bridge, newest first, refused and ignored ones too.
import { remove } from "./api.js";
import { $, announce, exactClock, h, milliseconds, parse, plural, show, soon, sure } from "./dom.js";
import { welcome } from "./events.js";
import { visible } from "./foreign.js";
import { List } from "./list.js";

const page = 200; // requests that are loaded at a time
const maxLive = 1000; // rows that are kept while more come in
const maxRows = 10_000; // of those that the reader has scrolled to
const pauseBetween = 250; // ms between two answers, so that a burst is drawn as one
const hiddenPause = 2000; // ms, in a tab that nobody sees
const wait = "25s";
const maxDevices = 5; // that a request names

const classes = [
  ["", "All"],
  ["2xx", "2xx"],
  ["4xx", "4xx"],
  ["5xx", "5xx"],
  ["ignored", "Ignored"],
];

const fields = ["q", "class", "source", "device"];

// requestsView shows the list. open is called with the number of the request that the reader wants to see.
export function requestsView(store, open) {
  const list = new List($("request-list"), { fill, choose: () => {}, open: (s) => open(s.id) });
  let filter = { q: "", class: "", source: "", device: "" };
  let items = []; // oldest first, without a gap
  let ended = false; // there are no older ones
  let loading = false;
  let paused = false;
  let seen = 0; // number of the newest request that was looked at
  let newest = 0;
  let oldest = 1;
  let turn = 0; // of the loop that is running
  let running = false;
  let aborter = null;
  const sources = new Set();

  const query = () => {
    const out = new URLSearchParams();
    const words = [filter.q];
    if (filter.class === "ignored") words.push("is:ignored");
    else if (filter.class) out.set("status", filter.class);
    if (words.join(" ").trim()) out.set("q", words.join(" ").trim());
    if (filter.source) out.set("source", filter.source);
    if (filter.device) out.set("device", filter.device);
    return out;
  };
  const filtered = () => fields.some((f) => filter[f]);

  async function fetchList(more) {
    const q = query();
    for (const [k, v] of Object.entries(more)) q.set(k, v);
    const response = await fetch(`/requests?${q}`, { signal: aborter?.signal });
    const value = parse(await response.text());
    if (!response.ok) throw Object.assign(new Error(value.error), { asked: true });
    newest = Number(response.headers.get("Mayfly-Newest"));
    oldest = Number(response.headers.get("Mayfly-Oldest"));
    for (const s of value) {
      s.seq = s.id;
      s.at = new Date(s.time);
      if (s.source && sources.size < 200) sources.add(s.source);
    }
    return value;
  }

  // reading reports whether the reader looks at older rows, which must stay where they are.
  const reading = () => $("request-list").scrollTop > 4;

  function begin() {
    items = [];
    ended = false;
    seen = 0;
    goOn();
  }

  // goOn follows what comes in, from where the list ends.
  async function goOn() {
    const mine = ++turn;
    aborter?.abort();
    aborter = new AbortController();
    running = true;
    while (mine === turn) {
      try {
        await step(mine);
        problem("");
        store.reached(true);
      } catch (err) {
        if (mine !== turn) return;
        if (err.asked) {
          problem(err.message);
          return;
        }
        store.reached(false);
        if (await store.restarted()) return location.reload();
        await sleep(1000);
      }
      await sleep(document.hidden ? hiddenPause : pauseBetween);
    }
  }

  async function step(mine) {
    const first = items.length === 0 && seen === 0;
    if (!first && (paused || reading())) {
      await fetchHead();
      if (mine === turn) refresh();
      await sleep(500);
      return;
    }
    const before = seen;
    const found = await fetchList(first ? { count: page } : { after: seen, wait });
    if (mine !== turn || (!first && (paused || reading()))) return;
    if (first) {
      items = found;
      ended = found.length < page;
    } else if (found.length >= 1000) {
      items = found.slice(-page); // more than can be read have come in meanwhile
      ended = false;
    } else {
      items = items.concat(found);
    }
    seen = Math.max(before, newest, items.at(-1)?.id ?? 0);
    if (items.length > maxLive + page) {
      items = items.slice(-maxLive);
      ended = false;
    }
    if (items.length && items[0].id < oldest) items = items.filter((s) => s.id >= oldest);
    if (found.length && !first) announce(said(found.at(-1)));
    refresh();
  }

  async function fetchHead() {
    const response = await fetch("/requests?count=1", { signal: aborter?.signal });
    newest = Number(response.headers.get("Mayfly-Newest"));
    oldest = Number(response.headers.get("Mayfly-Oldest"));
    await response.text();
    if (items.length && items.at(-1).id < oldest) items = [];
  }

  // older loads what is below, when the reader comes near.
  async function older() {
    if (loading || ended || !items.length || items.length >= maxRows) return;
    loading = true;
    const mine = turn;
    try {
      const found = await fetchList({ before: items[0].id, count: page });
      if (mine !== turn) return;
      ended = found.length < page;
      items = found.concat(items);
      refresh();
    } catch {
      // The loop above tells.
    } finally {
      loading = false;
    }
  }

  const refresh = soon(() => {
    if ($("view-requests").hidden) return;
    const none = newest === 0 || (items.length === 0 && !filtered() && newest < oldest);
    show($("request-welcome"), none);
    show($("request-frame"), !none);
    show($("request-tools"), !none);
    list.set(items);
    show($("request-none"), !none && items.length === 0);
    $("request-none").textContent = filtered() ? "No request that is kept matches." : "Nothing has come in.";
    const kept = Math.max(0, newest - oldest + 1);
    $("request-count").textContent = none
      ? ""
      : filtered()
        ? `${plural(items.length, "match", "matches")}${ended ? "" : " so far"}, of ${kept.toLocaleString()} kept`
        : `${plural(newest, "request")}${newest > kept ? `, ${kept.toLocaleString()} kept` : ""}`;
    const more = Math.max(0, newest - seen);
    const held = paused || reading();
    $("request-newer").disabled = !held;
    $("request-newer").textContent = !held
      ? "Newest on top"
      : paused
        ? `Paused: ${more.toLocaleString()} newer`
        : `${more.toLocaleString()} newer: back to the top`;
    const options = ["", ...[...sources].sort()];
    const select = $("request-source");
    if (filter.source && !sources.has(filter.source)) options.push(filter.source);
    if (select.options.length !== options.length) {
      select.replaceChildren(...options.map((s) => h("option", { value: s }, s || "All sources")));
      select.value = filter.source;
    }
  });

  function fill(row, s) {
    row.replaceChildren(
      h("span", { class: "c-time" }, exactClock(s.at)),
      h("span", { class: "c-status" }, statusPill(s)),
      h("span", { class: "c-name" }, devicesOf(s)),
      h("span", { class: "c-source" }, s.source ?? "no source"),
      h("span", { class: "c-text" }, ...what(s)),
      h("span", { class: "c-note" }, milliseconds(s.ms)),
    );
  }

  function problem(text) {
    $("request-problem").textContent = text;
    show($("request-problem"), text !== "");
  }

  // toAddress writes the filter into the address, where it can be shared.
  function toAddress() {
    const q = new URLSearchParams(fields.filter((f) => filter[f]).map((f) => [f, filter[f]]));
    history.replaceState(null, "", `#requests${q.size ? `?${q}` : ""}`);
  }

  function changed() {
    toAddress();
    $("request-list").scrollTop = 0;
    begin();
  }

  const later = debounced(changed, 200);
  const buttons = classes.map(([value, title]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        onclick: () => {
          filter.class = value;
          pressed();
          changed();
        },
      },
      title,
    ),
  );
  const pressed = () =>
    buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(classes[i][0] === filter.class)));
  welcome(store.info, $("request-welcome"));
  $("request-classes").append(...buttons);
  for (const [id, field] of [
    ["request-search", "q"],
    ["request-device", "device"],
    ["request-source", "source"],
  ])
    $(id).addEventListener("input", (e) => {
      filter[field] = e.target.value.trim();
      later();
    });
  $("request-list").addEventListener("scroll", () => {
    const frame = $("request-list");
    if (frame.scrollTop + frame.clientHeight > frame.scrollHeight - 600) older();
    refresh();
  });
  $("request-newer").addEventListener("click", () => {
    if (paused) pause();
    $("request-list").scrollTop = 0;
    refresh();
  });
  function pause() {
    paused = !paused;
    $("request-pause").setAttribute("aria-pressed", paused);
    $("request-pause").textContent = paused ? "Resume" : "Pause";
    refresh();
  }
  $("request-pause").addEventListener("click", pause);
  $("request-clear").addEventListener("click", async () => {
    if (!(await sure("Forget all requests? Events and devices stay.", "Forget"))) return;
    await remove("/requests");
    if (paused) pause();
    begin();
  });
  $("request-import").addEventListener("change", async (e) => {
    const [file] = e.target.files;
    e.target.value = "";
    if (!file) return;
    const response = await fetch("/requests", { method: "POST", body: await file.text() });
    const value = await response.json().catch(() => ({ error: "it is not a request that was exported" }));
    if (response.ok) open(value.id);
    else problem(`${file.name}: ${value.error}`);
  });

  function fromAddress(parameters) {
    const next = Object.fromEntries(fields.map((f) => [f, parameters.get(f) ?? ""]));
    const same = turn > 0 && fields.every((f) => next[f] === filter[f]);
    filter = next;
    $("request-search").value = filter.q;
    $("request-device").value = filter.device;
    if (![...$("request-source").options].some((o) => o.value === filter.source))
      $("request-source").append(h("option", { value: filter.source }, filter.source));
    $("request-source").value = filter.source;
    pressed();
    if (!same) begin();
    else if (!running) goOn();
  }

  return {
    shown: (parameters) => {
      fromAddress(parameters);
      refresh();
    },
    // left is called where neither the list nor a request is shown any more.
    left() {
      running = false;
      turn++;
      aborter?.abort();
    },
    // neighbor is the request after, or before, one in the list as it was last shown.
    neighbor(id, by) {
      const at = items.findIndex((s) => s.id === id);
      return at < 0 ? undefined : items[at - by]?.id;
    },
    address: () => {
      const q = new URLSearchParams(fields.filter((f) => filter[f]).map((f) => [f, filter[f]]));
      return `#requests${q.size ? `?${q}` : ""}`;
    },
    keys: {
      j: () => list.move(1),
      k: () => list.move(-1),
      Enter: () => list.chosen && open(list.chosen.id),
      "/": () => $("request-search").focus(),
    },
  };
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function debounced(f, ms) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(f, ms);
  };
}

export function statusPill(s) {
  const kind = s.status >= 400 || s.outcome === "refused" ? "bad" : s.outcome === "ignored" ? "wait" : "good";
  return h("span", { class: `pill ${kind}` }, s.status || "none");
}

export function devicesOf(s) {
  if (!s.devices.length) return s.messages ? plural(s.messages, "message") : "no device";
  const [first, ...rest] = s.devices;
  const orMore = s.devices.length >= maxDevices ? " or more" : "";
  return visible(rest.length ? `${first} +${rest.length}${orMore}` : first);
}

// what says in a few words what became of a request.
function what(s) {
  if (s.code)
    return [
      h("strong", {}, s.code),
      " ",
      h("span", { class: "quiet" }, visible(`${s.accepted ? "answered 2xx · " : ""}${s.why ?? ""}`)),
    ];
  const parts = [];
  if (s.delivered) parts.push(`${plural(s.delivered, "message")} delivered`);
  if (s.repeated) parts.push(`${s.repeated} stored before`);
  if (s.ignored) parts.push(`${s.ignored} ignored: ${s.why ?? ""}`);
  if (s.notes) parts.push(plural(s.notes, "note"));
  if (s.again) parts.push(`again, of ${s.again}`);
  if (s.imported) parts.push("imported");
  return [h("span", { class: "quiet" }, visible(parts.join(" · ") || "nothing to deliver"))];
}

const said = (s) => `Request ${s.id}, ${s.source ?? "no source"}, ${s.status} ${s.code ?? s.outcome}`;
