import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { calls, clientFor, failure, look } from "../lib/world.js";

const file = async (name) => (await look("/files")).find((f) => f.name === name);

test("uploadToBlob: the way through hub, store and hub again", async (t) => {
  const client = await clientFor(t, "filer");
  const text = "line of a log\n".repeat(100);
  await client.uploadToBlob("logs/today.txt", Readable.from([Buffer.from(text)]), text.length);
  const stored = await file("filer/logs/today.txt");
  assert.equal(stored.size, text.length);
  assert.equal(stored.outcome, "success");
  assert.deepEqual((await calls("filer")).filter((c) => c.service === "hub").map((c) => [c.op, c.status]), [["upload", 200], ["notify", 204]]);
});

test("5 MB, which the store's SDK sends in blocks", async (t) => {
  const client = await clientFor(t, "filer-large");
  const size = 5 << 20;
  await client.uploadToBlob("image.bin", Readable.from([Buffer.alloc(size, 7)]), size);
  assert.equal((await file("filer-large/image.bin"))?.size, size);
});

test("the two halves by hand: the store's address, and a failure that is told", async (t) => {
  const client = await clientFor(t, "filer-hand");
  const where = await client.getBlobSharedAccessSignature("dump.bin");
  assert.match(where.correlationId, /./);
  assert.equal(where.blobName, "filer-hand/dump.bin");
  assert.match(where.hostName, /\.blob\.core\.windows\.net$/);
  assert.match(where.sasToken, /^\?.*sig=/);
  await client.notifyBlobUploadStatus(where.correlationId, false, 500, "the disk is full");
  await failure(client.notifyBlobUploadStatus(where.correlationId, true, 200, "again"));
  assert.equal((await calls("filer-hand", "notify")).at(-1).errorCode, 400015);
});

test("at most ten uploads at once", async (t) => {
  const client = await clientFor(t, "filer-many");
  for (let n = 0; n < 10; n++) await client.getBlobSharedAccessSignature(`${n}.bin`);
  await failure(client.getBlobSharedAccessSignature("eleven.bin"));
  assert.equal((await calls("filer-many", "upload")).at(-1).errorCode, 403006);
});
