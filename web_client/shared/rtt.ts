// The text of one call: what both wrote, what is being typed, what still has to leave. On this device only.

import { signal, type ReadonlySignal } from "@preact/signals";
import { tabStore } from "./preferences.ts";
import { difference, LINE_SEPARATOR, RateBudget, receive, type Line } from "./t140.ts";

const FLUSH_MS = 300; // RFC 8865 §5.2, EN 301 549 §6.2.4: key to remote screen in 500 ms
const KEPT_NAME = "text";

interface Kept {
  readonly callId: string;
  readonly lines: readonly Line[];
  readonly draft: string;
}

export class Conversation {
  readonly #lines = signal<readonly Line[]>([]);
  readonly #draft = signal("");
  readonly #connected = signal(false);
  readonly #keepsInTab: boolean;
  readonly #channels = new Set<RTCDataChannel>();
  #callId = "";
  #outbox = "";
  #budget = new RateBudget(Date.now() / 1000);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `keepsInTab`: survives a reload (the signer's own page); a workstation keeps nothing. */
  constructor(keepsInTab: boolean) {
    this.#keepsInTab = keepsInTab;
  }

  /** Both parties' lines, finished or being written; the own unfinished line is `draft`. */
  get lines(): ReadonlySignal<readonly Line[]> {
    return this.#lines;
  }

  get draft(): ReadonlySignal<string> {
    return this.#draft;
  }

  /** Text can leave now. */
  get connected(): ReadonlySignal<boolean> {
    return this.#connected;
  }

  /** All that was written, the own unfinished line too: the other side has read it already. */
  get whole(): readonly Line[] {
    const draft = this.#draft.value;
    return draft === "" ? this.#lines.value : [...this.#lines.value, { who: "own", text: draft, open: false }];
  }

  /** Finds the text of the tab's last call again after a reload. */
  restore(): void {
    const kept = this.#keepsInTab ? readKept() : null;
    if (kept === null) return;
    this.#callId = kept.callId;
    this.#lines.value = kept.lines;
    this.#draft.value = kept.draft;
  }

  /** Another call begins with an empty text; the same one goes on. */
  begin(callId: string): void {
    if (callId === this.#callId) return;
    this.clear();
    this.#callId = callId;
  }

  clear(): void {
    this.#lines.value = [];
    this.#draft.value = "";
    this.#outbox = "";
    this.#callId = "";
    if (this.#keepsInTab) tabStore.remove(KEPT_NAME);
  }

  attach(channel: RTCDataChannel): void {
    this.#channels.add(channel);
    channel.binaryType = "arraybuffer";
    channel.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      const wire = typeof event.data === "string" ? event.data : new TextDecoder().decode(event.data);
      this.#lines.value = receive(this.#lines.value, "other", wire);
      this.#keep();
    };
    channel.onopen = () => this.#channelsChanged();
    channel.onclose = () => {
      this.#channels.delete(channel);
      this.#channelsChanged();
    };
    this.#channelsChanged();
  }

  /** The draft as the person sees it now; only what changed leaves. */
  type(text: string): void {
    this.#outbox += difference(this.#draft.value, text);
    this.#draft.value = text;
    this.#keep();
    this.#schedule(FLUSH_MS);
  }

  endLine(): void {
    if (this.#draft.value === "") return;
    this.#outbox += LINE_SEPARATOR;
    this.#lines.value = [...this.#lines.value, { who: "own", text: this.#draft.value, open: false }];
    this.#draft.value = "";
    this.#keep();
    this.#schedule(0);
  }

  #channelsChanged(): void {
    this.#connected.value = [...this.#channels].some((channel) => channel.readyState === "open");
    if (this.#connected.value) this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (delayMs === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#timer ??= setTimeout(() => this.#flush(), delayMs);
  }

  #flush(): void {
    this.#timer = undefined;
    if (!this.#connected.value || this.#outbox === "") return;
    const waiting = Array.from(this.#outbox);
    const count = this.#budget.take(waiting.length, Date.now() / 1000);
    const now = waiting.slice(0, count).join("");
    this.#outbox = waiting.slice(count).join("");
    for (const channel of this.#channels) {
      if (now !== "" && channel.readyState === "open") channel.send(now);
    }
    if (this.#outbox !== "") this.#schedule(FLUSH_MS);
  }

  #keep(): void {
    if (!this.#keepsInTab || this.#callId === "") return;
    const kept: Kept = { callId: this.#callId, lines: this.#lines.value, draft: this.#draft.value };
    tabStore.write(KEPT_NAME, JSON.stringify(kept));
  }
}

function readKept(): Kept | null {
  try {
    return JSON.parse(tabStore.read(KEPT_NAME) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}
