// The page of one command: what it is, its request, and what came of it.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { answerView, requestView, told } from "./answer.js";
import { bodyEditor } from "./body.js";
import { begin, drafts } from "./calls.js";
import { elsewhere } from "./elsewhere.js";
import { about, answerFields, codeTable } from "./reference.js";
import { tabs } from "./tabs.js";

const narrow = matchMedia("(max-width: 1099px)"); // the answer is below the form, see debug.css

// commandView returns {element, send, show, written, recall}. tool has document,
// names (see golang.js), session(), signIn(), which asks who calls, and noted(),
// which is called when a call is sent and when something has come of it.
export function commandView(command, tool) {
  const body = bodyEditor(command, () => written());
  const draft = drafts.get(command.path) ?? { call: undefined }; // the call is the one whose answer is shown
  drafts.set(command.path, draft);
  const underWay = () => draft.call !== undefined && !draft.call.result;
  let asking = false; // who calls

  const button = h("button", { type: "button", class: "primary", "aria-keyshortcuts": "Control+Enter Meta+Enter", onclick: send }, t("send"));
  const stop = h("button", { type: "button", onclick: () => draft.call.stop.abort() }, t("send.cancel"));
  const hint = h("span", { class: "note" });
  const status = h("p", { class: "visually-hidden", role: "status" });
  const answer = h("div", {});
  const request = h("div", {});
  const others = elsewhere(command, tool);
  const exchange = tabs(t("exchange"), [
    { id: "answer", label: t("tab.answer"), content: answer }, { id: "request", label: t("tab.request"), content: request }, ...others.panels,
  ]);

  // written keeps the request as it now is, and shows it in other languages.
  function written() {
    Object.assign(draft, body.state());
    others.show(draft.text);
  }

  // show shows the call and whether another may be sent.
  function show() {
    const { call } = draft;
    const waiting = underWay();
    button.disabled = waiting;
    stop.hidden = !waiting;
    replace(hint, t(waiting ? "send.busy" : "send.keys"));
    replace(answer, call?.result ? answerView(call, tool.document.codes, tool.signIn) : h("p", { class: "note" }, t(waiting ? "send.busy" : "answer.none")));
    replace(request, requestView(call));
    replace(status, call?.result && told(call, tool.document.codes));
  }

  async function send() {
    if (asking || underWay() || !body.ready()) return;
    asking = true;
    const session = tool.session() ?? await tool.signIn();
    asking = false;
    if (!session) return;
    const call = begin(command, body.state());
    draft.call = call;
    exchange.choose("answer");
    tool.noted();
    if (narrow.matches) exchange.element.scrollIntoView();
    call.result = await outcome(command, session, call);
    tool.noted();
  }

  if (draft.text !== undefined) body.restore(draft);
  show();
  written();
  return {
    send, show, written,
    element: h("div", { class: "command" },
      h("section", { class: "write", "aria-labelledby": "command" },
        head(command, tool.document.codes),
        h("div", { class: "bar" }, h("h2", {}, t("command.request")), body.ways,
          examples(command, body.fill), h("button", { type: "button", class: "small plain", onclick: body.clear }, t("command.clear"))),
        body.element,
        h("div", { class: "send" }, button, stop, hint)),
      h("section", { class: "exchange", "aria-label": t("exchange") }, exchange.element, status)),
    // recall shows a call of before, with the request that it was.
    recall(call) {
      body.restore(call.state);
      draft.call = call;
      exchange.choose("answer");
      show();
      written();
    },
  };
}

// outcome is what came of a call, which may be a problem.
async function outcome(command, session, { state, stop: { signal } }) {
  let url;
  try {
    url = await session.url(command.service, command.name);
    return { url, ...await session.post(url, state.text, signal) };
  } catch (error) {
    return { url, problem: signal.aborted ? t("send.cancelled") : t("send.failed", { info: error.message }) };
  }
}

function head(command, codes) {
  return h("header", {},
    h("h1", { id: "command", class: "mono", tabindex: "-1" }, command.name),
    h("p", { class: "note mono" }, command.path),
    h("p", {}, command.summary), about(command),
    codeTable(command, codes), answerFields(command));
}

// examples offers those of a command to fill.
function examples({ examples: list }, fill) {
  if (list.length === 0) return undefined;
  if (list.length === 1) {
    return h("button", { type: "button", class: "small", title: list[0].name, onclick: () => fill(list[0].text) }, t("command.example"));
  }
  const choice = h("select", { class: "examples", "aria-label": t("command.examples"), onchange: () => { fill(list[choice.value].text); choice.value = ""; } },
    h("option", { value: "" }, t("command.examples")), list.map((e, i) => h("option", { value: String(i) }, e.name)));
  return choice;
}
