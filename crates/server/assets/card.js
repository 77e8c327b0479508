/**
 * Runs the ceremony of a page: a card, key or phone through the browser (WebAuthn Level 3), or a
 * card through the agent on this computer.
 *
 * The page brings everything along. An element with `data-ceremony` holds panels, of which one is
 * shown; `data-base` says where the server is; `data-words` holds every sentence. All requests
 * are `POST`s of JSON to our own origin, and `{base}/events` is a stream of server-sent events:
 *
 *   {base}/options       {hint}                       -> {purpose, options, challenge, expires_in}
 *   {base}/finish        {challenge, credential, label?} -> {location}
 *   {base}/agent         {label?}    -> {state: "pushed", ticket, match, expires_in, device}
 *                                       or {state: "offline", device}, {state: "no-agent"},
 *                                       {state: "declined"}
 *   {base}/link          {label?}    -> {link, ticket, match, expires_in}
 *   {base}/agent/cancel  {}                           -> {state: "cancelled"}
 *   {base}/pair          {}                           -> {code, expires_in}
 *
 * Its events are called `state`. The first ones say how things stand, the later ones what changes:
 *
 *   {state: "pushed" | "claimed", ticket, match, expires_in}   a prompt: on its way, shown there
 *   {state: "returning", ticket, match, expires_in}           this browser must come back from there
 *   {state: "refused", ticket, reason}                         it ended without a proof
 *   {state: "enrolled", offer, device}                         a computer has used the code
 *   {state: "paired", device}                                  this browser has confirmed it
 *   {state: "elsewhere"}                                       another browser wanted to
 *   {state: "done", location}                                  go on there
 *   {state: "expired"}                                         the login is over
 *
 * The server sends `webauthn.js` in front of this file, in one.
 *
 * A problem (RFC 9457) carries a `code`, for which the page has words. Nothing here makes HTML
 * from text, and nothing is kept.
 */

/** How many seconds before its end a challenge is replaced: a tap takes time. */
const MARGIN = 10;

/** How often a prompt at the agent is repeated by itself when nobody reacts. More would pester
 *  somebody who has gone away. */
const REPEATS = 3;

/** How long an agent that was just set up may take to connect, and how often it is asked
 *  meanwhile; milliseconds, as below. */
const CONNECTS_IN = 20_000;
const ASK_AGAIN = 500;

/** How long to wait before a stream of events that the server refused is opened again. */
const LISTEN_AGAIN = 3_000;

/** Reason of an abort that only wants a new challenge. */
const RENEW = Symbol("renew");

/** What `navigator.credentials` throws, as a code that the page has words for. */
const BROWSER_ERRORS = {
  AbortError: "cancelled",
  ConstraintError: "user-not-verified",
  InvalidStateError: "excluded",
  NotAllowedError: "not-allowed",
  NotSupportedError: "not-supported",
  SecurityError: "wrong-address",
};

/** The server said no, or could not be asked. */
class Problem extends Error {
  constructor(code, answer = {}) {
    super(code);
    this.code = code;
    this.answer = answer;
  }
}

/** Waits; an `AbortError` when there is no more reason to. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(() => (signal.aborted ? reject(signal.reason) : resolve()), milliseconds);
  });
}

function codeOf(error) {
  return error instanceof Problem ? error.code : (BROWSER_ERRORS[error?.name] ?? "failed");
}

/** The one ceremony of this page that runs: browsers allow no second. */
let running = null;

class Ceremony {
  constructor(root, words) {
    this.root = root;
    this.words = words;
    this.base = root.dataset.base;
    this.login = root.dataset.login;
    this.view = root.dataset.view;
    this.turn = new AbortController();
    this.repeats = 0;
    this.byLink = false;
    this.ticket = null;
    const lives = Number(root.dataset.expiresIn);
    // Where somebody waits for the answer, the page goes there in the end: a little later, so that the
    // server finds the login over too.
    this.leavesTo = root.dataset.leavesTo;
    const margin = this.leavesTo ? 2000 : 0;
    this.ends = lives ? performance.now() + lives * 1000 + margin : Infinity;
  }

