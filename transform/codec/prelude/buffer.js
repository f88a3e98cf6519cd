// Buffer, as far as payload formatters use Node's: a Uint8Array that reads and
// writes numbers and knows hex, base64, latin1, ascii, utf8 and utf16le. The
// program is a function of the read and write methods that are wanted.
(function (names) {
  "use strict";
  const global = globalThis;
  const table = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let values;

  function fromBase64(text) {
    if (!values) {
      values = {"-": 62, "_": 63};
      for (let i = 0; i < 64; i++) values[table[i]] = i;
    }
    const out = [];
    let bits = 0, have = 0;
    for (const c of text) {
      if (c === "=") break;
      const v = values[c];
      if (v === undefined) continue;
      bits = (bits << 6 | v) & 0xffffff;
      have += 6;
      if (have >= 8) { have -= 8; out.push(bits >> have & 255); }
    }
    return out;
  }
  function toBase64(bytes, url) {
    let out = "";
    for (let i = 0; i < bytes.length; i += 3) {
      const n = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
      out += table[n >> 18 & 63] + table[n >> 12 & 63] +
        (i + 1 < bytes.length ? table[n >> 6 & 63] : "=") + (i + 2 < bytes.length ? table[n & 63] : "=");
    }
    return url ? out.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : out;
  }
  function fromUTF8(text) {
    const out = [];
    for (const c of text) {
      let n = c.codePointAt(0);
      if (n >= 0xd800 && n <= 0xdfff) n = 0xfffd;
      if (n < 0x80) out.push(n);
      else if (n < 0x800) out.push(0xc0 | n >> 6, 0x80 | n & 63);
      else if (n < 0x10000) out.push(0xe0 | n >> 12, 0x80 | n >> 6 & 63, 0x80 | n & 63);
      else out.push(0xf0 | n >> 18, 0x80 | n >> 12 & 63, 0x80 | n >> 6 & 63, 0x80 | n & 63);
    }
    return out;
  }
  function toUTF8(bytes) {
    let out = "";
    for (let i = 0; i < bytes.length;) {
      const b = bytes[i++];
      const more = b < 0x80 ? 0 : b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : -1;
      if (more < 0) { out += "\ufffd"; continue; }
      let n = more === 0 ? b : b & 0x3f >> more, k = 0;
      for (; k < more && (bytes[i] & 0xc0) === 0x80; k++) n = n << 6 | bytes[i++] & 63;
      const least = [0, 0x80, 0x800, 0x10000][more];
      out += k < more || n < least || n > 0x10ffff || n >= 0xd800 && n <= 0xdfff ? "\ufffd" : String.fromCodePoint(n);
    }
    return out;
  }
  function encode(text, encoding) {
    switch (String(encoding || "utf8").toLowerCase()) {
      case "hex": {
        const out = [];
        for (let i = 0; i + 1 < text.length; i += 2) {
          const pair = text.slice(i, i + 2);
          if (!/^[0-9a-fA-F]{2}$/.test(pair)) break;
          out.push(parseInt(pair, 16));
        }
        return out;
      }
      case "base64": case "base64url": return fromBase64(text);
      case "latin1": case "binary": case "ascii": return Array.prototype.map.call(text, (c) => c.charCodeAt(0) & 255);
      case "utf16le": case "utf-16le": case "ucs2": case "ucs-2": {
        const out = [];
        for (let i = 0; i < text.length; i++) { const n = text.charCodeAt(i); out.push(n & 255, n >> 8); }
        return out;
      }
      case "utf8": case "utf-8": return fromUTF8(text);
    }
    throw new TypeError("Unknown encoding: " + encoding);
  }

  class Buffer extends Uint8Array {
    constructor(from, start, length) {
      if (from > 1 << 20) throw new RangeError("larger than a payload formatter may make");
      super(from, start, length);
    }
    static from(value, encoding, length) {
      if (typeof value === "string") return new Buffer(encode(value, encoding));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (value && value.type === "Buffer" && Array.isArray(value.data)) return new Buffer(value.data);
      return new Buffer(value);
    }
    static alloc(size, fill) { const b = new Buffer(size); return fill === undefined ? b : b.fill(fill); }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(text, encoding) { return typeof text === "string" ? encode(text, encoding).length : text.byteLength; }
    static concat(list, total) {
      const all = [];
      for (const part of list) for (const b of part) all.push(b);
      const out = new Buffer(total === undefined ? all.length : total);
      out.set(all.slice(0, out.length));
      return out;
    }
    get parent() { return this.buffer; }
    toString(encoding, start, end) {
      const part = start === undefined && end === undefined ? this : this.subarray(start, end);
      switch (String(encoding || "utf8").toLowerCase()) {
        case "hex": { let out = ""; for (const b of part) out += (b < 16 ? "0" : "") + b.toString(16); return out; }
        case "base64": return toBase64(part);
        case "base64url": return toBase64(part, true);
        case "ascii": { let out = ""; for (const b of part) out += String.fromCharCode(b & 127); return out; }
        case "latin1": case "binary": { let out = ""; for (const b of part) out += String.fromCharCode(b); return out; }
        case "utf16le": case "utf-16le": case "ucs2": case "ucs-2": {
          let out = "";
          for (let i = 0; i + 1 < part.length; i += 2) out += String.fromCharCode(part[i] | part[i + 1] << 8);
          return out;
        }
        case "utf8": case "utf-8": return toUTF8(part);
      }
      throw new TypeError("Unknown encoding: " + encoding);
    }
    toJSON() { return {type: "Buffer", data: Array.from(this)}; }
    equals(other) { return this.length === other.length && this.every((b, i) => b === other[i]); }
    slice(start, end) { return this.subarray(start, end); }
    write(text, offset, length, encoding) {
      if (typeof offset === "string") { encoding = offset; offset = 0; length = undefined; }
      if (typeof length === "string") { encoding = length; length = undefined; }
      const bytes = encode(text, encoding).slice(0, Math.min(this.length - (offset || 0), length === undefined ? Infinity : length));
      this.set(bytes, offset || 0);
      return bytes.length;
    }
    copy(target, at, start, end) {
      const part = this.subarray(start || 0, end).subarray(0, Math.max(target.length - (at || 0), 0));
      target.set(part, at || 0);
      return part.length;
    }
    readUIntBE(at, size) { check(this, at, size); let n = 0; for (let i = 0; i < size; i++) n = n * 256 + this[at + i]; return n; }
    readUIntLE(at, size) { check(this, at, size); let n = 0; for (let i = size; i--;) n = n * 256 + this[at + i]; return n; }
    readIntBE(at, size) { const n = this.readUIntBE(at, size); return n >= 2 ** (8 * size - 1) ? n - 2 ** (8 * size) : n; }
    readIntLE(at, size) { const n = this.readUIntLE(at, size); return n >= 2 ** (8 * size - 1) ? n - 2 ** (8 * size) : n; }
    writeUIntBE(v, at, size) { check(this, at, size); v = mod(v, size); for (let i = size; i--;) { this[at + i] = v % 256; v = Math.floor(v / 256); } return at + size; }
    writeUIntLE(v, at, size) { check(this, at, size); v = mod(v, size); for (let i = 0; i < size; i++) { this[at + i] = v % 256; v = Math.floor(v / 256); } return at + size; }
    writeIntBE(v, at, size) { return this.writeUIntBE(v, at, size); }
    writeIntLE(v, at, size) { return this.writeUIntLE(v, at, size); }
    swap16() { for (let i = 0; i + 1 < this.length; i += 2) { const b = this[i]; this[i] = this[i + 1]; this[i + 1] = b; } return this; }
  }
  function mod(v, size) { const m = 2 ** (8 * size); return ((v % m) + m) % m; }
  function check(buffer, at, size) {
    if (!(at >= 0 && at + size <= buffer.length)) {
      throw new RangeError("Attempt to access memory outside buffer bounds");
    }
  }
  const sizes = {Int8: 1, Int16: 2, Int32: 4, BigInt64: 8, Float: 4, Double: 8};
  for (const name of names) {
    const [, verb, kind, order] = /^(read|write)(.*?)(BE|LE|)$/.exec(name);
    const type = kind.replace(/^U[iI]nt/, "Int").replace(/^BigU[iI]nt/, "BigInt"), size = sizes[type];
    if (name in Buffer.prototype || !size) continue;
    let f;
    if (/^(BigInt|Float|Double)/.test(type)) {
      const method = {Float: "Float32", Double: "Float64"}[type] || kind.replace("UInt", "Uint");
      f = function (a, b) {
        const at = (verb === "read" ? a : b) || 0, view = new DataView(this.buffer, this.byteOffset, this.byteLength);
        check(this, at, size);
        if (verb === "read") return view["get" + method](at, order === "LE");
        view["set" + method](at, a, order === "LE");
        return at + size;
      };
    } else {
      const method = verb + (verb === "read" && kind === type ? "Int" : "UInt") + (order || "BE");
      f = verb === "read" ? function (at) { return this[method](at || 0, size); } : function (v, at) { return this[method](v, at || 0, size); };
    }
    Object.defineProperty(Buffer.prototype, name, {value: f, writable: true, configurable: true});
  }

  // Called without new, as old code does.
  const called = function Buffer_(...args) {
    if (new.target && new.target !== called) return Reflect.construct(Buffer, args, new.target);
    return typeof args[0] === "number" ? Buffer.alloc(args[0]) : Buffer.from(...args);
  };
  Object.setPrototypeOf(called, Buffer);
  Object.defineProperty(called, "prototype", {value: Buffer.prototype, writable: false});
  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text) { return new Uint8Array(fromUTF8(text === undefined ? "" : String(text))); }
  }
  class TextDecoder {
    constructor(label) {
      this.encoding = String(label || "utf-8").toLowerCase();
      this.known = {"utf-8": "utf8", utf8: "utf8", ascii: "latin1", "us-ascii": "latin1", latin1: "latin1", "iso-8859-1": "latin1",
        "windows-1252": "latin1", "utf-16le": "utf16le", "utf-16": "utf16le"}[this.encoding];
      if (!this.known) throw new RangeError("The encoding " + label + " is not supported");
    }
    decode(data) {
      if (data === undefined) return "";
      const bytes = ArrayBuffer.isView(data) ? new Buffer(data.buffer, data.byteOffset, data.byteLength) : new Buffer(data);
      return bytes.toString(this.known).replace(/^\ufeff/, "");
    }
  }
  const add = (name, value) => Object.defineProperty(global, name, {value, writable: true, configurable: true});
  add("Buffer", called);
  add("TextEncoder", TextEncoder);
  add("TextDecoder", TextDecoder);
  add("btoa", (text) => toBase64(Array.prototype.map.call(String(text), (c) => {
    const n = c.charCodeAt(0);
    if (n > 255) throw new Error("The string to be encoded contains characters outside of the Latin1 range.");
    return n;
  })));
  add("atob", (text) => {
    text = String(text).replace(/[\t\n\f\r ]/g, "").replace(/={1,2}$/, "");
    if (/[^A-Za-z0-9+\/]/.test(text) || text.length % 4 === 1) throw new Error("The string to be decoded is not correctly encoded.");
    return fromBase64(text).map((b) => String.fromCharCode(b)).join("");
  });
})
