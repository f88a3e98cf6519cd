// What Microsoft's SDK makes of each fault: the class of the error, and how often it tried.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bySAS, calls, clientFor, events, failure, Message, withFault } from "../lib/world.js";

const here = path.dirname(fileURLToPath(import.meta.url));
// alone registers a device in a process of its own.
const alone = (id) => new Promise((resolve) => {
  execFile(process.execPath, [path.join(here, "../lib/register.js"), id], (err, stdout, stderr) => resolve({ code: err?.code ?? 0, stdout, stderr }));
});

const atOnce = { concurrency: true };

// DPS: the SDK tries nothing again.
describe("DPS", atOnce, () => {
  for (const [name, fault, error] of [
    ["429 on register, whatever Retry-After says", { endpoint: "register", status: 429, retryAfter: "1s" }, "ThrottlingError"],
    ["429 without Retry-After", { endpoint: "register", status: 429 }, "ThrottlingError"],
    ["429 on a poll", { endpoint: "poll", status: 429, retryAfter: "1s" }, "ThrottlingError"],
    ["500", { endpoint: "register", status: 500 }, "InternalServerError"],
    ["503", { endpoint: "poll", status: 503 }, "ServiceUnavailableError"],
    ["400", { endpoint: "register", status: 400 }, "ArgumentError"],
    ["401", { endpoint: "register", status: 401, errorCode: 401000 }, "UnauthorizedError"],
    ["403", { endpoint: "register", status: 403 }, "TooManyDevicesError"],
    ["404", { endpoint: "register", status: 404 }, "Error"],
    ["412", { endpoint: "register", status: 412 }, "InvalidEtagError"],
    ["a redirect, which it does not follow", { endpoint: "register", status: 307 }, "Error"],
    ["cut before it is carried out", { endpoint: "register", cut: "before" }, "Error"],
    ["cut after it was carried out", { endpoint: "register", cut: "after" }, "Error"],
    ["a body cut short", { endpoint: "register", truncate: true }, "Error"],
    ["unassigned", { endpoint: "poll", state: "unassigned" }, "SyntaxError"],
    ["disabled", { endpoint: "poll", state: "disabled" }, "SyntaxError"],
  ]) {
    test(name, async (t) => {
      const id = `dps-${name.replace(/[^a-z0-9]+/gi, "-")}-x`.toLowerCase();
      await withFault(t, { ...fault, device: id });
      const err = await failure(bySAS(id).register());
      assert.equal(err.name, error, `${err.name}: ${err.message}`);
      const tried = (await calls(id)).filter((c) => c.op === fault.endpoint);
      assert.equal(tried.length, 1);
    });
  }

  test("a custom allocation that said no", async (t) => {
    await withFault(t, { endpoint: "poll", device: "dps-400207", state: "failed" });
    const err = await failure(bySAS("dps-400207").register());
    assert.match(`${err.name} ${err.constructor.name}`, /ProvisioningRegistrationFailedError/);
    assert.ok(err.result.registrationState.errorCode);
  });

  test("late and slow answers are answers", async (t) => {
    await withFault(t, { endpoint: "register", device: "dps-late", latency: "700ms", slowBody: "700ms" });
    assert.equal((await bySAS("dps-late").register()).status, "assigned");
  });

  // These two would take the tests with them: a crash, and a request that is never let go.
  test("an answer that is not JSON crashes the process", async (t) => {
    await withFault(t, { endpoint: "register", device: "dps-html", contentType: "text/html" });
    const { code, stderr } = await alone("dps-html");
    assert.notEqual(code, 0);
    assert.match(stderr, /TypeError/);
  });

  test("no answer: it gives up after 30 s", async (t) => {
    await withFault(t, { endpoint: "register", device: "dps-hangs", hang: true });
    assert.equal((await alone("dps-hangs")).stdout, "TimeoutError");
  });
});

// A hub: only 500 and 503 are tried again.
describe("hub", atOnce, () => {
  for (const [name, fault, error] of [
    ["400", { status: 400 }, "ArgumentError"],
    ["401", { status: 401 }, "UnauthorizedError"],
    ["401 DEVICE_DISABLED", { status: 401, errorCode: 401002, message: "DEVICE_DISABLED" }, "UnauthorizedError"],
    ["403 daily quota", { status: 403, errorCode: 403002 }, "IotHubQuotaExceededError"],
    ["404", { status: 404 }, "DeviceNotFoundError"],
    ["412", { status: 412 }, "Error"],
    ["413", { status: 413 }, "MessageTooLargeError"],
    ["429, which it has no class for", { status: 429, retryAfter: "1s" }, "Error"],
    ["cut before it is stored", { cut: "before" }, "Error"],
    ["cut after it is stored", { cut: "after" }, "Error"],
  ]) {
    test(name, async (t) => {
      const id = `hub-${name.replace(/[^a-z0-9]+/gi, "-")}-x`.toLowerCase();
      const client = await clientFor(t, id);
      await withFault(t, { ...fault, endpoint: "send", device: id });
      const err = await failure(client.sendEvent(new Message("{}")));
      assert.equal(err.name, error, `${err.name}: ${err.message}`);
      if (fault.status) assert.equal(err.response.statusCode, fault.status);
      assert.equal((await calls(id, "events")).length, 1);
    });
  }

  for (const status of [500, 503]) {
    test(`${status} twice, then stored: the SDK tries again`, async (t) => {
      const id = `hub-${status}-twice`;
      const client = await clientFor(t, id);
      await withFault(t, { endpoint: "send", device: id, status, count: 2 });
      await client.sendEvent(new Message("{}"));
      assert.equal((await events(id, 1)).length, 1);
      assert.deepEqual((await calls(id, "events")).map((c) => c.status), [status, status, 204]);
    });
  }

  test("a rotated key", async (t) => {
    const client = await clientFor(t, "hub-rotated");
    await withFault(t, { endpoint: "send", device: "hub-rotated", rotateKey: true, count: 1 });
    assert.equal((await failure(client.sendEvent(new Message("{}")))).name, "UnauthorizedError");
  });

  test("a device that has moved", async (t) => {
    const client = await clientFor(t, "hub-moved");
    await withFault(t, { endpoint: "send", device: "hub-moved", moveTo: "lab-2.azure-devices.net", count: 1 });
    assert.ok(["DeviceNotFoundError", "UnauthorizedError"].includes((await failure(client.sendEvent(new Message("{}")))).name));
  });

  test("late is not lost", async (t) => {
    const client = await clientFor(t, "hub-late");
    await withFault(t, { endpoint: "send", device: "hub-late", latency: "900ms" });
    await client.sendEvent(new Message("{}"));
    assert.equal((await events("hub-late", 1)).length, 1);
  });
});
