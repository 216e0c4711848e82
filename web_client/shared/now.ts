// The page's clock, once a second, on the server's time: what is counted down is counted down the same on both sides.

import { computed, signal } from "@preact/signals";

const local = signal(Date.now() / 1000);
const offset = signal(0);

if (globalThis.document !== undefined) setInterval(() => (local.value = Date.now() / 1000), 1_000);

/** Unix seconds as the server counts them. */
export const now = computed(() => local.value + offset.value);

export function serverSaid(serverNow: number): void {
  offset.value = serverNow - Date.now() / 1000;
  local.value = Date.now() / 1000;
}
