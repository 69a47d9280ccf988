// Editors of single values. Every editor, here and in form.js, is
//   element       what is shown
//   get()         the value, undefined where there is none
//   set(value)    shows a value that fits its schema; undefined empties it
//   faults()      inputs that hold what cannot be sent
//   focus()
// and calls changed() when the person changed something. name is what a screen
// reader calls it: the way to the value in the request.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { Digits, parse, print, SyntaxFault } from "./json.js";

const integer = /^-?(?:0|[1-9]\d*)$/;
const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

// fits reports whether an editor of the schema can show a value. A text area
// turns \r into \n, so that a text with one is shown as JSON.
export function fits(schema, value) {
  if (schema.kind !== "list" && schema.choices && value !== undefined) return schema.choices.some((c) => same(c, value));
  switch (schema.kind) {
    case "text": return typeof value === "string" && !value.includes("\r");
    case "integer": return value instanceof Digits && integer.test(value.text);
    case "number": return value instanceof Digits;
    case "boolean": return typeof value === "boolean";
    case "list": return Array.isArray(value);
    case "object": return value instanceof Map;
    case "variants": return value instanceof Map && schema.options.some((o) => o.value === value.get(schema.by));
  }
  return false;
}

// foreseen reports whether the schema has a value's type, be there an editor
// for it or not.
export function foreseen({ kind, types }, value) {
  if (kind === "any" || value instanceof Digits && types.includes("number")) return true;
  const type = value instanceof Digits ? "integer" : Array.isArray(value) ? "array" : value instanceof Map ? "object" : typeof value;
  return types.includes(type);
}

const same = (a, b) => print(a) === print(b);

// words are a value as it is told in a sentence.
export const words = (value) => (typeof value === "string" ? value : print(value));

// valueEditor is the editor of a schema without parts.
export function valueEditor(schema, name, changed) {
  if (schema.choices) return choice(schema.choices, name, changed);
  switch (schema.kind) {
    case "boolean": return choice([true, false], name, changed);
    case "integer": return number(schema, name, changed, integer, "field.integer");
    case "number": return number(schema, name, changed, decimal, "field.number");
  }
  return text(name, changed);
}

function text(name, changed) {
  const input = h("textarea", { "aria-label": name, rows: 1, spellcheck: "false", autocomplete: "off", autocapitalize: "off", oninput: changed });
  return {
    element: input, focus: () => input.focus(), faults: () => [],
    get: () => input.value,
    set: (value) => { input.value = value ?? ""; },
  };
}

function choice(choices, name, changed) {
  const input = h("select", { "aria-label": name, onchange: changed },
    h("option", { value: "" }, t("field.choose")), choices.map((c, i) => h("option", { value: String(i) }, words(c) || "“”")));
  return {
    element: input, focus: () => input.focus(), faults: () => [],
    get: () => choices[input.value],
    set: (value) => {
      const i = choices.findIndex((c) => value !== undefined && same(c, value));
      input.value = i < 0 ? "" : String(i);
    },
  };
}

let problems = 0;

// marked is an input with a line for what is wrong with it.
function marked(input) {
  const problem = h("p", { class: "wrong", id: `wrong-${++problems}`, "aria-live": "polite" });
  input.setAttribute("aria-describedby", problem.id);
  return {
    element: h("div", {}, input, problem),
    // say shows a problem, "" none; it invalidates unless it is a mere warning.
    say(words, invalid) {
      if (problem.textContent !== words) replace(problem, words);
      problem.classList.toggle("warning", !invalid);
      input.setAttribute("aria-invalid", String(Boolean(words) && invalid));
    },
  };
}

// bounds are the range of a schema in words, "" without one.
export function bounds({ minimum, maximum }) {
  if (minimum && maximum) return t("field.range", { from: minimum.text, to: maximum.text });
  if (minimum) return t("field.from", { from: minimum.text });
  return maximum ? t("field.to", { to: maximum.text }) : "";
}

function number(schema, name, changed, form, wrong) {
  const input = h("input", { "aria-label": name, inputmode: "decimal", spellcheck: "false", autocomplete: "off", oninput: () => { check(false); changed(); } });
  const { element, say } = marked(input);
  const exact = schema.kind === "integer" ? BigInt : Number;
  const typed = () => input.value.trim();
  const valid = () => form.test(typed());
  function check(also) {
    if (!valid()) return say(typed() === "" && !also ? "" : t(wrong), true);
    const n = exact(typed());
    const outside = schema.minimum && n < exact(schema.minimum.text) || schema.maximum && n > exact(schema.maximum.text);
    say(outside ? t("field.outside", { range: bounds(schema) }) : "", false);
  }
  return {
    element, focus: () => input.focus(),
    faults: () => { check(true); return valid() ? [] : [input]; },
    get: () => new Digits(typed()),
    set: (value) => { input.value = value?.text ?? ""; check(false); },
  };
}

// raw is the editor of JSON of any form. fitting is called with a value that
// was typed, once the person leaves it.
export function raw(name, changed, fitting = () => {}) {
  const input = h("textarea", {
    "aria-label": name, class: "mono", rows: 2, spellcheck: "false", autocomplete: "off", autocapitalize: "off", placeholder: t("field.any"),
    oninput: () => { say("", false); changed(); },
    onchange: () => { check(); if (!fault()) fitting(parse(input.value)); },
  });
  const { element, say } = marked(input);
  const fault = () => faultOf(input.value);
  const check = () => say(fault(), true);
  return {
    element, focus: () => input.focus(),
    faults: () => { check(); return fault() ? [input] : []; },
    get: () => (fault() ? new Digits(input.value) : parse(input.value)),
    set: (value) => { input.value = value === undefined ? "" : print(value); say("", false); },
  };
}

// faultOf says in words why a text is no JSON, "" where it is.
export function faultOf(text) {
  try {
    parse(text);
    return "";
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return t(error.reason, error);
  }
}
