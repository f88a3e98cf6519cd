import assert from "node:assert/strict";
import { test } from "node:test";
import { byX509, bySAS, calls, certificateOf, change, clientFor, connect, deviceKey, events, failure, hubs, look, Message } from "../lib/world.js";

const json = (value) => {
  const message = new Message(JSON.stringify(value));
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  return message;
};

test("provisioned by DPS, then sent to the hub that it named", async (t) => {
  const { assignedHub, deviceId } = await bySAS("whole-way").register();
  const client = connect(t, `HostName=${assignedHub};DeviceId=${deviceId};SharedAccessKey=${deviceKey("whole-way")}`);
  await client.sendEvent(json({ temperature: 21.5 }));
  const [event] = await events("whole-way", 1);
  assert.deepEqual(event.body, { temperature: 21.5 });
  assert.equal(event.hub, assignedHub);
  assert.equal(event.authMethod, "sas");
  assert.match(event.enqueuedTime, /Z$/);
});

test("every property that the SDK can send", async (t) => {
  const client = await clientFor(t, "properties");
  const message = json({ v: 1 });
  message.messageId = "mid-1";
  message.correlationId = "cid-1";
  message.userId = "user-1";
  message.ack = "full";
  message.expiryTimeUtc = "2030-01-02T03:04:05.678Z";
  message.interfaceId = "urn:azureiot:Security:SecurityAgent:1";
  message.properties.add("Level", "high");
  message.properties.add("dt-subject", "thermostat2");
  message.properties.add("iothub-creation-time-utc", "2026-01-02T03:04:05.678Z");
  await client.sendEvent(message);

  const [event] = await events("properties", 1);
  assert.equal(event.messageId, "mid-1");
  assert.equal(event.correlationId, "cid-1");
  assert.equal(event.userId, "user-1");
  assert.equal(event.contentType, "application/json");
  assert.equal(event.contentEncoding, "utf-8");
  assert.equal(event.component, "thermostat2");
  assert.equal(event.creationTimeUtc, "2026-01-02T03:04:05.678Z");
  assert.equal(event.properties.level, "high"); // names have no case over HTTPS
  assert.equal(event.system["iothub-ack"], "full");
  assert.equal(event.system["iothub-expiry"], "2030-01-02T03:04:05.678Z");
  assert.equal(event.system["iothub-interface-id"], "urn:azureiot:Security:SecurityAgent:1");
});

test("the other spelling of a component, and a message.to of one's own", async (t) => {
  const client = await clientFor(t, "component");
  const message = json({ v: 1 });
  message.properties.add("$.sub", "thermostat1");
  message.to = "/somewhere/else";
  await client.sendEvent(message);
  const [event] = await events("component", 1);
  assert.equal(event.component, "thermostat1");
  assert.equal(event.system["iothub-to"], "/somewhere/else");
});

test("a batch, with properties for each message", async (t) => {
  const client = await clientFor(t, "batch");
  const list = [1, 2, 3].map((n) => {
    const message = json({ n });
    if (n !== 2) message.properties.add("n", String(n));
    return message;
  });
  await client.sendEventBatch(list);
  const got = await events("batch", 3);
  assert.deepEqual(got.map((e) => [Buffer.from(JSON.stringify(e.body)).toString(), e.properties?.n, e.batch]), [
    ['{"n":1}', "1", 3], ['{"n":2}', undefined, 3], ['{"n":3}', "3", 3],
  ]);
  assert.deepEqual((await calls("batch")).map((c) => [c.op, c.status, c.messages]), [["batch", 204, 3]]);
});

test("bytes that are no JSON stay as they are", async (t) => {
  const client = await clientFor(t, "bytes");
  await client.sendEvent(new Message(Buffer.from([0, 1, 254, 255])));
  const [event] = await events("bytes", 1);
  assert.equal(event.bodyEncoding, "base64");
  assert.equal(event.body, "AAH+/w==");
});

test("many messages over one connection, in order", async (t) => {
  const client = await clientFor(t, "many");
  for (let n = 0; n < 50; n++) await client.sendEvent(json({ n }));
  assert.deepEqual((await events("many", 50)).map((e) => e.body.n), Array.from({ length: 50 }, (_, n) => n));
});

test("an id that has to be escaped in the path", async (t) => {
  await change("POST", `/devices/${encodeURIComponent("line:1_a.b-c")}/provision`, { hub: hubs[0] });
  const client = connect(t, `HostName=${hubs[0]};DeviceId=line:1_a.b-c;SharedAccessKey=${deviceKey("line:1_a.b-c")}`);
  await client.sendEvent(json({ ok: true }));
  assert.equal((await events("line:1_a.b-c", 1)).length, 1);
});

for (const id of ["lone-x509", "group-x509"]) {
  test(`${id} sends with its certificate and without a token`, async (t) => {
    const { assignedHub } = await byX509(id).register();
    const client = connect(t, `HostName=${assignedHub};DeviceId=${id};x509=true`);
    client.setOptions(certificateOf(id)); // its promise never settles without a receive policy
    await client.sendEvent(json({ cold: -4 }));
    const [event] = await events(id, 1);
    assert.equal(event.authMethod, "x509");
    assert.deepEqual(event.body, { cold: -4 });
  });
}

test("what just fits into 256 KB is stored, and more is not", async (t) => {
  const client = await clientFor(t, "large");
  await client.sendEvent(new Message("x".repeat(262144 - 64))); // iothub-to counts too
  const err = await failure(client.sendEvent(new Message("x".repeat(262145))));
  assert.equal(err.name, "MessageTooLargeError");
  assert.equal((await look("/devices/large")).events, 1);
});

test("a device without an identity in the hub", async (t) => {
  const client = connect(t, `HostName=${hubs[0]};DeviceId=nobody;SharedAccessKey=${deviceKey("nobody")}`);
  const err = await failure(client.sendEvent(json({})));
  assert.ok(["DeviceNotFoundError", "UnauthorizedError"].includes(err.name), err.name);
  assert.equal((await calls("nobody")).length, 1, "such an error is not tried again");
});

test("a wrong key, and the key of another hub", async (t) => {
  const client = await clientFor(t, "forger", { key: deviceKey("another") });
  const err = await failure(client.sendEvent(json({})));
  assert.equal(err.name, "UnauthorizedError");
  const { Message: text, ExceptionMessage: tracking } = JSON.parse(err.responseBody);
  assert.match(text + tracking, /40100[23]|IotHubUnauthorized/i);
  assert.ok(err.response.headers["iothub-errorcode"], "the header that tells errors apart");
  const elsewhere = connect(t, `HostName=${hubs[1]};DeviceId=forger;SharedAccessKey=${deviceKey("forger")}`);
  assert.ok(["DeviceNotFoundError", "UnauthorizedError"].includes((await failure(elsewhere.sendEvent(json({})))).name));
});

test("a device that is disabled, and enabled again", async (t) => {
  const client = await clientFor(t, "resting");
  await change("POST", "/devices/resting/disable");
  assert.equal((await failure(client.sendEvent(json({})))).name, "DeviceNotFoundError");
  await change("POST", "/devices/resting/enable");
  await client.sendEvent(json({ back: true }));
  assert.equal((await events("resting", 1)).length, 1);
});
