
"use strict";
(() => {
  // The key is kept here, and nowhere else: no storage, no cookie, no address.
  let key = "";
  let contract = null;
  const $ = (id) => document.getElementById(id);

  // h makes an element. Texts are never HTML.
  const h = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== ""));
    return element;
  };

  // Numbers keep every digit where the browser can tell how they were written.
  const parse = (text) => JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && context.source !== String(value) && JSON.rawJSON
      ? JSON.rawJSON(context.source) : value);
  const pretty = (value) => JSON.stringify(value, null, 2);
  const isJSON = (media) => /[/+]json\b/.test(media);

  const credentials = () => {
    if (key === "") return {};
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(key)) return { Authorization: "Bearer " + key };
    const schemes = contract?.components.securitySchemes ?? {};
    const headers = {};
    if (!schemes.functionsKey || schemes.apiKey) headers["x-api-key"] = key;
    if (schemes.functionsKey || !contract) headers["x-functions-key"] = key;
    return headers;
  };

  const fail = (text) => {
    $("problem").textContent = text;
    $("problem").hidden = text === "";
  };

  const load = async () => {
    fail("");
    try {
      const answer = await fetch("openapi.json" + location.search, { headers: credentials(), cache: "no-cache" });
      const text = await answer.text();
      if (answer.status === 401) {
        fail(key === "" ? "This bridge shows its contract to callers: enter a key above."
          : "The bridge does not know this key.");
        $("key").focus();
        return;
      }
      if (!answer.ok) {
        fail("The contract cannot be read: " + answer.status + " " + text.slice(0, 300));
        return;
      }
      contract = parse(text);
      render();
    } catch (error) {
      fail("The contract cannot be read: " + error.message);
    }
  };

  const render = () => {
    const open = new Set([...document.querySelectorAll("details.op[open]")].map((d) => d.id));
    const limits = contract["x-limits"];
    $("about").textContent = contract.info.description + " Limits: " +
      [limits.bodyBytes + " bytes a body", limits.messages + " messages a request", limits.eventBytes + " bytes a message",
        limits.seconds ? limits.seconds + " s a request" : ""].filter(Boolean).join(", ") + ".";
    const groups = contract.tags.map((tag) => {
      const list = [];
      for (const [path, item] of Object.entries(contract.paths)) {
        for (const [method, operation] of Object.entries(item)) {
          if (operation.tags[0] === tag.name && method !== "head") list.push(entry(path, method, operation));
        }
      }
      return h("section", { "aria-label": tag.name }, h("h2", {}, tag.name), list);
    });
    $("list").replaceChildren(...groups);
    for (const id of open) {
      if (document.getElementById(id)) document.getElementById(id).open = true;
    }
    filter();
  };

  const resolve = (response) => response.$ref
    ? contract.components.responses[response.$ref.split("/").pop()] : response;

  const entry = (path, method, operation) => {
    const codes = Object.values(operation.responses).map((r) => resolve(r).description).join(" ");
    const details = h("details", {
      class: "op", id: "op-" + operation.operationId,
      "data-find": [method, path, operation.summary, operation.description, operation["x-source"], codes].join(" ").toLowerCase(),
    }, h("summary", {}, h("span", { class: "method" }, method.toUpperCase()), h("span", { class: "path" }, path),
      h("span", { class: "what" }, operation.summary)));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(inside(path, method, operation));
    });
    return details;
  };

  const inside = (path, method, operation) => {
    const answers = Object.entries(operation.responses).map(([status, response]) => [
      h("dt", {}, status), h("dd", {}, resolve(response).description.replaceAll("`", "")),
    ]);
    return h("div", { class: "inside" },
      operation.description ? h("p", { class: "text" }, operation.description) : null,
      operation.externalDocs ? h("p", {}, h("a", { href: operation.externalDocs.url, rel: "noreferrer" },
        "The sender's own documentation")) : null,
      form(path, method, operation),
      h("h3", {}, "Answers"), h("dl", {}, answers));
  };

  let fieldNumber = 0;
  const field = (label, input) => {
    input.id = "field-" + ++fieldNumber;
    return h("div", { class: "field" }, h("label", { for: input.id }, label), input);
  };

  // examplesOf lists the requests that the contract shows for an operation. The examples of one request have one key.
  const examplesOf = (operation) => {
    const list = [];
    for (const p of operation.parameters ?? []) {
      if (p.name !== "readings") continue;
      for (const [id, e] of Object.entries(p.examples ?? {})) list.push({ id, name: e.summary, query: e.value });
    }
    const content = operation.requestBody?.content ?? {};
    const order = Object.keys(content).sort((a, b) => (b === "application/json") - (a === "application/json"));
    for (const media of order) {
      for (const [id, e] of Object.entries(content[media].examples ?? {})) {
        list.push({ id, name: e.summary, media, body: typeof e.value === "string" && !isJSON(media) ? e.value : pretty(e.value) });
      }
    }
    return list;
  };

  const form = (path, method, operation) => {
    const inputs = [];
    const fields = h("div", { class: "fields" });
    let readings = null;
    for (const p of operation.parameters ?? []) {
      if (p.name === "readings") {
        readings = h("textarea", { spellcheck: "false" });
        continue;
      }
      const input = h("input", { spellcheck: "false", autocomplete: "off", required: p.required && p.in === "path",
        value: p.required || p.example ? p.example : "" });
      inputs.push({ p, input });
      fields.append(field(p.name + (p.in === "query" ? "" : " (" + p.in + ")"), input));
    }
    const media = Object.keys(operation.requestBody?.content ?? {});
    const type = h("input", { value: media.includes("application/json") ? "application/json" : media[0] ?? "",
      spellcheck: "false" });
    const body = h("textarea", { spellcheck: "false" });
    const examples = examplesOf(operation);
    const choose = h("select", { onchange: () => fill(examples[choose.selectedIndex]) },
      examples.map((e) => h("option", {}, e.name)));
    const fill = (e) => {
      if (!e) return;
      if (e.body !== undefined) [body.value, type.value] = [e.body, e.media];
      for (const { p, input } of inputs) {
        if (p.examples) input.value = p.examples[e.id]?.value ?? "";
      }
      if (e.query && readings) readings.value = Object.entries(e.query).map(([n, v]) => n + "=" + v).join("\n");
    };
    fill(examples[0]);

    const request = () => {
      const headers = credentials();
      const query = new URLSearchParams(location.search.includes("code=") ? location.search : "");
      let target = path;
      for (const { p, input } of inputs) {
        if (p.in === "path") target = target.replace("{" + p.name + "}", encodeURIComponent(input.value));
        else if (input.value === "") continue;
        else if (p.in === "header") headers[p.name] = input.value;
        else query.set(p.name, input.value);
      }
      for (const line of readings ? readings.value.split("\n") : []) {
        const at = line.indexOf("=");
        if (at > 0) query.set(line.slice(0, at).trim(), line.slice(at + 1));
      }
      const url = new URL("." + target, location.href);
      url.search = query;
      url.hash = "";
      const init = { method: method.toUpperCase(), headers, redirect: "manual", cache: "no-store" };
      if (operation.requestBody) {
        init.body = body.value;
        if (type.value !== "") headers["Content-Type"] = type.value;
      }
      return { url, init };
    };
    const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
    const curl = () => {
      const { url, init } = request();
      const lines = ["curl -i -X " + init.method + " " + quote(url.href)];
      for (const [name, value] of Object.entries(init.headers)) {
        lines.push("-H " + quote(name + ": " + (value === key ? "$KEY" : value.replace(key || "\0", "$KEY"))));
      }
      if (init.body) lines.push("--data-binary " + quote(init.body));
      return lines.join(" \\\n  ");
    };
    const answer = h("div", { class: "answer", role: "status" });
    const button = h("button", { class: "primary" }, "Send");
    return h("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        answer.replaceChildren(h("p", {}, "Sending…"));
        answer.replaceChildren(...await send(request()));
        button.disabled = false;
      },
    }, h("fieldset", {},
      fields.childElementCount > 0 ? fields : null,
      examples.length > 1 ? field("Example", choose) : null,
      readings ? field("Query, a parameter a line", readings) : null,
      operation.requestBody ? [field("Content-Type", type), field("Body", body)] : null,
      h("div", { class: "row" }, button, h("button", {
        type: "button", onclick: () => answer.replaceChildren(h("pre", { tabindex: "0" }, curl())),
      }, "Show curl"))), answer);
  };

  const send = async ({ url, init }) => {
    const begin = performance.now();
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(120000) });
      const text = await response.text();
      const took = Math.round(performance.now() - begin) + " ms";
      const headers = ["content-type", "retry-after", "allow", "www-authenticate"]
        .filter((name) => response.headers.has(name)).map((name) => name + ": " + response.headers.get(name));
      let shown = text;
      try {
        if (isJSON(response.headers.get("content-type") ?? "")) shown = pretty(parse(text));
      } catch { /* not JSON after all: as it is */ }
      return [h("p", { class: response.ok ? "status" : "status bad" },
        (response.status + " " + response.statusText).trim() + ", after " + took),
      h("pre", { tabindex: "0" }, headers.join("\n") + (shown ? "\n\n" + shown : ""))];
    } catch (error) {
      return [h("p", { class: "status bad" }, "No answer: " + error.message)];
    }
  };

  const filter = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const section of $("list").children) {
      let some = false;
      for (const details of section.querySelectorAll("details.op")) {
        const visible = words.every((word) => details.dataset.find.includes(word));
        details.hidden = !visible;
        some ||= visible;
        shown += visible;
      }
      section.hidden = !some;
    }
    $("count").textContent = contract ? shown + (shown === 1 ? " operation" : " operations") : "";
  };

  $("search").addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      $("search").focus();
    }
  });
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    key = $("key").value.trim();
    $("key").value = "";
    $("key-note").textContent = key === "" ? "No key is used." : "The key is used, and stays in this page until you close it.";
    load();
  });
  load();
})();
