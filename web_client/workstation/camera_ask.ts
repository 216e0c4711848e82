// « Pouvez-vous bouger votre caméra ? », by one key. The signer sees it large; here it is said that it was asked.

import { signal, type ReadonlySignal } from "@preact/signals";
import { t } from "../shared/i18n.ts";
import { askable } from "../shared/readability.ts";
import type { Session } from "../shared/session.ts";

const ASKED_MS = 6_000; // long enough to be seen between two looks at the signer

export class CameraAsk {
  readonly #session: Session;
  readonly #isAsked = signal(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Just now. */
  get isAsked(): ReadonlySignal<boolean> {
    return this.#isAsked;
  }

  /** Whoever answers the signer may ask, while the signer is there; between two signers nobody does. */
  get isPossible(): boolean {
    const call = this.#session.call.value;
    return this.#session.isTogether.value && call !== null && call.leg === "agent" && call.kind !== "video" && call.signer.connected;
  }

  /** What the service says of the picture now is asked for, else that the camera be moved. */
  async ask(): Promise<void> {
    const call = this.#session.call.value;
    if (call === null || !this.isPossible || this.#isAsked.value) return;
    const advice = askable(this.#session.readability.other.value);
    if (!(await this.#session.ask({ type: "camera.ask", call_id: call.call_id, advice }))) return;
    this.#isAsked.value = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#isAsked.value = false), ASKED_MS);
  }

  get words(): string {
    return t(this.#isAsked.value ? "meter.asked" : "meter.ask");
  }
}
