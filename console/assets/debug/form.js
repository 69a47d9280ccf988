// The form of a request, made of its schema. What its box is ticked is sent,
// and nothing else: an empty text differs from none. What the schema does not
// have is kept and sent as well.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { bounds, fits, foreseen, raw, valueEditor, words } from "./values.js";

const parts = new Set(["list", "object", "variants"]);

// slot is the editor of any schema. A value that does not fit is shown as JSON.
export function slot(schema, name, changed) {
  const element = h("div", { class: "slot" });
  let now;
  const odd = h("p", { class: "wrong warning" }, t("field.notinform"));
  function show(asJSON) {
    if (now?.asJSON === asJSON) return;
    now = asJSON ? raw(name, changed, (value) => schema.kind !== "any" && fits(schema, value) && refit(value)) : typed();
    now.asJSON = asJSON;
    replace(element, now.element, asJSON && odd);
  }
  function typed() {
    switch (schema.kind) {
      case "list": return list(schema, name, changed);
      case "object": return object(schema.fields, name, changed);
      case "variants": return variants(schema, name, changed);
    }
    return valueEditor(schema, name, changed);
  }
  function refit(value) {
    set(value);
    changed();
  }
  function set(value) {
    show(schema.kind === "any" || value !== undefined && !fits(schema, value));
    odd.hidden = value === undefined || foreseen(schema, value);
    now.set(value);
  }
  set(undefined);
  return { element, set, get: () => now.get(), faults: () => now.faults(), focus: () => now.focus() };
}

// object is the editor of an object's fields.
export function object(fields, name, changed) {
  const rows = fields.map((f) => row(f, name, changed));
  let extra = new Map();
  const note = h("p", { class: "wrong warning" });
  return {
    element: h("div", { class: "fields" }, rows.map((r) => r.element), note),
    get() {
      const value = new Map(rows.map((r) => [r.name, r.get()]).filter(([, v]) => v !== undefined));
      for (const [key, v] of extra) value.set(key, v);
      return value;
    },
    set(value) {
      for (const r of rows) value === undefined ? r.clear() : r.set(value.get(r.name));
      extra = new Map([...value ?? []].filter(([key]) => !rows.some((r) => r.name === key)));
      replace(note, extra.size > 0 && t("field.extra", { names: [...extra.keys()].join(", ") }));
    },
    faults: () => rows.flatMap((r) => r.faults()),
    focus: () => rows[0]?.focus(),
  };
}

// row is a field of an object with the box that sends it. Fields with parts are
// made when they are ticked.
function row({ name, required, schema }, within, changed) {
  const path = within ? `${within} ${name}` : name;
  const wide = parts.has(schema.kind);
  const given = h("input", { type: "checkbox", "aria-label": t("field.send", { name: path }), onchange: tick });
  const place = h("div", { class: "place" });
  let value;
  function made() {
    if (!value) {
      value = slot(schema, path, () => { given.checked = true; show(); changed(); });
      replace(place, value.element);
    }
    return value;
  }
  function show() {
    place.hidden = wide && !given.checked;
    element.classList.toggle("given", given.checked);
  }
  function tick() {
    if (given.checked) start();
    show();
    changed();
    if (given.checked) made().focus();
  }
  // start gives a list that is sent its first element.
  function start() {
    if (schema.kind === "list" && made().get().length === 0) made().set([undefined]);
    else if (wide) made();
  }
  const element = h("div", { class: wide ? "field wide" : "field", role: wide ? "group" : false, "aria-label": wide ? path : false },
    h("div", { class: "name" },
      h("label", { class: "mono" }, given, name),
      required && h("span", { class: "required" }, t("field.required")),
      h("span", { class: "note" }, kindOf(schema))),
    place, notes(schema));
  if (!wide) made();
  show();
  return {
    name, element,
    get: () => (given.checked ? made().get() : undefined),
    set(v) {
      given.checked = v !== undefined;
      if (v !== undefined || value) made().set(v);
      show();
    },
    clear() {
      value?.set(undefined);
      given.checked = required;
      if (required) start();
      show();
    },
    faults: () => (given.checked ? made().faults() : []),
    focus: () => (given.checked && value ? value : given).focus(),
  };
}

function kindOf(schema) {
  if (schema.kind === "list" && schema.items.kind !== "object" && schema.items.kind !== "variants") {
    return `${t("kind.list")} · ${t(`kind.${schema.items.kind}`)}`;
  }
  return t(`kind.${schema.kind}`);
}

// notes are what the description says of a field.
function notes(schema) {
  const facts = [
    schema.description, bounds(schema),
    schema.default !== undefined && t("field.default", { value: words(schema.default) }),
    schema.older.length > 0 && t("field.older", { names: schema.older.join(", ") }),
  ].filter(Boolean);
  return facts.length > 0 && h("p", { class: "note" }, facts.join(" · "));
}

// list is the editor of a list's elements.
function list(schema, name, changed) {
  let elements = [];
  const items = h("ol", {});
  const add = h("button", { type: "button", class: "small", onclick: () => { append(undefined).focus(); changed(); } }, t("field.add", { name }));
  function append(value) {
    const editor = slot(schema.items, name, changed);
    if (value !== undefined) editor.set(value);
    const remove = h("button", { type: "button", class: "plain small remove", onclick: () => drop(editor) }, "×");
    const item = h("li", {}, editor.element, remove);
    editor.item = item;
    editor.remove = remove;
    elements.push(editor);
    items.append(item);
    number();
    return editor;
  }
  function drop(editor) {
    const i = elements.indexOf(editor);
    elements.splice(i, 1);
    editor.item.remove();
    number();
    (elements[i]?.remove ?? add).focus();
    changed();
  }
  function number() {
    elements.forEach((e, i) => e.remove.setAttribute("aria-label", t("field.remove", { name: `${name} ${i + 1}` })));
  }
  return {
    element: h("div", { class: "list" }, items, add),
    get: () => elements.map((e) => e.get()).filter((v) => v !== undefined),
    set(value) {
      elements = [];
      replace(items);
      for (const v of value ?? []) append(v);
    },
    faults: () => elements.flatMap((e) => e.faults()),
    focus: () => (elements[0] ?? add).focus(),
  };
}

// variants is the editor of an object of which one field tells the kind.
function variants(schema, name, changed) {
  const { options, by } = schema;
  const kind = h("select", { "aria-label": `${name} ${by}`, onchange: () => { choose(options[kind.value], undefined); changed(); } },
    options.map((o, i) => h("option", { value: String(i) }, o.value)));
  const place = h("div", {});
  const about = h("p", { class: "note" });
  let chosen, fields;
  function choose(option, value) {
    if (option !== chosen) {
      chosen = option;
      fields = object(option.schema.fields.filter((f) => f.name !== by), name, changed);
      replace(place, fields.element);
      replace(about, option.schema.description);
    }
    kind.value = String(options.indexOf(option));
    fields.set(value);
  }
  return {
    element: h("div", { class: "variants" }, h("div", { class: "name" }, h("span", { class: "mono" }, by), kind), about, place),
    get: () => new Map([[by, chosen.value], ...fields.get()]),
    set(value) {
      const rest = value && new Map([...value].filter(([key]) => key !== by));
      choose(options.find((o) => o.value === value?.get(by)) ?? options[0], rest);
    },
    faults: () => fields.faults(),
    focus: () => kind.focus(),
  };
}
