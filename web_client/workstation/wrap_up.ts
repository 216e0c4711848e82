// What an adviser writes about a direct call: sent as it is typed, kept in memory until the server has it.
//
// A relay call never comes here: nothing is written about it.

import { signal } from "@preact/signals";
import type { CallStateMessage, ContactForm, Disposition } from "../shared/protocol.d.ts";
import type { Session } from "../shared/session.ts";

export type Saved = "nothing" | "unsaved" | "saving" | "saved";
const AUTOSAVE_MS = 1_500;

export class WrapUp {
  readonly disposition = signal<Disposition | null>(null);
  readonly note = signal("");
  readonly contact = signal<ContactForm>({});
  readonly saved = signal<Saved>("nothing");
  readonly #session: Session;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #revision = 0;
  callId = "";

  constructor(session: Session) {
    this.#session = session;
  }

  begin(callId: string): void {
    clearTimeout(this.#timer);
    this.callId = callId;
    this.disposition.value = null;
    this.note.value = "";
    this.contact.value = {};
    this.saved.value = "nothing";
  }

  contactCame(contact: ContactForm): void {
    if (this.saved.value === "nothing") this.contact.value = contact;
  }

  change(edit: () => void): void {
    edit();
    this.#revision += 1;
    this.saved.value = "unsaved";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), AUTOSAVE_MS);
  }

  /** Nothing to send, or taken by the server. What changed while it was sent is sent again. */
  async save(): Promise<boolean> {
    clearTimeout(this.#timer);
    const isOver = this.#session.call.value?.state === "ended" && this.#session.call.value.call_id === this.callId;
    if (this.saved.value === "nothing" || this.saved.value === "saved") return true;
    if (!isOver) return false; // wrap-up has not begun: kept here
    const revision = this.#revision;
    this.saved.value = "saving";
    const isTaken = await this.#session.ask({
      type: "wrap_up.submit",
      call_id: this.callId,
      disposition: this.disposition.value,
      note: this.note.value === "" ? null : this.note.value,
      contact: this.contact.value,
    });
    if (revision !== this.#revision) return this.save();
    this.saved.value = isTaken ? "saved" : "unsaved";
    return isTaken;
  }

  async finish(): Promise<void> {
    if (await this.save()) await this.#session.ask({ type: "wrap_up.finish" });
  }
}

/** How long this page was in the call, seconds: whoever came beside the agent counts from then on. */
export function ownPart(call: CallStateMessage): number {
  const end = call.ended_at ?? call.now;
  const joined = call.second?.state === "joined" ? call.second.since : null;
  return end - (call.leg === "second" ? (joined ?? end) : (call.together_at ?? end));
}
