// The editor of a request's body: as a form or as JSON, one of which is shown.
// Both are the same body; what is written as JSON is sent as it is written.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { object } from "./form.js";
import { parse, pretty, print } from "./json.js";
import { faultOf } from "./values.js";

// bodyEditor calls changed() with every change.
export function bodyEditor(command, changed) {
  const form = object(command.request.fields ?? [], "", change);
  const text = h("textarea", { "aria-label": t("edit.body"), class: "mono body", spellcheck: "false", autocomplete: "off", autocapitalize: "off", oninput: change });
  const problem = h("p", { class: "problem", role: "alert" });
  const place = h("div", {});
  let asForm = true;
  const ways = ["form", "json"].map((way) => h("button", { type: "button", "data-way": way, onclick: () => choose(way === "form") }, t(`edit.${way}`)));

  function change() {
    replace(problem);
    changed();
  }
  function show() {
    const empty = !command.request.fields?.length && h("p", { class: "note" }, t("field.none"));
    replace(place, asForm ? [form.element, empty] : text);
    for (const b of ways) b.setAttribute("aria-pressed", String((b.dataset.way === "form") === asForm));
  }
  // choose shows the body the other way, unless the form has no place for it.
  function choose(toForm) {
    if (toForm === asForm) return;
    const body = get();
    replace(problem);
    if (!toForm) {
      text.value = faultOf(body) ? body : pretty(body);
    } else if (!intoForm(body)) {
      return;
    }
    asForm = toForm;
    show();
  }
  // intoForm puts a text into the form, and says why where it cannot.
  function intoForm(body) {
    const fault = faultOf(body);
    const value = fault || parse(body);
    if (!(value instanceof Map)) {
      replace(problem, t("edit.notform", { reason: fault || t("edit.object") }));
      return false;
    }
    form.set(value);
    return true;
  }
  const get = () => (asForm ? print(form.get()) : text.value);

  form.set(undefined);
  show();
  return {
    element: h("div", {}, place, problem),
    ways: h("div", { class: "ways", role: "group", "aria-label": t("edit.way") }, ways),
    get,
    // state is what restore shows again.
    state: () => ({ asForm, text: get() }),
    restore(state) {
      asForm = state.asForm && intoForm(state.text);
      if (!asForm) text.value = state.text;
      show();
    },
    // fill shows an example, the way that is chosen.
    fill(body) {
      if (asForm) intoForm(body);
      else text.value = pretty(body);
      change();
    },
    clear() {
      asForm = true;
      form.set(undefined);
      show();
      change();
    },
    // ready reports whether the body can be sent; it shows what is in the way.
    ready() {
      const faults = asForm ? form.faults() : [];
      faults[0]?.focus();
      replace(problem, faults.length > 0 && t("edit.mend"));
      return faults.length === 0;
    },
  };
}
