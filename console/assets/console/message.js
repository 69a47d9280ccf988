// What a message says, as elements and as one line. Whatever other people wrote
// is text: nothing of it is a link, is loaded, or is run.
import { h } from "/shared/dom.js";
import { dateTime, number, parts, t } from "/shared/i18n.js";

const maxNames = 20; // of a list of accounts
const overrides = /[\u202d\u202e]/; // with which gnp.exe looks like exe.png

// foreign is a text of somebody else, in the direction that it has.
export function foreign(text, tag = "span") {
  return h(tag, { class: "foreign", dir: "auto" }, String(text ?? ""));
}

export function account(name) {
  return h("bdi", { class: "foreign account" }, name);
}

function size(bytes) {
  if (!(bytes > 0)) return "";
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 3);
  return `${number(Math.round((bytes / 1024 ** power) * 10) / 10)} ${["B", "KB", "MB", "GB"][power]}`;
}

const seconds = (n) => (n > 0 ? t("message.seconds", { n: number(n) }) : "");

// Each kind of element: what it is called, its facts in words, and the texts and
// addresses that come with it.
const kinds = {
  TIMLocationElem: (c) => ({ facts: [`${c.Latitude}, ${c.Longitude}`], texts: [c.Desc] }),
  TIMFaceElem: (c) => ({ facts: [c.Index !== undefined ? `#${c.Index}` : ""], texts: [c.Data] }),
  TIMCustomElem: (c) => ({ facts: [], texts: [c.Desc, c.Data, c.Ext] }),
  TIMSoundElem: (c) => ({ facts: [seconds(c.Second), size(c.Size)], texts: [c.Url] }),
  TIMImageElem: (c) => {
    const [image] = (c.ImageInfoArray ?? []).filter((i) => i.URL).sort((a, b) => (a.Type ?? 9) - (b.Type ?? 9));
    return { facts: [image?.Width > 0 ? `${image.Width} × ${image.Height}` : "", size(image?.Size)], texts: [image?.URL] };
  },
  TIMFileElem: (c) => ({ facts: [size(c.FileSize)], texts: [c.FileName, c.Url] }),
  TIMVideoFileElem: (c) => ({ facts: [seconds(c.VideoSecond), size(c.VideoSize)], texts: [c.VideoUrl] }),
  TIMRelayElem: (c) => ({ facts: [c.MsgNum > 0 ? t("message.relayed", { n: number(c.MsgNum) }) : ""], texts: [c.Title, ...(c.AbstractList ?? [])] }),
};

// told is a message element: {label, facts, texts}; a text has no label.
function told(element) {
  const { MsgType: type, MsgContent: content } = element ?? {};
  if (type === "TIMTextElem") return { texts: [content?.Text ?? ""] };
  const kind = kinds[type];
  if (!kind || typeof content !== "object" || content === null) return { label: type ? String(type) : t("message.unknown"), facts: [], texts: [JSON.stringify(content ?? element)] };
  const { facts, texts } = kind(content);
  return { label: t(`message.${type}`), facts: facts.filter(Boolean), texts: texts.filter((text) => text !== undefined && text !== "") };
}

// tipOf is the content of a tip in whichever style the server shows tips.
function tipOf(body) {
  if (body && !Array.isArray(body)) return body;
  const [element] = body ?? [];
  if (element?.MsgType === "TIMGroupTipElem") return element.MsgContent;
  try {
    return JSON.parse(element.MsgContent.Data);
  } catch {
    return {};
  }
}

function names(list) {
  const some = list.slice(0, maxNames).flatMap((name, i) => (i ? [", ", account(name)] : [account(name)]));
  return h("span", {}, some, list.length > maxNames ? t("tip.more", { n: number(list.length - maxNames) }) : null);
}

// tip tells a tip as a sentence, in parts.
function tip(body) {
  const content = tipOf(body);
  const who = account(content.Operator_Account ?? "");
  const list = content.List_Account ?? [];
  switch (content.OpType) {
    case 1:
      return list.length === 1 && list[0] === content.Operator_Account ? parts("tip.joined", { who }) : parts("tip.added", { who, list: names(list) });
    case 2:
      return parts("tip.left", { who });
    case 3:
      return parts("tip.removed", { who, list: names(list) });
    case 4:
      return parts("tip.admin", { who, list: names(list) });
    case 5:
      return parts("tip.noadmin", { who, list: names(list) });
    case 6: {
      const changes = Object.entries(content.MsgGroupNewInfo ?? {}).flatMap(([field, value], i) => [i ? ", " : "", t(`tip.${field}`), " “", foreign(value), "”"]);
      return parts("tip.changed", { who, what: h("span", {}, changes) });
    }
    case 7: {
      const muted = content.MsgMemberInfo ?? [];
      const on = muted.some((m) => m.ShutupTime > 0);
      return parts(on ? "tip.muted" : "tip.unmuted", { who, list: names(muted.map((m) => m.User_Account)), time: on ? duration(muted[0].ShutupTime) : "" });
    }
  }
  return [foreign(JSON.stringify(content))];
}

// duration is a length of time in words.
export function duration(length) {
  for (const [unit, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (length >= unit && length % unit === 0) return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: name, unitDisplay: "long" }).format(length / unit);
  }
  return t("message.seconds", { n: number(length) });
}

// bodyOf is what a row of the timeline says.
export function bodyOf(row) {
  if (row.IsSystemMsg) return h("div", { class: "tip" }, tip(row.MsgBody));
  const elements = Array.isArray(row.MsgBody) ? row.MsgBody : [];
  const turned = elements.some((element) => told(element).texts.some((text) => overrides.test(text)));
  return h("div", { class: "body" }, turned ? h("p", { class: "badge stays" }, "⚠ ", t("message.turned")) : null, elements.map((element) => {
    const { label, facts, texts } = told(element);
    if (!label) return foreign(texts[0], "p");
    return h("p", { class: "attachment" }, h("strong", {}, label), facts.map((fact) => h("span", { class: "note" }, fact)), texts.map((text) => foreign(text)));
  }));
}

// lineOf is a message in one line.
export function lineOf(row) {
  if (row.IsSystemMsg) return h("span", {}, tip(row.MsgBody));
  const elements = Array.isArray(row.MsgBody) ? row.MsgBody : [];
  const text = elements.map((element) => {
    const { label, texts } = told(element);
    return label ? `[${label}] ${texts[0] ?? ""}` : texts[0];
  }).join(" ");
  return foreign(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

// lengthOf is about how many characters a row's body has, where a line has 80.
export function lengthOf(row) {
  const bodies = (Array.isArray(row.MsgBody) ? row.MsgBody : []).map((element) => told(element).texts.join(" "));
  return bodies.join("\n").split(/[\n\r\u2028\u2029]/).reduce((sum, line, i) => sum + line.length + (i && 80), 0);
}

// time is a moment, for people and for machines.
export function time(unix, format = dateTime) {
  return h("time", { datetime: new Date(unix * 1000).toISOString() }, format(unix));
}

export function clock(unix) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(new Date(unix * 1000));
}

export function day(unix) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full" }).format(new Date(unix * 1000));
}
