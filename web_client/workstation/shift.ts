// The agent's own shift: presence, pauses, time signing since the last break. Presence is the server's; this asks and counts
// on from what it said. Nobody else's figures are ever here.

import { computed, signal } from "@preact/signals";
import { now } from "../shared/now.ts";
import { tabStore } from "../shared/preferences.ts";
import type { AgentView, PauseReason } from "../shared/protocol.d.ts";
import type { Session } from "../shared/session.ts";
import { countBreak, keptBreaks, type BreakLog } from "./breaks.ts";

const BEGUN = "work.begun";
const BREAKS = "work.breaks";
const IN_CALL: ReadonlySet<AgentView["state"]> = new Set(["engaged", "hold"]);
const BUSY: ReadonlySet<AgentView["state"]> = new Set(["engaged", "hold", "wrap_up", "alerting"]);

export class Shift {
  readonly agent = signal<AgentView | null>(null);
  /** The reason of the pause that follows this call, as chosen here. */
  readonly wishedReason = signal<PauseReason | null>(null);
  /** Available at least once since sign-in: a pause without a reason is a pause then. */
  readonly hasBegun = signal(tabStore.read(BEGUN) !== null);
  readonly breaks = signal<BreakLog>(keptBreaks(tabStore.read(BREAKS)));
  /** A call, or what belongs to one, is going on: a pause comes after it. */
  readonly isBusy = computed(() => BUSY.has(this.agent.value?.state ?? "offline"));
  /** Seconds of signing since the last break, and in calls this shift, the running call counted on. */
  readonly signingS = computed(() => (this.agent.value?.load.signing_s ?? 0) + this.#running.value);
  readonly engagedS = computed(() => (this.agent.value?.load.engaged_s ?? 0) + this.#running.value);
  readonly #cameAt = signal(0);
  readonly #running = computed(() => (IN_CALL.has(this.agent.value?.state ?? "offline") ? Math.max(0, now.value - this.#cameAt.value) : 0));
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  came(view: AgentView): void {
    this.agent.value = view;
    this.#cameAt.value = now.value;
    if (!view.pause_after_call) this.wishedReason.value = null;
    if (view.presence === "available") this.begun(true);
    else if (view.presence === "offline") this.begun(false);
    this.#count(view);
  }

  pause(reason: PauseReason): Promise<boolean> {
    return this.#session.ask({ type: "presence.set", presence: "paused", reason });
  }

  train(): Promise<boolean> {
    return this.#session.ask({ type: "presence.set", presence: "training" });
  }

  goOffline(): Promise<boolean> {
    return this.#session.ask({ type: "presence.set", presence: "offline" });
  }

  /** Asked for in a call, given after it; asked again, it is taken back. */
  togglePauseAfterCall(): void {
    void this.pauseAfterCall(!(this.agent.value?.pause_after_call ?? false), null);
  }

  async pauseAfterCall(enabled: boolean, reason: PauseReason | null): Promise<boolean> {
    const isTaken = await this.#session.ask({ type: "pause_after_call", enabled, reason });
    if (isTaken) this.wishedReason.value = enabled ? reason : null;
    return isTaken;
  }

  /** Kept over a reload of this tab. */
  begun(hasBegun: boolean): void {
    this.hasBegun.value = hasBegun;
    if (hasBegun) tabStore.write(BEGUN, "yes");
    else tabStore.remove(BEGUN);
  }

  #count(view: AgentView): void {
    const next = countBreak(this.breaks.value, view);
    if (next === this.breaks.value) return;
    this.breaks.value = next;
    tabStore.write(BREAKS, JSON.stringify(next));
  }
}
