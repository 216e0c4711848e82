// The page's clock, once a second, on the server's time: what is counted down is counted down the same on both sides.

import { computed, signal } from "@preact/signals";

const local = signal(Date.now() / 1000);
const offset = signal(0);

if (globalThis.document !== undefined) setInterval(() => (local.value = Date.now() / 1000), 1_000);

/** Unix seconds as the server counts them. */
export const now = computed(() => local.value + offset.value);

const SURELY_WRONG_S = 2; // more than a date cut to the second, and its way here, explain

/** A second hand of the page's clock in between: something has just begun that is counted down. */
export function lookAtClock(): void {
  local.value = Date.now() / 1000;
}

/** :param about: Unix seconds, known to a second: corrects a clock that is wrong, leaves one that is right. */
export function serverSaidAbout(about: number): void {
  if (Math.abs(about - Date.now() / 1000) > SURELY_WRONG_S) serverSaid(about);
}

export function serverSaid(serverNow: number): void {
  offset.value = serverNow - Date.now() / 1000;
  local.value = Date.now() / 1000;
}
