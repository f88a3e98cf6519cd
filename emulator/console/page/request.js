// The page of one request: its way from the sender to the hub and back, and what can be done with it.
import { get } from "./api.js";
import { $, clock, facts, h, milliseconds, parse, plural, pretty, show } from "./dom.js";
import { bytesOf, hex, long, visible } from "./foreign.js";
import { panels } from "./request-panels.js";
import { statusPill } from "./requests.js";

// requestView shows one request. go leads to another one or back to the list; play opens the playground.
export function requestView(store, { go, back, neighbor, play }) {
  let detail = null;
  let wanted = 0;
  let preferred = "json"; // form of the body
  const panel = panels($("one-panel"), { opened: (id) => go(id) });

  async function load(id) {
    wanted = id;
    detail = null;
    panel.close();
    $("title-request").textContent = `Request ${id}`;
    $("one-status").replaceChildren();
    show($("one-tools"), false);
    $("one-body").replaceChildren(h("p", { class: "quiet" }, "Loading"));
    try {
      const got = await get(`/requests/${id}`);
      if (wanted !== id) return;
      detail = got;
      draw();
      store.reached(true);
    } catch (err) {
      if (wanted === id) $("one-body").replaceChildren(h("p", { class: "problem" }, err.message));
    }
  }

  function draw() {
    const d = detail;
    $("title-request").textContent = `Request ${d.id}`;
    $("one-status").replaceChildren(
      statusPill(d),
      " ",
      h("span", {}, [d.source ?? "no source", d.code ?? d.outcome, milliseconds(d.ms)].join(" · ")),
    );
    show($("one-tools"), true);
    $("one-play").disabled = !store.info.playground || !d.source;
    $("one-body").replaceChildren(
      h("div", { class: "one-left" }, verdict(d), way(d), messages(d), steps(d)),
      h("div", { class: "one-right" }, received(d), answer(d)),
    );
  }

  function received(d) {
    const r = d.request;
    return h(
      "section",
      { class: "card one-card", "aria-labelledby": "title-received" },
      h("h2", { id: "title-received" }, "As it came"),
      h(
        "p",
        { class: "mono target" },
        h("strong", {}, visible(r.method)),
        " ",
        visible(r.path),
        r.query ? visible(`?${r.query}`) : "",
      ),
      facts([
        ["Time", `${clock(new Date(d.time))} · ${new Date(d.time).toISOString()}`],
        ["From", r.remote],
        ["Size", size(r.body)],
        ["Repeats", d.again && h("a", { href: `#requests/${d.again}` }, `request ${d.again}`)],
        ["Imported", d.imported && "from a file; nothing was sent"],
      ]),
      h(
        "details",
        {},
        h("summary", {}, plural(r.headers.length, "header")),
        h(
          "dl",
          { class: "facts headers" },
          r.headers.flatMap(([n, v]) => [h("dt", {}, visible(n)), h("dd", { class: "mono" }, header(v))]),
        ),
        r.headersCut ? h("p", { class: "quiet" }, "There are more headers than are kept.") : "",
        r.hidden
          ? h(
              "p",
              { class: "quiet" },
              "[hidden-1] and so on stand for credentials. They are sent when the request is sent again.",
            )
          : "",
      ),
      bodyPart(r.body),
    );
  }

  const header = (v) => {
    const text = visible(v);
    return text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length.toLocaleString()} characters)` : text;
  };

  function bodyPart(body) {
    const at = h("div", { class: "body-at" });
    const forms = [
      ["json", "JSON", body.json],
      ["text", "Text", !body.base64],
      ["hex", "Hex", true],
    ].filter((f) => f[2]);
    let form = forms.some((f) => f[0] === preferred) ? preferred : forms[0][0];
    const buttons = forms.map(([name, title]) =>
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-pressed": "false",
          onclick: () => {
            form = preferred = name;
            fill();
          },
        },
        title,
      ),
    );
    const fill = () => {
      buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(forms[i][0] === form)));
      at.replaceChildren(bodyAs(body, form));
    };
    fill();
    return h(
      "div",
      { class: "one-bodypart" },
      h(
        "div",
        { class: "label-row" },
        h("h3", {}, "Body"),
        h("div", { class: "choices", role: "group", "aria-label": "Body as" }, buttons),
      ),
      body.error
        ? h("p", { class: "problem" }, `It cannot be decompressed: ${visible(body.error)}. This is how it came.`)
        : "",
      body.unread ? h("p", { class: "quiet" }, "The bridge answered before it had read the body to its end.") : "",
      body.cut ? h("p", { class: "quiet" }, "Only the beginning is kept.") : "",
      at,
    );
  }

  function bodyAs(body, as) {
    if (!body.text && !body.base64) return h("p", { class: "quiet" }, "There is no body.");
    if (as === "hex") return hex(bytesOf(body));
    if (as === "json") {
      try {
        const element = pretty(parse(body.text));
        if (element.textContent.length < 400_000) return element;
      } catch {
        // It is shown as text.
      }
    }
    return long(body.text);
  }

  function answer(d) {
    const a = d.answer;
    let text;
    try {
      text = pretty(parse(a.body));
    } catch {
      text = a.body ? long(a.body) : h("p", { class: "quiet" }, "The answer has no body.");
    }
    return h(
      "section",
      { class: "card one-card", "aria-labelledby": "title-answer" },
      h("h2", { id: "title-answer" }, "What the sender was told"),
      h("p", {}, statusPill(d), a.size > a.body.length + 8 ? ` the beginning of ${a.size.toLocaleString()} bytes` : ""),
      text,
      a.headers?.length
        ? h(
            "details",
            {},
            h("summary", {}, plural(a.headers.length, "header")),
            facts(a.headers.map(([n, v]) => [n, header(v)])),
          )
        : "",
    );
  }

  const act = {
    again: async () => {
      if (!detail) return;
      const id = detail.id;
      $("one-again").disabled = true;
      try {
        const sent = await panel.again(id);
        if (sent && wanted === id) go(sent.id);
      } finally {
        $("one-again").disabled = false;
      }
    },
    edit: () => detail && panel.edit(detail),
    curl: () => detail && panel.command(detail, $("one-curl")),
    sample: () => detail && panel.sample(detail),
    file: () => detail && panel.file(detail),
    play: () => detail && play(detail),
  };
  for (const name of Object.keys(act)) $(`one-${name}`).addEventListener("click", act[name]);
  const beside = (by) => {
    const id = neighbor(wanted, by);
    if (id !== undefined) go(id);
  };
  $("one-back").addEventListener("click", () => back());
  return {
    shown: (id) => load(id),
    keys: {
      j: () => beside(1),
      k: () => beside(-1),
      r: act.again,
      e: act.edit,
      Escape: () => (panel.isOpen() ? panel.close() : back()),
      "/": () => back(true),
    },
  };
}

function size(body) {
  const bytes = (n) => `${n.toLocaleString()} bytes`;
  if (!body.codings) return bytes(body.received);
  return `${bytes(body.received)}, ${visible(body.codings)}; ${bytes(body.size)} decompressed`;
}

// verdict says why a request was refused or ignored, and what to do.
function verdict(d) {
  const p = d.problem;
  if (!p && d.outcome !== "ignored" && !d.ignored) return "";
  if (!p)
    return h(
      "section",
      { class: "card verdict one-verdict" },
      h("h2", {}, d.delivered ? `${plural(d.ignored, "part")} ignored` : "Ignored"),
      h("p", { class: "detail-text" }, visible(d.reasons?.join(", ") || "this is not telemetry")),
      d.advice ? h("p", { class: "detail-text quiet" }, `What to do: ${visible(d.advice)}.`) : "",
    );
  return h(
    "section",
    { class: "card verdict bad one-verdict" },
    h("h2", {}, `${d.delivered ? "Refused in part" : "Refused"}: ${p.title || p.code}`),
    p.detail ? h("p", { class: "detail-text" }, visible(p.detail)) : "",
    p.errors?.length
      ? h(
          "ul",
          {},
          p.errors.slice(0, 50).map((f) => h("li", {}, h("code", {}, visible(f.path)), " ", visible(f.hint))),
        )
      : "",
    d.advice ? h("p", { class: "detail-text" }, `What to do: ${visible(d.advice)}.`) : "",
    h(
      "p",
      { class: "quiet" },
      (p.code ? `${p.code}; ` : "") +
        (p.retryable ? "sending it again may help" : "sending it again does not help") +
        (p.code ? `; mayfly explain ${p.code} tells more` : "") +
        (d.accepted ? "; the sender is told that all is well" : ""),
    ),
  );
}

// way is the timeline.
function way(d) {
  return h(
    "section",
    { class: "card one-card", "aria-labelledby": "title-way" },
    h("h2", { id: "title-way" }, "Timeline"),
    h(
      "ol",
      { class: "way one-way" },
      d.timeline.map((m) =>
        h(
          "li",
          { class: `${m.kind} ${m.state ?? ""}` },
          h("strong", {}, visible(m.title)),
          h(
            "span",
            { class: "at" },
            m.at === undefined ? "" : `+${milliseconds(m.at)}${m.ms ? `, took ${milliseconds(m.ms)}` : ""}`,
          ),
          m.text ? h("span", { class: "what" }, visible(m.text)) : "",
        ),
      ),
    ),
    calls(d),
  );
}

// calls are the answers of DPS and the hubs, for those that want to see them.
function calls(d) {
  const list = d.calls.filter((c) => c.answer || c.requestId);
  if (!list.length) return "";
  return h(
    "details",
    {},
    h("summary", {}, `What DPS and the hub answered`),
    list
      .slice(0, 100)
      .map((c) =>
        h(
          "div",
          { class: "one-call" },
          h("h4", {}, visible(`${c.op} ${c.device ?? ""} ${c.status || ""}`)),
          c.answer ? long(c.answer, 2000) : h("p", { class: "quiet" }, "no body"),
          c.requestId ? h("p", { class: "quiet" }, `request id ${visible(c.requestId)}`) : "",
        ),
      ),
  );
}

function messages(d) {
  const parts = d.explain?.parts ?? [];
  const list = parts.flatMap((p) => p.messages ?? []);
  if (!list.length) return "";
  const shown = list.slice(0, 20);
  return h(
    "section",
    { class: "card one-card", "aria-labelledby": "title-messages" },
    h("h2", { id: "title-messages" }, list.length > 1 || d.explain.more ? "Messages" : "Message"),
    shown.map((m) =>
      h(
        "article",
        { class: "message" },
        h("h3", {}, visible(m.device)),
        json(m.body),
        facts([
          ["Time", m.time || "none: the hub's own"],
          ["Message id", m.messageId && visible(m.messageId)],
          ["Component", m.component && visible(m.component)],
          ["Model", m.model && visible(m.model)],
          ["Gateway", m.gateway && visible(m.gateway)],
          ...Object.entries(m.properties ?? {}).map(([k, v]) => [visible(k), visible(v)]),
        ]),
      ),
    ),
    d.messages > shown.length
      ? h("p", { class: "quiet" }, `These are ${shown.length} of ${d.messages.toLocaleString()}.`)
      : "",
  );
}

function json(text) {
  try {
    return pretty(parse(text));
  } catch {
    return long(text, 4000);
  }
}

// steps are the expressions of the source with what they gave.
function steps(d) {
  const x = d.explain;
  if (!x) return "";
  const section = (...children) =>
    h(
      "section",
      { class: "card one-card", "aria-labelledby": "title-steps" },
      h("h2", { id: "title-steps" }, "How it was mapped"),
      ...children,
    );
  if (x.failed) return section(h("p", { class: "problem" }, visible(x.failed)));
  const parts = x.parts ?? [];
  return section(
    d.imported ? "" : h("p", { class: "quiet" }, "By the configuration as it is now."),
    x.error ? wrong(x.error) : "",
    parts.map((p, i) => {
      const open = parts.length === 1 || Boolean(p.error) || (i === 0 && !parts.some((q) => q.error));
      const table = h(
        "div",
        {},
        p.ignored !== undefined ? h("p", { class: "quiet" }, `ignored: ${visible(p.ignored)}`) : "",
        p.error ? wrong(p.error) : "",
        stepTable(p.steps),
      );
      if (parts.length === 1) return table;
      const title = `Part ${i + 1}${p.messages?.length ? ` · ${visible(p.messages[0].device)}` : ""}${p.error ? " · refused" : ""}`;
      return h("details", { open }, h("summary", {}, title), table);
    }),
    x.more ? h("p", { class: "quiet" }, `${x.more.toLocaleString()} more parts and messages are not shown.`) : "",
    x.notes?.length
      ? [
          h("h3", {}, "Notes"),
          h(
            "ul",
            { class: "notes" },
            x.notes.slice(0, 100).map((n) => h("li", {}, visible(n))),
          ),
        ]
      : "",
    x.decoded ? h("details", {}, h("summary", {}, "The body as the expressions see it"), json(x.decoded)) : "",
  );
}

const wrong = (e) =>
  h(
    "div",
    { class: "problem" },
    h("p", {}, visible(e.detail)),
    e.fields?.length
      ? h(
          "ul",
          {},
          e.fields.slice(0, 50).map((f) => h("li", {}, h("code", {}, visible(f.path)), " ", visible(f.hint))),
        )
      : "",
  );

function stepTable(list) {
  if (!list?.length) return "";
  return h(
    "table",
    { class: "steps" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Field"), h("th", { scope: "col" }, "Result"))),
    h(
      "tbody",
      {},
      list.map((s) =>
        h(
          "tr",
          { class: s.error ? "bad" : null },
          h(
            "th",
            { scope: "row" },
            visible(s.name),
            s.expression ? h("code", { class: "expression" }, visible(s.expression)) : "",
          ),
          h("td", {}, h("code", {}, visible(s.error || s.value || "nothing"))),
        ),
      ),
    ),
  );
}

// playable is a request as the playground takes it; what it hides is left out.
export function playable(d) {
  const hidden = (v) => v.includes("[hidden-");
  const r = d.request;
  return {
    source: d.source,
    request: {
      method: r.method,
      path: r.path,
      query: Object.fromEntries([...new URLSearchParams(r.query)].filter(([, v]) => !hidden(v))),
      headers: Object.fromEntries(
        r.headers.filter(
          ([n, v]) =>
            !hidden(v) && !["Content-Length", "Content-Encoding", "Accept-Encoding", "Host", "Connection"].includes(n),
        ),
      ),
      body: r.body.text ?? "",
    },
  };
}
