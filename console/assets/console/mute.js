// Muting, ending a mute, and removing a member.
import { h } from "/shared/dom.js";
import { parts, t } from "/shared/i18n.js";
import { ask, field } from "./dialog.js";
import { account, duration } from "./message.js";

const lengths = [600, 3600, 86400, 604800]; // seconds
const usual = 86400;
const most = 4294967295; // seconds

// canMute reports whether groups of a type have mutes.
export const canMute = (type) => type !== "Private";

// muteDialog asks for how long an account is to be muted in a place, and does it. It
// resolves to the seconds, or undefined.
export function muteDialog(api, place, who) {
  const custom = h("input", { type: "number", min: "1", max: "71582788", step: "1", inputmode: "numeric" });
  const customField = field(t("mute.minutes"), custom);
  customField.hidden = true;
  // Radio buttons: Enter, in whichever, mutes.
  const length = (value, text) => h("label", { class: "choice" }, h("input", {
    type: "radio", name: "for-how-long", value, checked: value === usual, autofocus: value === usual,
    onchange: () => { customField.hidden = value !== "custom"; custom.required = !customField.hidden; },
  }), text);
  return ask({
    title: t("mute.title"), go: t("mute.go"),
    fields: [h("p", {}, parts(place.TopicId ? "mute.aboutTopic" : "mute.about", { who: account(who) })),
      h("fieldset", {}, h("legend", {}, t("mute.length")), lengths.map((n) => length(n, duration(n))), length("custom", t("mute.custom"))), customField],
    act: async (form) => {
      const chosen = new FormData(form).get("for-how-long");
      const seconds = chosen === "custom" ? Math.min(Number(custom.value) * 60, most) : Number(chosen);
      await api.mute(place, who, seconds);
      return seconds;
    },
  });
}

export function unmuteDialog(api, place, who) {
  return ask({
    title: t("unmute.title"), go: t("unmute.go"), fields: h("p", {}, parts("unmute.about", { who: account(who) })),
    act: () => api.mute(place, who, 0).then(() => true),
  });
}

export function removeDialog(api, groupId, who) {
  return ask({
    title: t("remove.title"), go: t("remove.go"), danger: true, fields: h("p", {}, parts("remove.about", { who: account(who) })),
    act: () => api.remove(groupId, who).then(() => true),
  });
}
