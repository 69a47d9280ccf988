// h makes an element. Texts are set as text, never as markup: what other people
// wrote is shown and never run. Names that begin with "on" are listeners, the
// property names in asProperties are set as such, all else are attributes; false,
// null and undefined leave an attribute out.
const asProperties = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate"]);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (asProperties.has(name)) element[name] = value ?? "";
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

// replace puts children in the place of all that an element holds.
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
}
