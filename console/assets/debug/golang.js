// A request as a Go program with the package client. names.json, which the
// generator of that package writes, has the names of its methods and types.
import { Digits, parse, print } from "./json.js";

// names reads {commands, types} of the package.
export async function names() {
  const response = await fetch("names.json");
  if (!response.ok) throw new Error(`names.json: HTTP ${response.status}`);
  return response.json();
}

// Untyped is thrown for a value that the package's types do not have.
class Untyped extends Error {}

// golang is {text, note}: the program, and the name of the text that is said
// of it.
export function golang(command, body, caller, { commands, types }) {
  const known = commands[command.path];
  let request;
  try {
    request = parse(body);
  } catch {
    return { text: "", note: "go.invalid" };
  }
  try {
    return { text: program(caller, typed(known, request, types)), note: "go.note" };
  } catch (error) {
    if (!(error instanceof Untyped)) throw error;
    return { text: program(caller, untyped(command, known, request)), note: "go.untyped" };
  }
}

// program is the program around a call {lines, imports}.
function program({ sdkAppID, identifier }, { lines, imports }) {
  const config = [
    ["BaseURL:", quoted(location.origin)], ["SDKAppID:", String(sdkAppID)],
    ["Identifier:", quoted(identifier)], ["Key:", 'os.Getenv("RECANT_KEY")'],
  ];
  const standard = ["context", "fmt", "log", "os"].filter((name) => name !== "fmt" || imports.includes("fmt"));
  const others = [...imports.filter((name) => name !== "fmt"), "github.com/recant-chat/recant/client"];
  return `package main

import (
${standard.map((name) => `\t"${name}"\n`).join("")}
${others.map((name) => `\t"${name}"\n`).join("")})

func main() {
	c, err := client.New(client.Config{
${aligned(config, 2)}
	})
	if err != nil {
		log.Fatal(err)
	}
${lines.map((line) => `\t${line.replaceAll("\n", "\n\t")}\n`).join("")}}
`;
}

// aligned sets keys and values one below the other, as gofmt does, depth tabs
// deep. No literal has a line break in a string.
function aligned(pairs, depth) {
  const tabs = "\t".repeat(depth);
  const lines = [];
  for (let i = 0; i < pairs.length;) {
    let end = i; // of the run of values on one line
    while (end < pairs.length && !pairs[end][1].includes("\n")) end++;
    const width = Math.max(...pairs.slice(i, Math.max(end, i + 1)).map(([key]) => key.length));
    for (const [key, value] of pairs.slice(i, end)) lines.push(`${tabs}${key.padEnd(width)} ${value},`);
    if (end < pairs.length) lines.push(`${tabs}${pairs[end][0]} ${pairs[end][1].replaceAll("\n", `\n${tabs}`)},`);
    i = end + 1;
  }
  return lines.join("\n");
}

const jsonPackage = "github.com/go-json-experiment/json/jsontext";
const fatal = "if err != nil {\n\tlog.Fatal(err)\n}";

// typed is the call by the command's method.
function typed(known, request, types) {
  if (!(request instanceof Map)) throw new Untyped();
  if (!known.request && request.size > 0) throw new Untyped();
  const argument = known.request ? `, &client.${known.method}Request${fieldsOf(known.request, request, types)}` : "";
  const call = `c.${known.method}(context.Background()${argument})`;
  const imports = argument.includes("jsontext.Value(") ? [jsonPackage] : [];
  if (!known.answers) return { lines: [`if err := ${call}; err != nil {\n\tlog.Fatal(err)\n}`], imports };
  return { lines: [`answer, err := ${call}`, fatal, 'fmt.Printf("%+v\\n", answer)'], imports: ["fmt", ...imports] };
}

// untyped is the call by its name, with JSON.
function untyped({ service, name }, { repeatable }, request) {
  const command = `client.Command{Service: ${quoted(service)}, Name: ${quoted(name)}, Repeatable: ${repeatable}}`;
  return {
    lines: [
      "var answer jsontext.Value", `err = c.Call(context.Background(), ${command},\n\tjsontext.Value(${source(print(request))}), &answer)`,
      fatal, "fmt.Println(answer)",
    ],
    imports: ["fmt", jsonPackage],
  };
}

