// A session is who signed in on this page. It lives in the page's memory alone
// and ends with the tab.
import { sign } from "./usersig.js";

const renewAfter = 12 * 60 * 60 * 1000; // milliseconds; a UserSig made here is valid for twice that

// CallError is an answer that is not OK, or none at all (code -1).
export class CallError extends Error {
  constructor(command, code, info) {
    super(info);
    this.name = "CallError";
    this.command = command;
    this.code = code;
    this.info = info;
  }
}

export class Session {
  #key;
  #userSig;
  #signed = 0; // performance.now() of the signature

  // Either a key or a userSig is given; sdkAppID is a number.
  constructor({ sdkAppID, identifier, key, userSig }) {
    this.sdkAppID = sdkAppID;
    this.identifier = identifier;
    this.#key = key;
    this.#userSig = userSig;
  }

  // userSig is a valid UserSig where the key is known, else the given one.
  async userSig() {
    if (this.#key && (!this.#userSig || performance.now() - this.#signed > renewAfter)) {
      this.#userSig = await sign(this.sdkAppID, this.#key, this.identifier, Math.floor(Date.now() / 1000));
      this.#signed = performance.now();
    }
    return this.#userSig;
  }

  // url is where a call is sent, from the root of this server.
  async url(service, command) {
    const query = new URLSearchParams({
      sdkappid: this.sdkAppID, identifier: this.identifier, usersig: await this.userSig(),
      random: crypto.getRandomValues(new Uint32Array(1))[0], contenttype: "json",
    });
    return `/v4/${service}/${command}?${query}`;
  }

  // post sends a body, which is text, to a URL of url and returns what came
  // back, whatever it is: {status, text, milliseconds}. It rejects where nothing
  // came back.
  async post(url, body, signal) {
    const start = performance.now();
    const response = await fetch(url, { method: "POST", body, signal, credentials: "omit", cache: "no-store" });
    const text = await response.text();
    return { status: response.status, text, milliseconds: performance.now() - start };
  }

  // call posts a request and returns the answer; it throws a CallError for one
  // that is not OK.
  async call(service, command, request, signal) {
    let sent;
    try {
      sent = await this.post(await this.url(service, command), JSON.stringify(request), signal);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new CallError(command, -1, String(error.message ?? error));
    }
    let answer;
    try {
      answer = JSON.parse(sent.text);
    } catch {
      throw new CallError(command, -1, `HTTP ${sent.status}`);
    }
    if (typeof answer?.ErrorCode !== "number") throw new CallError(command, -1, `HTTP ${sent.status}`); // not of Recant
    if (answer.ErrorCode !== 0) throw new CallError(command, answer.ErrorCode, answer.ErrorInfo);
    return answer;
  }
}
