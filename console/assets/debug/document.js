// The description of the API, /openapi.json, as the page uses it: commands by
// chapter, schemas without references, and what each error code means. Numbers
// are Digits, so that bounds of 64 bits are exact.
import { parse, print } from "./json.js";

// load reads the description; it throws where there is none.
export async function load() {
  const response = await fetch("/openapi.json", { credentials: "omit" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return describe(await response.text());
}

// plain is a parsed value with objects in the place of Maps.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([name, v]) => [name, plain(v)]));
}

// describe makes of the document's text {chapters, commands, codes, find}:
// chapters is [{name, about, commands}], commands a Map by path, codes a Map
// of {code, name, meaning, retry} by number.
export function describe(text) {
  const tree = parse(text);
  const document = plain(tree);
  if (!document.paths) throw new Error("/openapi.json: no paths");
  const schemaOf = reader(document);
  const codes = new Map((document["x-error-codes"] ?? []).map((c) => [Number(c.code.text), { ...c, code: Number(c.code.text) }]));
  const chapters = new Map((document.tags ?? []).map(({ name, description }) => [name, { name, about: description, commands: [] }]));
  const commands = new Map();
  for (const [path, { post }] of Object.entries(document.paths)) {
    const [, , service, name] = path.split("/");
    const body = tree.get("paths").get(path).get("post").get("requestBody").get("content").get("application/json");
    const answer = post.responses["200"].content["application/json"].schema;
    const command = {
      path, service, name,
      older: post["x-older-names"] ?? [],
      summary: post.summary ?? "", description: post.description ?? "",
      page: post["x-doc"]?.text ?? "",
      codes: (post["x-error-codes"] ?? []).map((c) => Number(c.text)),
      request: schemaOf(post.requestBody.content["application/json"].schema),
      response: schemaOf(answer.oneOf ? answer.oneOf[0] : answer),
      examples: Array.from(body.get("examples") ?? [], ([key, e]) => ({ name: e.get("summary") ?? key, text: print(e.get("value")) })),
    };
    chapters.get(post.tags[0]).commands.push(command);
    commands.set(path, command);
  }
  // find is the command of a path, or of the only one of its name, which may be
  // an older one: group commands are served under each of the group services.
  function find(path) {
    const name = path.split("/").at(-1);
    const named = Array.from(commands.values()).filter((c) => c.name === name || c.older.includes(name));
    return commands.get(path) ?? (path.startsWith("/v4/") && named.length === 1 ? named[0] : undefined);
  }
  return { commands, codes, find, chapters: Array.from(chapters.values()).filter((c) => c.commands.length > 0) };
}

// reader returns a function that reads a schema, once for each place, as
// {kind, description, default, choices, older, types, ...}; types are those of
// the schema, kind is
//   text, integer, number, boolean   minimum and maximum of numbers
//   list      items
//   object    fields: [{name, required, schema}]
//   variants  by: name of the field that tells which of options it is;
//             options: [{value, schema}]
//   any       any JSON
// items, fields and options are read when they are asked for: types may
// contain themselves.
function reader(document) {
  const known = new Map();

  // target follows references; what stands beside them wins.
  function target(schema) {
    while (schema?.$ref) {
      const { $ref, ...beside } = schema;
      schema = { ...document.components.schemas[$ref.split("/").at(-1)], ...beside };
    }
    return schema ?? {};
  }

  // whole joins the parts of an allOf.
  function whole(schema) {
    const { allOf, ...own } = target(schema);
    if (!allOf) return own;
    const parts = [...allOf.map(whole), own];
    return {
      ...own, type: "object",
      properties: Object.assign({}, ...parts.map((p) => p.properties)),
      required: parts.flatMap((p) => p.required ?? []),
    };
  }

  function lazily(result, name, make) {
    let made;
    return Object.defineProperty(result, name, { get: () => (made ??= make()) });
  }

  function schemaOf(schema) {
    if (!known.has(schema)) known.set(schema, read(whole(schema)));
    return known.get(schema);
  }

  function read(schema) {
    const types = [schema.type ?? []].flat();
    const result = { description: schema.description ?? "", default: schema.default, choices: schema.enum, older: schema["x-older-names"] ?? [], types };
    if (schema.oneOf) return variants(result, schema.oneOf);
    // Of several types the first is offered; other values are written as JSON.
    switch (types[0]) {
      case "string":
        return { ...result, kind: "text" };
      case "integer": case "number":
        return { ...result, kind: schema.type, minimum: schema.minimum, maximum: schema.maximum };
      case "boolean":
        return { ...result, kind: "boolean" };
      case "array":
        return lazily({ ...result, kind: "list" }, "items", () => schemaOf(schema.items));
      case "object":
        if (schema.properties === undefined) break;
        return lazily({ ...result, kind: "object" }, "fields", () => Object.entries(schema.properties).map(([name, s]) => (
          { name, required: schema.required?.includes(name) ?? false, schema: schemaOf(s) })));
    }
    return { ...result, kind: "any" };
  }

  function variants(result, options) {
    const sole = (option, name) => target(whole(option).properties?.[name]).const;
    const by = Object.keys(whole(options[0]).properties ?? {}).find((name) => sole(options[0], name) !== undefined);
    if (by === undefined) return { ...result, ...schemaOf(options[0]) };
    return lazily({ ...result, kind: "variants", by }, "options", () => options.map((o) => ({ value: sole(o, by), schema: schemaOf(o) })));
  }

  return schemaOf;
}
