// One WebSocket that stays: hello, resume token, heartbeat, reconnection. What messages mean is left to the page.

import { signal, type ReadonlySignal } from "@preact/signals";
import { tabStore } from "./preferences.ts";
import type { ClientMessage, Error as ErrorMessage, Hello, Ok, ServerMessage } from "./protocol.d.ts";

/** `offline`: lost and trying again. `replaced`: another tab took over, nothing is tried any more. */
export type ConnectionStatus = "connecting" | "open" | "offline" | "replaced" | "closed";
type WithoutRef<M> = M extends ClientMessage ? Omit<M, "ref"> : never;
/** What a page says; `ref` is this module's. */
export type Outgoing = WithoutRef<ClientMessage>;
export type Answer = Ok | ErrorMessage;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
const ANSWER_TIMEOUT_MS = 10_000;
const WELCOME_TIMEOUT_MS = 10_000; // a socket that opens into nothing says so after minutes
const CHECK_TIMEOUT_MS = 2_500;

/** Delay before try number `attempt` (0 first): doubled each time, with jitter so that pages do not return together. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly hello: () => Omit<Hello, "type" | "v" | "resume_token">;
  readonly onMessage: (message: ServerMessage) => void;
  /** Where the resume token lives; a brand's page and the relay page do not share theirs. */
  readonly tokenName: string;
  readonly openSocket?: (url: string) => WebSocket;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

interface Check {
  readonly ref: string;
  readonly answer: Promise<boolean>;
  readonly settle: (isAlive: boolean) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #status = signal<ConnectionStatus>("closed");
  readonly #waiting = new Map<string, Waiting>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #nextRef = 1;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  #opening: ReturnType<typeof setTimeout> | undefined;
  #check: Check | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get status(): ReadonlySignal<ConnectionStatus> {
    return this.#status;
  }

  open(): void {
    if (this.#socket !== null) return;
    clearTimeout(this.#retry);
    if (this.#status.value !== "offline") this.#status.value = "connecting";
    const make = this.#options.openSocket ?? ((url: string) => new WebSocket(url));
    const socket = make(this.#options.url);
    this.#socket = socket;
    this.#opening = setTimeout(() => {
      if (this.#socket === socket) this.#lost();
    }, WELCOME_TIMEOUT_MS);
    socket.onopen = () => this.#sayHello();
    socket.onmessage = (event) => this.#receive(event);
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
  }

  /** Ends it for good (sign-out, page left). */
  close(): void {
    this.#drop("closed");
  }

  /** Try now instead of after the delay: the network is back, or the person asked. */
  retryNow(): void {
    if (this.#status.value !== "offline" || this.#socket !== null) return;
    this.#attempt = 0;
    this.open();
  }

  /**
   * Whether the service still answers, within 2.5 s: after sleep or a change of network nobody says that the socket is
   * dead. One that is dead is replaced at once.
   */
  check(): Promise<boolean> {
    if (this.#status.value === "offline") this.retryNow();
    if (this.#status.value !== "open") return Promise.resolve(false);
    this.#check ??= this.#startCheck();
    return this.#check.answer;
  }

  #startCheck(): Check {
    const ref = `check-${this.#nextRef++}`;
    let settle: (isAlive: boolean) => void = () => undefined;
    const answer = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => {
        this.#drop("offline"); // settles this check too
        this.open();
      }, CHECK_TIMEOUT_MS);
      settle = (isAlive) => {
        clearTimeout(timer);
        this.#check = null;
        resolve(isAlive);
      };
    });
    this.send({ type: "ping", ref });
    return { ref, answer, settle };
  }

  /** Another tab had taken over and the person wants this one. */
  takeBack(): void {
    if (this.#status.value === "replaced") this.open();
  }

  send(message: Outgoing | ClientMessage): boolean {
    if (this.#status.value !== "open" || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Sends and waits for the server's `ok` or `error`. Never rejects: without a connection it is an error too. */
  ask(message: Outgoing): Promise<Answer> {
    const ref = String(this.#nextRef++);
    return new Promise((resolve) => {
      if (!this.send({ ...message, ref })) {
        resolve(localError("offline", ref));
        return;
      }
      const timer = setTimeout(() => this.#settle(localError("timeout", ref)), ANSWER_TIMEOUT_MS);
      this.#waiting.set(ref, { resolve, timer });
    });
  }

  #sayHello(): void {
    const token = tabStore.read(this.#options.tokenName);
    const hello = { ...this.#options.hello(), type: "hello", v: 1, ...(token === null ? {} : { resume_token: token }) };
    this.#heardAt = Date.now();
    this.#socket?.send(JSON.stringify(hello));
  }

  #receive(event: MessageEvent): void {
    this.#heardAt = Date.now();
    const message = JSON.parse(String(event.data)) as ServerMessage;
    if (message.type === "welcome") this.#welcomed(message.resume_token, message.heartbeat_s);
    if (message.type === "pong" && message.re !== null && message.re === this.#check?.ref) this.#check.settle(true);
    if (message.type === "replaced") this.#drop("replaced");
    if (message.type === "ok" || message.type === "error") this.#settle(message);
    this.#options.onMessage(message);
  }

  #welcomed(token: string, heartbeatS: number): void {
    tabStore.write(this.#options.tokenName, token);
    clearTimeout(this.#opening);
    this.#attempt = 0;
    this.#status.value = "open";
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#beat(heartbeatS * 1000), heartbeatS * 1000);
  }

  /** Silence of two and a half periods: the socket is dead though nobody said so (change of network, sleep). */
  #beat(periodMs: number): void {
    if (Date.now() - this.#heardAt > 2.5 * periodMs) {
      this.#lost();
      return;
    }
    this.send({ type: "ping" });
  }

  #settle(answer: Answer): void {
    const waiting = answer.re === null ? undefined : this.#waiting.get(answer.re);
    if (waiting === undefined || answer.re === null) return;
    this.#waiting.delete(answer.re);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #lost(): void {
    this.#drop("offline");
    this.#retry = setTimeout(() => this.open(), backoffMs(this.#attempt++, Math.random()));
  }

  #drop(status: ConnectionStatus): void {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#retry);
    clearTimeout(this.#opening);
    this.#check?.settle(false);
    this.#status.value = status;
    for (const ref of [...this.#waiting.keys()]) this.#settle(localError("offline", ref));
    socket?.close();
  }
}

function localError(code: "offline" | "timeout", re: string): ErrorMessage {
  return { type: "error", code, message: "", re, callback: false };
}

/** The brand is named to the service before the socket opens: each brand has its own list of origins. */
export function socketUrl(location: Location, brand: string | null): string {
  const query = brand === null ? "" : `?brand=${encodeURIComponent(brand)}`;
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws${query}`;
}
