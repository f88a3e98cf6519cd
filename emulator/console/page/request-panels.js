// What can be done with a request, in a panel above it: edit and send, save as a sample, export.
import { post } from "./api.js";
import { copyable, h, show } from "./dom.js";
import { visible } from "./foreign.js";

const maxEdited = 1 << 20; // characters

// panels fills a place; opened is called with the number of a request that was sent.
export function panels(place, { opened }) {
  let shown = "";

  const close = () => {
    shown = "";
    place.replaceChildren();
    show(place, false);
  };

  // open shows a panel, or closes it where it is the one that is shown.
  function open(name, title, ...children) {
    shown = name;
    place.replaceChildren(
      h(
        "section",
        { class: "card one-card", "aria-labelledby": "title-panel" },
        h(
          "div",
          { class: "label-row" },
          h("h2", { id: "title-panel" }, title),
          h("button", { type: "button", class: "small", onclick: close }, "Close"),
        ),
        ...children,
      ),
    );
    show(place, true);
    place.querySelector("textarea, input")?.focus();
  }

  const failed = (err) => h("p", { class: "problem", role: "alert" }, visible(err.message));

  async function again(id) {
    try {
      return await post(`/requests/${id}/again`, {});
    } catch (err) {
      open("failed", "It was not sent", failed(err));
    }
  }

  function edit(d) {
    if (shown === "edit") return close();
    const r = d.request;
    const field = (label, element) => h("label", {}, label, element);
    const method = h("input", { value: r.method, spellcheck: "false", autocomplete: "off" });
    const target = h("input", {
      value: r.path + (r.query ? `?${r.query}` : ""),
      spellcheck: "false",
      autocomplete: "off",
    });
    const headers = h("textarea", { rows: "5", spellcheck: "false" });
    headers.value = r.headers
      .filter(([n]) => n !== "Content-Length" && n !== "Content-Encoding" && n !== "Connection")
      .map(([n, v]) => `${n}: ${v}`)
      .join("\n");
    const binary = Boolean(r.body.base64);
    const text = r.body.text ?? "";
    // What is not here as a whole must not be sent as if it were.
    const fixed = binary || r.body.cut || text.length > maxEdited;
    const body = h("textarea", { rows: "12", spellcheck: "false", disabled: fixed });
    if (r.body.unread && !text) body.placeholder = "The body was not read: without a text here, none is sent.";
    if (!fixed) body.value = text;
    else if (r.body.cut) body.value = "Only the beginning of the body is kept, so it cannot be sent again.";
    else body.value = `The body is ${binary ? "not text" : "too long to be edited"}; it is sent as it was.`;
    const problem = h("div", {});
    const send = h("button", { type: "submit", class: "primary" }, "Send");
    const form = h(
      "form",
      {
        onsubmit: async (e) => {
          e.preventDefault();
          send.disabled = true;
          const [path, ...query] = target.value.split("?");
          const edited = {
            method: method.value.trim(),
            path,
            query: query.join("?"),
            headers: headers.value
              .split("\n")
              .filter((l) => l.includes(":"))
              .map((l) => [l.slice(0, l.indexOf(":")).trim(), l.slice(l.indexOf(":") + 1).trim()]),
          };
          if (!fixed) edited.body = body.value;
          else if (r.body.codings) edited.headers.push(["Content-Encoding", r.body.codings]);
          try {
            opened((await post(`/requests/${d.id}/again`, edited)).id);
          } catch (err) {
            problem.replaceChildren(failed(err));
          } finally {
            send.disabled = false;
          }
        },
      },
      h("div", { class: "row edit-target" }, field("Method", method), field("Path and query", target)),
      field("Headers, one per line", headers),
      field("Body", body),
      r.hidden
        ? h(
            "p",
            { class: "quiet" },
            "[hidden-1] and so on become the credentials again. A signature does not fit a changed body.",
          )
        : "",
      problem,
      send,
    );
    open("edit", "Edit and send", form);
    if (fixed) return;
    body.focus();
    body.setSelectionRange(0, 0); // and not at its end, which may be far to the right
    body.scrollTo(0, 0);
  }

  async function command(d, button) {
    if (!d.curl) {
      open(
        "curl",
        "Copy as curl",
        h("p", { class: "quiet" }, "The body is too long for a command line. Export the request instead."),
      );
      return;
    }
    try {
      await navigator.clipboard.writeText(d.curl);
      const text = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = text;
      }, 1500);
      if (!d.request.hidden) return;
    } catch {
      // The reader copies it from the panel.
    }
    open(
      "curl",
      "As curl",
      d.request.hidden ? h("p", { class: "quiet" }, "Put your own credentials in place of [hidden-1] and so on.") : "",
      copyable(d.curl),
    );
  }

  async function sample(d) {
    if (shown === "sample") return close();
    const name = h("input", { placeholder: "What it shows", autocomplete: "off", maxlength: "200" });
    const out = h("div", { class: "sample-out" });
    const draw = async () => {
      try {
        const saved = await fetchSample(d.id, name.value);
        out.replaceChildren(...shownSample(saved));
      } catch (err) {
        out.replaceChildren(failed(err));
      }
    };
    const shownSample = (saved) => [
      h("h3", {}, "To paste under samples of the source"),
      copyable(saved.yaml),
      ...(saved.diff
        ? [
            h("h3", {}, `Or written into ${saved.file}`),
            difference(saved.diff),
            h(
              "button",
              {
                type: "button",
                class: "primary",
                onclick: async () => {
                  try {
                    await post(`/requests/${d.id}/sample`, { name: name.value, version: saved.version });
                    out.replaceChildren(h("p", { role: "status" }, `It is written into ${saved.file}.`));
                  } catch (err) {
                    out.replaceChildren(failed(err));
                  }
                },
              },
              "Write this",
            ),
          ]
        : [h("p", { class: "quiet" }, visible(saved.note ?? ""))]),
    ];
    let timer;
    name.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(draw, 250);
    });
    open("sample", "Save as a sample", h("label", {}, "Name", name), out);
    await draw();
  }

  function file(d) {
    if (shown === "file") return close();
    const replace = h("input", { type: "checkbox", checked: true });
    const save = () => {
      const devices = replace.checked ? "?devices=replace" : "";
      h("a", { href: `/requests/${d.id}/export${devices}`, download: `request-${d.id}.json` }).click();
    };
    open(
      "file",
      "Export",
      h(
        "p",
        { class: "quiet" },
        "One file with all that stands on this page, to keep or to attach to a report. Credentials are not in it.",
      ),
      h("label", { class: "check" }, replace, " Give the devices other names, the same ones everywhere"),
      h("button", { type: "button", class: "primary", onclick: save }, "Save the file"),
    );
  }

  return { close, isOpen: () => shown !== "", again, edit, command, sample, file };
}

async function fetchSample(id, name) {
  const response = await fetch(`/requests/${id}/sample?name=${encodeURIComponent(name)}`);
  const value = await response.json();
  if (!response.ok) throw new Error(value.error);
  return value;
}

function difference(text) {
  return h(
    "pre",
    { class: "json diff", tabindex: "0" },
    text
      .trimEnd()
      .split("\n")
      .map((l) => h("span", { class: { "+": "plus", "-": "minus", "@": "quiet" }[l[0]] ?? null }, `${visible(l)}\n`)),
  );
}
