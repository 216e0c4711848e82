// A second person in the call: whom to ask, whom to hand the call to, and what the two do together.

import { computed, signal } from "@preact/signals";
import type { Action, Colleagues, TransferTarget } from "../shared/protocol.d.ts";
import type { Session } from "../shared/session.ts";

/** What may be done with whoever is chosen in the dialog, the gentlest first. */
export const TO_SOMEBODY = ["consult", "transfer_call", "call_second"] as const satisfies readonly Action[];
export type ToSomebody = (typeof TO_SOMEBODY)[number];

export class Second {
  readonly isChoosing = signal(false);
  readonly colleagues = signal<Colleagues | null>(null);
  /** The call that this page handed to somebody else. */
  readonly handedOver = signal<string | null>(null);
  readonly open = computed(() => TO_SOMEBODY.filter((action) => this.#session.can(action)));
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Opens the dialog, and asks who is at work now. */
  choose(): void {
    const call_id = this.#session.call.value?.call_id;
    if (call_id === undefined || this.open.value.length === 0) return;
    this.colleagues.value = null;
    this.isChoosing.value = true;
    void this.#session.ask({ type: "colleagues.list", call_id });
  }

  /** Who is at work changes while the dialog is open. */
  look(): void {
    const call_id = this.#session.call.value?.call_id;
    if (call_id !== undefined) void this.#session.request({ type: "colleagues.list", call_id });
  }

  close(): void {
    this.isChoosing.value = false;
  }

  /** :param to: null: anybody who may serve this call. */
  async send(action: ToSomebody, to: TransferTarget | null): Promise<void> {
    const call_id = this.#session.call.value?.call_id ?? null;
    if (!(await this.#session.act(action, { to }))) return;
    if (action === "transfer_call") this.handedOver.value = call_id;
    this.close();
  }

  async handOver(): Promise<void> {
    const call_id = this.#session.call.value?.call_id ?? null;
    if (await this.#session.act("hand_over")) this.handedOver.value = call_id;
  }

  /** Somebody beside, whoever is free: who hears and answers for a brand needs no interpreter, but may need help. */
  call(): void {
    const to = this.callsExpert ? { second_level: true } : null;
    if (this.#session.can("call_second")) void this.#session.act("call_second", { to });
  }

  get callsExpert(): boolean {
    const call = this.#session.call.value;
    return call?.kind === "direct" && call.agent_hears;
  }

  swap(): void {
    if (this.#session.can("swap")) void this.#session.act("swap");
  }

  swapPictures(): void {
    if (this.#session.call.value?.second != null) this.#session.isSwapped.value = !this.#session.isSwapped.value;
  }

  came(colleagues: Colleagues): void {
    if (colleagues.call_id === this.#session.call.value?.call_id) this.colleagues.value = colleagues;
  }
}
