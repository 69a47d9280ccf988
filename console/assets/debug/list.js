// The list of commands by chapter, with its search, and the calls of this tab.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { calls, codeOf } from "./calls.js";

// commandList returns {element, current(path), search(), show()}. open is
// called with a call that is to be shown again.
export function commandList(document, open) {
  const search = h("input", {
    type: "search", id: "search", "aria-label": t("list.search"), placeholder: t("list.hint"), autocomplete: "off", spellcheck: "false",
    oninput: filter, onkeydown: fromSearch,
  });
  const count = h("p", { class: "note", role: "status" });
  const chapters = document.chapters.map(({ name, commands }) => {
    const items = commands.map((c) => {
      const link = h("a", { href: `#${c.path}` }, h("span", { class: "mono" }, c.name), h("span", { class: "note summary" }, c.summary));
      return { link, item: h("li", {}, link), command: c, text: `${c.path} ${c.older.join(" ")} ${c.summary} ${c.page} ${name}`.toLowerCase() };
    });
    return { element: h("section", {}, h("h2", {}, name), h("ul", {}, items.map((i) => i.item))), items };
  });
  const list = h("div", { class: "commands", onkeydown: fromList }, chapters.map((c) => c.element));
  const recent = h("details", { class: "calls" });

  // filter shows the commands in which every word is found.
  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const { element, items } of chapters) {
      let any = false;
      for (const { item, text } of items) {
        item.hidden = !wanted.every((word) => text.includes(word));
        any ||= !item.hidden;
        n += item.hidden ? 0 : 1;
      }
      element.hidden = !any;
    }
    list.classList.toggle("filtered", wanted.length > 0);
    replace(count, wanted.length > 0 && (n > 0 ? t("list.found", { n }) : t("list.none")));
  }

  const found = () => chapters.flatMap((c) => c.items).filter((i) => !i.item.hidden);

  // best is what was most likely looked for: a command is called so, or nearly.
  function best() {
    const typed = search.value.trim().toLowerCase();
    const items = found();
    return items.find((i) => i.command.name === typed) ?? items.find((i) => i.command.name.includes(typed)) ?? items[0];
  }

  function fromSearch(event) {
    const [first] = found();
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.link.focus();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && first) {
      best().link.click();
    } else if (event.key === "Escape") {
      search.value = "";
      filter();
    }
  }
  function fromList(event) {
    const links = found().map((i) => i.link);
    const i = links.indexOf(event.target);
    const to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: links.length - 1 }[event.key];
    if (i < 0 || to === undefined) return;
    event.preventDefault();
    (links[Math.min(to, links.length - 1)] ?? search).focus();
  }

  function showCalls() {
    replace(recent, h("summary", {}, `${t("list.calls")} (${calls.length})`),
      calls.length === 0 ? h("p", { class: "note" }, t("list.nocalls")) : h("ol", {}, calls.map(line)));
  }
  function line(call) {
    const code = marked(call.result);
    return h("li", { value: call.number }, h("button", { type: "button", class: "plain", onclick: () => open(call) },
      h("span", { class: code === 0 ? "mark good" : code === "…" ? "mark" : "mark bad", "aria-label": t("list.calls.code", { code }) }, String(code)),
      h("span", { class: "mono" }, call.name), h("span", { class: "note" }, call.time.toLocaleTimeString())));
  }

  // marked is how the list shows what came of a call.
  function marked(result) {
    if (!result) return "…";
    return result.problem ? "–" : codeOf(result.text) ?? "?";
  }

  showCalls();
  return {
    element: h("nav", { class: "side", id: "side", "aria-label": t("list.open") }, h("div", { class: "search" }, search, count), list, recent),
    show: showCalls,
    search: () => search.focus(),
    current(path) {
      for (const { link, command } of chapters.flatMap((c) => c.items)) {
        link.toggleAttribute("aria-current", command.path === path);
        if (command.path === path) {
          link.setAttribute("aria-current", "page");
          link.scrollIntoView({ block: "nearest" });
        }
      }
    },
  };
}
