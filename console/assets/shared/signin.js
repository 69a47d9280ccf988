// The form with which a person signs in, the same on every page.
import { h, replace } from "./dom.js";
import { addTexts, t } from "./i18n.js";
import { CallError, Session } from "./session.js";
import { canSign } from "./usersig.js";

addTexts({
  en: {
    "signin.title": "Sign in",
    "signin.app": "SDKAppID",
    "signin.admin": "Admin account",
    "signin.with": "Sign in with",
    "signin.key": "the application's key",
    "signin.sig": "a UserSig",
    "signin.keyLabel": "Key",
    "signin.sigLabel": "UserSig",
    "signin.keep": "The key stays in this tab's memory: it is never sent and never stored.",
    "signin.sigKeep": "The UserSig stays in this tab's memory. “recant usersig” makes one.",
    "signin.insecure": "Browsers sign over HTTPS and on loopback alone. Open this page so, or use a UserSig.",
    "signin.go": "Sign in",
    "signin.trying": "Signing in…",
    "signin.unreached": "The server cannot be reached: {info}",
    "signin.70001": "The UserSig has expired. Make a new one.",
    "signin.70003": "This is no UserSig: it cannot be read.",
    "signin.70009": "The key is not this application's.",
    "signin.70013": "The UserSig was made for another account.",
    "signin.70014": "The UserSig was made for another SDKAppID.",
    "signin.70020": "The server has no application with this SDKAppID.",
    "signin.70050": "Too many wrong attempts. Wait a minute.",
    "signin.70052": "The UserSig was made invalid. Make a new one.",
    "signin.60010": "This account is no admin of the application.",
    "signin.code": "The server answered {code}: {info}",
  },
  zh: {
    "signin.title": "登录",
    "signin.app": "SDKAppID",
    "signin.admin": "管理员帐号",
    "signin.with": "登录方式",
    "signin.key": "应用密钥",
    "signin.sig": "UserSig",
    "signin.keyLabel": "密钥",
    "signin.sigLabel": "UserSig",
    "signin.keep": "密钥只保存在本标签页的内存中：不会发送，也不会存储。",
    "signin.sigKeep": "UserSig 只保存在本标签页的内存中。可用 “recant usersig” 生成。",
    "signin.insecure": "浏览器只允许在 HTTPS 或本机地址上签名。请以这种方式打开本页，或使用 UserSig。",
    "signin.go": "登录",
    "signin.trying": "正在登录…",
    "signin.unreached": "无法连接服务器：{info}",
    "signin.70001": "UserSig 已过期，请重新生成。",
    "signin.70003": "UserSig 无法解析。",
    "signin.70009": "密钥与该应用不符。",
    "signin.70013": "UserSig 属于另一个帐号。",
    "signin.70014": "UserSig 属于另一个 SDKAppID。",
    "signin.70020": "服务器上没有此 SDKAppID 的应用。",
    "signin.70050": "失败次数过多，请一分钟后再试。",
    "signin.70052": "UserSig 已失效，请重新生成。",
    "signin.60010": "该帐号不是应用的管理员。",
    "signin.code": "服务器返回 {code}：{info}",
  },
});

// Codes of an answer that was refused for who called, not for what was asked.
const refusals = (code) => code === -1 || (code >= 60000 && code < 61000) || (code >= 70000 && code < 71000);

// ended reports whether a code means that the session is one no more.
export const ended = (code) => code === 60010 || [70001, 70003, 70009, 70013, 70014, 70016, 70020, 70051, 70052].includes(code);

// fromFragment reads #sign=SDKAppID:account:UserSig, with which a printed link
// signs in, and takes it out of the address bar. A fragment is never sent.
export function fromFragment() {
  const match = /^#sign=(\d+):([^:]+):([A-Za-z0-9*_-]+)$/.exec(location.hash);
  if (!match) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    return new Session({ sdkAppID: Number(match[1]), identifier: decodeURIComponent(match[2]), userSig: match[3] });
  } catch {
    return undefined; // a link that was cut or damaged
  }
}

// check asks the server whether the session may call; it throws a CallError.
export async function check(session) {
  try {
    await session.call("group_open_http_svc", "get_appid_group_list", { Limit: 1 });
  } catch (error) {
    if (!(error instanceof CallError) || refusals(error.code)) throw error;
  }
}

// reason is why a session was refused, in words.
export function reason(error) {
  const name = `signin.${error.code}`;
  if (error.code === -1) return t("signin.unreached", { info: error.info });
  return t(name) === name ? t("signin.code", error) : t(name);
}

// signInForm is a form that hands a session which the server accepts to done.
// failure is a CallError to show at first, last what was typed before.
export function signInForm(done, { failure, last = {} } = {}) {
  let withKey = canSign() && last.withKey !== false;
  const problem = h("p", { class: "problem", role: "alert" }, failure ? reason(failure) : "");
  const secret = h("input", { type: "password", id: "signin-secret", required: true, autocomplete: "off", spellcheck: "false" });
  const secretLabel = h("label", { for: "signin-secret" });
  const note = h("p", { class: "note" });
  const way = (key, checked, label) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "signin-way", checked, disabled: key && !canSign(), onchange: () => { withKey = key; describe(); } }), label);
  const describe = () => {
    secretLabel.textContent = t(withKey ? "signin.keyLabel" : "signin.sigLabel");
    note.textContent = t(withKey ? "signin.keep" : "signin.sigKeep") + (canSign() ? "" : " " + t("signin.insecure"));
  };
  const app = h("input", { id: "signin-app", inputmode: "numeric", pattern: "[0-9]{1,10}", required: true, autocomplete: "off", value: last.sdkAppID ?? "" });
  const admin = h("input", { id: "signin-admin", required: true, autocomplete: "off", spellcheck: "false", value: last.identifier ?? "administrator" });
  const button = h("button", { type: "submit", class: "primary" }, t("signin.go"));
  const form = h("form", { class: "signin card", "aria-labelledby": "signin-title", onsubmit: submit },
    h("h1", { id: "signin-title" }, t("signin.title")),
    h("label", { for: "signin-app" }, t("signin.app")), app,
    h("label", { for: "signin-admin" }, t("signin.admin")), admin,
    h("fieldset", {}, h("legend", {}, t("signin.with")), way(true, withKey, t("signin.key")), way(false, !withKey, t("signin.sig"))),
    secretLabel, secret, note, problem, button);

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    replace(problem, "");
    button.textContent = t("signin.trying");
    const secretText = secret.value.trim();
    const session = new Session({
      sdkAppID: Number(app.value), identifier: admin.value.trim(),
      ...(withKey ? { key: secretText } : { userSig: secretText }),
    });
    try {
      await check(session);
      done(session);
    } catch (error) {
      problem.textContent = reason(error instanceof CallError ? error : new CallError("", -1, String(error)));
      secret.focus();
    } finally {
      button.disabled = false;
      button.textContent = t("signin.go");
    }
  }

  describe();
  return form;
}
