// How long an alert still rings. Pure; times in Unix seconds.

/** :param began: when the server began to ring, null when unknown. The clock of a page may be late: never more than that. */
export function secondsLeft(expiresAt: number, now: number, began: number | null): number {
  const left = Math.max(0, Math.round(expiresAt - now));
  return began === null ? left : Math.min(left, Math.max(0, Math.round(expiresAt - began)));
}
