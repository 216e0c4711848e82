// Waking: from sleep, from the background, into another network. Browsers say it in several ways, or not at all.

const TICK_MS = 1_000;
const GAP_MS = 5_000; // timers of a hidden page in a call still run every second

/** How long the clock jumped beyond the timer's period: the machine or the page stood still meanwhile. */
export function isGap(before: number, now: number): boolean {
  return now - before > GAP_MS || now < before - GAP_MS;
}

/** Calls `wake` whenever what was connected before may not be any more. Never ends: a page has one. */
export function onWake(wake: () => void): void {
  let ticked = Date.now();
  setInterval(() => {
    const before = ticked;
    ticked = Date.now();
    if (isGap(before, ticked)) wake();
  }, TICK_MS);
  globalThis.addEventListener("online", wake);
  globalThis.addEventListener("pageshow", (event) => {
    if (event.persisted) wake();
  });
  document.addEventListener("resume", wake); // Page Lifecycle
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
}