  /** Connects the buttons and goes on where the page says that we are. */
  begin() {
    const on = (selector, event, act) => {
      for (const node of this.root.querySelectorAll(selector)) {
        node.addEventListener(event, (happened) => {
          happened.preventDefault();
          act(node);
        });
      }
    };
    on("[data-start]", "click", ({ dataset }) => {
      this.repeats = 0;
      if (dataset.start === "agent") this.askAgent();
      else if (dataset.start === "link") this.openAgent();
      else this.useBrowser(dataset.start);
    });
    on("[data-set-up]", "click", () => this.setUp());
    on("[data-cancel]", "click", () => this.cancel());
    on("[data-other-way]", "click", () => this.cancel());
    on("[data-copy-command]", "click", (button) => this.copyCommand(button));
    this.watchEnd();
    if (this.view === "agent") {
      // The page was loaded again while a prompt is out.
      running = this;
      this.ticket = this.find("[data-ticket]").dataset.ticket;
      this.byLink = this.root.dataset.agent !== "online";
      if (this.byLink) this.repeats = REPEATS;
      this.listen();
      this.countDownPrompt(Number(this.find("[data-left]").dataset.left), 60);
    } else if (this.view === "set-up") {
      this.listen();
    } else if (this.view === "choose" && this.find("[data-way]")?.dataset.start === "agent" && this.root.dataset.purpose !== "add") {
      this.askAgent();
    }
  }

  /* The page */

  find(selector) {
    return this.root.querySelector(selector);
  }

  show(view) {
    const moves = this.view !== view && this.root.contains(document.activeElement);
    this.view = view;
    for (const panel of this.root.querySelectorAll("[data-panel]")) {
      panel.hidden = panel.dataset.panel !== view;
      if (panel.hidden || !moves) continue;
      // The button that was pressed is gone: go on reading here.
      panel.tabIndex = -1;
      panel.focus({ preventScroll: true });
    }
  }

  word(code, value = "") {
    return this.words.querySelector(`[data-status-code="${code}"]`)?.textContent.replace("{0}", value) ?? "";
  }

  say(code, value) {
    this.find("[data-failure]").hidden = true;
    this.find("[data-status]").textContent = code ? this.word(code, value) : "";
  }

  /** Tells what went wrong: in the page's words, in the server's for a code that it does not know. */
  fail(error) {
    const code = typeof error === "string" ? error : codeOf(error);
    const known = this.words.querySelector(`[data-failure-code~="${CSS.escape(code)}"]`);
    if (code === "login-expired" || code === "too-many-refused") {
      const over = this.find('[data-panel="over"]');
      this.say();
      this.show(over ? "over" : "choose");
      if (over && known) {
        this.find("[data-over-title]").textContent = known.dataset.title;
        this.find("[data-over-text]").textContent = known.textContent;
      }
      if (over) return;
    }
    const unknown = this.words.querySelector('[data-failure-code~="unknown"]');
    const { title, detail } = error?.answer ?? {};
    this.find("[data-status]").textContent = "";
    this.find("[data-failure-title]").textContent = known?.dataset.title ?? title ?? unknown.dataset.title;
    this.find("[data-failure-text]").textContent = known?.textContent ?? detail ?? unknown.textContent;
    const box = this.find("[data-failure]");
    box.hidden = false;
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
  }

  /** Shows the time left in the open panel, second by second. */
  countDown(seconds, whole, atEnd = () => {}) {
    clearInterval(this.clock);
    const box = this.find(`[data-panel="${this.view}"] [data-time]`);
    if (!box) return;
    box.hidden = false;
    const end = performance.now() + seconds * 1000;
    const bar = box.querySelector("progress");
    bar.max = Math.max(whole, seconds);
    const tick = () => {
      const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
      bar.value = left;
      box.querySelector("[role=timer]").textContent = this.word("seconds-left", left);
      if (left > 0) return;
      clearInterval(this.clock);
      atEnd();
    };
    this.clock = setInterval(tick, 1000);
    tick();
  }

