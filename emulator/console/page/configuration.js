// What is wrong with the bridge's configuration, above every view: the one before it is in use then.
import { get } from "./api.js";
import { $, h, plural, show } from "./dom.js";

const period = 2000;

export function configurationBanner(store) {
  if (!store.info.configuration) return;
  let shown = "";
  let taken = "";
  async function look() {
    if (!document.hidden) {
      try {
        tell(await get("/console/configuration"));
      } catch {
        // The next look may find it.
      }
    }
    setTimeout(look, period);
  }
  function tell(state) {
    // The playground has other sources then.
    const now = state.taken ?? "none";
    if (taken && now !== taken) store.dispatchEvent(new Event("configuration"));
    taken = now;
    const faults = state.faults ?? [];
    const key = faults.map((f) => f.text).join("\n");
    if (key === shown) return;
    shown = key;
    const box = $("configuration");
    show(box, faults.length > 0);
    box.replaceChildren(
      h("strong", {}, `The configuration has ${plural(faults.length, "fault")}; the one before it stays in use.`),
      h("ul", {}, faults.map((f) => h("li", {}, f.text))),
    );
  }
  look();
}
