// Whether the own picture may be analysed in calls: this person's choice, remembered on the device. The service learns
// it with a call that is asked for; of one that comes from outside it is told here, and when the person changes it.

import { effect } from "@preact/signals";
import type { Session } from "./session.ts";

export interface Choice {
  /** What is wished now; not listened to. */
  readonly isWished: () => boolean;
  readonly keep: (isWished: boolean) => void;
}

/** The part of a session that is needed here. */
export type Told = Pick<Session, "call" | "isTogether" | "ask" | "request"> & { readonly check: Pick<Session["check"], "stop"> };

export class OwnAnalysis {
  readonly #session: Told;
  readonly #choice: Choice;
  /** The leg whose analysis was to end; empty: none. */
  #told = "";

  constructor(session: Told, choice: Choice) {
    this.#session = session;
    this.#choice = choice;
    effect(() => this.#follow());
  }

  /** In this call, and in those that follow. A check before a call ends with the wish for it. */
  async wish(isWished: boolean): Promise<void> {
    this.#choice.keep(isWished);
    if (!isWished) this.#session.check.stop();
    const call = this.#session.isTogether.value ? this.#session.call.value : null;
    if (call !== null) await this.#session.ask({ type: "visibility.set", call_id: call.call_id, enabled: isWished });
  }

  #follow(): void {
    const call = this.#session.isTogether.value ? this.#session.call.value : null;
    const opposed = call !== null && call.watched && !this.#choice.isWished() ? `${call.call_id} ${call.leg}` : "";
    const isNew = opposed !== "" && opposed !== this.#told;
    this.#told = opposed;
    if (isNew && call !== null) void this.#switchOff(call.call_id);
  }

  /** Without a word of refusals: the page shows what the service says of the analysis. */
  async #switchOff(call_id: string): Promise<void> {
    const answer = await this.#session.request({ type: "visibility.set", call_id, enabled: false });
    if (answer.type === "error") this.#told = ""; // asked again with the next state of the call
  }
}
