// The view of one operation: what it recalled, the states of its targets, and the
// log of what was done about it.
import { h, replace } from "/shared/dom.js";
import { number, parts, t } from "/shared/i18n.js";
import { targetLine } from "./audit.js";
import { account, foreign, time } from "./message.js";
import { messageHash, placeOf } from "./place.js";
import { aborted, wordsOf } from "./problem.js";
import { restoredWords, undoDialog } from "./undo.js";

export class Operation {
  #context;
  #id;

  constructor(context, { id }) {
    this.#context = context;
    this.#id = id;
    context.title(t("operation.title"));
    this.#content = h("div", { class: "stack" }, t("busy"));
    this.#result = h("div", { role: "status" });
    this.#title = h("h1", { tabindex: "-1" }, t("operation.title"));
    this.element = h("div", { class: "page" }, this.#title, h("p", { class: "note mono" }, id), this.#result, this.#content);
    this.#load();
  }

  #content; #result; #title;

  focus() {
    this.#title.focus();
  }

  async #load() {
    try {
      replace(this.#content, this.#told(await this.#context.api.operation(this.#id, this.#context.signal)));
    } catch (error) {
      if (!aborted(error)) replace(this.#content, h("p", { class: "problem", role: "alert" }, wordsOf(error)));
    }
  }

  #told({ Operation: operation, Erasure: erasure, Log: log }) {
    const line = (name, ...value) => [h("dt", {}, t(name)), h("dd", {}, value)];
    const open = operation.Targets.some((target) => target.State === "active");
    return [
      h("dl", { class: "card" },
        line("operation.by", account(operation.Operator_Account), " · ", operation.RemoteIP), line("operation.time", time(operation.Time)),
        line("recall.reason", operation.Reason ? foreign(operation.Reason) : "–"), line("operation.command", h("code", {}, operation.Command)),
        operation.Hold ? line("operation.hold", t("operation.held")) : null,
        operation.FenceSeconds ? line("operation.fence", t("message.seconds", { n: number(operation.FenceSeconds) })) : null,
        erasure ? line("operation.erasure", t("operation.erased", { state: erasure.State, n: number(erasure.DoneNum), all: number(erasure.TotalNum) })) : null),
      h("p", { class: "buttons start" }, h("button", { type: "button", disabled: !open, onclick: () => this.#undo() }, t("undo.open"))),
      h("h2", {}, t("operation.targets")),
      h("ul", { class: "targets card" }, operation.Targets.map((target) => {
        const seq = target.ToSeq || target.MsgSeqList?.[0]?.MsgSeq;
        return h("li", {}, targetLine(target), " ", seq ? h("a", { href: messageHash(placeOf(target.GroupId, target.TopicId), seq) }, t("operation.show"), h("span", { class: "visually-hidden" }, ` ${target.Sender_Account ?? ""}`)) : null);
      })),
      h("h2", {}, t("operation.log")),
      h("ol", { class: "log card" }, log.map((event) => h("li", {},
        h("span", { class: `tag ${event.Type}` }, t(`audit.type.${event.Type}`)), " ", parts("row.by", { who: account(event.Operator_Account), when: time(event.Time) }),
        event.Reason ? [" · ", foreign(event.Reason)] : null,
        event.Targets ? h("ul", { class: "targets" }, event.Targets.map((target) => h("li", {}, targetLine(target)))) : null,
        event.ChainHash ? h("p", { class: "note mono" }, `ChainHash ${event.ChainHash}`) : null))),
    ];
  }

  async #undo() {
    const results = await undoDialog(this.#context.api, this.#id);
    if (!results) return;
    replace(this.#result, h("p", { class: "success" }, restoredWords(results)));
    await this.#load();
    this.#title.focus();
  }
}
