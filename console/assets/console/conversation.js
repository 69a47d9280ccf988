// The view of one conversation: its timeline, the panel of a recall, and the keys.
import { h, replace } from "/shared/dom.js";
import { number, parts, t } from "/shared/i18n.js";
import { ask, field, moment } from "./dialog.js";
import { helpDialog, keysAreOn } from "./help.js";
import { account, duration } from "./message.js";
import { canMute, muteDialog } from "./mute.js";
import { operationHash } from "./place.js";
import { header } from "./placehead.js";
import { Poll } from "./poll.js";
import { aborted, wordsOf } from "./problem.js";
import { RecallPanel } from "./recall.js";
import { drawRow, fateOf } from "./row.js";
import { Rows } from "./rows.js";
import { Timeline } from "./timeline.js";
import { restoredWords, undoDialog } from "./undo.js";

const noHistory = 10044; // of AVChatRooms
const maxTicks = 5000; // numbers that the rail remembers, of a kind

// where people were when they left a conversation, until the tab closes.
const left = new Map();

export class Conversation {
  #context;
  #place;
  #panel;
  #plan;
  #expanded = new Set();
  #ticks = { goes: new Set(), stays: new Set(), recalled: new Set() };
  #ranges = [];
  #lastOperation;
  #group;

  // context has: api, signal, say(text), title(text).
  constructor(context, { place, seq }) {
    this.#context = context;
    this.#place = place;
    this.#key = JSON.stringify(place);
    this.#seq = seq ?? left.get(this.#key);
    const { api, signal } = context;
    this.#rows = new Rows({
      fetch: (from, limit, s) => api.timeline(place, from, limit, s),
      changed: (first, last) => this.#came(first, last),
      failed: (error) => this.#failed(error),
    });
    this.#timeline = new Timeline({
      rows: this.#rows, label: t("timeline.label"), draw: (n, selected) => drawRow(n, selected, this.#drawing),
    });
    this.#timeline.feed.id = "feed";
    this.#drawing.rows = this.#rows;
    this.#timeline.element.hidden = true; // until something is in it
    this.#side = h("div", { class: "side", hidden: true });
    this.#trouble = h("div", { class: "trouble", role: "alert" });
    this.#empty = h("p", { class: "empty", role: "status" }, t("busy"));
    this.#tools = h("p", { class: "tools" },
      h("button", { type: "button", class: "small", onclick: () => this.#goTo() }, t("goto.open")),
      h("button", { type: "button", class: "small", onclick: () => this.#help() }, t("help.open")));
    this.element = h("div", { class: "conversation" },
      header(context, place, "messages", this.#tools, (group) => { this.#group = group; }),
      this.#trouble,
      h("div", { class: "stage" }, h("div", { class: "center" }, this.#empty, this.#timeline.element), this.#side));
    document.addEventListener("keydown", this.#onkey, { signal });
    signal.addEventListener("abort", () => this.#stop());
    let looks = 0;
    // What somebody else recalls or undoes shows within a few looks.
    this.#poll = new Poll(signal, () => {
      if (++looks % 2 === 0 && !this.#rows.waiting) this.#rows.refresh();
      return this.#look();
    }, (error) => this.#failed(error));
    this.#begin();
  }

  #key; #seq; #rows; #timeline; #side; #trouble; #empty; #tools; #poll;

  #drawing = {
    rows: undefined, plan: undefined, expanded: this.#expanded,
    expand: (seq) => {
      if (!this.#expanded.delete(seq)) this.#expanded.add(seq);
      this.#timeline.changed(seq, seq);
    },
    actions: (row) => this.#actions(row),
  };

  focus() {
    this.#timeline.feed.focus({ preventScroll: true });
  }

  #stop() {
    if (!this.#timeline.following) left.set(this.#key, this.#timeline.current());
    else left.delete(this.#key);
    this.#panel?.stop();
    this.#rows.stop();
    this.#timeline.stop();
  }

  async #begin() {
    try {
      await this.#rows.look(this.#context.signal);
      this.#show();
      this.#recalls();
    } catch (error) {
      if (error.code === noHistory) return replace(this.#empty, t("timeline.room"));
      if (!aborted(error)) this.#failed(error);
    }
    this.#poll.start();
  }

  // show shows the timeline for the first time, once there is something in it.
  #show() {
    const none = this.#rows.empty;
    this.#empty.hidden = !none;
    this.#timeline.element.hidden = none;
    if (none) return replace(this.#empty, t("timeline.empty"));
    const focus = document.activeElement === document.body || document.activeElement === this.#timeline.feed;
    this.#timeline.jump(this.#seq ?? this.#rows.newest, { focus });
  }

  async #look() {
    const none = this.#rows.empty;
    await this.#rows.look(this.#context.signal);
    if (this.#rows.empty) return;
    if (none) this.#show();
    else this.#timeline.grown();
  }

  // recalls reads the ranges of the newest recalls of this conversation, for the rail.
  async #recalls() {
    try {
      const { Operations: list } = await this.#context.api.operations({ ...this.#place, Limit: 100 }, this.#context.signal);
      this.#ranges = (list ?? []).flatMap((item) => item.Operation?.Targets ?? [])
        .filter((target) => target.GroupId === this.#place.GroupId && target.TopicId === this.#place.TopicId && target.State === "active" && target.ToSeq)
        .map((target) => ({ kind: "range", from: target.FromSeq, to: target.ToSeq }));
      this.#marks();
    } catch (error) {
      if (!aborted(error)) this.#failed(error);
    }
  }

  #failed(error) {
    if (error === undefined) return replace(this.#trouble);
    if (aborted(error)) return;
    replace(this.#trouble, h("span", {}, wordsOf(error)), h("button", { type: "button", class: "small", onclick: () => { replace(this.#trouble); if (this.#rows.empty) this.#begin(); else this.#rows.again(); } }, t("again")));
    if (this.#rows.empty) replace(this.#empty);
  }

  #came(first, last) {
    this.#learn(first, last);
    this.#timeline.changed(first, last);
    this.#marks();
  }

  // learn keeps where things are that the rail shows.
  #learn(first, last) {
    for (let seq = first; seq <= last; seq++) {
      const row = this.#rows.get(seq);
      if (!row) continue;
      const fate = fateOf(row, this.#plan);
      for (const [kind, is] of [["goes", fate === "goes"], ["stays", fate === "stays"], ["recalled", Boolean(row.Recalled)]]) {
        if (!is) this.#ticks[kind].delete(seq);
        else if (this.#ticks[kind].size < maxTicks) this.#ticks[kind].add(seq);
      }
    }
  }

  #marks() {
    const window = this.#plan && this.#plan.to >= this.#plan.from ? [{ kind: "window", from: this.#plan.from, to: this.#plan.open ? this.#rows.newest : this.#plan.to }] : [];
    const ticks = Object.entries(this.#ticks).flatMap(([kind, seqs]) => Array.from(seqs, (seq) => ({ kind, from: seq, to: seq })));
    this.#timeline.rail.mark([...window, ...this.#ranges, ...ticks]);
  }

  #draw(plan) {
    this.#plan = this.#drawing.plan = plan;
    this.#ticks.goes.clear();
    this.#ticks.stays.clear();
    for (const seq of plan?.samples ?? []) this.#ticks.goes.add(seq);
    this.#learn(this.#rows.oldest > this.#rows.newest - 5000 ? this.#rows.oldest : this.#rows.newest - 5000, this.#rows.newest);
    this.#timeline.changed();
    if (plan) this.#timeline.reveal();
    this.#marks();
  }

  #actions(row) {
    const button = (text, key, onclick) => h("button", { type: "button", class: "small", onclick, "aria-keyshortcuts": key }, t(text));
    return [
      row.Recalled ? button("undo.open", "u", () => this.#undo(row.Recalled.OperationId)) : button("recall.open", "p", () => this.#preview(row.From_Account)),
      row.Recalled ? h("a", { href: operationHash(row.Recalled.OperationId), class: "small" }, t("operation.open")) : null,
      canMute(this.#group?.Type) ? button("mute.open", "m", () => this.#mute(row.From_Account)) : null,
    ];
  }

  // preview opens the panel of a sender.
  #preview(sender) {
    this.#panel?.stop();
    this.#draw(undefined);
    // A recall that is under way goes on when its panel is closed: what becomes of it
    // is told all the same, and nothing is drawn for it any more.
    const panel = this.#panel = new RecallPanel({
      api: this.#context.api, place: this.#place,
      plan: (plan) => this.#panel === panel && this.#draw(plan),
      recalled: (operation) => { this.#lastOperation = operation; this.#refresh(); },
      told: (sentence) => this.#panel === panel || this.#context.say(sentence),
      jump: (seq) => this.#timeline.jump(seq),
      mute: canMute(this.#group?.Type) ? (who) => this.#mute(who) : undefined, undo: (id) => this.#undo(id), close: () => this.#close(),
    }, sender);
    replace(this.#side, this.#panel.element);
    this.#side.hidden = false;
  }

  #close() {
    this.#panel?.stop();
    this.#panel = undefined;
    this.#side.hidden = true;
    replace(this.#side);
    this.#draw(undefined);
    this.#timeline.select(this.#timeline.current());
  }

  #refresh() {
    this.#ticks.recalled.clear();
    this.#rows.refresh();
    this.#recalls();
    this.#look().catch((error) => this.#failed(error));
  }

  async #undo(operation) {
    const results = await undoDialog(this.#context.api, operation);
    if (!results) return;
    if (this.#panel?.operation === operation) this.#panel.undone(results);
    if (this.#lastOperation === operation) this.#lastOperation = undefined;
    this.#context.say(restoredWords(results));
    this.#refresh();
  }

  async #mute(who) {
    const seconds = await muteDialog(this.#context.api, this.#place, who);
    if (seconds === undefined) return;
    const sentence = () => parts("mute.done", { who: account(who), time: duration(seconds) });
    if (this.#panel?.sender === who) this.#panel.said(...sentence());
    this.#context.say(...sentence());
    this.#look().catch((error) => this.#failed(error));
  }

  #goTo() {
    const seq = h("input", { type: "number", min: "1", max: String(this.#rows.newest), inputmode: "numeric", autofocus: true });
    const at = h("input", { type: "datetime-local" });
    ask({
      title: t("goto.title"), go: t("goto.go"),
      fields: [field(t("goto.seq"), seq, t("goto.seqNote", { oldest: number(this.#rows.oldest), newest: number(this.#rows.newest) })), field(t("goto.time"), at)],
      act: async () => {
        const time = moment(at);
        if (!seq.value && time === undefined) throw new Error(t("goto.none"));
        return seq.value ? Number(seq.value) : this.#context.api.seqAt(this.#place, time, this.#context.signal);
      },
    }).then((found) => found && this.#timeline.jump(found, { focus: true }));
  }

  #help() {
    helpDialog();
  }

  #onkey = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && this.#panel) return this.#close();
    if (event.target.closest("input, textarea, select, [contenteditable]") || !keysAreOn()) return;
    const row = !this.#rows.empty ? this.#rows.get(this.#timeline.current()) : undefined;
    const sender = row && !row.IsSystemMsg ? row.From_Account : undefined;
    const go = {
      j: () => this.#timeline.move(1), k: () => this.#timeline.move(-1),
      p: () => (sender ? this.#preview(sender) : this.#context.say(t("row.nobody"))),
      r: () => {
        if (sender && this.#panel?.sender !== sender) this.#preview(sender);
        if (this.#panel) this.#panel.ask();
        else this.#context.say(t("row.nobody"));
      },
      u: () => {
        const operation = row?.Recalled?.OperationId ?? this.#lastOperation;
        if (operation) this.#undo(operation);
        else this.#context.say(t("undo.none"));
      },
      m: () => {
        if (!sender) this.#context.say(t("row.nobody"));
        else if (canMute(this.#group?.Type)) this.#mute(sender);
        else this.#context.say(t("problem.10007"));
      },
      g: () => this.#goTo(),
      "?": () => this.#help(),
    }[event.key];
    if (!go) return;
    event.preventDefault();
    go();
  };
}
