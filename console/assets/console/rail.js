// The rail beside the timeline: the whole conversation from its oldest number at
// the top to its newest at the bottom, whatever their count. It is the scroll bar,
// and shows where things are.
import { h } from "/shared/dom.js";
import { number, t } from "/shared/i18n.js";

const svg = "http://www.w3.org/2000/svg";
const width = 20;
const least = 3; // pixels, of whatever is drawn

export class Rail {
  #rows;
  #jump;
  #shown = [1, 1];
  #marks = [];
  #drawing;
  #bubble;
  #scheduled = 0;

  // jump(seq) shows a number, key handles a key as the timeline does.
  constructor({ rows, jump, key }) {
    this.#rows = rows;
    this.#jump = jump;
    this.#drawing = document.createElementNS(svg, "svg");
    this.#drawing.setAttribute("aria-hidden", "true");
    this.#bubble = h("span", { class: "rail-bubble", hidden: true, "aria-hidden": "true" });
    this.element = h("div", {
      class: "rail", role: "scrollbar", tabindex: "0", "aria-orientation": "vertical", "aria-label": t("rail.label"),
      "aria-controls": "feed", "aria-valuemin": "1", "aria-valuemax": "1", "aria-valuenow": "1",
      onkeydown: key, onpointerdown: (event) => this.#down(event), onpointermove: (event) => this.#over(event),
      onpointerleave: () => { this.#bubble.hidden = true; },
    }, this.#drawing, this.#bubble);
  }

  // show says which numbers are on screen.
  show(first, last) {
    this.#shown = [first, last];
    this.#schedule();
  }

  // mark draws marks {kind, from, to}; kinds are classes of the style sheet.
  mark(marks) {
    this.#marks = marks;
    this.#schedule();
  }

  #schedule() {
    this.#scheduled ||= requestAnimationFrame(() => {
      this.#scheduled = 0;
      this.#paint();
    });
  }

  #place(seq) {
    const { oldest, newest } = this.#rows;
    return (seq - oldest) / Math.max(1, newest - oldest + 1);
  }

  #paint() {
    const height = this.element.clientHeight;
    const { oldest, newest } = this.#rows;
    const drawn = new Set(); // of a kind, once a pixel
    const rects = [];
    for (const { kind, from: begin, to } of [...this.#marks, { kind: "thumb", from: this.#shown[0], to: this.#shown[1] }]) {
      if (to < oldest) continue;
      const from = Math.max(begin, oldest); // what has expired has no place
      const extent = Math.max(kind === "thumb" ? 14 : least, (this.#place(to + 1) - this.#place(from)) * height);
      const top = Math.max(0, Math.min(this.#place(from) * height, height - extent));
      const once = `${kind} ${Math.round(top)} ${Math.round(extent)}`;
      if (drawn.has(once)) continue;
      drawn.add(once);
      const rect = document.createElementNS(svg, "rect");
      const [x, w] = { range: [0, 4], thumb: [0, width] }[kind] ?? (kind === "window" ? [0, width] : [6, 10]);
      for (const [name, value] of Object.entries({ class: `rail-${kind}`, x, y: top, width: w, height: extent, rx: kind === "thumb" ? 4 : 0 })) rect.setAttribute(name, value);
      rects.push(rect);
    }
    this.#drawing.replaceChildren(...rects);
    this.element.setAttribute("aria-valuemin", oldest);
    this.element.setAttribute("aria-valuemax", Math.max(oldest, newest));
    this.element.setAttribute("aria-valuenow", Math.max(oldest, this.#shown[1]));
    this.element.setAttribute("aria-valuetext", t("rail.value", { from: number(this.#shown[0]), to: number(this.#shown[1]), newest: number(newest) }));
  }

  #seqAt(event) {
    const box = this.element.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1);
    const { oldest, newest } = this.#rows;
    return Math.min(newest, oldest + Math.floor(share * (newest - oldest + 1)));
  }

  #down(event) {
    if (event.button !== 0 || this.#rows.empty) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
    this.#jump(this.#seqAt(event));
  }

  #over(event) {
    if (this.#rows.empty) return;
    const box = this.element.getBoundingClientRect();
    this.#bubble.hidden = false;
    this.#bubble.textContent = `#${number(this.#seqAt(event))}`;
    this.#bubble.style.setProperty("--y", `${Math.min(Math.max(event.clientY - box.top, 10), box.height - 10)}px`);
    if (this.element.hasPointerCapture(event.pointerId)) this.#jump(this.#seqAt(event));
  }
}
