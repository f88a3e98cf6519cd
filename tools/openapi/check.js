// Checks the HTTP contract as others read it: its documents against the rules of OpenAPI, the types that are
// generated from it with a client in TypeScript, that client against the running bridge, and every example of the
// document against the answers that the document promises.
//
// MAYFLY names the program; it runs with its own emulator of Azure, and only on this machine.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const mayfly = process.env.MAYFLY;
const folder = join(import.meta.dirname, "out");
const bin = (name) => join(import.meta.dirname, "node_modules", ".bin", name);
const run = (file, args, env = {}) => {
  const { status, stdout, error } = spawnSync(file, args,
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env.PATH, ...env } });
  if (status === 0) return stdout.toString();
  process.stdout.write(stdout ?? "");
  console.error(file, ...args, "failed:", error ?? status);
  process.exit(1);
};

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer().on("error", reject).listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// The configurations whose documents differ most.
const common = { ID_SCOPE: "0ne00000000", GROUP_KEY: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" };
const configurations = {
  open: { AUTH: "none", DEVICE_RATE: "10/s" },
  keys: { AUTH: "keys", API_KEYS: "a=sha256:" + "ab".repeat(32), BODY_LIMIT: "2048" },
  functions: { FUNCTIONS_CUSTOMHANDLER_PORT: "7071" },
  lambda: { AUTH: "platform", AWS_LAMBDA_RUNTIME_API: "127.0.0.1:1" },
};

// lint checks a document against the rules.
const lint = (file) => {
  run(bin("redocly"), ["lint", "--config", join(import.meta.dirname, "redocly.yaml"), file],
    { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" });
  console.log("linted", file.slice(folder.length + 1));
};

// start runs the bridge with its emulator, and waits until it serves.
const start = async () => {
  const [port, emulator, console_] = [await freePort(), await freePort(), await freePort()];
  const bridge = spawn(mayfly, ["dev", "--port", port, "--emulator-port", emulator, "--console-port", console_,
    "--retry-after", "1s"], { stdio: ["ignore", "ignore", "inherit"], env: { PATH: process.env.PATH } });
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(base + "/readyz")).ok) return { base, stop: () => bridge.kill() };
    } catch (error) {
      if (tries > 100) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

// examples sends every request that the document shows, and holds the answers against it.
const examples = async (base, contract) => {
  let sent = 0;
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      for (const request of requestsOf(path, operation)) {
        const answer = await fetch(base + request.target, {
          method: method.toUpperCase(), body: request.body, headers: request.headers,
        });
        const text = await answer.text();
        sent++;
        const promised = operation.responses[answer.status] ?? operation.responses[`${Math.floor(answer.status / 100)}XX`];
        // Messages to devices need a cloud that takes them, which is not here.
        const nowhere = path.startsWith("/api/downlink/") && text.includes('"code":"no-downlink"');
        if (!promised || answer.status >= 400 && !nowhere) {
          throw new Error(`${method} ${request.target}, ${request.name}: ${answer.status}`);
        }
      }
    }
  }
  console.log(sent, "examples are answered as the contract says");
  if (sent < 100) throw new Error("there should be more");
};

// requestsOf makes the requests that an operation shows: the examples of one request have one key.
const requestsOf = (path, operation) => {
  const parameters = operation.parameters ?? [];
  const make = (id, name, body, type) => {
    const query = new URLSearchParams();
    const headers = type ? { "Content-Type": type } : {};
    let target = path;
    for (const p of parameters) {
      const value = p.examples?.[id]?.value ?? p.example;
      if (value === undefined) continue;
      if (p.in === "path") target = target.replace(`{${p.name}}`, value);
      else if (p.in === "header") headers[p.name] = value;
      else if (typeof value === "object") Object.entries(value).forEach(([n, v]) => query.set(n, v));
      else query.set(p.name, value);
    }
    return { target: query.size > 0 ? `${target}?${query}` : target, name, body, headers };
  };
  const list = [];
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    for (const [id, e] of Object.entries(media.examples ?? {})) {
      list.push(make(id, e.summary, typeof e.value === "string" ? e.value : JSON.stringify(e.value), type));
    }
  }
  const readings = parameters.find((p) => p.name === "readings");
  for (const [id, e] of Object.entries(readings?.examples ?? {})) list.push(make(id, e.summary));
  if (!operation.requestBody && !readings) list.push(make("", operation.summary));
  return list;
};

mkdirSync(folder, { recursive: true });
for (const [name, env] of Object.entries(configurations)) {
  const file = join(folder, name + ".json");
  writeFileSync(file, run(mayfly, ["openapi"], { ...common, ...env }));
  lint(file);
}
const { base, stop } = await start();
try {
  const served = await (await fetch(base + "/openapi.json")).json();
  writeFileSync(join(folder, "contract.json"), JSON.stringify(served));
  run(bin("openapi-typescript"), [join(folder, "contract.json"), "-o", join(folder, "contract.d.ts")]);
  run(bin("tsc"), ["--project", import.meta.dirname]);
  process.stdout.write(run(process.execPath, [join(folder, "client.js")], { BRIDGE: base }));
  await examples(base, served);
} finally {
  stop();
}
