// The timeline: a conversation of any length of which only a stretch around what
// is on screen exists, as rows in the page and in memory. The newest is at the
// bottom. Rows have the height that they have; whatever changes above what a
// person looks at, it does not move.
import { h } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { Rail } from "./rail.js";

const step = 20; // rows that are added at once

export class Timeline {
  selected = 0; // number
  #rows;
  #draw;
  #elements = new Map(); // number → element; the stretch first..last
  #first = 1;
  #last = 0;
  #following = true; // the newest is at the bottom and stays there
  #shown = [0, 0]; // numbers on screen
  #height = 0; // of what is on screen, in pixels
  #seen = 0; // newest number that was on screen, or was the newest at first
  #scheduled = 0;
  #settle = 0;

  // rows is a Rows, draw(seq, selected) makes the element of a row.
  constructor({ rows, draw, label }) {
    this.#rows = rows;
    this.#draw = draw;
    this.feed = h("div", {
      class: "feed", role: "feed", "aria-label": label, tabindex: "-1",
      onscroll: () => this.#schedule(), onclick: (event) => this.#clicked(event), onkeydown: (event) => this.#pressed(event),
    });
    this.rail = new Rail({ rows, jump: (seq) => this.jump(seq), key: (event) => this.#pressed(event) });
    this.chip = h("button", { class: "chip", type: "button", hidden: true, onclick: () => this.end() });
    this.element = h("div", { class: "timeline" }, h("div", { class: "feed-frame" }, this.feed, this.chip), this.rail.element);
    this.#watch = new ResizeObserver(() => this.#resized());
    this.#watch.observe(this.feed);
  }

  #watch;

  stop() {
    this.#watch.disconnect();
    cancelAnimationFrame(this.#scheduled);
    clearTimeout(this.#settle);
  }

  get following() {
    return this.#following;
  }

  // end goes to the newest message and selects it.
  end(focus = true) {
    this.jump(this.#rows.newest, { focus });
  }

  // jump shows a number, wherever it is, and selects it.
  jump(seq, { focus = false } = {}) {
    const { oldest, newest } = this.#rows;
    if (this.#rows.empty) return;
    this.#seen ||= newest;
    seq = Math.min(Math.max(seq, oldest), newest);
    if (!this.#elements.has(seq)) {
      this.feed.replaceChildren();
      this.#elements.clear();
      this.#first = Math.max(oldest, seq - step);
      this.#last = this.#first - 1;
      this.#append(Math.min(newest, seq + step) - this.#last);
    }
    this.#mark(seq);
    this.#following = seq === newest;
    const element = this.#elements.get(seq);
    if (this.#following) this.feed.scrollTop = this.feed.scrollHeight;
    else this.#center(element);
    if (focus) element.focus({ preventScroll: true });
    this.#fill();
  }

  // select selects a row and brings it on screen, by as little as needed.
  select(seq, focus = true) {
    const { oldest, newest } = this.#rows;
    seq = Math.min(Math.max(seq, oldest), newest);
    if (!this.#elements.has(seq)) return this.jump(seq, { focus });
    this.#mark(seq);
    const element = this.#elements.get(seq);
    const top = this.#top(element);
    const over = top + element.offsetHeight - this.feed.clientHeight;
    if (seq === newest) this.feed.scrollTop = this.feed.scrollHeight;
    else if (top < 0) this.feed.scrollTop += top - 8;
    else if (over > 0) this.feed.scrollTop += Math.min(over + 8, top);
    if (focus) element.focus({ preventScroll: true });
    this.#schedule();
  }

  // current is the selected row where it is on screen, else the first that is.
  current() {
    const element = this.#elements.get(this.selected);
    return element && this.#onScreen(element) ? this.selected : this.#visible()[0];
  }

  // changed draws the rows of a range anew, or all that are here.
  changed(first = this.#first, last = this.#last) {
    this.#steady(() => {
      for (let seq = Math.max(first, this.#first); seq <= Math.min(last, this.#last); seq++) this.#redraw(seq);
    });
    this.#schedule();
  }

  // grown says that there may be newer messages.
  grown() {
    if (this.#elements.size === 0) return;
    const before = this.#last;
    if (this.#following && this.#rows.newest - before > 5 * step) return this.jump(this.#rows.newest); // an import
    if (this.#following && before < this.#rows.newest) {
      const atNewest = this.selected === before;
      this.#steady(() => {
        this.#append(this.#rows.newest - before);
        this.#redraw(before);
      });
      if (atNewest && !this.feed.contains(document.activeElement)) this.#mark(this.#last);
    }
    this.#fill();
  }

  #redraw(seq) {
    const before = this.#elements.get(seq);
    const after = this.#draw(seq, seq === this.selected);
    if (before.dataset.state === after.dataset.state) return;
    const focused = before.contains(document.activeElement);
    after.tabIndex = before.tabIndex;
    before.replaceWith(after);
    this.#elements.set(seq, after);
    if (focused) after.focus({ preventScroll: true });
  }

  #mark(seq) {
    const before = this.selected;
    this.selected = seq;
    for (const s of [before, seq]) if (this.#elements.has(s)) this.#redraw(s);
  }

  #prepend(n) {
    const fresh = [];
    for (; n > 0 && this.#first > this.#rows.oldest; n--) {
      const element = this.#draw(--this.#first, this.#first === this.selected);
      this.#elements.set(this.#first, element);
      fresh.unshift(element);
    }
    this.feed.prepend(...fresh);
    return fresh.length > 0;
  }

  #append(n) {
    const fresh = [];
    for (; n > 0 && this.#last < this.#rows.newest; n--) {
      const element = this.#draw(++this.#last, this.#last === this.selected);
      this.#elements.set(this.#last, element);
      fresh.push(element);
    }
    this.feed.append(...fresh);
    return fresh.length > 0;
  }

  #drop(seq) {
    const element = this.#elements.get(seq);
    if (element.contains(document.activeElement)) this.feed.focus({ preventScroll: true });
    element.remove();
    this.#elements.delete(seq);
  }

  // top is where an element begins, from the top of what is on screen.
  #top(element) {
    return element.getBoundingClientRect().top - this.feed.getBoundingClientRect().top - this.feed.clientTop;
  }

  #onScreen(element) {
    const top = this.#top(element);
    return top < this.feed.clientHeight && top + element.offsetHeight > 0;
  }

  // visible are the first and last numbers on screen, found by halving.
  #visible() {
    const find = (passes) => {
      let [lo, hi] = [this.#first, this.#last];
      while (lo < hi) {
        const middle = (lo + hi) >> 1;
        if (passes(this.#elements.get(middle))) hi = middle;
        else lo = middle + 1;
      }
      return lo;
    };
    const first = find((element) => this.#top(element) + element.offsetHeight > 4);
    const last = find((element) => this.#top(element) + element.offsetHeight >= this.feed.clientHeight - 4);
    return [first, last];
  }

  // steady changes rows so that what is looked at stays where it is.
  #steady(change) {
    if (this.#elements.size === 0) return change();
    const anchor = this.#following ? 0 : this.current();
    const before = anchor && this.#top(this.#elements.get(anchor));
    const height = this.feed.scrollHeight;
    change();
    if (this.#following) {
      if (this.feed.scrollHeight !== height) this.feed.scrollTop = this.feed.scrollHeight;
    } else if (this.#elements.has(anchor)) {
      this.feed.scrollTop += this.#top(this.#elements.get(anchor)) - before;
    }
  }

  #schedule() {
    this.#scheduled ||= requestAnimationFrame(() => {
      this.#scheduled = 0;
      if (this.feed.clientHeight !== this.#height) return this.#resized();
      this.#following = this.#atEnd();
      this.grown(); // the rows may tell of newer messages before anybody looks for them
    });
  }

  // resized keeps the selected row on screen if it was, else the newest if that was.
  #resized() {
    this.#height = this.feed.clientHeight;
    if (this.#following) this.feed.scrollTop = this.feed.scrollHeight;
    this.reveal();
    this.grown();
  }

  // reveal brings the selected row on screen as a whole, if it was there.
  reveal() {
    const element = this.#elements.get(this.selected);
    const [first, last] = this.#shown;
    if (!element || this.selected < first || this.selected > last) return;
    const top = this.#top(element);
    if (top < 0 || top + element.offsetHeight > this.feed.clientHeight) this.#center(element);
  }

  #center(element) {
    this.feed.scrollTop += this.#top(element) - Math.max(0, (this.feed.clientHeight - element.offsetHeight) / 2);
    this.#following = this.#atEnd();
  }

  // atEnd says that the bottom is on screen and the newest is there, or was when
  // the rows were made.
  #atEnd() {
    return (this.#following || this.#last === this.#rows.newest) && this.#below() < 24;
  }

  // fill makes rows above and below what is on screen, ends far ones, and asks
  // for what is missing.
  #fill() {
    const height = this.feed.clientHeight;
    if (height === 0 || this.#elements.size === 0) return;
    const margin = height;
    this.#steady(() => {
      while (this.#above() < margin && this.#grow(() => this.#prepend(step)));
      while (this.#below() < margin && this.#append(step));
      while (this.#above() > 4 * margin && this.#last - this.#first > 2 * step) this.#cut(() => { for (let i = 0; i < step; i++) this.#drop(this.#first++); });
      while (this.#below() > 4 * margin && this.#last - this.#first > 2 * step) for (let i = 0; i < step; i++) this.#drop(this.#last--);
    });
    const [first, last] = this.#visible();
    this.#shown = [first, last];
    this.#seen = Math.max(this.#seen, last);
    this.#reach(first, last);
    clearTimeout(this.#settle);
    // While it flies past, nothing is fetched.
    this.#settle = setTimeout(() => this.#rows.want(first - step, last + step), this.#rows.get(first) && this.#rows.get(last) ? 0 : 60);
    this.rail.show(first, last);
    const unseen = this.#rows.newest - this.#seen;
    this.chip.hidden = this.#following || unseen <= 0;
    if (!this.chip.hidden) this.chip.textContent = t("timeline.new", { n: unseen });
  }

  #above() {
    return this.feed.scrollTop;
  }

  #below() {
    return this.feed.scrollHeight - this.feed.clientHeight - this.feed.scrollTop;
  }

  // grow and cut keep what is on screen while the height above it changes.
  #grow(change) {
    const before = this.feed.scrollHeight;
    const changed = change();
    this.feed.scrollTop += this.feed.scrollHeight - before;
    return changed;
  }

  #cut(change) {
    const before = this.feed.scrollHeight;
    change();
    this.feed.scrollTop -= before - this.feed.scrollHeight;
  }

  // reach makes one row on screen reachable with the Tab key: the selected one,
  // or else the first.
  #reach(first, last) {
    const reachable = this.selected >= first && this.selected <= last && this.#elements.has(this.selected) ? this.selected : first;
    for (const [seq, element] of this.#elements) element.tabIndex = seq === reachable ? 0 : -1;
  }

  #clicked(event) {
    const row = event.target.closest("article");
    if (!row || event.target.closest("button, a, summary") || String(getSelection()) !== "") return;
    this.select(Number(row.dataset.seq));
  }

  // move moves the selection by rows, from where the person looks.
  move(by) {
    if (this.#elements.size > 0) this.select(this.current() === this.selected ? this.selected + by : this.current());
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const [first, last] = this.#elements.size ? this.#visible() : [0, 0];
    const screenful = Math.max(1, last - first - 1);
    const go = {
      ArrowUp: () => this.move(-1), ArrowDown: () => this.move(1),
      PageUp: () => this.select(this.current() - screenful), PageDown: () => this.select(this.current() + screenful),
      Home: () => this.jump(this.#rows.oldest, { focus: true }), End: () => this.end(),
    }[event.key];
    if (!go) return;
    event.preventDefault();
    go();
  }
}
