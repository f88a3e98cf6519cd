// Builds mayfly, starts "mayfly emulator", does what it prints for Node, and runs the tests in that world: Microsoft's
// SDKs, unmodified, by Azure's own host names.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { authority, individualKey, issue, selfSigned } from "./lib/certificates.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(path.join(tmpdir(), "mayfly-sdk-"));
const file = (name) => path.join(scratch, name);

// The devices that are enrolled one by one, and the CA behind the X.509 group.
function enroll() {
  const root = authority("Conformance root");
  const between = authority("Conformance line 7", root);
  const lone = selfSigned("lone-x509");
  const stranger = issue("stranger-x509", authority("Somebody else's root"));
  writeFileSync(file("root.pem"), root.pem);
  writeFileSync(file("enrollments.json"), JSON.stringify([
    { registrationId: "lone-sas", deviceId: "Named-In-Hub", primaryKey: individualKey(1), secondaryKey: individualKey(2) },
    { registrationId: "lone-x509", certificate: lone.pem },
    { registrationId: "lone-disabled", primaryKey: individualKey(1), disabled: true },
  ]));
  const member = (name) => {
    const leaf = issue(name, between);
    return { cert: leaf.pem + between.pem, key: leaf.key };
  };
  writeFileSync(file("devices.json"), JSON.stringify({
    "lone-x509": { cert: lone.pem, key: lone.key },
    "group-x509": member("group-x509"),
    "stranger-x509": { cert: stranger.pem, key: stranger.key },
  }));
}

async function startEmulator(binary) {
  const emulator = spawn(binary, [
    "emulator", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--ca-out", file("ca.pem"), "--retry-after", "1s",
    "--hubs", "lab-1.azure-devices.net,lab-2.azure-devices.net", "--x509-group", file("root.pem"),
    "--enrollments", file("enrollments.json"), "--seed", "7",
  ], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  await new Promise((resolve, reject) => {
    emulator.stdout.on("data", (part) => {
      printed += part;
      if (printed.includes("Ctrl-C")) resolve();
    });
    emulator.on("exit", (code) => reject(new Error(`mayfly emulator ended with ${code}`)));
  });
  return { emulator, printed };
}

function find(printed, pattern) {
  const found = printed.match(pattern);
  if (!found) throw new Error(`"mayfly emulator" does not print ${pattern}:\n${printed}`);
  return found[1];
}

let emulator;
let code = 1;
try {
  const binary = process.env.MAYFLY ?? file("mayfly"); // MAYFLY: one that is built already
  if (!process.env.MAYFLY) {
    const built = spawnSync("go", ["build", "-o", binary, "./cmd/mayfly"], { cwd: path.join(here, "../.."), stdio: "inherit" });
    if (built.status !== 0) throw new Error("go build failed");
  }
  enroll();
  const started = await startEmulator(binary);
  emulator = started.emulator;

  writeFileSync(file("emulator.cjs"), find(started.printed, /^ *(Object\.assign\(.*)$/m) + ";\n");
  const tests = readdirSync(path.join(here, "test")).map((name) => path.join(here, "test", name));
  const child = spawn(process.execPath, ["-r", file("emulator.cjs"), "--test", "--test-reporter=spec", "--test-timeout=60000", "--test-concurrency=4", ...process.argv.slice(2), ...tests], {
    cwd: here,
    stdio: "inherit",
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: file("ca.pem"),
      NODE_OPTIONS: `-r ${file("emulator.cjs")}`,
      MAYFLY_CONSOLE: find(started.printed, /console +(http:\S+)/),
      MAYFLY_SCOPE: find(started.printed, /ID scope +(\S+)/),
      MAYFLY_GROUP_KEY: find(started.printed, /group key +(\S+)/),
      MAYFLY_DEVICES: file("devices.json"),
    },
  });
  code = await new Promise((resolve) => child.on("exit", (n) => resolve(n ?? 1)));
} catch (err) {
  console.error(err.message);
} finally {
  emulator?.removeAllListeners("exit");
  emulator?.kill();
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(code);
