// Being rung later: what was asked for, what is asked for next, at which hour.

import { computed, signal } from "@preact/signals";
import type { CallbackEntry, CallbackRequest } from "../shared/protocol.d.ts";
import type { Session } from "../shared/session.ts";
import type { Place } from "./place.ts";
import type { Wishes } from "./wishes.ts";

/** What a call-back is asked for: the call that waits now, which keeps its place, or one that cannot begin now. */
export type Wanted = { readonly isWaiting: true } | ({ readonly isWaiting: false } & Omit<CallbackRequest, "type" | "ref" | "at">);

/** What a page is about, as a call-back. */
export function wantedOf({ brand }: Pick<Place, "brand">, wishes: Wishes): Wanted {
  const { mode, voice, hearing, number, domain, language, announce, anonymous } = wishes;
  const how = { mode, voice, hearing, domain: domain || null, language: language || null };
  if (brand !== null) return { isWaiting: false, kind: "direct", brand, ...how };
  return { isWaiting: false, kind: "relay", number: number.trim() || null, announce, anonymous, ...how };
}

export class Callbacks {
  readonly entries = signal<readonly CallbackEntry[]>([]);
  readonly open = computed(() => this.entries.value.filter(({ state }) => state === "waiting" || state === "trying" || state === "unanswered"));
  /** The dialog is open for this. */
  readonly wanted = signal<Wanted | null>(null);
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** :param at: Unix seconds; null: as soon as the place in line comes up. */
  async ask(wanted: Wanted, at: number | null): Promise<boolean> {
    const { isWaiting, ...what } = wanted;
    const isTaken = isWaiting
      ? await this.#session.act("ask_callback", { at })
      : await this.#session.ask({ ...(what as Omit<CallbackRequest, "type" | "ref" | "at">), type: "callback.request", at });
    if (isTaken) this.wanted.value = null;
    return isTaken;
  }

  cancel(entry: CallbackEntry): Promise<boolean> {
    return this.#session.ask({ type: "callback.cancel", callback_id: entry.callback_id });
  }
}

export const DAYS_AHEAD = 6; // the service takes an hour up to a week from now

/**
 * A clock's hour on one of the next days; of today when it is past: tomorrow.
 *
 * @param hour `HH:MM`, in the time of this device. @param now Unix seconds. @param days from today, 0..DAYS_AHEAD.
 * @returns Unix seconds; null: no hour.
 */
export function nextAt(hour: string, now: number, days = 0): number | null {
  const found = /^(\d{2}):(\d{2})$/.exec(hour);
  if (found === null) return null;
  const at = new Date(now * 1000);
  at.setDate(at.getDate() + days);
  at.setHours(Number(found[1]), Number(found[2]), 0, 0);
  if (at.getTime() <= now * 1000) at.setDate(at.getDate() + 1);
  return at.getTime() / 1000;
}

/** How many midnights lie between the two. */
export function daysUntil(at: number, now: number): number {
  const [then, today] = [new Date(at * 1000), new Date(now * 1000)];
  for (const day of [then, today]) day.setHours(12, 0, 0, 0);
  return Math.round((then.getTime() - today.getTime()) / 86_400_000);
}
