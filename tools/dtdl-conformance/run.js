// Drafts a device template for every built-in source and reads it with Microsoft's DTDLParser, which the package
// has as WebAssembly. A source whose draft that parser refuses fails the run, as does one without a draft.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getInterop } from "@digicatapult/dtdl-parser";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const scratch = mkdtempSync(path.join(tmpdir(), "mayfly-dtdl-"));
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "CONFIG"));

// The draft for a source, as DTDL.
function draft(binary, source) {
  const run = spawnSync(binary, ["template", "draft", source], { cwd: scratch, env: environment, encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout;
}

// What telemetry a model has, by the parser's own account.
function telemetry(entities) {
  return Object.values(entities).filter((e) => e.EntityKind === "Telemetry").length;
}

let failed = 0;
try {
  const binary = process.env.MAYFLY ?? path.join(scratch, "mayfly"); // MAYFLY: one that is built already
  if (!process.env.MAYFLY) {
    const built = spawnSync("go", ["build", "-o", binary, "./cmd/mayfly"], { cwd: root, stdio: "inherit" });
    if (built.status !== 0) throw new Error("go build failed");
  }
  const parser = await getInterop();
  console.log(parser.parserVersion());
  const sources = readdirSync(path.join(root, "transform/sources")).filter((name) => name.endsWith(".yaml"));
  for (const source of sources.map((name) => name.slice(0, -".yaml".length))) {
    try {
      const entities = JSON.parse(parser.parse(draft(binary, source)));
      if (telemetry(entities) === 0) throw new Error("the draft has no telemetry");
      console.log(`ok ${source}: ${telemetry(entities)} telemetry`);
    } catch (err) {
      failed++;
      console.log(`FAIL ${source}: ${err.message}`);
    }
  }
  if (sources.length === 0) throw new Error("there are no sources");
} catch (err) {
  console.error(err.message);
  failed++;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
