// The view of faults: switches for common ones, JSON for all others.
import { get, post, remove } from "./api.js";
import { $, h, line, plural, show } from "./dom.js";

const groups = [
  [
    "DPS",
    [
      ["throttled", "Throttled", "429 with Retry-After: 5", { endpoint: "dps", status: 429, retryAfter: "5s" }],
      ["down", "Down", "503 to every call", { endpoint: "dps", status: 503 }],
      ["assigning", "Slow to assign", "Three polls say assigning", { endpoint: "register", assigningPolls: 3 }],
      [
        "unauthorized",
        "Refuses the key",
        "401002 Unauthorized",
        { endpoint: "register", status: 401, errorCode: 401002 },
      ],
      ["html", "Answers HTML", "The wrong content type", { endpoint: "dps", contentType: "text/html" }],
    ],
  ],
  [
    "Hubs",
    [
      ["busy", "Throttled", "429 with Retry-After: 10", { endpoint: "send", status: 429, retryAfter: "10s" }],
      ["quota", "Out of quota", "403002 until the next day", { endpoint: "send", status: 403, errorCode: 403002 }],
      ["error", "Internal error", "500", { endpoint: "send", status: 500 }],
      ["unavailable", "Unavailable", "503", { endpoint: "send", status: 503 }],
      ["unknown", "Device unknown", "404001 DeviceNotFound", { endpoint: "send", status: 404 }],
      ["rotated", "Key rotated", "401 until the device registers", { endpoint: "send", rotateKey: true }],
    ],
  ],
  [
    "Network",
    [
      ["late", "Two seconds late", "Latency before anything else", { latency: "2s" }],
      ["hang", "Hangs", "No answer at all", { hang: true }],
      ["lost", "Cut before", "Ends, and nothing was stored", { endpoint: "send", cut: "before" }],
      ["stored", "Cut after", "Stored, and the answer is lost", { endpoint: "send", cut: "after" }],
      ["short", "Cut short", "Half of the answer's body", { truncate: true }],
    ],
  ],
];

const prefix = "switch-";

export function faultsView(store) {
  let armed = [];
  const switches = new Map();

  async function load() {
    try {
      armed = await get("/faults");
    } catch {
      return;
    }
    draw();
  }

  function draw() {
    $("fault-count").textContent = armed.length ? `${plural(armed.length, "fault")} armed` : "No fault is armed";
    show($("fault-clear"), armed.length > 0);
    for (const [id, button] of switches)
      button.setAttribute(
        "aria-checked",
        armed.some((f) => f.id === id),
      );
    $("fault-list").replaceChildren(
      ...(armed.length
        ? armed.map(item)
        : [h("li", { class: "quiet" }, "None. Switch one on, and the next calls fail.")]),
    );
    const tab = document.querySelector('nav a[href="#faults"]');
    tab.classList.toggle("armed", armed.length > 0);
  }

  function item(fault) {
    const { id, hits, ...rest } = fault;
    return h(
      "li",
      { class: "fault" },
      h("div", {}, h("strong", {}, id.replace(prefix, "")), h("code", {}, line(rest))),
      h("span", { class: "quiet" }, hits ? plural(hits, "hit") : "no hit yet"),
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `Remove ${id}`,
          onclick: () => change(() => remove(`/faults/${encodeURIComponent(id)}`)),
        },
        "Remove",
      ),
    );
  }

  async function change(what) {
    try {
      await what();
      show($("fault-error"), false);
    } catch (err) {
      $("fault-error").textContent = err.message;
      show($("fault-error"), true);
    }
    await load();
  }

  function toggle(id, fault) {
    if (armed.some((f) => f.id === id)) return change(() => remove(`/faults/${encodeURIComponent(id)}`));
    const often = $("fault-often").value;
    const device = $("fault-device").value.trim();
    return change(() =>
      post("/faults", [
        {
          id,
          ...fault,
          ...(device && { device }),
          ...(often === "once" ? { count: 1 } : often && { share: Number(often) }),
        },
      ]),
    );
  }

  $("fault-switches").append(
    ...groups.map(([title, list]) =>
      h(
        "section",
        { class: "card" },
        h("h2", {}, title),
        list.map(([name, label, what, fault]) => {
          const id = `${prefix}${title.toLowerCase()}-${name}`;
          const button = h(
            "button",
            {
              type: "button",
              role: "switch",
              "aria-checked": "false",
              class: "switch",
              id,
              onclick: () => toggle(id, fault),
            },
            h("span", { class: "switch-text" }, h("strong", {}, label), h("span", { class: "quiet" }, what)),
            h("span", { class: "track", "aria-hidden": "true" }),
          );
          switches.set(id, button);
          return button;
        }),
      ),
    ),
  );
  $("fault-clear").addEventListener("click", () => change(() => remove("/faults")));
  $("fault-form").addEventListener("submit", (e) => {
    e.preventDefault();
    change(() => post("/faults", $("fault-json").value));
  });
  let timer = null;
  store.addEventListener("calls", () => {
    timer ??= setTimeout(() => {
      timer = null;
      if (armed.length || !$("view-faults").hidden) load();
    }, 1000);
  });
  load();
  return { shown: load };
}
