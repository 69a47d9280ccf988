// Texts in the languages of the pages. A page registers its own; a text that a
// language lacks is shown in English.
const storage = "recant.language"; // the one thing that is stored

const texts = { en: {}, zh: {} };

export const languages = { en: "English", zh: "中文" };

let chosen = read() ?? (navigator.language?.toLowerCase().startsWith("zh") ? "zh" : "en");

function read() {
  try {
    const language = localStorage.getItem(storage);
    return language in languages ? language : undefined;
  } catch {
    return undefined; // storage is off: the browser's language it is
  }
}

// addTexts registers {en: {name: text}, zh: {name: text}}.
export function addTexts(more) {
  for (const language of Object.keys(texts)) Object.assign(texts[language], more[language]);
}

export function language() {
  return chosen;
}

function apply() {
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
}

// setLanguage chooses a language and remembers it; the page draws itself anew.
export function setLanguage(to) {
  chosen = to;
  apply();
  try {
    localStorage.setItem(storage, to);
  } catch {
    // storage is off: until the tab closes, then
  }
}

// t is the text of a name, with {field} replaced by values.field. Where values.n is
// 1, the text "name#one" is taken if the language has it.
export function t(name, values = {}) {
  const one = String(values.n) === "1" ? texts[chosen][`${name}#one`] : undefined;
  const text = one ?? texts[chosen][name] ?? texts.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, field) => (field in values ? String(values[field]) : whole));
}

// parts is t where a value may be an element: a list to append.
export function parts(name, values) {
  return t(name).split(/\{(\w+)\}/).map((part, i) => (i % 2 ? values[part] ?? "" : part)).filter((part) => part !== "");
}

// number, dateTime write figures and Unix seconds as the language does.
export function number(n) {
  return new Intl.NumberFormat(chosen).format(n);
}

export function dateTime(seconds) {
  return new Intl.DateTimeFormat(chosen, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(seconds * 1000));
}

// shortTime is a moment in as few letters as it can be told.
export function shortTime(seconds) {
  const moment = new Date(seconds * 1000);
  const today = new Date().toDateString() === moment.toDateString();
  return new Intl.DateTimeFormat(chosen, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

apply();
