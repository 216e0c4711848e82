// Numbers and times as people read them. Pure.

/** A French number as it is typed: pairs, `+33 1 99 …`, short numbers by two. What is not a number stays as it is. */
export function formatNumber(typed: string): string {
  const plus = typed.trimStart().startsWith("+");
  const digits = typed.replace(/\D/g, "");
  if (/[^\d\s.+()-]/.test(typed)) return typed;
  if (plus && digits.startsWith("33")) return `+33 ${pairsAfterOne(digits.slice(2))}`.trimEnd();
  if (plus) return `+${digits}`;
  if (digits.startsWith("0033")) return `+33 ${pairsAfterOne(digits.slice(4))}`.trimEnd();
  return pairs(digits);
}

function pairs(digits: string): string {
  return /^[1-9]\d\d$/.test(digits) ? digits : pairs2(digits);
}

function pairsAfterOne(digits: string): string {
  return `${digits.slice(0, 1)} ${pairs2(digits.slice(1))}`.trimEnd();
}

function pairs2(digits: string): string {
  return (digits.match(/\d{1,2}/g) ?? []).join(" ");
}

/** A number, or a name, that no line ends in the middle of. */
export function unbroken(words: string): string {
  return words.replaceAll(" ", "\u00a0");
}

/** Where the caret goes after formatting: behind as many digits as before. */
export function caretAfter(formatted: string, digitsBefore: number): number {
  let seen = 0;
  for (let index = 0; index < formatted.length; index += 1) {
    if (seen === digitsBefore) return index;
    if (/[\d+]/.test(formatted[index] ?? "")) seen += 1;
  }
  return formatted.length;
}

/** `4:07`, `1:02:09`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A range of waiting in whole minutes, the upper end rounded up: `[0, 1]` is "under a minute". */
export function waitRange(lowS: number | null, highS: number | null): readonly [number, number] | null {
  if (lowS === null || highS === null) return null;
  const low = Math.floor(lowS / 60);
  return [low, Math.max(low + 1, Math.ceil(highS / 60))];
}

/** `18:30` in that time zone, with the day of the week unless it is today there. `at`, `now`: Unix seconds. */
export function timeAt(at: number, now: number, timeZone: string, locale: string): string {
  const day = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: "short" });
  const isToday = day.format(at * 1000) === day.format(now * 1000);
  const weekday: Intl.DateTimeFormatOptions = isToday ? {} : { weekday: "long" };
  return new Intl.DateTimeFormat(locale, { timeZone, ...weekday, hour: "2-digit", minute: "2-digit" }).format(at * 1000);
}
