// A client of the bridge with the types that are generated from its contract: what does not fit them does not
// compile, and what the bridge answers has to be what they say.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./out/contract.js";

const client = createClient<paths>({ baseUrl: process.env.BRIDGE ?? "" });

type Problem = components["schemas"]["Problem"];

// One message.
{
  const { data, response } = await client.POST("/api/telemetry", {
    body: { device: { deviceId: "client-1" }, measurements: { temperature: 21.5 } },
  });
  assert.equal(response.status, 200);
  assert.ok(data);
  assert.equal(data.delivered, 1);
}

// A batch of two devices, one of which can never be stored.
{
  const { data, response } = await client.POST("/api/telemetry", {
    body: [
      { device: { deviceId: "client-1" }, measurements: { temperature: 22 }, timestamp: 1_773_482_400 },
      { device: { deviceId: "not an id" }, measurements: { temperature: 23 } },
    ],
  });
  assert.equal(response.status, 207);
  assert.deepEqual(data?.results?.map((r) => [r.status, r.code]), [[200, undefined], [422, "invalid-message"]]);
}

// The measurements of one device.
{
  const { data } = await client.POST("/api/devices/{deviceId}/telemetry", {
    params: { path: { deviceId: "client-2" }, query: { messageId: "m-1" } },
    body: { humidity: 48 },
  });
  assert.equal(data?.delivered, 1);
}

// A problem: its code is one of those that this route can answer.
{
  const { error, response } = await client.POST("/api/telemetry", {
    body: { device: { deviceId: "a/b" }, measurements: {} },
  });
  assert.equal(response.status, 422);
  assert.ok(error);
  const problem: Problem = error;
  assert.equal(problem.code, "invalid-message");
  assert.equal(problem.retryable, false);
  assert.equal(problem.errors?.[0]?.path, "device.deviceId");
  const code: Problem["code"] = "hub-busy";
  // @ts-expect-error -- no such code
  const wrong: Problem["code"] = "no-such-code";
  assert.notEqual(code, wrong);
}

// What an IoT cloud sends.
{
  const { data } = await client.POST("/api/tts", {
    body: {
      end_device_ids: { device_id: "client-3" },
      uplink_message: { f_port: 1, decoded_payload: { level: 0.5 } },
    },
  });
  assert.deepEqual(data, { delivered: 1 });
}

// A device that the contract does not take does not compile.
{
  // @ts-expect-error -- the id is missing
  await client.POST("/api/telemetry", { body: { device: {}, measurements: {} } });
}

console.log("the generated client is understood");
