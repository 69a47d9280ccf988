// The calls of this tab, in its memory alone, and what was being written for
// each command.
let count = 0;

export const calls = []; // newest first
export const drafts = new Map(); // by a command's path: {asForm, text, call}

const keeping = 100; // the calls before these are forgotten

// begin notes a call that is being sent. Its result is what came of it, and stop
// ends the waiting for it.
export function begin(command, state) {
  const call = { number: ++count, path: command.path, name: command.name, time: new Date(), state, result: undefined, stop: new AbortController() };
  calls.unshift(call);
  calls.length = Math.min(calls.length, keeping);
  return call;
}

// codeOf is the ErrorCode of an answer, undefined where it has none.
export function codeOf(text) {
  try {
    return JSON.parse(text).ErrorCode;
  } catch {
    return undefined;
  }
}
