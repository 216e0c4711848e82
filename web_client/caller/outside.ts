// What is seen and felt outside the page: title, icon, vibration, a screen that stays on, the business's own page.

import { ScreenLock, setSituation, vibrate } from "../shared/attention.ts";
import { t } from "../shared/i18n.ts";
import type { CallState } from "../shared/protocol.d.ts";
import { Ring } from "../shared/ring.ts";
import type { Session } from "../shared/session.ts";
import type { HostPage } from "./host_page.ts";
import type { Inbox } from "./inbox.ts";
import { callerWords, ringTitle } from "./ring_words.ts";

const FELT: ReadonlySet<CallState> = new Set(["briefing", "talking", "active"]);

export class Outside {
  readonly #session: Session;
  readonly #inbox: Inbox;
  readonly #host: HostPage;
  readonly #lock = new ScreenLock();
  readonly #ring = new Ring();
  #toldState: CallState | null = null;

  constructor(session: Session, inbox: Inbox, host: HostPage) {
    this.#session = session;
    this.#inbox = inbox;
    this.#host = host;
  }

  /** Reads signals: to be run by an effect. */
  tell(): void {
    const call = this.#session.call.value;
    const isRinging = this.#session.isRinging.value;
    this.#lock.want(this.#session.inCall.value);
    this.#host.callChanged(call);
    if (isRinging && call !== null) this.#ring.start(ringTitle(call), callerWords(call));
    else this.#ring.stop();
    if (isRinging && call !== null) setSituation("ringing", ringTitle(call));
    else if (call === null || !this.#session.inCall.value) setSituation("idle", this.#unreadWords());
    else if (call.state === "queued" || call.state === "alerting") setSituation("waiting", t("queue.title"));
    else setSituation("call", t("phone.active_plain"));
    const state = call?.state ?? null;
    if (state !== this.#toldState && state !== null && FELT.has(state)) vibrate([200]);
    this.#toldState = state;
  }

  #unreadWords(): string {
    const count = this.#inbox.unread.value;
    return count === 0 ? "" : t("inbox.title_unread", { count });
  }
}
