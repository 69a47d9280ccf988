// The dialog that lists the keys, and the switch of those that are a single letter.
import { h } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { ask } from "./dialog.js";

let on = true;

// keysAreOn reports whether single letters are commands.
export const keysAreOn = () => on;

const keys = [
  ["k ↑", "help.up"], ["j ↓", "help.down"], ["PageUp PageDown", "help.page"], ["Home End", "help.ends"], ["g", "help.goto"],
  ["p", "help.preview"], ["r", "help.recall"], ["u", "help.undo"], ["m", "help.mute"], ["Esc", "help.close"], ["/", "help.search"], ["?", "help.help"],
];

export function helpDialog() {
  const box = h("input", { type: "checkbox", checked: on, onchange: () => { on = box.checked; } });
  ask({
    title: t("help.title"), cancel: t("close"), wide: true,
    fields: [
      h("table", { class: "keys" }, h("tbody", {}, keys.map(([names, text]) => h("tr", {}, h("th", { scope: "row" }, names.split(" ").map((k) => [h("kbd", {}, k), " "])), h("td", {}, t(text)))))),
      h("label", { class: "choice" }, box, t("help.letters")),
      h("h3", {}, t("help.marks")),
      h("ul", { class: "legend" }, ["goes", "stays", "recalled", "window", "range"].map((kind) => h("li", {}, h("span", { class: `swatch rail-${kind}`, "aria-hidden": "true" }), t(`help.mark.${kind}`)))),
    ],
  });
}
