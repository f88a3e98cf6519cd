// Date in UTC, on a machine whose own zone is another. What is local in Date is
// made to be UTC; a text without a zone is read as UTC.
(function (global) {
  "use strict";
  const Native = Date, proto = Native.prototype;
  const local = {};
  for (const part of ["FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds"]) local[part] = proto["get" + part];
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    proto["get" + part] = proto["getUTC" + part];
    if (proto["setUTC" + part]) proto["set" + part] = proto["setUTC" + part];
  }
  const two = (n) => (n < 10 ? "0" : "") + n;
  const named = (d) => proto.toUTCString.call(d).split(" "); // Thu, 01 Jan 1970 00:00:00 GMT
  const text = (name, make) => {
    proto[name] = function () { return isNaN(this.getTime()) ? "Invalid Date" : make(this); };
  };
  const date = (d) => { const p = named(d); return p[0].slice(0, 3) + " " + p[2] + " " + p[1] + " " + p[3]; };
  const time = (d) => named(d)[4];
  const number = (d) => two(d.getUTCMonth() + 1) + "/" + two(d.getUTCDate()) + "/" + d.getUTCFullYear();
  text("toDateString", date);
  text("toTimeString", (d) => time(d) + " GMT+0000 (UTC)");
  text("toString", (d) => date(d) + " " + time(d) + " GMT+0000 (UTC)");
  text("toLocaleDateString", number);
  text("toLocaleTimeString", time);
  text("toLocaleString", (d) => number(d) + ", " + time(d));
  proto.getTimezoneOffset = function () { return isNaN(this.getTime()) ? NaN : 0; };

  const zoned = /(?:Z|[+-]\d\d:?\d\d|GMT|UTC|UT|[ECMP][SD]T)(?:\s*\([^)]*\))?\s*$/i;
  const isoDate = /^(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?$/; // UTC by the standard
  const utc = (d) => {
    const part = (name) => local[name].call(d);
    const ms = Native.UTC(2000, part("Month"), part("Date"), part("Hours"), part("Minutes"), part("Seconds"), part("Milliseconds"));
    return new Native(ms).setUTCFullYear(part("FullYear"), part("Month"), part("Date"));
  };
  const parse = (s) => {
    s = String(s);
    const ms = Native.parse(s);
    return isNaN(ms) || zoned.test(s) || isoDate.test(s) ? ms : utc(new Native(ms));
  };
  const made = (args) => {
    if (args.length === 0) return [];
    if (args.length > 1) return [Native.UTC(...args)];
    let v = args[0];
    if (v instanceof Native) return [v.getTime()];
    if (typeof v === "object" && v !== null) v = v[Symbol.toPrimitive] ? v[Symbol.toPrimitive]("default") : v.valueOf();
    return [typeof v === "string" ? parse(v) : v];
  };
  const wrapped = function Date(...args) {
    if (!new.target) return new Native().toString();
    return Reflect.construct(Native, made(args), new.target === wrapped ? Native : new.target);
  };
  Object.defineProperty(wrapped, "prototype", {value: proto, writable: false});
  for (const [name, value] of [["UTC", Native.UTC], ["now", Native.now], ["parse", parse]]) {
    Object.defineProperty(wrapped, name, {value, writable: true, configurable: true});
  }
  Object.defineProperty(proto, "constructor", {value: wrapped, writable: true, configurable: true});
  Object.defineProperty(global, "Date", {value: wrapped, writable: true, configurable: true});
})(globalThis);
