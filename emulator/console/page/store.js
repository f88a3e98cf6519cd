// The data of the page: the last events and calls, measurements for charts, the bridge's notes. All of it is bounded.
import { get } from "./api.js";
import { isNumber, parse } from "./dom.js";

const maxEvents = 10000;
const maxCalls = 10000;
const maxNotes = 20000;
const slice = 8; // ms: half a frame
const maxQueued = 20000; // beyond that, entries would displace each other
const slack = 1000; // arrays are shortened in steps of this size
const maxPoints = 240;
const maxCharted = 200; // devices
const maxMeasurements = 12; // of a device

// Store fires "events", "calls", "notes", "state" and "cleared".
export class Store extends EventTarget {
  events = [];
  calls = [];
  notes = new Map();
  series = new Map(); // device -> name -> {times, values, last}
  connected = false;
  total = 0;
  #lastEvent = 0;
  #lastCall = 0;
  #lastNote = 0;
  #noting = false;
  #queue = []; // what the stream has sent and #drain has not processed
  #draining = false;
  #loaded = false;
  #source = null;

  async start() {
    this.info = await get("/console/info");
    return this.info;
  }

  // follow takes the stream of events and calls, or leaves it: the view of requests does not need it.
  follow(on) {
    if (on && !this.#source) this.#stream();
    if (!on && this.#source) {
      this.#source.close();
      this.#source = null;
    }
  }

  // reached tells whether the last request for other data was answered.
  reached(yes) {
    if (!this.#source && this.connected !== yes) this.#state(yes);
  }

  // restarted tells whether this is another emulator, whose numbers start again.
  async restarted() {
    try {
      return (await get("/console/info")).run !== this.info.run;
    } catch {
      return false;
    }
  }

  #stream() {
    const source = (this.#source = new EventSource("/stream"));
    source.onopen = () => source === this.#source && this.#opened();
    source.onerror = () => source === this.#source && this.#state(false);
    source.addEventListener("event", (e) => this.#take("event", e.data));
    source.addEventListener("call", (e) => this.#take("call", e.data));
  }

  async #opened() {
    try {
      if (this.#loaded) {
        const info = await get("/console/info");
        if (info.run !== this.info.run) return location.reload(); // another emulator, whose numbers start again
      }
      const [events, calls] = await Promise.all([
        get(`/events?count=${maxEvents}&after=${this.#lastEvent}`),
        get(`/calls?count=2000&after=${this.#lastCall}`),
      ]);
      calls.forEach((c) => this.#addCall(c));
      events.forEach((e) => this.#addEvent(e));
      this.#loaded = true;
      this.#drain();
      this.#state(true);
      this.#fire("calls");
      this.#fire("events");
      this.#fetchNotes();
    } catch {
      this.#state(false);
    }
  }

  // #take queues a message for #drain: a burst must not block the reader's clicks.
  #take(kind, text) {
    this.#queue.push([kind, text]);
    if (this.#loaded && !this.#draining) {
      this.#draining = true;
      setTimeout(() => this.#drain());
    }
  }

  #drain() {
    this.#draining = true;
    if (this.#queue.length > maxQueued) this.#queue.splice(0, this.#queue.length - maxQueued);
    const end = performance.now() + (document.hidden ? 20 * slice : slice); // timers of a hidden page fire rarely
    let events = false;
    let calls = false;
    let n = 0;
    while (n < this.#queue.length && performance.now() < end) {
      const [kind, text] = this.#queue[n++];
      if (kind === "event") {
        this.#addEvent(parse(text));
        events = true;
      } else {
        this.#addCall(parse(text));
        calls = true;
      }
    }
    this.#queue.splice(0, n);
    if (events) this.#fire("events");
    if (calls) this.#fire("calls");
    if (this.#queue.length) setTimeout(() => this.#drain());
    else this.#draining = false;
  }

  #addEvent(event) {
    if (event.seq <= this.#lastEvent) return;
    this.#lastEvent = event.seq;
    event.at = new Date(event.enqueuedTime);
    this.events.push(event);
    if (this.events.length > maxEvents + slack) this.events.splice(0, this.events.length - maxEvents);
    this.#chart(event);
    if (this.info.notes && this.#loaded && !this.#noting) {
      this.#noting = true;
      setTimeout(() => this.#fetchNotes(), 150); // the bridge notes a delivery when its hub has answered
    }
  }

  #addCall(call) {
    if (call.seq <= this.#lastCall) return;
    this.#lastCall = call.seq;
    call.at = new Date(call.time);
    this.calls.push(call);
    if (this.calls.length > maxCalls + slack) this.calls.splice(0, this.calls.length - maxCalls);
  }

  // #chart collects the numbers in a body; those in nested objects are named by their path.
  #chart(event) {
    if (event.body === null || typeof event.body !== "object" || event.bodyEncoding) return;
    let of = this.series.get(event.device);
    if (of)
      this.series.delete(event.device); // the last seen comes last
    else of = new Map();
    this.series.set(event.device, of);
    if (this.series.size > maxCharted) this.series.delete(this.series.keys().next().value);
    const time = Date.parse(event.creationTimeUtc) || event.at.getTime();
    const visit = (value, path, depth) => {
      if (isNumber(value)) {
        let s = of.get(path);
        if (!s) {
          if (of.size >= maxMeasurements) return;
          of.set(path, (s = { times: [], values: [] }));
        }
        s.times.push(time);
        s.values.push(Number(value));
        s.last = value;
        if (s.times.length > maxPoints) {
          s.times.shift();
          s.values.shift();
        }
      } else if (value && typeof value === "object" && !Array.isArray(value) && depth < 4) {
        for (const [k, v] of Object.entries(value)) visit(v, path ? `${path}.${k}` : k, depth + 1);
      }
    };
    visit(event.body, event.component ?? "", 0);
  }

  async #fetchNotes() {
    if (!this.info.notes) return;
    this.#noting = true;
    try {
      for (;;) {
        const list = await get(`/console/notes?after=${this.#lastNote}`);
        for (const note of list) {
          this.#lastNote = note.seq;
          this.notes.set(`${note.device}\n${note.messageId}`, note);
        }
        for (const key of this.notes.keys()) {
          if (this.notes.size <= maxNotes) break;
          this.notes.delete(key);
        }
        if (list.length) this.#fire("notes");
        if (list.length < 1000) break;
      }
    } catch {
      // The error of the stream shows that the emulator is gone.
    } finally {
      this.#noting = false;
    }
  }

  note(event) {
    return this.notes.get(`${event.device}\n${event.messageId}`);
  }

  // dpsCalls are the calls to DPS that belong to an event: of its device, since its request arrived.
  dpsCalls(event, note) {
    const from = event.at.getTime() - (note?.ms ?? 0) - 50;
    return this.calls.filter(
      (c) => c.service === "dps" && c.device === event.device && c.at.getTime() >= from && c.at <= event.at,
    );
  }

  clear() {
    this.events = [];
    this.calls = [];
    this.series.clear();
    this.#fire("cleared");
    this.#fire("events");
    this.#fire("calls");
  }

  #state(connected) {
    this.connected = connected;
    this.#fire("state");
  }

  #fire(name) {
    this.dispatchEvent(new Event(name));
  }
}
