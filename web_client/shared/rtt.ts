// The text of one call: what both wrote, what is being typed, what still has to leave. On this device only.

import { signal, type ReadonlySignal } from "@preact/signals";
import { tabStore } from "./preferences.ts";
import type { PageRole } from "./protocol.d.ts";
import { difference, LINE_SEPARATOR, Outbox, receive, type Line, type Writer } from "./t140.ts";

const FLUSH_MS = 300; // RFC 8865 §5.1, EN 301 549 §6.2.4: key to remote screen in 500 ms
const KEPT_NAME = "text";

interface Kept {
  readonly callId: string;
  readonly lines: readonly Line[];
  readonly draft: string;
  /** Typed and not yet sent. */
  readonly unsent: string;
}

/** One remote party (RFC 8865: one channel each, labelled with the party) and what is on its way there. */
interface Reader {
  channel: RTCDataChannel;
  peer: RTCPeerConnection;
  readonly outbox: Outbox;
}

export class Conversation {
  readonly #lines = signal<readonly Line[]>([]);
  readonly #draft = signal("");
  readonly #connected = signal(false);
  readonly #keepsInTab: boolean;
  readonly #role: PageRole;
  readonly #readers = new Map<string, Reader>();
  readonly #parted = new Map<string, Pick<Reader, "channel" | "peer">>();
  #callId = "";
  #unaddressed = ""; // typed before the first channel
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `keepsInTab`: survives a reload (the signer's own page); a workstation keeps nothing. */
  constructor(keepsInTab: boolean, role: PageRole = "signer") {
    this.#keepsInTab = keepsInTab;
    this.#role = role;
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

  /** Whether the text is of this call, and not of one before it. */
  isOf(callId: string): boolean {
    return callId === this.#callId;
  }

  /** Finds the text of the tab's last call again after a reload. */
  restore(): void {
    const kept = this.#keepsInTab ? readKept() : null;
    if (kept === null) return;
    this.#callId = kept.callId;
    this.#lines.value = kept.lines;
    this.#draft.value = kept.draft;
    this.#unaddressed = kept.unsent ?? "";
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
    this.#readers.clear();
    this.#parted.clear();
    this.#connected.value = false;
    this.#unaddressed = "";
    this.#callId = "";
    if (this.#keepsInTab) tabStore.remove(KEPT_NAME);
  }

  attach(channel: RTCDataChannel, peer: RTCPeerConnection): void {
    this.#readerOf(channel, peer);
    const who = writerOf(channel.label, this.#role);
    channel.binaryType = "arraybuffer";
    channel.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      const wire = typeof event.data === "string" ? event.data : new TextDecoder().decode(event.data);
      this.#lines.value = receive(this.#lines.value, who, wire);
      this.#keep();
    };
    channel.onopen = channel.onclose = () => this.#lineChanged();
    peer.addEventListener("connectionstatechange", () => this.#lineChanged());
    this.#lineChanged();
  }

  /** A party has gone: what is written from now on is not for whoever comes next under its name. */
  leave(label: string): void {
    const reader = this.#readers.get(label);
    if (reader !== undefined) this.#parted.set(label, reader);
    this.#readers.delete(label);
    this.#lineChanged();
  }

  /** Somebody is there again under this name: the channel is the same as long as the connection is. */
  join(label: string): void {
    const parted = this.#parted.get(label);
    if (parted === undefined) return;
    this.#parted.delete(label);
    this.#readers.set(label, { channel: parted.channel, peer: parted.peer, outbox: new Outbox() });
    this.#lineChanged();
  }

  #readerOf(channel: RTCDataChannel, peer: RTCPeerConnection): void {
    this.#parted.delete(channel.label);
    const known = this.#readers.get(channel.label);
    if (known === undefined) {
      const isPhone = channel.label === "phone"; // written before it was there: not for whoever answers
      this.#readers.set(channel.label, { channel, peer, outbox: new Outbox(isPhone ? "" : this.#unaddressed) });
      if (!isPhone) this.#unaddressed = "";
      return;
    }
    known.outbox.channelReplaced(nowS());
    known.channel = channel;
    known.peer = peer;
  }

  /** The draft as the person sees it now; only what changed leaves. */
  type(text: string): void {
    this.#write(difference(this.#draft.value, text));
    this.#draft.value = text;
    this.#keep();
    this.#schedule(FLUSH_MS);
  }

  endLine(): void {
    if (this.#draft.value === "") return;
    this.#write(LINE_SEPARATOR);
    this.#lines.value = [...this.#lines.value, { who: "own", text: this.#draft.value, open: false }];
    this.#draft.value = "";
    this.#keep();
    this.#schedule(0);
  }

  /** A whole line at once, written elsewhere on the page; what is being typed is a line of its own before it. */
  sendLine(text: string): void {
    this.endLine();
    this.type(text.replaceAll("\n", " "));
    this.endLine();
  }

  #write(wire: string): void {
    if (this.#readers.size === 0) this.#unaddressed += wire;
    for (const { outbox } of this.#readers.values()) outbox.add(wire);
  }

  #lineChanged(): void {
    for (const reader of this.#readers.values()) {
      if (isLive(reader)) reader.outbox.lineBack();
      else if (reader.channel.readyState !== "connecting") reader.outbox.lineLost(nowS());
    }
    this.#connected.value = [...this.#readers.values()].some(isLive);
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
    const live = [...this.#readers.values()].filter(isLive);
    for (const { channel, outbox } of live) {
      const wire = outbox.take(nowS());
      if (wire !== "") channel.send(wire);
    }
    this.#keep();
    if (live.some(({ outbox }) => outbox.waiting !== "")) this.#schedule(FLUSH_MS);
  }

  get #unsent(): string {
    const [first] = this.#readers.values();
    return first?.outbox.waiting ?? this.#unaddressed;
  }

  #keep(): void {
    if (!this.#keepsInTab || this.#callId === "") return;
    const kept: Kept = { callId: this.#callId, lines: this.#lines.value, draft: this.#draft.value, unsent: this.#unsent };
    tabStore.write(KEPT_NAME, JSON.stringify(kept));
  }
}

/** Whose text comes through a channel of this label, at a page of this role. */
export function writerOf(label: string, role: PageRole): Writer {
  if (label === "phone") return "phone";
  return label === "second" || (label === "agent" && role !== "signer") ? "second" : "other";
}

function isLive({ channel, peer }: Reader): boolean {
  return channel.readyState === "open" && peer.connectionState === "connected";
}

function nowS(): number {
  return Date.now() / 1000;
}

function readKept(): Kept | null {
  try {
    return JSON.parse(tabStore.read(KEPT_NAME) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}
