// Poll does something every few seconds while the page can be seen, less often while
// it fails.
const every = 4000; // milliseconds
const most = 60000;

export class Poll {
  #signal;
  #look;
  #failed;
  #wait = every;
  #timer;

  constructor(signal, look, failed) {
    this.#signal = signal;
    this.#look = look;
    this.#failed = failed;
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.#timer) this.#run();
    }, { signal });
  }

  start() {
    clearTimeout(this.#timer);
    if (!this.#signal.aborted) this.#timer = setTimeout(() => this.#run(), this.#wait);
  }

  async #run() {
    clearTimeout(this.#timer);
    if (document.visibilityState === "visible") {
      try {
        await this.#look();
        if (this.#wait > every) this.#failed(undefined);
        this.#wait = every;
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#wait = Math.min(this.#wait * 2, most);
        this.#failed(error);
      }
    }
    this.start();
  }
}
