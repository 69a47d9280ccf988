// The head of a conversation's views: whose it is, its topics, its other views.
import { h, replace } from "/shared/dom.js";
import { number, t } from "/shared/i18n.js";
import { select } from "./dialog.js";
import { foreign } from "./message.js";
import { auditHash, placeHash, placeOf } from "./place.js";
import { aborted, wordsOf } from "./problem.js";

// header makes the head; known is told of the group once it is read, failed where it
// cannot be read.
export function header(context, place, view, tools, known = () => {}, failed = () => {}) {
  const name = h("h1", {}, foreign(place.GroupId));
  const facts = h("p", { class: "facts note" });
  const topics = h("div", { class: "topics" });
  const link = (which, href) => h("a", { href, "aria-current": which === view && "page" }, t(`place.${which}`));
  context.title(place.GroupId);
  const load = async () => {
    try {
      const group = await context.api.group(place.GroupId, context.signal);
      known(group);
      replace(name, foreign(group.Name || place.GroupId));
      replace(facts, h("span", { class: "mono" }, foreign(place.GroupId)), h("span", {}, t(`type.${group.Type}`)), h("span", {}, t("place.memberNum", { n: number(group.MemberNum) })));
      context.title(group.Name || place.GroupId);
      if (group.SupportTopic === 1 || place.TopicId) await chooseTopic();
    } catch (error) {
      if (aborted(error)) return;
      replace(facts, h("span", { class: "problem", role: "alert" }, wordsOf(error)), h("button", { type: "button", class: "small", onclick: load }, t("again")));
      failed();
    }
  };
  const chooseTopic = async () => {
    const list = await context.api.topics(place.GroupId, context.signal);
    const options = [["", t("place.noTopic")], ...list.map((topic) => [topic.TopicId, topic.TopicName || topic.TopicId])];
    replace(topics, select(options, place.TopicId ?? "", {
      "aria-label": t("place.topic"),
      onchange: (event) => { location.hash = placeHash(placeOf(place.GroupId, event.target.value), view === "members" ? "/members" : ""); },
    }));
  };
  load();
  return h("header", { class: "place-head" },
    h("div", { class: "place-name" }, name, facts), topics,
    h("nav", { class: "tabs", "aria-label": t("place.views") },
      link("messages", placeHash(place)), link("members", placeHash(place, "/members")),
      link("recalls", auditHash({ group: place.GroupId, topic: place.TopicId }))),
    tools);
}
