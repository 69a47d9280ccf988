// The debugging tool: a frame around the list of commands and the page of one,
// which the part of the address behind # names: #/v4/service/command.
import { h, replace } from "/shared/dom.js";
import { addTexts, language, languages, setLanguage, t } from "/shared/i18n.js";
import { check, fromFragment, signInForm } from "/shared/signin.js";
import { commandView } from "./command.js";
import { load } from "./document.js";
import { names } from "./golang.js";
import { commandList } from "./list.js";
import { en } from "./texts.en.js";
import { zh } from "./texts.zh.js";

addTexts({ en, zh });

let session = fromFragment();
let failure; // why a session was refused
let tool, list, view;
const place = h("main", { id: "place" });

// path is what the address names.
function path() {
  const written = location.hash.slice(1);
  try {
    return decodeURI(written);
  } catch {
    return written;
  }
}

// frame draws the page anew, in the language chosen.
function frame() {
  const drawer = h("button", { type: "button", class: "drawer", "aria-expanded": "false", "aria-controls": "side", onclick: () => openList(!opened()) }, t("list.open"));
  const opened = () => drawer.getAttribute("aria-expanded") === "true";
  const tongue = h("select", { "aria-label": t("language"), onchange: () => { setLanguage(tongue.value); frame(); } },
    Object.entries(languages).map(([code, name]) => h("option", { value: code, lang: code, selected: code === language() }, name)));
  list = commandList(tool.document, show);
  tool.openList = openList;
  function openList(open) {
    drawer.setAttribute("aria-expanded", String(open));
    list.element.classList.toggle("open", open);
    if (open) list.search();
  }
  replace(document.body, h("header", { class: "top" }, drawer, h("a", { href: "#/", class: "home" }, "Recant", h("span", {}, t("tool"))), who(), tongue),
    h("div", { class: "columns" }, list.element, place));
  route();
}

function who() {
  const element = h("div", { class: "who" });
  tool.showWho = () => replace(element, session
    ? [h("span", { class: "foreign" }, t("signedin", { identifier: session.identifier, app: session.sdkAppID })), h("button", { type: "button", class: "small", onclick: () => signed(undefined) }, t("signout"))]
    : h("button", { type: "button", class: "small", onclick: tool.signIn }, t("signin.open")));
  tool.showWho();
  return element;
}

// signed makes a session the page's, undefined none.
function signed(to) {
  session = to;
  failure = undefined;
  tool.showWho();
  if (view) view.written();
  else route();
}

// signIn asks in a dialog who calls; it resolves with the session, or with
// undefined where the person closes it.
function signIn() {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "asking", "aria-labelledby": "signin-title", onclose: () => { dialog.remove(); resolve(session); } },
      signInForm((made) => { signed(made); dialog.close(); }, { last: session, failure }),
      h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, t("close")));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// route shows what the address names.
function route() {
  const at = path();
  const command = tool.document.find(at);
  view = undefined;
  tool.openList(false);
  list.current(command?.path);
  document.title = [command?.name, t("tool"), "Recant"].filter(Boolean).join(" · ");
  if (command) {
    view = commandView(command, tool);
    replace(place, view.element);
  } else if (at === "" || at === "/") {
    replace(place, h("div", { class: "start" }, !session && signInForm(signed, { failure }), h("div", { class: "card" },
      h(session ? "h1" : "h2", {}, t("start.welcome")), h("p", {}, t("start.how")), h("p", { class: "note" }, t("start.keys")),
      h("p", {}, h("a", { href: "/openapi.json" }, t("start.document"))))));
  } else {
    replace(place, h("div", { class: "start" }, h("div", { class: "card" }, h("h1", {}, t("unknown.title")), h("p", { class: "foreign" }, t("unknown.text", { path: at })))));
  }
  place.scrollTop = 0;
}

// noted shows that a call was sent, or what came of it, wherever the person is.
function noted() {
  list.show();
  view?.show();
}

// show opens a call of before.
function show(call) {
  if (path() !== call.path) {
    history.pushState(null, "", `#${call.path}`);
    route();
  }
  view.recall(call);
}

addEventListener("hashchange", () => {
  if (location.hash.startsWith("#sign=")) { // somebody else begins, with nothing of the one before
    location.reload();
    return;
  }
  if (!tool) return;
  route();
  place.querySelector("h1")?.focus();
});
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && view && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    view.send();
  } else if (event.key === "/" && list && !event.target.closest("input, textarea, select, dialog")) {
    event.preventDefault();
    tool.openList(true);
  }
});

async function start() {
  try {
    tool = { document: await load(), names: await names(), session: () => session, signIn, noted };
  } catch (error) {
    replace(document.body, h("main", { class: "start" }, h("h1", {}, t("tool")), h("p", { class: "problem", role: "alert" }, t("load.failed", { info: error.message }))));
    return;
  }
  if (session) {
    try {
      await check(session);
    } catch (error) {
      failure = error;
      session = undefined;
    }
  }
  frame();
}

start();
