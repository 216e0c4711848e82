// A supervisor's words to this workstation: they stay until they are read, the newest first; the service keeps them too.

import { signal } from "@preact/signals";
import type { StaffNotice } from "../shared/protocol.d.ts";

const KEPT = 3;

export class StaffWords {
  readonly unread = signal<readonly StaffNotice[]>([]);

  came(notice: StaffNotice): void {
    this.unread.value = [notice, ...this.unread.value.filter((one) => one.at !== notice.at)].slice(0, KEPT);
  }

  read(notice: StaffNotice): void {
    this.unread.value = this.unread.value.filter((one) => one.at !== notice.at);
  }
}
