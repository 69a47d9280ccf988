// The messages of one conversation that are in memory. They are fetched in
// pages of aligned numbers, the pages around what is on screen alone, and the
// ones that were looked at longest ago are forgotten.
export const pageSize = 50;
const kept = 60; // pages

const pageOf = (seq) => Math.floor((seq - 1) / pageSize);

export class Rows {
  oldest = 1;
  newest = 0; // 0 is a conversation without a message
  #pages = new Map(); // number of page → {rows, top, stale}; in the order of use
  #asked = new Map(); // number of page → AbortController
  #wanted = [0, -1]; // pages
  #fetch;
  #changed;
  #failed;

  // fetch(fromSeq, limit, signal) answers as get_timeline does. changed(first,
  // last) is told of numbers that look different now, failed of what went wrong,
  // and of undefined once it goes well again.
  constructor({ fetch, changed, failed }) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  // empty says that no message is there, or none any more.
  get empty() {
    return this.newest < this.oldest;
  }

  // waiting says that rows are on their way.
  get waiting() {
    return this.#asked.size > 0;
  }

  // get is the row of a number, undefined while it is not here.
  get(seq) {
    return this.#pages.get(pageOf(seq))?.rows.get(seq);
  }

  // want sees to it that the rows of a range come, and that nobody waits for
  // others any more.
  want(first, last) {
    this.#wanted = [pageOf(Math.max(first, this.oldest)), pageOf(Math.min(last, this.newest))];
    for (const [page, controller] of this.#asked) {
      if (page < this.#wanted[0] || page > this.#wanted[1]) {
        controller.abort();
        this.#asked.delete(page);
      }
    }
    if (!this.empty) for (let page = this.#wanted[1]; page >= this.#wanted[0]; page--) this.#need(page);
  }

  // again asks anew for what failed or has become old.
  again() {
    this.want(this.#wanted[0] * pageSize + 1, (this.#wanted[1] + 1) * pageSize);
  }

  // refresh makes all pages old; they are shown until newer ones come.
  refresh() {
    for (const page of this.#pages.values()) page.stale = true;
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
    this.again();
  }

  stop() {
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
    this.#wanted = [0, -1];
  }

  // look asks which number is the newest.
  async look(signal) {
    this.#bounds(await this.#fetch(0, 1, signal));
  }

  #bounds(answer) {
    this.oldest = Math.max(this.oldest, answer.OldestSeq || answer.NewestSeq + 1);
    this.newest = Math.max(this.newest, answer.NewestSeq);
  }

  #top(page) {
    return Math.min((page + 1) * pageSize, this.newest);
  }

  async #need(page) {
    const there = this.#pages.get(page);
    if (there) {
      this.#pages.delete(page); // the last used is the last in the map
      this.#pages.set(page, there);
      if (!there.stale && there.top >= this.#top(page)) return;
    }
    if (this.#asked.has(page)) return;
    const controller = new AbortController();
    this.#asked.set(page, controller);
    const top = this.#top(page);
    const bottom = page * pageSize + 1;
    const rows = new Map();
    try {
      // An answer has fewer rows where they are very large.
      for (let from = top; from >= bottom;) {
        const answer = await this.#fetch(from, from - bottom + 1, controller.signal);
        this.#bounds(answer);
        for (const row of answer.Messages) rows.set(row.MsgSeq, row);
        const lowest = answer.Messages.at(-1)?.MsgSeq;
        from = lowest > bottom && lowest <= from ? lowest - 1 : 0;
      }
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#asked.delete(page);
      this.#failed(error);
      return;
    }
    if (controller.signal.aborted) return;
    this.#asked.delete(page);
    this.#failed(undefined);
    for (let seq = bottom; seq <= top; seq++) if (!rows.has(seq)) rows.set(seq, { MsgSeq: seq, State: "expired" });
    this.#pages.set(page, { rows, top, stale: false });
    this.#forget();
    this.#changed(bottom, top + 1);
  }

  #forget() {
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= kept) return;
      if (page < this.#wanted[0] || page > this.#wanted[1]) this.#pages.delete(page);
    }
  }
}
