// The view of a group's members: who, in which role, muted until when; with
// muting, ending a mute, and removing.
import { h, replace } from "/shared/dom.js";
import { number, parts, shortTime, t } from "/shared/i18n.js";
import { field, select } from "./dialog.js";
import { account, foreign, duration, time } from "./message.js";
import { canMute, muteDialog, removeDialog, unmuteDialog } from "./mute.js";
import { auditHash } from "./place.js";
import { header } from "./placehead.js";
import { aborted, wordsOf } from "./problem.js";

const pageSize = 100;

export class Members {
  #context;
  #place;
  #group;
  #muted = new Map(); // account → until
  #asked;
  #next; // of a community "", else how many were read; of a room the time to go on at; undefined at the end

  constructor(context, { place }) {
    this.#context = context;
    this.#place = place;
    context.signal.addEventListener("abort", () => this.#asked?.abort());
    this.#find = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    this.#which = select([["all", t("members.all")], ["muted", t("members.muted")]], "all", { onchange: () => this.#load() });
    this.#status = h("p", { class: "note", role: "status" }, t("busy"));
    this.#problem = h("p", { class: "problem", role: "alert" });
    this.#rows = h("tbody");
    this.#more = h("button", { type: "button", hidden: true, onclick: () => this.#page() }, t("more"));
    const head = (name) => h("th", { scope: "col" }, t(name));
    this.element = h("div", { class: "page" },
      header(context, place, "members", null, (group) => { this.#group = group; this.#load(); }, () => replace(this.#status)),
      h("form", { class: "filters", onsubmit: (event) => { event.preventDefault(); this.#load(); } }, field(t("members.find"), this.#find), field(t("members.show"), this.#which), h("button", { type: "submit" }, t("members.go"))),
      this.#status, this.#problem,
      h("table", { class: "list members" }, h("thead", {}, h("tr", {}, head("members.account"), head("members.role"), head("members.joined"), head("members.sent"), head("members.mute"), head("members.actions"))), this.#rows),
      this.#more);
  }

  #find; #which; #status; #problem; #rows; #more;

  focus() {
    this.#find.focus();
  }

  async #load() {
    if (!this.#group) return; // the head says why
    this.#next = "";
    replace(this.#rows);
    await this.#page();
  }

  async #page() {
    this.#asked?.abort();
    const controller = this.#asked = new AbortController();
    replace(this.#problem);
    this.#more.hidden = true;
    this.#rows.setAttribute("aria-busy", "true");
    try {
      if (canMute(this.#group.Type)) this.#muted = await this.#context.api.muted(this.#place, controller.signal);
      const members = await this.#read(controller.signal);
      if (controller.signal.aborted) return;
      this.#rows.append(...members.map((member) => this.#row(member)));
      this.#count();
    } catch (error) {
      if (aborted(error)) return;
      replace(this.#status);
      this.#problem.textContent = wordsOf(error);
    } finally {
      if (this.#asked === controller) {
        this.#rows.removeAttribute("aria-busy");
        this.#more.hidden = this.#next === undefined || !this.#rows.hasChildNodes();
      }
    }
  }

  #count() {
    this.#status.textContent = t("members.count", { n: number(this.#rows.children.length), all: number(this.#group.MemberNum) });
  }

  // read reads the members that follow, and sets where to go on.
  async #read(signal) {
    const { api } = this.#context;
    const id = this.#place.GroupId;
    const name = this.#find.value.trim();
    if (this.#which.value === "muted") {
      this.#next = undefined;
      return [...this.#muted.keys()].filter((who) => !name || who === name).map((who) => ({ Member_Account: who }));
    }
    if (this.#group.Type === "AVChatRoom") {
      const page = await api.roomMembers(id, this.#next || 0, signal);
      this.#next = page.NextTimestamp || undefined;
      return page.MemberList.filter((member) => !name || member.Member_Account === name);
    }
    if (name) {
      this.#next = undefined;
      return (await api.namedMembers(id, [name], signal)).MemberList;
    }
    if (this.#group.Type === "Community") {
      const page = await api.members({ GroupId: id, Limit: pageSize, Next: this.#next }, signal);
      this.#next = page.Next || undefined;
      return page.MemberList;
    }
    const offset = this.#next || 0;
    const page = await api.members({ GroupId: id, Limit: pageSize, Offset: offset }, signal);
    this.#next = page.MemberList.length === pageSize ? offset + pageSize : undefined;
    return page.MemberList;
  }

  #row(member) {
    const who = member.Member_Account;
    const until = this.#muted.get(who);
    const isMuted = until !== undefined; // by the server's clock
    const cell = (name, ...content) => h("td", { "data-label": t(name) }, content);
    const button = (text, act, kind = "") => h("button", { type: "button", class: `small ${kind}`, onclick: act }, t(text), h("span", { class: "visually-hidden" }, " ", who));
    const row = h("tr", { "data-account": who },
      h("th", { scope: "row" }, account(who), member.NameCard || member.NickName ? h("span", { class: "note" }, " ", foreign(member.NameCard || member.NickName)) : null),
      cell("members.role", member.Role ? t(`role.${member.Role}`) : "–"),
      cell("members.joined", member.JoinTime ? time(member.JoinTime, shortTime) : "–"),
      cell("members.sent", member.LastSendMsgTime ? time(member.LastSendMsgTime, shortTime) : "–"),
      cell("members.mute", isMuted ? h("span", { class: "badge stays" }, t("members.until", { when: shortTime(until) })) : "–"),
      h("td", { class: "buttons start" },
        canMute(this.#group.Type) ? [
          button("mute.open", () => this.#mute(row, who)),
          isMuted ? button("unmute.open", () => this.#unmute(row, who)) : null] : null,
        member.Role && member.Role !== "Owner" && !this.#place.TopicId ? button("remove.open", () => this.#remove(row, who)) : null,
        h("a", { class: "small", href: auditHash({ group: this.#place.GroupId, sender: who }) }, t("members.recalls"), h("span", { class: "visually-hidden" }, " ", who))));
    row.member = member;
    return row;
  }

  async #mute(row, who) {
    const seconds = await muteDialog(this.#context.api, this.#place, who);
    if (seconds !== undefined) await this.#anew(row, who, parts("mute.done", { who: account(who), time: duration(seconds) }));
  }

  async #unmute(row, who) {
    if (await unmuteDialog(this.#context.api, this.#place, who)) await this.#anew(row, who, parts("unmute.done", { who: account(who) }));
  }

  // anew draws a row as the server has it now.
  async #anew(row, who, sentence) {
    this.#context.say(...sentence);
    try {
      this.#muted = await this.#context.api.muted(this.#place, this.#context.signal);
      const fresh = this.#row(row.member);
      row.replaceWith(fresh);
      fresh.querySelector("button").focus();
    } catch (error) {
      if (!aborted(error)) this.#problem.textContent = wordsOf(error);
    }
  }

  async #remove(row, who) {
    if (!(await removeDialog(this.#context.api, this.#place.GroupId, who))) return;
    this.#context.say(...parts("remove.done", { who: account(who) }));
    (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("button")?.focus();
    row.remove();
    this.#group.MemberNum--;
    if (typeof this.#next === "number") this.#next--; // those that follow moved up
    this.#count();
  }
}
