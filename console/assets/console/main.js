// The moderation page: its frame, its views by address, and signing in.
import { h, replace } from "/shared/dom.js";
import { language, languages, setLanguage, t } from "/shared/i18n.js";
import { check, fromFragment, signInForm } from "/shared/signin.js";
import { Api } from "./api.js";
import { Audit } from "./audit.js";
import { Conversation } from "./conversation.js";
import { keysAreOn } from "./help.js";
import { Groups } from "./groups.js";
import { Members } from "./members.js";
import { Operation } from "./operation.js";
import { auditHash, parse } from "./place.js";
import "./texts.js";

const views = { groups: Groups, conversation: Conversation, members: Members, audit: Audit, operation: Operation };

let session;
let leave = new AbortController(); // of the view that is shown

function languageChoice() {
  return h("select", { class: "language", "aria-label": t("frame.language"), onchange: (event) => { setLanguage(event.target.value); show(); } },
    Object.entries(languages).map(([code, name]) => h("option", { value: code, selected: code === language(), lang: code === "zh" ? "zh-CN" : code }, name)));
}

function signIn(failure) {
  leave.abort();
  leave = new AbortController();
  const last = session && { sdkAppID: session.sdkAppID, identifier: session.identifier };
  session = undefined;
  document.title = `${t("frame.title")} – Recant`;
  document.body.className = "";
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  replace(document.body, h("main", {}, signInForm((accepted) => { session = accepted; show(); }, { failure, last }), h("p", { class: "signin-language" }, languageChoice())));
}

// say tells something that was done, in sight and to a screen reader.
function teller() {
  const region = h("div", { class: "toast", role: "status" });
  let timer;
  const say = (...sentence) => {
    clearTimeout(timer);
    replace(region, h("p", {}, sentence));
    timer = setTimeout(() => replace(region), 8000);
  };
  return { region, say };
}

function show() {
  if (!session) return signIn();
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const route = parse(location.hash);
  const { region, say } = teller();
  const api = new Api(session, (error) => { if (!signal.aborted) signIn(error); });
  const context = { api, signal, say, title: (text) => { document.title = `${text} – Recant`; } };
  const View = views[route?.view];
  const view = View ? new View(context, route) : { element: h("div", { class: "page" }, h("h1", { tabindex: "-1" }, t("frame.unknown"))), focus() {} };
  const link = (href, name, here) => h("a", { href, "aria-current": here && "page" }, t(name));
  document.body.className = route?.view === "conversation" ? "framed full" : "framed";
  replace(document.body,
    h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); view.focus(); } }, t("frame.skip")),
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "#/groups", "aria-label": "Recant" }, h("img", { src: "/shared/icon.svg", alt: "", width: "22", height: "22" }), h("span", {}, "Recant")),
      h("nav", { "aria-label": t("frame.nav") }, link("#/groups", "groups.title", route?.view !== "audit" && route?.view !== "operation"), link(auditHash(), "audit.title", route?.view === "audit" || route?.view === "operation")),
      h("span", { class: "who-signed foreign" }, session.identifier),
      languageChoice(),
      h("button", { type: "button", class: "small", onclick: () => { session = undefined; signIn(); } }, t("frame.signOut"))),
    h("main", { id: "main" }, view.element), region);
  view.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !session || !keysAreOn()) return;
  if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (document.getElementById("group-search")) document.getElementById("group-search").focus();
  else location.hash = "#/groups";
});

async function start() {
  const given = fromFragment();
  if (!given) return signIn();
  leave.abort();
  session = undefined;
  replace(document.body, h("main", {}, h("p", { class: "empty", role: "status" }, t("signin.trying"))));
  try {
    await check(given);
    session = given;
    show();
  } catch (error) {
    session = given;
    signIn(error);
  }
}

addEventListener("hashchange", () => {
  if (location.hash.startsWith("#sign=")) start();
  else if (session) show();
});
start();
