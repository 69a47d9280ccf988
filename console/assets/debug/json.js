// JSON as text: read, written and laid out without changing a digit. The
// browser's own parser makes every number a float, which has 53 bits; numbers
// of the protocol have 64.

// Digits is a number as it was written.
export class Digits {
  constructor(text) {
    this.text = text;
  }
}

// SyntaxFault says what is wrong where: line and column count from 1.
export class SyntaxFault extends Error {
  constructor(reason, text, offset, found) {
    super(reason);
    const before = text.slice(0, offset).split("\n");
    this.reason = reason; // the name of a text of the page
    this.line = before.length;
    this.column = before.at(-1).length + 1;
    this.found = found;
  }
}

const token = /[ \t\n\r]+|[{}[\]:,]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

// tokens yields {kind, text, offset} for everything but space. kind is the
// token's first letter, "0" for numbers.
export function* tokens(text) {
  let offset = 0;
  while (offset < text.length) {
    token.lastIndex = offset;
    const found = token.exec(text)?.[0];
    if (!found) throw new SyntaxFault("json.unknown", text, offset, text.slice(offset, offset + 12));
    if (!" \t\n\r".includes(found[0])) yield { kind: /[-\d]/.test(found[0]) ? "0" : found[0], text: found, offset };
    offset += found.length;
  }
}

// parse reads one JSON value: texts, booleans, null, Digits, arrays, and Maps
// for objects. It throws a SyntaxFault, also for a name that is given twice: a
// form has one place for it.
export function parse(text) {
  const reading = tokens(text);
  let next = reading.next().value;
  const take = () => {
    const taken = next;
    next = reading.next().value;
    return taken;
  };
  const fault = (reason) => new SyntaxFault(reason, text, next?.offset ?? text.length, next?.text ?? "");
  const expect = (kind, reason) => {
    if (next?.kind !== kind) throw fault(reason);
    return take();
  };

  function value(depth) {
    if (depth > 200) throw fault("json.deep");
    switch (next?.kind) {
      case "{": return object(depth);
      case "[": return array(depth);
      case '"': return JSON.parse(take().text);
      case "0": return new Digits(take().text);
      case "t": case "f": return take().text === "true";
      case "n": take(); return null;
    }
    throw fault("json.value");
  }
  function object(depth) {
    const members = new Map();
    take();
    for (let first = true; next?.kind !== "}"; first = false) {
      if (!first) expect(",", "json.comma");
      if (next?.kind === '"' && members.has(JSON.parse(next.text))) throw fault("json.twice");
      const name = JSON.parse(expect('"', "json.name").text);
      expect(":", "json.colon");
      members.set(name, value(depth + 1));
    }
    take();
    return members;
  }
  function array(depth) {
    const elements = [];
    take();
    for (let first = true; next?.kind !== "]"; first = false) {
      if (!first) expect(",", "json.comma");
      elements.push(value(depth + 1));
    }
    take();
    return elements;
  }

  const read = value(0);
  if (next) throw fault("json.after");
  return read;
}

// print writes a value of parse, on one line.
export function print(value) {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join(",")}]`;
  if (value instanceof Map) return `{${Array.from(value, ([name, v]) => `${JSON.stringify(name)}:${print(v)}`).join(",")}}`;
  return JSON.stringify(value);
}

// lay sets JSON out over lines, two spaces a level, in pieces {kind, text} whose
// texts make up the whole; the text of every token is kept, and so are names
// given twice. A name has the kind "name", space and brackets "".
export function lay(text) {
  const pieces = [];
  const open = []; // brackets
  let before;
  const all = [...tokens(text)];
  const line = () => pieces.push({ kind: "", text: "\n" + "  ".repeat(open.length) });
  all.forEach((t, i) => {
    const closes = t.kind === "}" || t.kind === "]";
    if (closes) open.pop();
    if (before && (before.kind === "{" || before.kind === "[" ? !closes : closes || before.kind === ",")) line();
    if (before?.kind === ":") pieces.push({ kind: "", text: " " });
    const isName = t.kind === '"' && all[i + 1]?.kind === ":";
    pieces.push({ kind: isName ? "name" : "{}[]:,".includes(t.kind) ? "" : t.kind, text: t.text });
    if (t.kind === "{" || t.kind === "[") open.push(t.kind);
    before = t;
  });
  return pieces;
}

// pretty is lay as one text.
export function pretty(text) {
  return lay(text).map((p) => p.text).join("");
}
