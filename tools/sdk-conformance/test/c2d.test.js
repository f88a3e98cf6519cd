import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { calls, change, clientFor, failure, look } from "../lib/world.js";

const outcomes = async (id) => (await look("/feedback")).filter((f) => f.device === id).map((f) => [f.messageId, f.outcome]);

// listen makes the SDK poll, which it does every second.
async function listen(t, id) {
  const client = await clientFor(t, id);
  const inbox = [];
  client.on("message", (message) => {
    inbox.push(message);
    client.emit("test:arrived");
  });
  return {
    client,
    inbox,
    async arrived(count) {
      while (inbox.length < count) await once(client, "test:arrived");
      return inbox;
    },
  };
}

test("a message with all that it can have, completed", async (t) => {
  const { client, arrived } = await listen(t, "c2d-complete");
  await change("POST", "/devices/c2d-complete/c2d", {
    json: { on: true }, messageId: "m-1", correlationId: "c-1", ack: "full", properties: { Colour: "red" }, command: "switch",
  });
  const [message] = await arrived(1);
  assert.equal(message.getData().toString(), '{"on":true}');
  assert.equal(message.messageId, "m-1");
  assert.equal(message.correlationId, "c-1");
  assert.match(message.lockToken, /^[0-9a-f-]{36}$/, "the SDK takes the ETag's first and last character off");
  const properties = Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key.toLowerCase(), value]));
  assert.equal(properties["iothub-app-colour"], "red");
  assert.equal(properties["iothub-app-method-name"], "switch");
  await client.complete(message);
  assert.deepEqual(await outcomes("c2d-complete"), [["m-1", "Success"]]);
  assert.equal((await look("/devices/c2d-complete")).queued, 0);
});

test("several at once: the SDK drains the queue, each with a lock of its own", async (t) => {
  const { client, arrived } = await listen(t, "c2d-drain");
  for (const n of [1, 2, 3]) await change("POST", "/devices/c2d-drain/c2d", { text: String(n), messageId: `d-${n}` });
  const inbox = await arrived(3);
  assert.deepEqual(inbox.map((m) => m.getData().toString()), ["1", "2", "3"]);
  assert.equal(new Set(inbox.map((m) => m.lockToken)).size, 3);
  for (const m of inbox) await client.complete(m);
  assert.equal((await outcomes("c2d-drain")).length, 3);
});

test("rejected", async (t) => {
  const { client, arrived } = await listen(t, "c2d-reject");
  await change("POST", "/devices/c2d-reject/c2d", { text: "no", messageId: "r-1" });
  await client.reject((await arrived(1))[0]);
  assert.deepEqual(await outcomes("c2d-reject"), [["r-1", "Rejected"]]);
});

test("abandoned, it comes back with a higher delivery count", async (t) => {
  const { client, arrived } = await listen(t, "c2d-abandon");
  await change("POST", "/devices/c2d-abandon/c2d", { text: "later", messageId: "a-1" });
  await client.abandon((await arrived(1))[0]);
  const [first, second] = await arrived(2);
  assert.equal(second.messageId, "a-1");
  assert.notEqual(second.lockToken, first.lockToken);
  await client.complete(second);
  const [end] = (await look("/feedback")).filter((f) => f.messageId === "a-1"); // the SDK does not show the count
  assert.deepEqual([end.outcome, end.deliveryCount], ["Success", 1]);
});

test("a lock is good for one settlement", async (t) => {
  const { client, arrived } = await listen(t, "c2d-lock");
  await change("POST", "/devices/c2d-lock/c2d", { text: "once" });
  const [message] = await arrived(1);
  await client.complete(message);
  await failure(client.complete(message));
  const settled = (await calls("c2d-lock", "complete")).map((c) => [c.status, c.errorCode ?? 0]);
  assert.deepEqual(settled, [[204, 0], [412, 412002]]);
});

test("an empty queue is no message and no error", async (t) => {
  const { client, inbox } = await listen(t, "c2d-empty");
  let failed;
  client.on("error", (err) => (failed = err));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(inbox.length, 0);
  assert.equal(failed, undefined);
  assert.ok((await calls("c2d-empty", "receive")).every((c) => c.status === 204));
});

test("the queue is full at 50", async (t) => {
  await clientFor(t, "c2d-full");
  for (let n = 0; n < 50; n++) await change("POST", "/devices/c2d-full/c2d", { text: String(n) });
  await assert.rejects(change("POST", "/devices/c2d-full/c2d", { text: "51" }), /403/);
});
