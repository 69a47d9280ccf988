// The view of the audit record: what was recalled, by whom, and what followed.
import { h, replace } from "/shared/dom.js";
import { number, parts, t } from "/shared/i18n.js";
import { field, local, moment, select } from "./dialog.js";
import { account, foreign, time } from "./message.js";
import { auditHash, operationHash } from "./place.js";
import { aborted, wordsOf } from "./problem.js";
import { restoredWords, undoDialog, whereOf } from "./undo.js";

const types = ["recall", "restore", "preview", "erase", "hold", "export"];
const pageSize = 30;
const maxTargets = 5; // that an entry shows

export class Audit {
  #context;
  #asked;
  #next = "";

  constructor(context, { filter }) {
    this.#context = context;
    context.title(t("audit.title"));
    context.signal.addEventListener("abort", () => this.#asked?.abort());
    const text = (name) => h("input", { value: filter[name] ?? "", autocomplete: "off", spellcheck: "false" });
    const at = (name) => h("input", { type: "datetime-local", value: filter[name] ? local(Number(filter[name])) : "" });
    this.#fields = { group: text("group"), topic: text("topic"), sender: text("sender"), operator: text("operator"), from: at("from"), to: at("to") };
    this.#type = select([...types.map((type) => [type, t(`audit.type.${type}`)]), ["all", t("audit.type.all")]], filter.type ?? "recall");
    this.#list = h("ol", { class: "audit" });
    this.#status = h("p", { class: "note", role: "status" });
    this.#problem = h("p", { class: "problem", role: "alert" });
    this.#more = h("button", { type: "button", hidden: true, onclick: () => this.#page() }, t("more"));
    this.element = h("div", { class: "page" },
      h("h1", { tabindex: "-1" }, t("audit.title")),
      h("form", { class: "filters wrap", onsubmit: (event) => { event.preventDefault(); this.#search(); } },
        Object.entries(this.#fields).map(([name, control]) => field(t(`audit.${name}`), control)), field(t("audit.type"), this.#type),
        h("button", { type: "submit", class: "primary" }, t("audit.go"))),
      this.#status, this.#problem, this.#list, this.#more);
    this.#page();
  }

  #fields; #type; #list; #status; #problem; #more;

  focus() {
    this.#fields.group.focus();
  }

  #search() {
    const { group, topic, sender, operator, from, to } = this.#fields;
    history.replaceState(null, "", auditHash({
      group: group.value.trim(), topic: topic.value.trim(), sender: sender.value.trim(), operator: operator.value.trim(),
      from: moment(from), to: moment(to), type: this.#type.value === "recall" ? "" : this.#type.value,
    }));
    this.#next = "";
    replace(this.#list);
    this.#page();
  }

  async #page() {
    this.#asked?.abort();
    const controller = this.#asked = new AbortController();
    replace(this.#problem);
    this.#more.hidden = true;
    this.#status.textContent = t("busy");
    const { group, topic, sender, operator, from, to } = this.#fields;
    const given = (control) => control.value.trim() || undefined;
    const first = this.#list.children.length;
    try {
      const answer = await this.#context.api.operations({
        GroupId: given(group), TopicId: given(topic), Sender_Account: given(sender), Operator_Account: given(operator),
        FromTime: moment(from), ToTime: moment(to), Types: this.#type.value === "all" ? types : [this.#type.value],
        Limit: pageSize, Next: this.#next || undefined,
      }, controller.signal);
      if (controller.signal.aborted) return;
      this.#list.append(...(answer.Operations ?? []).map((item) => this.#entry(item)));
      this.#next = answer.Next;
      this.#status.textContent = this.#list.children.length ? t("audit.count", { n: number(this.#list.children.length) }) : t("audit.none");
      if (first > 0) this.#list.children[first]?.querySelector("a")?.focus();
    } catch (error) {
      if (aborted(error)) return;
      replace(this.#status);
      this.#problem.textContent = wordsOf(error);
    } finally {
      if (this.#asked === controller) this.#more.hidden = !this.#next;
    }
  }

  #entry(item) {
    const targets = item.Operation?.Targets ?? item.Results ?? item.Targets ?? [];
    return h("li", {},
      h("div", { class: "audit-head" },
        h("p", {}, h("span", { class: `tag ${item.Type}` }, t(`audit.type.${item.Type}`)), " ", parts("row.by", { who: account(item.Operator_Account), when: time(item.Time) })),
        h("p", { class: "buttons" },
          item.Operation?.Targets.some((target) => target.State === "active") ? h("button", { type: "button", class: "small", onclick: () => this.#undo(item.OperationId) }, t("undo.open")) : null,
          item.OperationId ? h("a", { href: operationHash(item.OperationId) }, t("operation.open"), h("span", { class: "visually-hidden" }, ` ${item.OperationId}`)) : null)),
      item.Reason ? h("p", {}, t("row.reason"), " ", foreign(item.Reason)) : null,
      h("ul", { class: "targets" }, targets.slice(0, maxTargets).map((target) => h("li", {}, targetLine(target))),
        targets.length > maxTargets ? h("li", { class: "note" }, t("audit.moreTargets", { n: number(targets.length - maxTargets) })) : null));
  }

  async #undo(id) {
    const results = await undoDialog(this.#context.api, id);
    if (!results) return;
    this.#context.say(restoredWords(results));
    this.#search();
  }
}

// targetLine tells a target in one line, of whichever kind of entry.
export function targetLine(target) {
  const counts = ["RecalledNum", "MatchedNum", "RestoredNum", "StillHiddenNum"].filter((name) => target[name] !== undefined)
    .map((name) => t(`operation.${name[0].toLowerCase()}${name.slice(1)}`, { n: number(target[name]) }));
  return [
    target.Sender_Account ? account(target.Sender_Account) : t("operation.numbers"), " · ", whereOf(target),
    target.ToSeq ? ` · #${number(target.FromSeq)} – #${number(target.ToSeq)}` : "",
    target.MsgSeqList ? ` · ${target.MsgSeqList.map(({ MsgSeq }) => `#${number(MsgSeq)}`).join(", ")}` : "",
    counts.map((count) => ` · ${count}`),
    target.State ? [" ", h("span", { class: `badge ${target.State}` }, t(`state.${target.State}`))] : null,
    target.Hold === 1 ? [" ", h("span", { class: "badge" }, t("operation.held"))] : null,
    target.ErrorCode ? [" ", h("span", { class: "problem" }, `${target.ErrorCode} ${target.ErrorInfo}`)] : null,
  ];
}
