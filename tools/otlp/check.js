// Takes the telemetry about the bridge with Elastic's receiver of OpenTelemetry, in protobuf and in JSON, and looks
// whether what has come is what was meant.
//
// MAYFLY names the program; it runs with its own emulator of Azure, and only on this machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import otlp from "@elastic/mockotlpserver";

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer().on("error", reject).listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// startBridge runs the bridge with its emulator, and waits until it serves.
const startBridge = async (env) => {
  const [port, emulator, console_] = [await freePort(), await freePort(), await freePort()];
  const bridge = spawn(process.env.MAYFLY, ["dev", "--port", port, "--emulator-port", emulator, "--console-port",
    console_, "--retry-after", "1s"], { stdio: ["ignore", "ignore", "inherit"], env: { PATH: process.env.PATH, ...env } });
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(base + "/readyz")).ok) break;
    } catch (error) {
      if (tries > 100) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stop = async () => {
    bridge.kill("SIGTERM");
    const [status] = await once(bridge, "exit");
    assert.equal(status, 0, "the bridge has ended with an error");
  };
  return { base, stop };
};

// startReceiver starts a receiver, and gathers what comes.
const startReceiver = async () => {
  const got = { traces: [], metrics: [] };
  const server = new otlp.MockOtlpServer({
    services: ["http"], httpHostname: "127.0.0.1", httpPort: 0, logLevel: "warn",
    onTrace: (trace) => got.traces.push(otlp.normalizeTrace(trace)),
    onMetrics: (metrics) => got.metrics.push(otlp.normalizeMetrics(metrics)),
  });
  await server.start();
  return { url: server.httpUrl, got, stop: () => server.close() };
};

const trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331";
const other = "4bf92f3577b34da6a3ce929d0e0e4736", otherSpan = "00f067aa0ba902b7";

// send posts a batch of two CloudEvents, one of which is of another trace, and a body that is refused.
const send = async (base) => {
  const headers = { traceparent: `00-${trace}-${parent}-01`, tracestate: "vendor=1" };
  const event = { specversion: "1.0", type: "reading", source: "/devices/pump-1", id: "1", data: { bar: 1 } };
  const batch = [event, { ...event, id: "2", traceparent: `00-${other}-${otherSpan}-01` }];
  const stored = await fetch(base + "/api/cloudevents", {
    method: "POST", body: JSON.stringify(batch),
    headers: { ...headers, "content-type": "application/cloudevents-batch+json" },
  });
  assert.equal(stored.status, 200, await stored.text());
  const refused = await fetch(base + "/api/telemetry", {
    method: "POST", body: "{", headers: { ...headers, "content-type": "application/json" },
  });
  assert.equal(refused.status, 400);
};

const checkTraces = (traces) => {
  const resources = traces.flatMap((data) => data.resourceSpans);
  for (const { resource } of resources) {
    assert.equal(resource.attributes["service.name"], "bridge");
    assert.equal(resource.attributes["deployment.environment.name"], "a,b");
    assert.equal(resource.attributes["telemetry.sdk.language"], "go");
  }
  const spans = resources.flatMap((r) => r.scopeSpans).flatMap((s) => s.spans);
  const named = (name) => spans.filter((s) => s.name === name);
  const [root, ...more] = named("POST /api/{source}");
  assert.equal(more.length, 0);
  assert.equal(root.traceId, trace);
  assert.equal(root.parentSpanId, parent);
  assert.equal(root.traceState, "vendor=1");
  assert.equal(root.kind, "SPAN_KIND_SERVER");
  assert.equal(root.attributes["http.response.status_code"], 200);
  assert.equal(root.attributes["mayfly.messages.delivered"], 2);
  assert.ok(BigInt(root.endTimeUnixNano) > BigInt(root.startTimeUnixNano));
  assert.deepEqual(root.links.map((l) => [l.traceId, l.spanId]), [[other, otherSpan]]);
  for (const [name, kind] of Object.entries({
    "decode": "SPAN_KIND_INTERNAL", "dps look-up": "SPAN_KIND_CLIENT", "dps register": "SPAN_KIND_CLIENT",
    "dps poll": "SPAN_KIND_CLIENT", "hub send": "SPAN_KIND_CLIENT",
  })) {
    const children = named(name).filter((s) => s.parentSpanId === root.spanId);
    assert.equal(children.length, 1, `${children.length} spans are named ${name}`);
    assert.equal(children[0].kind, kind);
    assert.equal(children[0].traceId, trace);
  }
  const [refused] = named("POST /api/telemetry");
  assert.equal(refused.attributes["error.type"], "malformed-body");
  assert.equal(refused.attributes["http.response.status_code"], 400);
};

const checkMetrics = (exports) => {
  const last = exports.at(-1).resourceMetrics; // values are cumulative
  assert.equal(last.length, 1);
  assert.equal(last[0].resource.attributes["service.name"], "bridge");
  const metrics = Object.fromEntries(last[0].scopeMetrics.flatMap((s) => s.metrics).map((m) => [m.name, m]));
  const point = (points, attributes) => points.find((p) =>
    Object.entries(attributes).every(([name, value]) => p.attributes[name] === value));
  const requests = metrics.mayfly_requests_total.sum;
  assert.equal(requests.isMonotonic, true);
  assert.equal(requests.aggregationTemporality, 2); // cumulative
  const route = { route: "/api/telemetry", source: "telemetry", status: "400", code: "malformed-body" };
  const refused = point(requests.dataPoints, route);
  assert.equal(refused.asDouble, 1);
  const [start, end] = [BigInt(refused.startTimeUnixNano), BigInt(refused.timeUnixNano)];
  assert.ok(start > 0n && end >= start);
  const delivered = point(metrics.mayfly_messages_total.sum.dataPoints, { source: "cloudevents", outcome: "delivered" });
  assert.equal(delivered.asDouble, 2);
  const took = metrics.mayfly_request_duration_seconds;
  assert.equal(took.unit, "s");
  const { count, sum, positive, zeroCount = 0 } = point(took.exponentialHistogram.dataPoints, { source: "cloudevents" });
  assert.equal(Number(count), 1);
  assert.ok(sum > 0 && sum < 60);
  assert.equal(positive.bucketCounts.reduce((n, c) => n + Number(c), Number(zeroCount)), 1);
  assert.ok(metrics.mayfly_build_info.gauge.dataPoints[0].attributes.goversion.startsWith("go"));
};

for (const protocol of ["http/protobuf", "http/json"]) {
  const receiver = await startReceiver();
  const bridge = await startBridge({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_SERVICE_NAME: "bridge", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=a%2Cb",
    OTEL_TRACES_SAMPLER: "parentbased_always_off",
  });
  await send(bridge.base);
  await bridge.stop(); // exports what waits
  checkTraces(receiver.got.traces);
  checkMetrics(receiver.got.metrics);
  console.log(`${protocol}: ${receiver.got.traces.length} exports of traces, ${receiver.got.metrics.length} of metrics`);
  await receiver.stop();
}
process.exit(0);
