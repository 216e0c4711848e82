// Missed calls and messages as the service keeps them, and what the person does with them.

import { computed, signal } from "@preact/signals";
import type { InboxEntry } from "../shared/protocol.d.ts";
import type { Session } from "../shared/session.ts";

export class Inbox {
  readonly entries = signal<readonly InboxEntry[]>([]);
  readonly unread = computed(() => this.entries.value.filter((entry) => !entry.heard).length);
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A missed call that is answered to, or looked at, is no longer new. */
  seen(entry: InboxEntry): void {
    if (!entry.heard) void this.#session.ask({ type: "inbox.heard", entry_id: entry.entry_id });
  }

  delete(entry: InboxEntry): void {
    void this.#session.ask({ type: "inbox.delete", entry_id: entry.entry_id });
  }

  /** Whoever left this entry does not reach the person any more. Resolves to whether it was taken. */
  block(entry: InboxEntry): Promise<boolean> {
    return this.#session.ask({ type: "inbox.block", entry_id: entry.entry_id });
  }
}
