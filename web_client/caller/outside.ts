// What is seen and felt outside the page: title, icon, vibration, a screen that stays on, the business's own page.

import { ScreenLock, setSituation, vibrate } from "../shared/attention.ts";
import { tookOver } from "../shared/company.ts";
import { t } from "../shared/i18n.ts";
import { lookAtClock } from "../shared/now.ts";
import type { CallState, CallStateMessage } from "../shared/protocol.d.ts";
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

/** What changes from one state of a call to the next, said or done once. */
export class Course {
  readonly #session: Session;
  readonly #onEnd: () => void;
  #before: CallStateMessage | null = null;

  constructor(session: Session, onEnd: () => void) {
    this.#session = session;
    this.#onEnd = onEnd;
  }

  came(call: CallStateMessage): void {
    const before = this.#before?.call_id === call.call_id ? this.#before : null;
    this.#before = call;
    if (call.state === "incoming" || call.state === "calling_back") lookAtClock();
    if (call.state === "ended") this.#onEnd();
    if (before === null || !tookOver(before, call)) return;
    this.#session.say(t(call.kind === "relay" ? "second.signer_taken_over" : "second.signer_taken_over_direct"));
  }
}
