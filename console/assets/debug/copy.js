// The button that copies a text.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";

// copyButton copies what text() returns and says whether it could.
export function copyButton(text) {
  const button = h("button", { type: "button", class: "small copy", onclick: copy }, t("copy"));
  const say = h("span", { class: "visually-hidden", role: "status" });
  async function copy() {
    const done = await write(text());
    for (const place of [button, say]) replace(place, t(done ? "copy.done" : "copy.failed"));
    setTimeout(() => { replace(button, t("copy")); replace(say); }, 2000);
  }
  return [button, say];
}

// write puts a text into the clipboard. Browsers have it over HTTPS and on
// loopback alone; elsewhere the older command does.
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "visually-hidden", readonly: true, value: text });
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}
