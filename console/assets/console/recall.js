// The panel with which a sender's messages are recalled: a preview first, always,
// then the recall of that and of what the sender has sent since, what became of it,
// and its undoing.
import { h, replace } from "/shared/dom.js";
import { number, parts, shortTime, t } from "/shared/i18n.js";
import { field, moment, select } from "./dialog.js";
import { account, lineOf, time } from "./message.js";
import { codeWords, aborted, wordsOf } from "./problem.js";
import { operationHash } from "./place.js";
import { restoredWords } from "./undo.js";

const scopes = [1000, 10000, 100000];

// randomKey is an IdempotencyKey; crypto.randomUUID is for secure contexts alone.
const randomKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

export class RecallPanel {
  operation; // id of what was recalled here last
  #view;
  #sender;
  #below = 0; // BeforeSeq
  #part; // result of the preview
  #token;
  #key;
  #asked;
  #busy = false;

  // view has: api, place, plan(plan or undefined), recalled(operation), told(sentence),
  // jump(seq), mute(sender) where there are mutes, undo(operation), close().
  constructor(view, sender) {
    this.#view = view;
    this.#sender = sender;
    this.#build();
    this.preview();
  }

  #build() {
    const changed = () => this.preview();
    this.#scope = select(scopes.map((n) => [String(n), t("recall.newest", { n: number(n) })]), "1000", { onchange: changed });
    this.#after = h("input", { type: "datetime-local", onchange: changed });
    this.#before = h("input", { type: "datetime-local", onchange: changed });
    this.#fence = select([["0", t("recall.noFence")], ...[60, 600, 3600].map((n) => [String(n), t("recall.fenceFor", { n: number(n / 60) })])], "0", { onchange: () => this.#ready() });
    this.#most = h("input", { type: "number", min: "0", inputmode: "numeric" });
    this.#growth = h("input", { type: "checkbox" });
    this.#reason = h("input", { maxlength: "500", autocomplete: "off" });
    this.#go = h("button", { type: "submit", class: "danger", disabled: true }, t("recall.go"));
    this.#figures = h("div", { class: "figures", role: "status" });
    this.#problem = h("p", { class: "problem", role: "alert" });
    this.#form = h("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); this.#recall(); } },
      field(t("recall.scope"), this.#scope),
      this.#figures,
      h("details", {}, h("summary", {}, t("recall.more")), h("div", { class: "stack" },
        field(t("recall.after"), this.#after), field(t("recall.before"), this.#before),
        field(t("recall.fence"), this.#fence, t("recall.fenceNote")),
        field(t("recall.most"), this.#most, t("recall.mostNote")),
        h("label", { class: "choice" }, this.#growth, t("recall.growth")))),
      h("div", { class: "stack finish" }, field(t("recall.reason"), this.#reason, t("recall.reasonNote")), this.#problem, this.#go));
    this.#result = h("div", { class: "stack", role: "status", tabindex: "-1" });
    this.element = h("section", { class: "panel", "aria-labelledby": "recall-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "recall-title" }, parts("recall.title", { who: account(this.#sender) })),
        h("button", { type: "button", class: "plain", "aria-label": t("close"), onclick: () => this.#view.close() }, "✕")),
      this.#form, this.#result);
  }

  #scope; #after; #before; #fence; #most; #growth; #reason; #go; #figures; #problem; #form; #result;

  get sender() {
    return this.#sender;
  }

  // ask brings the person to what comes next: the reason, or the result's first button.
  ask() {
    if (this.#form.hidden) (this.#result.querySelector("button") ?? this.#result).focus();
    else this.#reason.focus();
  }

  stop() {
    this.#asked?.abort();
  }

  #target() {
    return { ...this.#view.place, Sender_Account: this.#sender };
  }

  async preview() {
    this.#asked?.abort();
    const controller = this.#asked = new AbortController();
    this.#part = this.#token = undefined;
    this.#ready();
    replace(this.#problem);
    this.#figures.setAttribute("aria-busy", "true");
    if (!this.#figures.hasChildNodes()) replace(this.#figures, h("p", { class: "note" }, t("recall.counting")));
    const [after, before] = [moment(this.#after), moment(this.#before)];
    const scope = { LastMsgNum: Number(this.#scope.value), BeforeSeq: this.#below || undefined, AfterTime: after, BeforeTime: before };
    try {
      const answer = await this.#view.api.preview(this.#target(), scope, controller.signal);
      const [part] = answer.Results;
      if (controller.signal.aborted) return;
      if (part.ErrorCode) throw new Error(codeWords(part.ErrorCode, part.ErrorInfo));
      this.#part = part;
      this.#token = answer.PlanToken;
      this.#key = randomKey();
      this.#view.plan({ sender: this.#sender, from: part.FromSeq, to: part.ToSeq, open: !this.#below && !before, after, before, samples: part.Samples.map((row) => row.MsgSeq) });
      replace(this.#figures, this.#told(part));
    } catch (error) {
      if (aborted(error)) return;
      this.#view.plan(undefined);
      replace(this.#figures);
      this.#problem.textContent = wordsOf(error);
    } finally {
      if (this.#asked === controller) this.#figures.removeAttribute("aria-busy");
      this.#ready();
    }
  }

  // told is what a preview says.
  #told(part) {
    const line = (name, ...value) => [h("dt", {}, t(name)), h("dd", {}, value)];
    const beyond = { 1: "recall.beyondYes", 0: "recall.beyondNo", "-1": "recall.beyondUnknown" }[part.MoreBeyond];
    return [
      h("p", { class: "count" }, parts("recall.count", { n: h("strong", {}, number(part.MatchedNum)), scanned: number(part.ScannedNum) })),
      h("dl", {},
        part.MatchedNum ? line("recall.oldest", time(part.OldestTime, shortTime)) : null,
        part.MatchedNum ? line("recall.newestAt", time(part.NewestTime, shortTime)) : null,
        line("recall.window", part.ToSeq >= part.FromSeq ? `#${number(part.FromSeq)} – #${number(part.ToSeq)}` : "–"),
        line("recall.already", number(part.AlreadyRecalledNum)),
        line("recall.beyond", t(beyond))),
      h("p", { class: "buttons start" },
        part.MoreBeyond !== 0 && part.NextBeforeSeq > 1 ? h("button", { type: "button", class: "small", onclick: () => this.#deeper(part.NextBeforeSeq) }, t("recall.deeper", { seq: number(part.NextBeforeSeq) })) : null,
        this.#below ? h("button", { type: "button", class: "small", onclick: () => this.#deeper(0) }, t("recall.newestAgain")) : null),
      part.Samples.length ? h("details", { open: part.Samples.length > 0 }, h("summary", {}, t("recall.samples")),
        h("ol", { class: "samples" }, part.Samples.map((row) => h("li", {}, h("button", { type: "button", class: "sample", onclick: () => this.#view.jump(row.MsgSeq) },
          h("span", { class: "seq" }, `#${number(row.MsgSeq)}`), " ", lineOf(row)))))) : null,
    ];
  }

  #deeper(below) {
    this.#below = below;
    this.preview();
  }

  #ready() {
    const n = this.#part?.MatchedNum ?? 0;
    const fence = Number(this.#fence.value);
    this.#go.disabled = this.#busy || !this.#token || (n === 0 && fence === 0);
    this.#go.textContent = t(this.#busy ? "busy" : n ? "recall.goNum" : "recall.go", { n: number(n) });
  }

  async #recall() {
    if (!this.#token || this.#busy) return;
    this.#busy = true;
    replace(this.#problem);
    this.#ready();
    try {
      const answer = await this.#view.api.recall({
        PlanToken: this.#token, Reason: this.#reason.value, FenceSeconds: Number(this.#fence.value),
        Guard: this.#most.value === "" ? undefined : { MaxMsgNum: Number(this.#most.value) },
        AllowGrowth: this.#growth.checked ? 0 : 1, IdempotencyKey: this.#key,
      });
      const [part] = answer.Results;
      if (part.ErrorCode) throw new Error(codeWords(part.ErrorCode, part.ErrorInfo));
      this.operation = answer.OperationId;
      this.#done(part);
    } catch (error) {
      // The same key again does nothing twice, so the same button tries again.
      this.#problem.textContent = wordsOf(error);
      this.#view.told(wordsOf(error));
      if ([190001, 190003, 190005].includes(error.code)) this.#again();
    } finally {
      this.#busy = false;
      this.#ready();
    }
  }

  // again previews anew, and leaves what was said about the recall.
  #again() {
    const said = this.#problem.textContent;
    this.preview();
    this.#problem.textContent = said;
  }

  #done(part) {
    const sentence = t("recall.done", { n: number(part.RecalledNum) });
    this.stop(); // a preview that was asked for meanwhile
    this.#form.hidden = true;
    this.#view.plan(undefined);
    this.#view.recalled(this.operation);
    this.#view.told(sentence);
    replace(this.#result,
      h("p", { class: "success" }, sentence),
      h("dl", {},
        h("dt", {}, t("recall.window")), h("dd", {}, part.ToSeq >= part.FromSeq ? `#${number(part.FromSeq)} – #${number(part.ToSeq)}` : "–"),
        h("dt", {}, t("recall.already")), h("dd", {}, number(part.AlreadyRecalledNum)),
        h("dt", {}, t("operation.id")), h("dd", {}, h("a", { href: operationHash(this.operation), class: "mono" }, this.operation))),
      h("p", { class: "buttons start" },
        h("button", { type: "button", onclick: () => this.#view.undo(this.operation) }, t("undo.open")),
        this.#view.mute ? h("button", { type: "button", onclick: () => this.#view.mute(this.#sender) }, t("mute.open")) : null,
        part.MoreBeyond !== 0 && part.NextBeforeSeq > 1 ? h("button", { type: "button", onclick: () => this.#onward(part.NextBeforeSeq) }, t("recall.deeper", { seq: number(part.NextBeforeSeq) })) : null));
    this.#result.focus();
  }

  #onward(below) {
    this.#form.hidden = false;
    replace(this.#result);
    replace(this.#figures);
    this.#deeper(below);
    this.#reason.focus();
  }

  // undone tells the results of an undo of what was recalled here.
  undone(results) {
    this.operation = undefined;
    replace(this.#result, h("p", { class: "success" }, restoredWords(results)),
      h("p", { class: "buttons start" }, h("button", { type: "button", onclick: () => this.#onward(0) }, t("recall.anew"))));
    this.#result.focus();
  }

  // said shows a sentence about what was done beside, such as a mute.
  said(...sentence) {
    this.#result.append(h("p", { class: "success" }, sentence));
  }
}
