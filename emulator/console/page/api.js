import { parse } from "./dom.js";

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const value = text === "" ? null : tryParse(text);
  if (!response.ok) throw new Error(value?.error ?? (text.trim() || `${response.status} ${response.statusText}`));
  return value;
}

function tryParse(text) {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);
export const devicePath = (id, action) => `/devices/${encodeURIComponent(id)}/${action}`;
