import { callsView } from "./calls.js";
import { devicesView } from "./devices.js";
import { $, show } from "./dom.js";
import { eventsView } from "./events.js";
import { faultsView } from "./faults.js";
import { playgroundView } from "./playground.js";
import { queueView } from "./queue.js";
import { Store } from "./store.js";

const store = new Store();
const optional = new Set(["playground", "queue"]); // views of what the bridge may not have

function state() {
  $("link").className = store.connected ? "link on" : "link off";
  $("link-text").textContent = store.connected ? "Live" : "No connection";
}

async function start() {
  try {
    await store.start();
  } catch {
    state();
    setTimeout(start, 2000);
    return;
  }
  const views = {
    events: eventsView(store),
    devices: devicesView(store),
    calls: callsView(store),
    faults: faultsView(store),
    queue: queueView(store),
    playground: playgroundView(store),
  };
  let first = true;
  const route = () => {
    const name = location.hash.slice(1);
    if (name === "content") return; // the skip link
    const current = views[name] && (!optional.has(name) || store.info[name]) ? name : "events";
    for (const other of Object.keys(views)) show($(`view-${other}`), other === current);
    for (const a of document.querySelectorAll("nav a")) {
      if (a.hash === `#${current}`) a.setAttribute("aria-current", "page");
      else a.removeAttribute("aria-current");
    }
    document.title = `${$(`title-${current}`).textContent} – Mayfly`;
    views[current].shown();
    if (!first) {
      scrollTo(0, 0);
      $("content").focus({ preventScroll: true });
    }
    first = false;
  };
  addEventListener("hashchange", route);
  store.addEventListener("state", state);
  route();
  state();
}

start();
