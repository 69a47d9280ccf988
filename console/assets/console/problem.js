// Errors in words.
import { CallError } from "/shared/session.js";
import { t } from "/shared/i18n.js";

// wordsOf is an error in words: a code that this page can meet in its own, any
// other in the server's.
export function wordsOf(error) {
  if (!(error instanceof CallError)) return String(error?.message ?? error);
  if (error.code === -1) return t("problem.unreached", { info: error.info });
  const name = `problem.${error.code}`;
  const known = t(name);
  return known === name ? t("problem.code", { code: error.code, info: error.info }) : t("problem.known", { text: known, code: error.code, info: error.info });
}

// codeWords is the same for a code that an answer has for one of its parts.
export const codeWords = (code, info) => wordsOf(new CallError("", code, info));

export const aborted = (error) => error?.name === "AbortError";
