// What the description says of a command beside its request.
import { h } from "/shared/dom.js";
import { t } from "/shared/i18n.js";

// about is the command's description, of whose marks it reads `code` and
// [words](https://address).
export function about(command) {
  const parts = command.description.split(/(`[^`]+`|\[[^\]]+\]\(https:[^)\s]+\))/);
  return h("p", { class: "note" }, parts.map((part) => {
    const link = /^\[([^\]]+)\]\((https:[^)]+)\)$/.exec(part);
    if (link) return h("a", { href: link[2], target: "_blank", rel: "noreferrer" }, link[1]);
    return /^`.+`$/.test(part) ? h("code", {}, part.slice(1, -1)) : part;
  }));
}

// codeTable explains the codes of a command's page.
export function codeTable(command, known) {
  if (command.codes.length === 0) return undefined;
  const head = [t("code"), t("code.name"), t("code.meaning")];
  return h("details", {},
    h("summary", {}, `${t("command.codes")} (${command.codes.length})`),
    h("table", {},
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, command.codes.map((c) => h("tr", {},
        h("td", { class: "mono" }, String(c)), h("td", {}, known.get(c)?.name ?? ""), h("td", {}, known.get(c)?.meaning ?? ""))))));
}

const envelope = new Set(["ActionStatus", "ErrorInfo", "ErrorCode", "ErrorDisplay"]);

// answerFields lists what a command answers beside the envelope.
export function answerFields(command) {
  const fields = (command.response.fields ?? []).filter((f) => !envelope.has(f.name));
  if (fields.length === 0) return undefined;
  return h("details", {}, h("summary", {}, t("command.answers")), fieldList(fields, 0));
}

const deepest = 6; // levels; messages may hold messages

function fieldList(fields, depth) {
  return h("dl", {}, fields.map(({ name, schema }) => {
    const inner = schema.kind === "list" ? schema.items : schema;
    return [
      h("dt", {}, h("code", {}, name), " ", h("span", { class: "note" }, t(`kind.${schema.kind}`))),
      h("dd", {}, schema.description, inner.kind === "object" && depth < deepest && inner.fields.length > 0 && fieldList(inner.fields, depth + 1)),
    ];
  }));
}
