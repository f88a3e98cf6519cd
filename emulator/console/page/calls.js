// The view of calls: DPS as a timeline, and every call in a list.
import { $, exactClock, facts, h, plural, pretty, shortHub, soon } from "./dom.js";
import { lanes, refused } from "./lanes.js";
import { List } from "./list.js";

const kinds = [
  ["dps", "DPS", (c) => c.service === "dps"],
  ["hub", "Hubs", (c) => c.service !== "dps"],
  ["refused", "Refused", (c) => refused(c)],
  ["all", "All", () => true],
];

export function callsView(store) {
  const list = new List($("call-list"), { fill, choose });
  let kind = kinds[0];
  let filter = "";

  const refresh = soon(() => {
    if ($("view-calls").hidden) return;
    const dps = store.calls.filter(kinds[0][2]);
    $("call-count").textContent = dps.length ? plural(dps.length, "call") : "No device has called yet";
    lanes($("lanes"), $("lanes-legend"), filter ? dps.filter((c) => c.device?.includes(filter)) : dps);
    list.set(store.calls.filter((c) => kind[2](c) && (!filter || c.device?.includes(filter))));
  }, 200);

  function fill(row, call) {
    row.replaceChildren(
      h("span", { class: "c-time" }, exactClock(call.at)),
      h("span", { class: "c-name" }, call.device ?? ""),
      h(
        "span",
        { class: "c-text" },
        h("strong", {}, call.op),
        " ",
        status(call),
        " ",
        h("span", { class: "quiet" }, words(call)),
      ),
      h("span", { class: "c-note" }, shortHub(call.hub)),
    );
  }

  function choose(call) {
    const split = $("call-list").parentElement;
    split.classList.toggle("chosen", call !== null);
    if (!call) return $("call-detail").replaceChildren(h("p", { class: "quiet" }, "Select a call to see its details."));
    $("call-detail").replaceChildren(
      h("button", { type: "button", class: "back small", onclick: () => list.select(null) }, "Back to the list"),
      h("h2", {}, `${call.op} `, status(call)),
      call.note ? h("p", {}, call.note) : "",
      facts([
        ["Device", call.device],
        ["Request", `${call.method} ${call.path}`],
        ["Time", call.at.toISOString()],
        ["State", call.state],
        ["Error code", call.errorCode],
        ["Fault", call.fault],
        ["Hub", call.hub],
        ["Signed in with", { sas: "SAS token", x509: "X.509 certificate" }[call.auth]],
        ["Model", call.modelId],
        ["Messages", call.messages],
        ["Body", `${call.bytes} bytes`],
        ["Accepted although undocumented", call.lenient?.join("; ")],
        ["Request id", call.requestId],
      ]),
      ...(call.payload ? [h("h3", {}, "Payload"), pretty(call.payload)] : []),
    );
  }

  const buttons = kinds.map((k) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": String(k === kind),
        onclick: () => {
          kind = k;
          buttons.forEach((b, i) => b.setAttribute("aria-pressed", kinds[i] === kind));
          refresh();
        },
      },
      k[1],
    ),
  );
  $("call-kinds").append(...buttons);
  $("call-filter").addEventListener("input", (e) => {
    filter = e.target.value.trim();
    refresh();
  });
  store.addEventListener("calls", refresh);
  new ResizeObserver(refresh).observe($("lanes").parentElement);
  choose(null);
  return { shown: refresh };
}

const status = (call) =>
  h(
    "span",
    {
      class: `pill ${refused(call) ? "bad" : [200, 201, 204].includes(call.status) ? "good" : "wait"}`,
    },
    call.status || "no answer",
  );

function words(call) {
  return [call.state, call.fault && `fault ${call.fault}`, call.errorCode, call.note].filter(Boolean).join(" · ");
}
