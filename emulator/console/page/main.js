import { callsView } from "./calls.js";
import { configurationBanner } from "./configuration.js";
import { devicesView } from "./devices.js";
import { $, show } from "./dom.js";
import { eventsView } from "./events.js";
import { faultsView } from "./faults.js";
import { keys } from "./keys.js";
import { playgroundView } from "./playground.js";
import { queueView } from "./queue.js";
import { playable, requestView } from "./request.js";
import { requestsView } from "./requests.js";
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
  if (store.info.requests) addRequests(views);
  configurationBanner(store);
  const home = store.info.requests ? "requests" : "events";
  let current = "";
  const route = () => {
    // #NAME, or #requests/12, or #requests?source=tts
    const [path, query] = location.hash.slice(1).split("?");
    if (path === "content") return; // the skip link
    const [name, id] = path.split("/");
    const asked = name === "requests" && id ? "request" : name;
    const first = current === "";
    current = views[asked] && (!optional.has(asked) || store.info[asked]) ? asked : home;
    for (const other of Object.keys(views)) show($(`view-${other}`), other === current);
    for (const a of document.querySelectorAll("nav a")) {
      if (a.hash === `#${current === "request" ? "requests" : current}`) {
        a.setAttribute("aria-current", "page");
        // On a phone they do not all have room.
        a.parentElement.scrollLeft = a.offsetLeft - (a.parentElement.clientWidth - a.offsetWidth) / 2;
      } else a.removeAttribute("aria-current");
    }
    document.title = `${$(`title-${current}`).textContent} – Mayfly`;
    const streams = !current.startsWith("request");
    store.follow(streams);
    if (streams) views.requests?.left();
    views[current].shown(current === "request" ? Number(id) : new URLSearchParams(query));
    if (!first) {
      scrollTo(0, 0);
      $("content").focus({ preventScroll: true });
    }
  };
  keys(() => views[current]?.keys);
  addEventListener("hashchange", route);
  store.addEventListener("state", state);
  route();
  state();
}

// addRequests adds the views of the requests that came in to the bridge.
function addRequests(views) {
  document.querySelector('nav a[href="#requests"]').hidden = false;
  const go = (id) => {
    location.hash = `#requests/${id}`;
  };
  views.requests = requestsView(store, go);
  views.request = requestView(store, {
    go,
    back: (search) => {
      location.hash = views.requests.address();
      if (search) setTimeout(() => $("request-search").focus());
    },
    neighbor: views.requests.neighbor,
    play: async (d) => {
      const { source, request } = playable(d);
      location.hash = "#playground";
      await views.playground.play(source, request);
    },
  });
}

start();