  /** The login ends at its time, also when the computer slept in between. */
  watchEnd() {
    if (this.ends === Infinity) return;
    const look = () => {
      const left = this.ends - performance.now();
      clearTimeout(this.ending);
      if (this.leavesTo) this.tellEnd(left);
      if (left > 0) {
        this.ending = setTimeout(look, this.leavesTo ? Math.min(left, 1000) : left);
      } else if (this.view !== "done") {
        this.over();
      }
    };
    document.addEventListener("visibilitychange", look);
    look();
  }

  /** The last minute is counted down. */
  tellEnd(left) {
    const line = this.find("[data-ends]");
    const seconds = Math.max(0, Math.ceil(left / 1000));
    line.hidden = seconds > 60 || this.view === "done";
    if (!line.hidden) line.textContent = this.word("ends-soon", seconds);
  }

  leave(location) {
    const target = new URL(location, document.baseURI);
    if (target.origin !== window.location.origin) throw new Problem("unknown");
    this.stop();
    this.show("done");
    this.say("done");
    window.location.replace(target);
  }

  /** Ends whatever runs in this page; what the server holds runs out by itself. */
  stop() {
    this.turn.abort();
    this.events?.close();
    this.events = null;
    clearInterval(this.clock);
    clearTimeout(this.codeEnds);
  }

  /** Begins something new, in place of whatever ran. */
  newTurn() {
    running?.stop();
    this.stop();
    running = this;
    this.turn = new AbortController();
    return this.turn;
  }

  /** Leaves what runs, and tells the agent, so that its window goes away. */
  async cancel() {
    const agentWasAsked = this.view === "agent";
    this.stop();
    this.show("choose");
    this.say("cancelled");
    if (agentWasAsked) await this.post("/agent/cancel").catch((error) => this.fail(error));
  }

  async post(path, body = {}, signal) {
    let response;
    try {
      response = await fetch(this.base + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(body),
        credentials: "same-origin",
        redirect: "error",
        signal,
      });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Problem("network");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Problem(answer.code ?? "unknown", answer);
  }

  label() {
    const label = this.find("[data-label]")?.value.trim();
    return label ? { label } : {};
  }

  /* A card, key or phone through the browser */

  async useBrowser(hint) {
    const agentWasAsked = this.view === "agent";
    const turn = this.newTurn();
    this.show("browser");
    this.say("asking-server");
    try {
      if (!window.PublicKeyCredential) throw new Problem("not-supported");
      if (agentWasAsked) await this.post("/agent/cancel");
      let answer = {};
      while (!answer.location) answer = await this.round(hint, turn.signal);
      this.leave(answer.location);
    } catch (error) {
      if (!turn.signal.aborted) this.back(error);
    }
  }

  /** One challenge: asked for, answered by the authenticator, judged by the server. */
  async round(hint, signal) {
    const login = this.login ? { login: Number(this.login) } : {};
    const asked = await this.post("/options", { hint, ...login }, signal);
    this.say("follow-browser");
    this.countDown(asked.expires_in, asked.expires_in);
    const credential = await this.credential(asked, signal);
    if (credential === RENEW) return {};
    this.say("checking");
    const label = asked.purpose === "create" ? this.label() : {};
    const body = { challenge: asked.challenge, credential, ...label, ...login };
    return this.post("/finish", body, signal);
  }

  /** Asks the browser; gives RENEW when the challenge grew old while the person was idle. */
  async credential(asked, signal) {
    const create = asked.purpose === "create";
    const publicKey = create ? creationOptions(asked.options) : requestOptions(asked.options);
    // Browsers whose parser does not know hints leave them out.
    publicKey.hints = asked.options.hints;
    publicKey.timeout = asked.expires_in * 1000;
    const renewal = new AbortController();
    const cancel = () => renewal.abort();
    signal.addEventListener("abort", cancel);
    let renew = false;
    const timer = setTimeout(() => {
      renew = document.visibilityState === "visible";
      renewal.abort();
    }, Math.max(1, asked.expires_in - MARGIN) * 1000);
    try {
      const request = { publicKey, signal: renewal.signal };
      const credential = await (create ? navigator.credentials.create(request) : navigator.credentials.get(request));
      return credentialJson(credential);
    } catch (error) {
      if (signal.aborted) throw error;
      if (renew) return RENEW;
      throw renewal.signal.aborted ? new Problem("challenge-expired") : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
    }
  }

