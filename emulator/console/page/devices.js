// The view of devices, and the actions of an operator.
import { devicePath, get, post } from "./api.js";
import { $, ago, announce, exactClock, facts, h, line, plural, pretty, shortHub, show, sure } from "./dom.js";

const ends = {
  Success: "completed by the device",
  Rejected: "dead-lettered, the device rejected it",
  Expired: "nobody took it in time",
  DeliveryCountExceeded: "dead-lettered",
  Purged: "dropped",
};
const waits = (m) =>
  h(
    "li",
    {},
    h("span", { class: `pill ${m.state === "locked" ? "wait" : ""}` }, m.state),
    ` ${m.command || m.messageId} #${m.sequence}`,
    m.state === "locked" ? ` until ${exactClock(new Date(m.lockedUntil))}` : "",
    m.deliveryCount ? `, given back ${plural(m.deliveryCount, "time", "times")}` : "",
  );
const outcomes = { Success: "good", Rejected: "bad", Expired: "bad", DeliveryCountExceeded: "bad", Purged: "wait" };

export function devicesView(store) {
  let chosen = null;
  let list = { total: 0, matched: 0, devices: [] };
  let timer = null;
  let stale = true;

  async function load() {
    timer = null;
    stale = false;
    try {
      list = await get(`/console/devices?q=${encodeURIComponent($("device-filter").value.trim())}`);
    } catch {
      return; // the top of the page shows it
    }
    $("device-names").replaceChildren(...list.devices.slice(0, 100).map((d) => h("option", { value: d.id })));
    if (!$("view-devices").hidden) draw();
  }

  // refresh loads at most once per second.
  function refresh() {
    stale = true;
    timer ??= setTimeout(load, 800);
  }

  function draw() {
    $("device-count").textContent =
      list.total === 0
        ? ""
        : list.devices.length < list.total
          ? `${list.devices.length} of ${plural(list.total, "device")}, the last seen first`
          : plural(list.total, "device");
    show($("device-empty"), list.devices.length === 0);
    $("device-empty").textContent = list.total
      ? "No device matches."
      : "No device yet. It appears when it registers, or when you add it.";
    const focused = document.activeElement?.closest?.("tr")?.dataset.id;
    $("device-rows").replaceChildren(...list.devices.map(row));
    if (focused)
      $("device-rows")
        .querySelector(`tr[data-id="${CSS.escape(focused)}"] button`)
        ?.focus();
    if (chosen) showState(list.devices.find((d) => d.id === chosen));
  }

  function row(d) {
    return h(
      "tr",
      { "data-id": d.id, "aria-selected": String(d.id === chosen), onclick: () => choose(d) },
      h("th", { scope: "row" }, h("button", { type: "button", class: "plain-button" }, d.id)),
      h("td", {}, state(d)),
      h("td", { title: d.hub }, shortHub(d.hub) || "—"),
      h(
        "td",
        {},
        d.lastSeen ? h("time", { datetime: d.lastSeen, title: d.lastSeen }, ago(new Date(d.lastSeen))) : "never",
      ),
      h("td", { class: "num" }, d.events.toLocaleString()),
      h("td", { class: "num" }, d.queued || ""),
    );
  }

  function choose(d) {
    chosen = d?.id ?? null;
    const split = $("device-frame").parentElement;
    split.classList.toggle("chosen", d !== null);
    for (const tr of $("device-rows").children) tr.setAttribute("aria-selected", tr.dataset.id === chosen);
    if (!d)
      return $("device-detail").replaceChildren(
        h("p", { class: "quiet" }, "Select a device to move it, to disable it or to send it a message."),
      );
    $("device-detail").replaceChildren(
      h("button", { type: "button", class: "back small", onclick: () => choose(null) }, "Back to the list"),
      h("h2", {}, d.id),
      h("div", { id: "device-state" }),
      h("p", { class: "problem", id: "device-error", role: "alert", hidden: true }),
      message(d.id),
      h("section", {}, h("h3", {}, "Move to another hub"), move(d.id)),
      h("section", {}, h("h3", {}, "Standing"), h("div", { class: "tools", id: "device-actions" })),
      h("section", {}, h("h3", {}, "Last events"), h("ul", { class: "plain", id: "device-events" })),
    );
    showState(d);
  }

  function showState(d) {
    if (!d || d.id !== chosen || !$("device-state")) return;
    $("device-state").replaceChildren(
      facts([
        ["State", state(d)],
        ["Hub", d.hub ?? "none"],
        ["DPS names", d.assignedHub !== d.hub ? d.assignedHub : ""],
        ["Registered as", d.registrationId],
        ["Model", d.modelId],
        ["Events", String(d.events)],
        ["Messages waiting", d.queued ? String(d.queued) : ""],
      ]),
      ...(d.payload && !d.modelId ? [pretty(d.payload)] : []),
    );
    const off = d.standing !== "enrolled";
    $("device-actions").replaceChildren(
      ...[
        off ? ["enable", d.standing === "awaitingApproval" ? "Approve" : "Enable"] : ["disable", "Disable"],
        ...(off ? [] : [["block", "Block"]]),
        ...(d.queued ? [["purge", "Drop its messages"]] : []),
        ["delete-from-hub", "Delete from the hub"],
        ["delete", "Delete…"],
      ].map(([action, label]) =>
        h(
          "button",
          { type: "button", class: action === "delete" ? "danger" : null, onclick: () => act(d.id, action) },
          label,
        ),
      ),
    );
    const last = store.events
      .filter((e) => e.device === d.id)
      .slice(-5)
      .reverse();
    $("device-events").replaceChildren(
      ...(last.length
        ? last.map((e) =>
            h(
              "li",
              {},
              h("span", { class: "c-time" }, exactClock(e.at)),
              " ",
              h("code", {}, line(e.body).slice(0, 120)),
            ),
          )
        : [h("li", { class: "quiet" }, "None yet")]),
    );
  }

  async function act(id, action, body) {
    if (action === "delete" && !(await sure(`Delete ${id}, at DPS and in its hub? It may register again.`)))
      return false;
    try {
      await post(devicePath(id, action), body ?? {});
    } catch (err) {
      $("device-error").textContent = err.message;
      show($("device-error"), true);
      return false;
    }
    show($("device-error"), false);
    announce(`${id}: ${action} done`);
    if (action === "delete") choose(null);
    await load();
    return true;
  }

  function message(id) {
    const status = h("p", { class: "quiet", role: "status" });
    const text = h("textarea", { rows: 3, id: "c2d-body", spellcheck: "false" }, '{"on": true}');
    const command = h("input", { id: "c2d-command", autocomplete: "off", spellcheck: "false", placeholder: "none" });
    const waiting = h("ul", { class: "c2d-waiting", "aria-label": "Messages that wait" });
    const follow = async (messageId) => {
      const end = (await get("/feedback")).find((f) => f.messageId === messageId);
      const list = await get(devicePath(id, "messages"));
      waiting.replaceChildren(...list.map(waits));
      if (end)
        status.replaceChildren(
          h("span", { class: `pill ${outcomes[end.outcome]}` }, end.outcome),
          ` ${ends[end.outcome]}, after ${plural(end.deliveryCount, "failed delivery", "failed deliveries")}`,
        );
      if ((!end || list.length) && status.isConnected) setTimeout(() => follow(messageId), 1000);
    };
    const template = (name, body) => {
      command.value = name;
      text.value = body;
    };
    return h(
      "form",
      {
        class: "c2d",
        onsubmit: async (e) => {
          e.preventDefault();
          const messageId = crypto.randomUUID?.() ?? String(Date.now());
          const body = { messageId, ack: "full", command: command.value.trim() || undefined };
          try {
            JSON.parse(text.value);
            // Send the text itself: parsing would change the digits of numbers.
            if (!(await act(id, "c2d", `${JSON.stringify(body).slice(0, -1)},"json":${text.value}}`))) return;
          } catch {
            if (!(await act(id, "c2d", { ...body, text: text.value }))) return;
          }
          status.textContent = "Waiting until the device asks for messages";
          follow(messageId);
        },
      },
      h("h3", {}, "Send it a message"),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", onclick: () => template("", '{"on": true}') }, "Message"),
        h(
          "button",
          { type: "button", onclick: () => template("reboot", "@"), title: "A command that is queued if offline" },
          "IoT Central command",
        ),
      ),
      h("label", { for: "c2d-body" }, "Body, JSON or text"),
      text,
      h(
        "div",
        { class: "row end" },
        h("label", {}, "Command (method-name)", command),
        h("button", { type: "submit", class: "primary" }, "Send"),
      ),
      status,
      waiting,
    );
  }

  function move(id) {
    const to = h("input", {
      list: "hub-names",
      "aria-label": "Hub",
      placeholder: "hub-2.azure-devices.net",
      spellcheck: "false",
      autocomplete: "off",
      required: true,
    });
    const how = h(
      "select",
      { "aria-label": "How" },
      h("option", { value: "" }, "at once, DPS knows"),
      h("option", { value: "staleLookup" }, "at once, look-up is stale"),
      h("option", { value: "oldHubDisabled" }, "at once, old hub says disabled"),
      h("option", { value: "onRegister" }, "when it registers again"),
    );
    return h(
      "form",
      {
        class: "move",
        onsubmit: (e) => {
          e.preventDefault();
          act(id, "move", { hub: to.value.trim(), ...(how.value && { [how.value]: true }) });
        },
      },
      to,
      how,
      h("button", { type: "submit" }, "Move"),
      h(
        "datalist",
        { id: "hub-names" },
        store.info.hubs.map((hub) => h("option", { value: hub })),
      ),
    );
  }

  $("device-filter").addEventListener("input", refresh);
  $("device-add").addEventListener("submit", async (e) => {
    e.preventDefault();
    const id = $("device-new").value.trim();
    try {
      const d = await post(devicePath(id, "provision"), {});
      $("device-new").value = "";
      await load();
      choose(d);
    } catch (err) {
      announce(err.message);
    }
  });
  store.addEventListener("calls", refresh);
  setInterval(() => {
    if (!$("view-devices").hidden && !document.hidden) refresh();
  }, 5000);
  choose(null);
  load();
  return { shown: () => (stale ? load() : draw()) };
}

function state(d) {
  if (d.standing !== "enrolled")
    return h(
      "span",
      { class: `pill ${d.standing === "awaitingApproval" ? "wait" : "bad"}` },
      d.standing === "awaitingApproval" ? "awaiting approval" : d.standing,
    );
  return h(
    "span",
    { class: `pill ${{ assigned: "good", failed: "bad", disabled: "bad" }[d.status] ?? "wait"}` },
    d.status || "not registered",
  );
}
