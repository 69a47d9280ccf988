// Tabs: one of several panels is shown; arrow keys, Home and End choose.
import { h } from "/shared/dom.js";

// tabs returns {element, choose(id)} for panels [{id, label, content}].
export function tabs(label, panels) {
  const made = panels.map(({ id, label: name, content }, i) => ({
    id,
    tab: h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => choose(id), onkeydown: (e) => move(e, i) }, name),
    panel: h("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }, content),
  }));
  function choose(id) {
    for (const { id: own, tab, panel } of made) {
      tab.setAttribute("aria-selected", String(own === id));
      tab.tabIndex = own === id ? 0 : -1;
      panel.hidden = own !== id;
    }
  }
  function move(event, i) {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1 + made.length, Home: 0, End: made.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const { id, tab } = made[to % made.length];
    choose(id);
    tab.focus();
  }
  choose(panels[0].id);
  return { element: h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": label }, made.map((m) => m.tab)), made.map((m) => m.panel)), choose };
}
