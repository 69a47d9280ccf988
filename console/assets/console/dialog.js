// A dialog that asks something, does it, and says what went wrong in its own place.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { wordsOf } from "./problem.js";

let count = 0;

// ask opens a dialog over the page. act(form) does what is asked for, as a promise;
// ask resolves to what act does, and to undefined where the person turns back.
export function ask({ title, fields, go, danger = false, act, cancel = t("dialog.cancel"), wide = false }) {
  const id = `dialog-${++count}`;
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = go && h("button", { type: "submit", class: danger ? "danger" : "primary" }, go);
  const back = h("button", { type: "button", onclick: () => dialog.close() }, cancel);
  const form = h("form", { method: "dialog", onsubmit: run },
    h("h2", { id }, title), fields, problem, h("div", { class: "buttons" }, back, submit));
  const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id }, form);
  let result;

  async function run(event) {
    event.preventDefault();
    if (!submit) return dialog.close();
    replace(problem);
    submit.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      result = (await act(form)) ?? true;
      dialog.close();
    } catch (error) {
      problem.textContent = wordsOf(error);
    } finally {
      submit.disabled = false;
      form.removeAttribute("aria-busy");
    }
  }

  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
      resolve(result);
    });
  });
}

// field is a labelled control; note explains it.
export function field(label, control, note) {
  control.id ||= `field-${++count}`;
  const explained = note && h("p", { class: "note", id: `${control.id}-note` }, note);
  if (explained) control.setAttribute("aria-describedby", explained.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, explained);
}

// select is a choice among [value, text].
export function select(options, value, attributes = {}) {
  const control = h("select", attributes, options.map(([v, text]) => h("option", { value: v }, text)));
  control.value = value;
  return control;
}

// moment is the value of a field of time in Unix seconds, undefined where it is empty.
export function moment(control) {
  return control.value ? Math.floor(new Date(control.value).getTime() / 1000) : undefined;
}

// local is Unix seconds as the value of a field of time, "" for what is no time.
export function local(unix) {
  const d = new Date(unix * 1000);
  return Number.isNaN(d.getTime()) ? "" : new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
