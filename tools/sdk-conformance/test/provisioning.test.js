import assert from "node:assert/strict";
import { test } from "node:test";
import { individualKey } from "../lib/certificates.js";
import { byX509, bySAS, calls, certificateOf, change, deviceKey, failure, hubs, look, withFault } from "../lib/world.js";

test("a device of the group, by its derived key", async () => {
  const client = bySAS("group-sas");
  client.setProvisioningPayload({ modelId: "dtmi:com:example:Thermostat;1" });
  const began = Date.now();
  const result = await client.register();

  assert.equal(result.deviceId, "group-sas");
  assert.ok(hubs.includes(result.assignedHub), result.assignedHub);
  assert.equal(result.status, "assigned");
  assert.equal(result.substatus, "initialAssignment");
  assert.ok(Date.now() - began >= 1000, "Retry-After: 1 has to be waited for");
  const ops = (await calls("group-sas")).map((c) => `${c.op} ${c.status} ${c.state}`);
  assert.deepEqual(ops, ["register 202 assigning", "poll 200 assigned"]);
  const known = await look("/devices/group-sas");
  assert.equal(known.modelId, "dtmi:com:example:Thermostat;1");
  assert.deepEqual(known.payload, { modelId: "dtmi:com:example:Thermostat;1" });
});

test("ids keep their case in the hub and have none at DPS", async () => {
  const result = await bySAS("Mixed-Case_1").register();
  assert.equal(result.deviceId, "Mixed-Case_1");
});

test("an individual enrollment, by either key, under another name in its hub", async () => {
  for (const key of [1, 2]) {
    const result = await bySAS("lone-sas", individualKey(key)).register();
    assert.equal(result.deviceId, "Named-In-Hub");
    assert.equal(result.registrationId, "lone-sas");
  }
});

test("an individual X.509 enrollment", async () => {
  const result = await byX509("lone-x509").register();
  assert.equal(result.status, "assigned");
  assert.ok((await calls("lone-x509")).every((c) => c.auth === "x509"));
});

test("an X.509 group, through an intermediate CA", async () => {
  const result = await byX509("group-x509").register();
  assert.equal(result.status, "assigned");
  assert.equal((await look("/devices/group-x509")).status, "assigned");
});

test("DPS says assigning for three polls", async (t) => {
  await withFault(t, { endpoint: "register", device: "slow-one", assigningPolls: 3 });
  await bySAS("slow-one").register();
  assert.equal((await calls("slow-one", "poll")).length, 4);
});

test("registering again keeps the hub", async () => {
  const first = await bySAS("twice").register();
  const second = await bySAS("twice").register();
  assert.equal(second.assignedHub, first.assignedHub);
});

test("a moved device is told its new hub", async () => {
  const first = await bySAS("mover").register();
  const other = hubs.find((h) => h !== first.assignedHub);
  await change("POST", "/devices/mover/move", { hub: other, onRegister: true });
  const second = await bySAS("mover").register();
  assert.equal(second.assignedHub, other);
  assert.equal(second.substatus, "deviceDataMigrated");
});

const body = (err) => JSON.parse(err.message.replace(/^Error: /, ""));

for (const [what, client, name, code] of [
  ["a wrong key", () => bySAS("wrong-key", deviceKey("somebody-else")), "UnauthorizedError", 401002],
  ["the group key itself", () => bySAS("greedy", process.env.MAYFLY_GROUP_KEY), "UnauthorizedError", 401002],
  ["a certificate of a CA that nobody enrolled", () => byX509("stranger-x509"), "UnauthorizedError", 401002],
  ["a certificate with another name", () => byX509("not-its-cn", certificateOf("group-x509")), "UnauthorizedError", 401002],
]) {
  test(`${what} is refused`, async () => {
    const err = await failure(client().register());
    assert.equal(err.name, name);
    const refusal = body(err);
    assert.equal(refusal.errorCode, code);
    assert.match(refusal.trackingId, /^[0-9a-f-]{36}/);
    assert.match(refusal.timestampUtc, /^\d{4}-\d\d-\d\dT.*Z$/);
  });
}

test("an unknown ID scope is refused", async () => {
  const err = await failure(bySAS("lost", deviceKey("lost"), "0neFFFFFFFF").register());
  assert.ok(["UnauthorizedError", "Error"].includes(err.name), err.name);
});

test("a disabled enrollment", async () => {
  const err = await failure(bySAS("lone-disabled", individualKey(1)).register());
  assert.equal(err.name, "SyntaxError"); // the SDK knows no status but assigning, assigned and failed
  assert.match(err.message, /disabled/);
});

test("a blocked device: failed, with 400209 where the SDK looks for it", async () => {
  await change("POST", "/devices/blocked-1/block");
  const err = await failure(bySAS("blocked-1").register());
  assert.match(`${err.name} ${err.constructor.name}`, /ProvisioningRegistrationFailedError/);
  assert.equal(err.result.registrationState.errorCode, 400209);
  assert.equal(err.result.status, "failed");
});

test("a device that waits for approval, and is approved", async () => {
  await change("POST", "/devices/newcomer/await-approval");
  const err = await failure(bySAS("newcomer").register());
  assert.equal(err.result.registrationState.errorCode, 400209);
  await change("POST", "/devices/newcomer/approve");
  assert.equal((await bySAS("newcomer").register()).status, "assigned");
});
