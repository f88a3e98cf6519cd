// The view of the queue: how it fills while a hub is down, how it drains afterwards, and what became a dead letter.
import { get, post, remove } from "./api.js";
import { Chart } from "./chart.js";
import { $, announce, clock, h, plural, show } from "./dom.js";

const every = 1000;
const maxPoints = 600;
const down = "switch-hubs-unavailable"; // the same fault as on the page of faults

export function queueView(store) {
  const idle = { shown() {} };
  if (!store.info.queue) return idle;
  const tab = document.querySelector('nav a[href="#queue"]');
  show(tab, true);

  const depth = new Chart("Waiting");
  $("queue-depth").append(depth.element);
  const series = { times: [], values: [], last: 0 };
  let status = null;
  let timer;
  let loading = false;
  let isDown = false;
  let wasFilling = false;
  let listed = "";

  async function load() {
    if (loading) return;
    loading = true;
    clearTimeout(timer);
    try {
      status = await get("/console/queue");
      show($("queue-error"), false);
      add();
    } catch (err) {
      if (store.connected) {
        $("queue-error").textContent = err.message;
        show($("queue-error"), true);
      }
    }
    if (!$("view-queue").hidden) {
      await faults();
      draw();
    }
    timer = setTimeout(load, every);
    loading = false;
  }

  function add() {
    series.times.push(Date.now());
    series.values.push(status.items);
    series.last = status.items;
    if (series.values.length > maxPoints) {
      series.times.shift();
      series.values.shift();
    }
    const badge = $("queue-badge");
    badge.textContent = status.items.toLocaleString();
    badge.title = `${plural(status.items, "message")} waiting`;
    show(badge, status.items > 0);
    tab.classList.toggle("armed", status.dead > 0);
  }

  async function faults() {
    try {
      isDown = (await get("/faults")).some((f) => f.id === down);
    } catch {
      return; // the error of the stream shows that the emulator is gone
    }
    const button = $("queue-down");
    button.setAttribute("aria-pressed", isDown);
    button.textContent = isDown ? "Bring the hubs back" : "Take the hubs down";
  }

  // rate is how many messages a second the queue has gained in the last seconds; negative while it drains.
  function rate() {
    const n = series.values.length;
    const from = Math.max(0, n - 6);
    const seconds = (series.times[n - 1] - series.times[from]) / 1000;
    return seconds > 0 ? (series.values[n - 1] - series.values[from]) / seconds : 0;
  }

  function state() {
    if (status.items === 0) return "Empty";
    const change = rate();
    const amount = Math.abs(change) < 10 ? Math.abs(change).toFixed(1) : Math.round(Math.abs(change));
    if (Math.abs(change) < 0.05) return "Waiting";
    return change > 0 ? `Filling, ${amount}/s` : `Draining, ${amount}/s`;
  }

  function draw() {
    if (!status) return;
    $("queue-name").textContent = status.name;
    depth.draw(series);
    const now = state();
    $("queue-state").textContent = now;
    const filling = status.items > 0;
    if (filling !== wasFilling) announce(filling ? "Messages are waiting in the queue" : "The queue is empty");
    wasFilling = filling;
    $("queue-oldest").textContent = status.oldest ? waits(Date.parse(status.now) - Date.parse(status.oldest)) : "–";
    $("queue-dead").textContent = status.dead.toLocaleString();
    const letters = status.letters.map((l) => l.id).join();
    if (letters !== listed) $("queue-rows").replaceChildren(...status.letters.map(row)); // buttons keep their focus
    listed = letters;
    show($("queue-empty"), status.letters.length === 0);
    show(document.querySelector("#queue-frame table"), status.letters.length > 0);
  }

  function waits(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 90) return `${seconds} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return `${Math.round(seconds / 3600)} h`;
  }

  function row(letter) {
    const buried = new Date(letter.buried ?? status.now);
    const act = (what, label) =>
      h(
        "button",
        {
          type: "button",
          class: what === "drop" ? "small danger" : "small",
          "aria-label": `${label} the message of ${letter.device}`,
          onclick: () => change(() => post(`/console/queue/${encodeURIComponent(letter.id)}/${what}`)),
        },
        label,
      );
    return h(
      "tr",
      { "data-id": letter.id },
      h("th", { scope: "row" }, letter.device || "unknown"),
      h("td", { class: "since quiet" }, letter.buried ? clock(buried) : ""),
      h("td", {}, reason(letter.reason)),
      h("td", {}, h("div", { class: "tools" }, act("replay", "Replay"), act("drop", "Drop"))),
    );
  }

  function reason(problem) {
    if (!problem) return h("span", { class: "quiet" }, "The queue gave up");
    if (typeof problem !== "object") return String(problem);
    const { status: code, code: name, title, detail } = problem;
    return h(
      "div",
      { class: "reason" },
      h("strong", {}, [code && String(code), name ?? title].filter(Boolean).join(" ")),
      h("span", { class: "quiet" }, detail ?? title ?? ""),
    );
  }

  async function change(what) {
    try {
      await what();
      await load();
    } catch (err) {
      $("queue-error").textContent = err.message;
      show($("queue-error"), true);
    }
  }

  $("queue-down").addEventListener("click", () =>
    change(() =>
      isDown ? remove(`/faults/${down}`) : post("/faults", [{ id: down, endpoint: "send", status: 503 }]),
    ),
  );
  load();
  return { shown: load };
}
