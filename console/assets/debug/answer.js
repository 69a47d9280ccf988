// What came of a call: the answer, its code in words, the request as it was
// sent.
import { h, replace } from "/shared/dom.js";
import { number, t } from "/shared/i18n.js";
import { codeOf } from "./calls.js";
import { copyButton } from "./copy.js";
import { shortened } from "./curl.js";
import { lay } from "./json.js";

const coloured = 200_000; // characters; a longer text is laid out, but plain

const kinds = { name: "j-name", '"': "j-text", 0: "j-number", t: "j-word", f: "j-word", n: "j-word" };

// box is a text that is read and copied, with its name above; whole is what is
// copied.
function box(label, content, whole) {
  const text = h("pre", { class: "code foreign", tabindex: "0", role: "group", "aria-label": label }, content);
  return { text, element: h("div", { class: "box" }, h("div", { class: "over" }, h("h3", {}, label), copyButton(whole ?? (() => text.textContent))), text) };
}

// laidOut is JSON over lines and in colours, any other text as it is.
function laidOut(text) {
  if (text === "" || !readable(text)) return text;
  const pieces = lay(text);
  if (text.length > coloured) return pieces.map((p) => p.text).join("");
  return pieces.map((p) => (kinds[p.kind] ? h("span", { class: kinds[p.kind] }, p.text) : p.text));
}

// readable reports whether lay can read a text: names given twice are no
// hindrance.
function readable(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// explained says what a code means.
function explained(known, answerCode, signIn) {
  if (answerCode === 0) return h("p", {}, t("answer.ok"));
  const meaning = known.get(answerCode);
  if (!meaning) return h("p", {}, t("answer.unexplained"));
  return h("div", {},
    h("p", {}, meaning.meaning),
    h("p", { class: "note" }, t(meaning.retry ? "answer.again" : "answer.notagain")),
    answerCode >= 70000 && answerCode < 70100 && h("p", {}, h("button", { type: "button", class: "small", onclick: signIn }, t("signin.open"))));
}

// heading is the code of an answer with its name, as a mark says it.
function heading(known, result) {
  const answerCode = codeOf(result.text);
  if (answerCode === undefined) return h("strong", { class: "mark bad" }, t("answer.notjson"));
  const name = answerCode === 0 ? "OK" : known.get(answerCode)?.name ?? "";
  return h("strong", { class: answerCode === 0 ? "mark good" : "mark bad" }, `${answerCode} ${name}`.trim());
}

// answerView shows what came back. known is the error table.
export function answerView(call, known, signIn) {
  const { result } = call;
  if (result.problem) return h("p", { class: "problem" }, result.problem);
  const bytes = new TextEncoder().encode(result.text).length;
  const info = codeOf(result.text) ? JSON.parse(result.text).ErrorInfo : "";
  return h("div", { class: "answer" },
    h("p", { class: "facts" }, heading(known, result),
      h("span", { class: "note" }, t("answer.facts", { status: result.status, ms: number(Math.round(result.milliseconds * 10) / 10), bytes: number(bytes) })),
      h("span", { class: "note" }, t("answer.at", { time: call.time.toLocaleTimeString() }))),
    h("div", { class: "explained" },
      codeOf(result.text) !== undefined && explained(known, codeOf(result.text), signIn),
      info && h("p", { class: "foreign mono" }, String(info))),
    box(t("answer.body"), laidOut(result.text), () => result.text).element);
}

// told is the answer in a few words, for who does not see the page.
export function told(call, known) {
  const { result } = call;
  if (result.problem) return result.problem;
  const answerCode = codeOf(result.text);
  if (answerCode === undefined) return t("answer.notjson");
  return t("answer.told", { code: answerCode, name: answerCode === 0 ? "OK" : known.get(answerCode)?.name ?? "", ms: Math.round(result.milliseconds) });
}

// requestView shows what was sent.
export function requestView(call) {
  const url = call?.result?.url;
  if (!url) return h("p", { class: "note" }, t("answer.none"));
  const whole = location.origin + url;
  return h("div", {},
    box(t("request.url"), `POST ${shortened(whole)}`, () => whole).element,
    h("p", { class: "note" }, t("request.short")),
    box(t("request.body"), call.state.text).element);
}

// live is a box whose text is set as often as it changes.
export function live(label) {
  const { element, text } = box(label, "");
  return { element, set: (to) => { if (text.textContent !== to) replace(text, to); } };
}
