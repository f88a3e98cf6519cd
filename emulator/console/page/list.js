// A list of any length: only visible rows are elements, and they are reused. The newest comes first, and the rows that
// are being read stay in place while more arrive.
import { soon } from "./dom.js";

export class List {
  #frame;
  #inner = document.createElement("div");
  #rows = [];
  #items = [];
  #draw;
  #fill;
  #chosen = null; // the selected item
  #choose;
  #open;
  #first = 0;

  // fill writes an item into a row; choose is called with the item that the reader has selected, open with one that
  // was clicked or entered.
  constructor(frame, { fill, choose, open = () => {} }) {
    this.#open = open;
    this.#frame = frame;
    this.#fill = fill;
    this.#choose = choose;
    this.#inner.className = "list-inner";
    this.#inner.setAttribute("role", "presentation");
    frame.append(this.#inner);
    this.#draw = soon(() => this.#paint());
    frame.addEventListener("scroll", this.#draw, { passive: true });
    new ResizeObserver(this.#draw).observe(frame);
    frame.addEventListener("keydown", (e) => this.#key(e));
    frame.addEventListener("click", (e) => {
      const row = e.target.closest(".item");
      if (!row) return;
      const item = this.#items[this.#items.length - 1 - row.index];
      this.select(item);
      this.#open(item);
    });
  }

  get chosen() {
    return this.#chosen;
  }

  // set shows items, oldest first. It does not change the array, which may be the same one with more items.
  set(items) {
    const grown = this.#items.length && items.length ? this.#newer(items) : 0;
    this.#items = items;
    this.#lastSeq = items.length ? items[items.length - 1].seq : 0;
    if (grown > 0 && this.#frame.scrollTop > 4) this.#frame.scrollTop += grown * this.#height();
    this.#draw();
  }

  // redraw shows the same items again.
  redraw() {
    for (const row of this.#rows) row.item = null;
    this.#draw();
  }

  #lastSeq = 0;

  #newer(items) {
    let n = 0;
    while (n < items.length && items[items.length - 1 - n].seq > this.#lastSeq) n++;
    return n;
  }

  #height() {
    return parseFloat(getComputedStyle(this.#frame).getPropertyValue("--row")) || 44;
  }

  #paint() {
    const height = this.#height();
    const n = this.#items.length;
    this.#inner.style.height = `${n * height}px`;
    const visible = Math.ceil(this.#frame.clientHeight / height) + 2;
    this.#first = Math.max(0, Math.min(Math.floor(this.#frame.scrollTop / height), n - 1));
    while (this.#rows.length < Math.min(visible, n)) {
      const row = document.createElement("div");
      row.className = "item";
      row.setAttribute("role", "option");
      row.id = `${this.#frame.id}-${this.#rows.length}`;
      this.#rows.push(row);
      this.#inner.append(row);
    }
    let active = "";
    this.#rows.forEach((row, i) => {
      const index = this.#first + i;
      row.hidden = i >= visible || index >= n;
      if (row.hidden) return;
      const item = this.#items[n - 1 - index];
      row.index = index;
      row.style.transform = `translateY(${index * height}px)`;
      if (row.item !== item) {
        row.item = item;
        this.#fill(row, item);
      }
      const selected = item === this.#chosen;
      if (selected) active = row.id;
      row.setAttribute("aria-selected", selected);
      row.setAttribute("aria-posinset", index + 1);
      row.setAttribute("aria-setsize", n);
    });
    if (active) this.#frame.setAttribute("aria-activedescendant", active);
    else this.#frame.removeAttribute("aria-activedescendant");
  }

  select(item) {
    this.#chosen = item;
    this.#choose(item);
    this.#draw();
  }

  #key(e) {
    const n = this.#items.length;
    if (!n) return;
    const page = Math.max(1, Math.floor(this.#frame.clientHeight / this.#height()) - 1);
    const at = this.#chosen ? n - 1 - this.#items.indexOf(this.#chosen) : -1;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: n - 1,
      Enter: Math.max(at, 0),
    }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.#to(to);
    if (e.key === "Enter") this.#open(this.#chosen);
  }

  // move selects the row so many below the selected one.
  move(by) {
    if (!this.#items.length) return;
    const at = this.#chosen ? this.#items.length - 1 - this.#items.indexOf(this.#chosen) : -1;
    this.#to(at < 0 || at >= this.#items.length ? 0 : at + by);
  }

  #to(to) {
    const n = this.#items.length;
    const index = Math.min(Math.max(to, 0), n - 1);
    const height = this.#height();
    const top = index * height;
    if (top < this.#frame.scrollTop) this.#frame.scrollTop = top;
    else if (top + height > this.#frame.scrollTop + this.#frame.clientHeight)
      this.#frame.scrollTop = top + height - this.#frame.clientHeight;
    this.select(this.#items[n - 1 - index]);
  }
}
