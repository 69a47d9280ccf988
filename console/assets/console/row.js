// A row of the timeline: who, when, what, and what a recall has done or would do
// with it.
import { h } from "/shared/dom.js";
import { number, parts, t } from "/shared/i18n.js";
import { account, bodyOf, clock, day, foreign, lengthOf, time } from "./message.js";

const long = 600; // characters; what is longer is cut until asked for

const hue = (name) => [...name].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 360, 7);

function avatar(name) {
  const element = h("span", { class: "avatar", "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "");
  element.style.setProperty("--hue", hue(name));
  return element;
}

// isGone reports whether a message has no content any more.
const isGone = (row) => row.State === "erased" || row.State === "expired";

// fateOf is what a preview says about a row: "goes", "stays" or undefined.
export function fateOf(row, plan) {
  if (!plan || !row || isGone(row) || row.IsSystemMsg || row.From_Account !== plan.sender || row.Recalled) return undefined;
  const inside = row.MsgSeq >= plan.from && (plan.open || row.MsgSeq <= plan.to)
    && (!plan.after || row.MsgTimeStamp >= plan.after) && (!plan.before || row.MsgTimeStamp < plan.before);
  return inside ? "goes" : "stays";
}

function recalled(row) {
  const { Operator_Account: who, Time: when, Reason: reason } = row.Recalled;
  return h("p", { class: "recalled-by" },
    h("span", { class: "badge recalled" }, "⊘ ", t("row.recalled")), " ",
    parts("row.by", { who: account(who), when: time(when) }),
    reason ? [" · ", t("row.reason"), " ", foreign(reason)] : null);
}

const fates = { goes: ["badge goes", "✕ "], stays: ["badge stays", "○ "] };

// drawRow makes the element of a number. view has: rows, plan (the preview that is
// drawn), expanded (a Set of numbers), actions(row) (buttons of the selected row).
export function drawRow(seq, selected, view) {
  const { rows, plan } = view;
  const row = rows.get(seq);
  const before = rows.get(seq - 1);
  const fate = fateOf(row, plan);
  const opens = plan && plan.to >= plan.from && seq === plan.from;
  const closes = plan && plan.to >= plan.from && seq === (plan.open ? rows.newest : plan.to);
  const newDay = row?.MsgTimeStamp && day(row.MsgTimeStamp) !== (before?.MsgTimeStamp ? day(before.MsgTimeStamp) : "") && (before || seq === rows.oldest);
  const same = row && before && !newDay && !opens && !fate && !row.Recalled && !before.Recalled && before.From_Account === row.From_Account && !row.IsSystemMsg && !before.IsSystemMsg
    && !isGone(row) && !isGone(before) && row.MsgTimeStamp - before.MsgTimeStamp < 300;
  const state = JSON.stringify([row, selected, fate, opens, closes, newDay, same, view.expanded.has(seq), plan?.open]);
  const element = h("article", {
    class: ["row", selected && "selected", row?.Recalled && "is-recalled", fate && `is-${fate}`, same && "same", row?.IsSystemMsg && "is-tip", !row && "pending"].filter(Boolean).join(" "),
    tabindex: "-1", "data-seq": seq, "data-state": state, "aria-posinset": seq - rows.oldest + 1, "aria-setsize": rows.newest - rows.oldest + 1,
    "aria-current": selected && "true", "aria-busy": !row && "true",
  });
  if (newDay) element.append(h("p", { class: "day" }, h("span", {}, day(row.MsgTimeStamp))));
  if (opens) element.append(h("p", { class: "border" }, h("span", {}, t("row.windowFrom", { seq: number(seq) }))));
  element.append(content(seq, row, selected, fate, view));
  if (closes) element.append(h("p", { class: "border" }, h("span", {}, t(plan.open ? "row.windowOpen" : "row.windowTo", { seq: number(seq) }))));
  return element;
}

function content(seq, row, selected, fate, view) {
  const place = h("span", { class: "seq" }, `#${number(seq)}`);
  if (!row) return h("div", { class: "line" }, h("span", { class: "blank" }), place, h("span", { class: "visually-hidden" }, t("row.loading")));
  if (isGone(row)) {
    return h("div", { class: "line" }, row.From_Account ? avatar(row.From_Account) : h("span", { class: "avatar empty" }), h("div", { class: "what" },
      row.From_Account ? h("p", { class: "who" }, account(row.From_Account), " ", row.MsgTimeStamp ? time(row.MsgTimeStamp, clock) : null) : null,
      h("p", { class: "note" }, t(`row.${row.State}`)), row.Recalled ? recalled(row) : null), place);
  }
  if (row.IsSystemMsg) return h("div", { class: "line" }, h("div", { class: "what" }, bodyOf(row), time(row.MsgTimeStamp, clock)), place);
  const cut = lengthOf(row) > long;
  const expanded = view.expanded.has(seq);
  return h("div", { class: "line" },
    avatar(row.From_Account),
    h("div", { class: "what" },
      h("p", { class: "who" }, account(row.From_Account), " ", time(row.MsgTimeStamp, clock), row.EditNum ? h("span", { class: "note" }, t("row.edited")) : null),
      row.Recalled ? recalled(row) : null,
      fate ? h("p", {}, h("span", { class: fates[fate][0] }, fates[fate][1], t(`row.${fate}`))) : null,
      h("div", { class: cut && !expanded ? "said cut" : "said" }, bodyOf(row)),
      cut ? h("button", { type: "button", class: "plain small", "aria-expanded": String(expanded), onclick: () => view.expand(seq) }, t(expanded ? "row.less" : "row.more")) : null,
      selected ? h("p", { class: "actions" }, view.actions(row)) : null),
    place);
}