// fieldsOf is the part of a struct's literal in braces.
function fieldsOf(type, value, types) {
  if (!(value instanceof Map)) throw new Untyped();
  const fields = types[type];
  const pairs = [];
  for (const [name, v] of value) {
    if (!fields[name]) throw new Untyped();
    const [goName, goType] = fields[name];
    if (v !== null) pairs.push([`${goName}:`, literal(goType, v, types)]);
  }
  // A plain field that is not given would be sent all the same.
  for (const [name, [, goType]] of Object.entries(fields)) {
    if ((goType === "string" || integers[goType]) && (value.get(name) ?? null) === null) throw new Untyped();
  }
  if (pairs.length === 0) return "{}";
  return `{\n${aligned(pairs, 1)}\n}`;
}

const bits = (n) => 1n << BigInt(n);
const integers = { // [least, greatest]
  int: [-bits(63), bits(63) - 1n], int32: [-bits(31), bits(31) - 1n], int64: [-bits(63), bits(63) - 1n],
  uint32: [0n, bits(32) - 1n], uint64: [0n, bits(64) - 1n],
};

// literal is a value as an expression of a type.
function literal(type, value, types) {
  if (type === "any") return typeof value === "string" ? quoted(value) : raw(value);
  if (type === "string" && typeof value === "string") return quoted(value);
  if (type === "*string" && typeof value === "string") return `new(${quoted(value)})`;
  if (type === "MessageBody") return body(value);
  if (type.startsWith("[]")) return elements(type, value, types);
  const base = type.replace("*", "");
  if (integers[base]) {
    const n = integer(value, ...integers[base]);
    return type === base ? n : `new(${base === "int" ? n : `${base}(${n})`})`;
  }
  if (type.startsWith("*") && types[base]) return `&client.${base}${fieldsOf(base, value, types)}`;
  throw new Untyped();
}

function integer(value, least, greatest) {
  if (!(value instanceof Digits) || !/^-?\d+$/.test(value.text)) throw new Untyped();
  const n = BigInt(value.text);
  if (n < least || n > greatest) throw new Untyped();
  return n.toString();
}

function elements(type, value, types) {
  if (!Array.isArray(value)) throw new Untyped();
  const element = type.slice(2);
  if (!types[element]) return `${type}{${value.map((v) => literal(element, v, types)).join(", ")}}`;
  return `[]client.${element}{${lines(value.map((v) => fieldsOf(element, v, types)))}}`;
}

// lines are the elements of a list, one or more lines each.
const lines = (list) => list.map((text) => `\n\t${text.replaceAll("\n", "\n\t")},`).join("") + (list.length > 0 ? "\n" : "");

function body(value) {
  if (!Array.isArray(value)) throw new Untyped();
  return `client.MessageBody{${lines(value.map(message))}}`;
}

// message is an element of a message.
function message(value) {
  if (!(value instanceof Map) || value.size !== 2) throw new Untyped();
  const kind = value.get("MsgType");
  const content = value.get("MsgContent");
  if (typeof kind !== "string" || content === undefined) throw new Untyped();
  if (kind === "TIMTextElem" && content instanceof Map && content.size === 1 && typeof content.get("Text") === "string") {
    return `client.Text(${quoted(content.get("Text"))})`;
  }
  return `client.Raw(${quoted(kind)}, ${raw(content)})`;
}

const raw = (value) => `jsontext.Value(${source(print(value))})`;

// Characters that a reader of a program does not see or would be led astray by.
const unseen = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

// quoted is a string of Go. Half a surrogate pair is no character.
function quoted(text) {
  const escaped = JSON.stringify(text.toWellFormed());
  return escaped.replace(unseen, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// source is JSON as a string of Go, without escapes where they are not needed.
function source(text) {
  return /[`\u0000-\u001f]/.test(text) || text.search(unseen) >= 0 ? quoted(text) : `\`${text}\``;
}