  /* A card through the agent */

  /** Sends a prompt to the paired agent and follows it. One that connects only now is asked again
   *  for as long as `patience` says. */
  async askAgent(saying = ["asking-agent"], patience = 0) {
    const turn = this.newTurn();
    this.byLink = false;
    this.show("agent");
    this.prompt("pushed", "");
    this.say(...saying);
    // Until the answer says which prompt is ours, what is heard of any is kept.
    this.ticket = null;
    this.early = null;
    this.listen();
    try {
      const answer = await this.pushed(patience, turn.signal);
      this.ticket = answer.ticket;
      this.onPrompt({ ...answer, state: "pushed" });
      if (this.early?.ticket === this.ticket) this.onPrompt(this.early);
    } catch (error) {
      if (turn.signal.aborted) return;
      this.back(error);
    }
  }

  /** Opens the agent of this computer by a link, for which the person has pressed a button: so
   *  nothing is repeated by itself. */
  async openAgent() {
    const turn = this.newTurn();
    this.repeats = REPEATS;
    this.byLink = true;
    this.show("agent");
    this.prompt("pushed", "");
    this.say("asking-server");
    this.ticket = null;
    this.early = null;
    this.listen();
    try {
      const answer = await this.post("/link", this.label(), turn.signal);
      this.ticket = answer.ticket;
      this.onPrompt({ ...answer, state: "pushed" });
      window.location.assign(answer.link);
    } catch (error) {
      if (!turn.signal.aborted) this.back(error);
    }
  }

  async pushed(patience, signal) {
    const end = performance.now() + patience;
    for (;;) {
      const answer = await this.post("/agent", this.label(), signal);
      if (answer.state === "pushed") return answer;
      if (answer.state === "declined") throw new Problem("declined-often");
      if (performance.now() >= end) throw new Problem("agent-offline");
      await pause(ASK_AGAIN, signal);
    }
  }

  back(error) {
    this.stop();
    this.show("choose");
    this.fail(error);
  }

  prompt(progress, match) {
    this.find('[data-panel="agent"]').dataset.progress = progress;
    if (match !== undefined) this.find("[data-match]").textContent = match;
  }

  listen() {
    this.events?.close();
    const events = new EventSource(`${this.base}/events`);
    this.events = events;
    events.addEventListener("state", (event) => this.onState(JSON.parse(event.data)));
    events.addEventListener("error", () => {
      // A connection that broke comes back by itself; what the server refused does not.
      if (events === this.events && events.readyState === EventSource.CLOSED) this.lost();
    });
  }

  /** Without events, the page's own address knows how the login stands: it leads on when the
   *  login has ended well. */
  async lost() {
    const { signal } = this.turn;
    try {
      const headers = { Accept: "application/json" };
      const page = await fetch(this.base, { headers, credentials: "same-origin", signal });
      if (page.redirected) return this.leave(page.url);
      const { code } = page.ok ? {} : await page.json();
      if (code === "login-expired") return this.over();
    } catch {
      // Asked again below.
    }
    await pause(LISTEN_AGAIN, signal).then(() => this.listen(), () => {});
  }

  over() {
    this.stop();
    if (this.leavesTo) return this.leave(this.leavesTo);
    this.fail("login-expired");
  }

