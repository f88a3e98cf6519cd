// What the tests share: devices by Microsoft's SDKs, and the emulator's console to look at what arrived.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import device from "azure-iot-device";
import deviceHttp from "azure-iot-device-http";
import provisioning from "azure-iot-provisioning-device";
import provisioningHttp from "azure-iot-provisioning-device-http";
import symmetric from "azure-iot-security-symmetric-key";
import x509 from "azure-iot-security-x509";

const { MAYFLY_CONSOLE: base, MAYFLY_SCOPE: scope, MAYFLY_GROUP_KEY: groupKey, MAYFLY_DEVICES: certificates } = process.env;
const dpsHost = "global.azure-devices-provisioning.net";

export const hubs = ["lab-1.azure-devices.net", "lab-2.azure-devices.net"];
export const { Message } = device;

export const certificateOf = (id) => JSON.parse(readFileSync(certificates, "utf8"))[id];

// deviceKey is a device's own key in the group.
export const deviceKey = (id) => createHmac("sha256", Buffer.from(groupKey, "base64")).update(id).digest("base64");

// bySAS and byX509 are provisioning clients.
export function bySAS(id, key = deviceKey(id), idScope = scope) {
  const security = new symmetric.SymmetricKeySecurityClient(id, key);
  return provisioning.ProvisioningDeviceClient.create(dpsHost, idScope, new provisioningHttp.Http(), security);
}

export function byX509(id, certificate = certificateOf(id)) {
  const security = new x509.X509Security(id, certificate);
  return provisioning.ProvisioningDeviceClient.create(dpsHost, scope, new provisioningHttp.Http(), security);
}

// clientFor is a device that is in a hub already. It is closed when the test ends: its timers would keep the process.
export async function clientFor(t, id, { hub = hubs[0], key = deviceKey(id) } = {}) {
  await change("POST", `/devices/${id}/provision`, { hub });
  return connect(t, `HostName=${hub};DeviceId=${id};SharedAccessKey=${key}`);
}

export function connect(t, connectionString) {
  const client = device.Client.fromConnectionString(connectionString, deviceHttp.Http);
  t.after(() => client.close());
  return client;
}

// The console.

async function ask(method, path, body) {
  const response = await fetch(base + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

export const change = (method, path, body) => ask(method, path, body);
export const look = (path) => ask("GET", path);

// events waits for a number of events of one device.
export const events = (id, count) => look(`/events?device=${id}&count=${count}&wait=10s`);

export const calls = (id, op) => look(`/calls?device=${id}${op ? `&op=${op}` : ""}`);

// withFault arms a fault for one device until the test ends.
export async function withFault(t, fault) {
  const { ids } = await change("POST", "/faults", fault);
  t.after(() => change("DELETE", `/faults/${ids[0]}`));
}

// failure is the error of a promise that has to fail.
export async function failure(promise) {
  try {
    await promise;
  } catch (err) {
    return err;
  }
  throw new Error("it did not fail");
}
