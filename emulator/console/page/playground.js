// The playground: what a source makes of a body, with the built-in mapping or a changed one.
import { get, post } from "./api.js";
import { $, facts, h, parse, plural, pretty, show } from "./dom.js";
import { drafts } from "./draft.js";
import { marks } from "./marks.js";

export function playgroundView(store) {
  if (!store.info.playground) return { shown() {} };
  document.querySelector('nav a[href="#playground"]').hidden = false;
  let sources = [];
  let source = null;
  let given = null; // the request that was opened here; a sample otherwise
  let latest = 0;
  let timer = null;
  const mark = marks($("play-mapping"), $("play-marks"), $("play-places"));

  async function begin() {
    sources = await get("/console/sources");
    list(sources);
    await pick(sources[0].name);
  }

  // list shows sources, those of a group together.
  function list(some) {
    const parts = [];
    for (const s of some) {
      const option = h("option", { value: s.name }, s.title);
      if (!s.group) parts.push(option);
      else if (parts.at(-1)?.label === s.group) parts.at(-1).append(option);
      else parts.push(h("optgroup", { label: s.group }, option));
    }
    $("play-source").replaceChildren(...parts);
  }

  // matching are the sources whose name, title and group have all words that are looked for.
  function matching() {
    const words = $("play-find").value.toLowerCase().split(/\s+/).filter(Boolean);
    return sources.filter((s) => {
      const text = [s.name, s.title, s.group ?? ""].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  // find lists them. The one that is open stays where it is listed.
  function find() {
    const found = matching();
    list(found);
    if (found.some((s) => s.name === source?.name)) $("play-source").value = source.name;
    else if (found.length > 0) pick(found[0].name);
  }

  async function pick(name) {
    source = await get(`/console/sources/${encodeURIComponent(name)}`);
    given = null;
    $("play-sample").replaceChildren(...source.samples.map((s, i) => h("option", { value: i }, s.name)));
    parts();
    const mapping = $("play-mapping");
    mapping.value = (source.definition && drafts.get("mapping", name)) || (source.definition ?? "");
    $("play-codec").value = (source.codec && drafts.get("codec", name)) || (source.codec ?? "");
    $("play-bytes").value = "";
    // Skip how to set up the sender: what one changes comes after it.
    const before =
      mapping.value.slice(0, Math.max(0, mapping.value.search(/^(ignore|each|deviceId):/m))).split("\n").length - 1;
    const { lineHeight, paddingTop } = getComputedStyle(mapping);
    mapping.scrollTop = before && before * parseFloat(lineHeight) + parseFloat(paddingTop) - 2;
    load();
  }

  // parts shows the fields that the source has.
  function parts() {
    show($("play-mapping-part"), Boolean(source.definition));
    show($("play-fixed"), !source.definition);
    show($("play-codec-part"), Boolean(source.hasCodec));
    show($("play-codec-text"), Boolean(source.codec));
    $("play-reset").textContent = source.file ? "As in the file" : "As it was";
  }

  function load() {
    const request = given ?? source.samples[$("play-sample").value]?.request ?? { body: "" };
    $("play-body").value = indent(request.body);
    $("play-query").value = new URLSearchParams(request.query ?? {}).toString();
    $("play-headers").value = Object.entries(request.headers ?? {})
      .map(([k, v]) => `${k}: ${v}`)
      .join("\n");
    run();
  }

  async function run() {
    const n = ++latest;
    const request = {
      ...(given ?? source.samples[$("play-sample").value]?.request),
      query: Object.fromEntries(new URLSearchParams($("play-query").value)),
      headers: Object.fromEntries(
        $("play-headers")
          .value.split("\n")
          .filter((l) => l.includes(":"))
          .map((l) => [l.slice(0, l.indexOf(":")).trim(), l.slice(l.indexOf(":") + 1).trim()]),
      ),
      body: $("play-body").value,
    };
    const changed = source.definition && $("play-mapping").value !== source.definition;
    const recoded = source.codec && $("play-codec").value !== source.codec;
    $("play-reset").disabled = !changed && !recoded;
    const where = source.file ? `${source.file} is as it was` : "the source is as it was";
    $("play-draft").textContent = `A draft, kept in this browser: ${where}.`;
    show($("play-draft"), Boolean(changed || recoded));
    let result;
    try {
      result = await post("/console/try", {
        source: source.name,
        definition: changed ? $("play-mapping").value : undefined,
        codec: recoded ? $("play-codec").value : undefined,
        bytes: (source.hasCodec && $("play-bytes").value.trim()) || undefined,
        fPort: Number($("play-port").value) || undefined,
        profile: $("play-profile").value || undefined,
        request,
      });
    } catch (err) {
      result = { problem: { where: "request", detail: err.message } };
    }
    if (n !== latest) return;
    $("play-out").replaceChildren(...view(result));
    mark(result.problem?.places ?? []);
  }

  // keep has the drafts survive a reload of the page.
  function keep() {
    if (source.definition) drafts.set("mapping", source.name, $("play-mapping").value, source.definition);
    if (source.codec) drafts.set("codec", source.name, $("play-codec").value, source.codec);
    later();
  }

  // open shows what the address asks for, as the links in the documentation do.
  async function open(asked) {
    const name = asked.get("source");
    if (!sources.some((s) => s.name === name)) return;
    $("play-source").value = name;
    await pick(name);
    const sample = source.samples.findIndex((s) => s.name === asked.get("sample"));
    if (sample >= 0) $("play-sample").value = sample;
    if (asked.has("body")) given = { ...source.samples[0]?.request, body: asked.get("body") };
    load();
    if (!asked.has("bytes")) return;
    $("play-codec-part").open = true;
    $("play-bytes").value = asked.get("bytes");
    $("play-port").value = asked.get("fPort") ?? 1;
    run();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(run, 250);
  }

  $("play-find").addEventListener("input", find);
  $("play-source").addEventListener("change", (e) => pick(e.target.value));
  $("play-sample").addEventListener("change", () => {
    given = null;
    load();
  });
  for (const id of ["play-body", "play-query", "play-headers", "play-bytes", "play-port", "play-profile"])
    $(id).addEventListener("input", later);
  for (const id of ["play-mapping", "play-codec"]) $(id).addEventListener("input", keep);
  $("play-reset").addEventListener("click", () => {
    $("play-mapping").value = source.definition ?? "";
    $("play-codec").value = source.codec ?? "";
    keep();
    run();
  });
  store.addEventListener("configuration", async () => {
    if (!source) return;
    const open = source.name;
    sources = await get("/console/sources");
    list(matching());
    if (!sources.some((s) => s.name === open)) return pick(sources[0].name);
    const next = await get(`/console/sources/${encodeURIComponent(open)}`);
    if (source.name !== open) return; // another one was picked meanwhile
    $("play-source").value = open;
    // What is being edited stays, whether this browser keeps drafts or not.
    const mapped = $("play-mapping").value !== (source.definition ?? "");
    const recoded = $("play-codec").value !== (source.codec ?? "");
    source = next;
    parts();
    if (!mapped || !source.definition) $("play-mapping").value = source.definition ?? "";
    if (!recoded || !source.codec) $("play-codec").value = source.codec ?? "";
    run();
  });
  let begun = null; // what begin promises
  const start = () => (begun ??= begin());
  return {
    async shown(asked) {
      await start();
      if (asked?.has("source")) await open(asked);
    },
    // play shows a source with a request filled in.
    async play(name, request) {
      await start();
      $("play-source").value = name;
      await pick(name);
      given = request;
      load();
    },
  };
}

// indent makes JSON readable without changing its digits; other text is returned as it is.
function indent(text) {
  try {
    return pretty(parse(text)).textContent;
  } catch {
    return text;
  }
}

function problemTitle(problem, messages) {
  if (problem.where === "mapping") return "The mapping is wrong";
  return messages.length ? "A message would be refused" : "Nothing would be sent";
}

function view(result) {
  const out = [];
  const { problem, messages = [], ignored = 0, steps = [] } = result;
  if (problem) {
    out.push(
      h(
        "div",
        { class: "card verdict bad", id: "play-problem" },
        h("h2", {}, problemTitle(problem, messages)),
        h("p", { class: "detail-text" }, problem.detail),
        problem.fields?.length
          ? h(
              "ul",
              {},
              problem.fields.map((f) => h("li", {}, h("code", {}, f.path), " ", f.hint)),
            )
          : "",
        problem.status ? h("p", { class: "quiet" }, `The sender would hear ${problem.status} ${problem.code}.`) : "",
      ),
    );
  } else if (messages.length) {
    out.push(
      h(
        "div",
        { class: "verdict good" },
        h("h2", {}, `${plural(messages.length, "message")} would be sent`),
        ignored
          ? h("p", { class: "quiet" }, `${plural(ignored, "part")} of the body is not telemetry and would be ignored.`)
          : "",
      ),
    );
  } else {
    out.push(
      h(
        "div",
        { class: "card verdict" },
        h("h2", {}, "Ignored"),
        h("p", {}, "This is not telemetry: it would be answered as a success and nothing would be sent."),
      ),
    );
  }
  out.push(
    ...messages.map((m) =>
      h(
        "article",
        { class: "card message" },
        h("h3", {}, m.deviceId),
        pretty(parse(m.body)),
        facts([
          ["Time", m.time || "none: the hub's own"],
          ["Message id", m.messageId],
          ["Component", m.component],
          ["Model", m.modelId],
          ["Gateway", m.gatewayId],
        ]),
        m.properties ? [h("h4", {}, "Properties"), facts(Object.entries(m.properties))] : "",
      ),
    ),
  );
  if (result.answer) out.push(h("p", { class: "quiet" }, `The sender would hear ${result.answer}.`));
  if (steps.length) {
    out.push(
      h(
        "details",
        { class: "card", open: Boolean(problem) || steps.some((s) => s.error) },
        h("summary", {}, "Steps"),
        h(
          "table",
          { class: "steps" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Field"), h("th", { scope: "col" }, "Result"))),
          h(
            "tbody",
            {},
            steps.map((s) =>
              h(
                "tr",
                { class: s.error ? "bad" : null },
                h(
                  "th",
                  { scope: "row" },
                  s.part ? `${s.part} ${s.name}` : s.name,
                  s.expression ? h("code", { class: "expression" }, s.expression) : "",
                ),
                h("td", {}, h("code", {}, s.error || s.value || "nothing")),
              ),
            ),
          ),
        ),
      ),
    );
  }
  return out;
}