  onState(told) {
    if (told.state === "done") {
      this.leave(told.location);
    } else if (told.state === "expired") {
      this.over();
    } else if (told.state === "enrolled") {
      // One that has used a code before may still be confirmed; the page waits for the new one.
      if (this.view === "set-up" && told.offer !== this.offerBefore) this.computer(told.device);
      this.offer = told.offer;
    } else if (told.state === "paired") {
      if (this.view === "set-up") this.paired(told.device);
    } else if (told.state === "elsewhere") {
      if (this.view === "set-up") this.codeIsSpent("pairing-elsewhere");
    } else if (this.view === "agent") {
      // A prompt that another tab sends takes the place of this one.
      if (this.ticket !== null && told.state === "pushed") this.ticket = told.ticket;
      if (this.ticket === null) this.early = told;
      else if (this.ticket === told.ticket) this.onPrompt(told);
    }
  }

  /** What is told of the prompt that is shown. */
  onPrompt({ state, reason, match, expires_in }) {
    if (state === "refused") {
      this.back(reason);
      return;
    }
    this.prompt(state === "returning" ? "claimed" : state, match);
    // Until the agent has it, the browser may still ask whether to open the link.
    const sent = this.byLink ? "opening" : this.repeats > 0 ? "renewed" : "pushed";
    this.say(state === "pushed" ? sent : state);
    this.countDownPrompt(expires_in, expires_in);
  }

  countDownPrompt(seconds, whole) {
    this.countDown(seconds, whole, () => this.repeat());
  }

  /** Nobody has reacted in time: once more, for somebody who looks at the page. */
  repeat() {
    if (this.repeats < REPEATS && document.visibilityState === "visible") {
      this.repeats += 1;
      this.askAgent();
      return;
    }
    this.back("timeout");
    // Without this the window there stays a little longer; it counts no more for this page.
    this.post("/agent/cancel").catch(() => {});
  }

  /* Setting an agent up */

  async setUp() {
    const turn = this.newTurn();
    this.say("asking-server");
    try {
      const { code, expires_in } = await this.post("/pair", {}, turn.signal);
      const command = this.find("[data-pairing-command]");
      this.find("[data-pairing-code]").textContent = code;
      command.textContent = command.dataset.command.replace("{}", code);
      this.codeCounts(true);
      this.offerBefore = this.offer;
      this.computer(null);
      this.show("set-up");
      this.say();
      this.listen();
      this.codeEnds = setTimeout(() => this.codeIsSpent("pairing-expired"), expires_in * 1000);
    } catch (error) {
      if (!turn.signal.aborted) this.back(error);
    }
  }

  /** Shows the code with what to do with it; or that it is spent, and how to get the next one. */
  codeCounts(counts) {
    for (const node of this.root.querySelectorAll("[data-code-counts]")) node.hidden = !counts;
    for (const node of this.root.querySelectorAll("[data-code-spent]")) node.hidden = counts;
  }

  codeIsSpent(why) {
    clearTimeout(this.codeEnds);
    this.codeCounts(false);
    this.fail(why);
  }

  /** Says which computer has used the code, if one has. */
  computer(device) {
    const wait = this.find("[data-pair-wait]");
    wait.textContent = device === null ? this.word("code-waits") : this.word("enrolled", device);
  }

  /** From now on "Card or key" means the agent; the browser stays as the other way. */
  paired(device) {
    for (const node of this.root.querySelectorAll("[data-device]")) node.textContent = device;
    this.find("[data-way-more]").textContent = this.word("by-agent", device);
    this.find("[data-way]").dataset.start = "agent";
    this.find("[data-browser-way]").hidden = false;
    for (const offer of this.root.querySelectorAll("[data-set-up-offer]")) offer.hidden = true;
    this.askAgent(["paired", device], CONNECTS_IN);
  }

  async copyCommand(button) {
    const words = button.querySelector("[data-copied]");
    await navigator.clipboard.writeText(this.find("[data-pairing-command]").textContent);
    words.textContent = words.dataset.copied;
  }
}

const words = document.querySelector("[data-words]");
for (const root of document.querySelectorAll("[data-ceremony]")) new Ceremony(root, words).begin();

// Whoever leaves the page has left the ceremony; whoever comes back by "Back" begins anew.
window.addEventListener("pagehide", () => running?.stop());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
