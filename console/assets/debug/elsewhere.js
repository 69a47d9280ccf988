// The request that is being written, as a command for curl and as a Go program.
import { h, replace } from "/shared/dom.js";
import { t } from "/shared/i18n.js";
import { live } from "./answer.js";
import { curl, quoted } from "./curl.js";
import { golang } from "./golang.js";

// Who calls, as long as nobody has signed in.
const nobody = { sdkAppID: 1400000000, identifier: "administrator" };

// elsewhere returns {panels, show(body)}: panels for tabs, which show fills.
export function elsewhere(command, tool) {
  const shell = live(t("tab.curl"));
  const withSig = h("input", { type: "checkbox", onchange: () => show(shown) });
  const shellNote = h("p", { class: "note" });
  const go = live(t("tab.go"));
  const goNote = h("p", { class: "note" });
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  let shown = "";

  async function show(body) {
    shown = body;
    const session = tool.session();
    const { sdkAppID, identifier } = session ?? nobody;
    const program = golang(command, body, { sdkAppID, identifier }, tool.names);
    go.set(program.text);
    replace(goNote, t(program.note));
    const userSig = withSig.checked ? await session?.userSig() : undefined;
    if (shown !== body || session !== tool.session()) return; // another show is under way or over
    shell.set(curl(command, body, { sdkAppID, identifier, userSig, random }));
    replace(shellNote, !userSig && [t("curl.note"), " ", h("code", {}, `USERSIG=$(recant usersig --user ${quoted(identifier)})`)]);
  }

  return {
    show,
    panels: [
      { id: "curl", label: t("tab.curl"), content: [shell.element, h("label", { class: "choice" }, withSig, t("curl.sig")), shellNote] },
      { id: "go", label: t("tab.go"), content: [go.element, goNote] },
    ],
  };
}
