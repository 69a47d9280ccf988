// Undoing a recall, or some of its targets.
import { h, replace } from "/shared/dom.js";
import { number, parts, t } from "/shared/i18n.js";
import { ask, field } from "./dialog.js";
import { account, foreign, time } from "./message.js";
import { codeWords, wordsOf } from "./problem.js";

export const targetKey = ({ GroupId, TopicId, Sender_Account }) => ({ GroupId, TopicId, Sender_Account });

// whereOf names the place of a target.
export function whereOf(target) {
  return h("span", { class: "mono" }, foreign(target.GroupId), target.TopicId ? [" / ", foreign(target.TopicId)] : null);
}

// undoDialog says what an operation did, asks, and undoes it. It resolves to the
// results, one for each target, or undefined.
export function undoDialog(api, operationId) {
  const about = h("div", { class: "stack", "aria-live": "polite" }, t("busy"));
  const reason = h("input", { maxlength: "500", autocomplete: "off" });
  let boxes = [];
  let seen = false; // whose messages it is about
  const load = async () => {
    try {
      const { Operation: operation } = await api.operation(operationId);
      const open = operation.Targets.filter((target) => target.State === "active");
      boxes = open.length > 1 && open.every((target) => target.Sender_Account)
        ? open.map((target) => ({ target, box: h("input", { type: "checkbox", checked: true }) })) : [];
      replace(about,
        h("p", {}, parts("undo.about", { who: account(operation.Operator_Account), when: time(operation.Time) })),
        operation.Reason ? h("p", {}, t("row.reason"), " ", foreign(operation.Reason)) : null,
        open.length === 0 ? h("p", { class: "warning" }, t("undo.nothing")) : null,
        boxes.length ? h("fieldset", {}, h("legend", {}, t("undo.which")), boxes.map(({ target, box }) => h("label", { class: "choice" }, box, h("span", {}, account(target.Sender_Account), " · ", whereOf(target)))))
          : open.map((target) => h("p", {}, target.Sender_Account ? account(target.Sender_Account) : t("operation.numbers"), " · ", whereOf(target),
            target.RecalledNum !== undefined ? ` · ${t("operation.recalledNum", { n: number(target.RecalledNum) })}` : "")));
    } catch (error) {
      replace(about, h("p", { class: "problem" }, wordsOf(error)));
    }
    seen = true;
  };
  const loading = load();
  reason.autofocus = true;
  return ask({
    title: t("undo.title"), go: t("undo.go"), fields: [about, field(t("recall.reason"), reason, t("recall.reasonNote"))],
    act: async () => {
      const before = seen;
      await loading;
      if (!before && boxes.length) throw new Error(t("undo.which"));
      const chosen = boxes.filter(({ box }) => box.checked).map(({ target }) => targetKey(target));
      if (boxes.length && !chosen.length) throw new Error(t("undo.choose"));
      const answer = await api.restore({ OperationId: operationId, Reason: reason.value, Targets: boxes.length === chosen.length ? undefined : chosen });
      return answer.Results ?? [];
    },
  });
}

// restoredWords tells the results of an undo in a sentence.
export function restoredWords(results) {
  const sum = (name) => results.reduce((n, r) => n + (r[name] ?? 0), 0);
  const failed = results.filter((r) => r.ErrorCode).map((r) => codeWords(r.ErrorCode, r.ErrorInfo));
  return [t("undo.done", { n: number(sum("RestoredNum")) }), sum("StillHiddenNum") ? t("undo.hidden", { n: number(sum("StillHiddenNum")) }) : "", ...failed].filter(Boolean).join(" ");
}
