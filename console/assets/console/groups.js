// The view of the application's groups, found by id, name and type.
import { h, replace } from "/shared/dom.js";
import { number, shortTime, t } from "/shared/i18n.js";
import { select } from "./dialog.js";
import { account, foreign, lineOf, time } from "./message.js";
import { placeHash, placeOf } from "./place.js";
import { aborted, wordsOf } from "./problem.js";

const types = ["Private", "Public", "ChatRoom", "AVChatRoom", "Community"];
const pageSize = 30;

export class Groups {
  #context;
  #asked;
  #timer;
  #next = "";
  #scanned = 0;

  constructor(context, { filter }) {
    this.#context = context;
    context.title(t("groups.title"));
    context.signal.addEventListener("abort", () => { clearTimeout(this.#timer); this.#asked?.abort(); });
    this.#query = h("input", { type: "search", id: "group-search", value: filter.q ?? "", autocomplete: "off", spellcheck: "false", placeholder: t("groups.search"), "aria-label": t("groups.search"), oninput: () => this.#soon() });
    this.#type = select([["", t("groups.anyType")], ...types.map((type) => [type, t(`type.${type}`)])], filter.type ?? "", { "aria-label": t("groups.type"), onchange: () => this.#search() });
    this.#list = h("ul", { class: "groups" });
    this.#status = h("p", { class: "note", role: "status" });
    this.#problem = h("p", { class: "problem", role: "alert" });
    this.#more = h("button", { type: "button", hidden: true, onclick: () => this.#page() }, t("more"));
    this.element = h("div", { class: "page groups-page", onkeydown: (event) => this.#pressed(event) },
      h("h1", {}, t("groups.title")),
      h("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); this.#search(); } }, this.#query, this.#type),
      this.#status, this.#problem, this.#list, this.#more);
    this.#search();
  }

  #query; #type; #list; #status; #problem; #more;

  focus() {
    this.#query.focus();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), 200);
  }

  #search() {
    clearTimeout(this.#timer);
    this.#next = "";
    this.#scanned = 0;
    const query = new URLSearchParams(Object.entries({ q: this.#query.value, type: this.#type.value }).filter(([, value]) => value));
    history.replaceState(null, "", query.size ? `#/groups?${query}` : "#/groups");
    this.#page(true);
  }

  // page shows what follows; a page may be short, so it goes on until a few are
  // there or everything was looked at.
  async #page(anew = false) {
    this.#asked?.abort();
    const controller = this.#asked = new AbortController();
    const { signal } = controller;
    this.#more.hidden = true;
    replace(this.#problem);
    this.#list.setAttribute("aria-busy", "true");
    const focusFrom = anew ? undefined : this.#list.children.length;
    let found = 0;
    try {
      do {
        const answer = await this.#context.api.searchGroups({ Query: this.#query.value.trim(), GroupType: this.#type.value || undefined, Limit: pageSize - found, Next: this.#next || undefined }, signal);
        if (signal.aborted) return;
        const items = (answer.Groups ?? []).map(item);
        if (anew) replace(this.#list, items);
        else this.#list.append(...items);
        anew = false;
        found += items.length;
        this.#scanned += answer.ScannedNum;
        this.#next = answer.Next;
        this.#status.textContent = t(this.#next ? "groups.going" : "groups.count", { n: number(this.#list.children.length), scanned: number(this.#scanned) });
      } while (this.#next && found < pageSize);
      if (!this.#list.children.length) this.#status.textContent = t("groups.none");
      if (focusFrom !== undefined) this.#list.children[focusFrom]?.querySelector("a").focus();
    } catch (error) {
      if (aborted(error)) return;
      this.#problem.textContent = wordsOf(error);
    } finally {
      if (this.#asked === controller) {
        this.#list.removeAttribute("aria-busy");
        this.#more.hidden = !this.#next;
      }
    }
  }

  // pressed moves through the list with the arrow keys.
  #pressed(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.target.closest("select")) return;
    const links = Array.from(this.#list.querySelectorAll("a"));
    const at = links.indexOf(document.activeElement) + by;
    event.preventDefault();
    if (at < 0) this.#query.focus();
    else links[Math.min(at, links.length - 1)]?.focus();
  }
}

function item(group) {
  const newest = group.NewestMsg;
  return h("li", {}, h("a", { href: placeHash(placeOf(group.GroupId)), class: "group" },
    h("span", { class: "group-name" }, h("strong", {}, foreign(group.Name || group.GroupId)), h("span", { class: "note mono" }, foreign(group.GroupId))),
    h("span", { class: "group-facts note" }, h("span", { class: "tag" }, t(`type.${group.Type}`)), h("span", {}, t("place.memberNum", { n: number(group.MemberNum) }))),
    h("span", { class: "group-newest" }, newest ? [newest.IsSystemMsg ? null : [account(newest.From_Account), ": "],
      newest.Recalled ? h("span", { class: "badge recalled" }, t("row.recalled")) : lineOf(newest)] : h("span", { class: "note" }, t("groups.silent"))),
    h("span", { class: "group-time note" }, group.LastMsgTime ? time(group.LastMsgTime, shortTime) : "")));
}
