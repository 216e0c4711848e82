// Emergency numbers as people write them, known without the service: no camera, no connection, nobody signed in.
// The rules of the service's `relay.phone.dialling`, its numbers in emergency_numbers.json. Pure.

import data from "./emergency_numbers.json" with { type: "json" };

export type EmergencyKind = "offer_114" | "relay_first";

export interface EmergencyNumber {
  readonly number: string;
  readonly kind: EmergencyKind;
}

const KNOWN: ReadonlyMap<string, EmergencyNumber> = known();
const INVISIBLE = /[\p{Cf}\p{Mn}\p{Me}]/gu; // bidi marks, zero width, variation selectors, keycaps
const SCHEME = /^\s*(tel|sip|callto):/i;
const HIDING = /^\s*[*#]31[*#]/; // keys that hide or show the caller
const GROUPS = /[\s.\-()\u2010-\u2015]+/gu; // inside one number
const PREFIX = /^(?:(?:\+|00)?33(?:0)?|\+|00)(?=\d)/;
const MEASURE = /\d\p{L}+\d/u; // 18h15
const [WORDS, WORD_LENGTH, LENGTH] = [3, 12, 64];

function known(): Map<string, EmergencyNumber> {
  const kinds: readonly EmergencyKind[] = ["offer_114", "relay_first"];
  const map = new Map(kinds.flatMap((kind) => data[kind].map((number) => [number, { number, kind }] as const)));
  for (const [alias, meant] of Object.entries(data.elsewhere)) {
    const entry = map.get(meant);
    if (entry !== undefined) map.set(alias, entry);
  }
  return map;
}

/** What a reader sees, digits of Arabic and Indian hands as ASCII. */
function visible(typed: string): string {
  return typed
    .normalize("NFKC")
    .replace(INVISIBLE, "")
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[\u0966-\u096f]/g, (digit) => String(digit.charCodeAt(0) - 0x966))
    .trim();
}

/**
 * The emergency that was written, null for everything else. The whole number must be one: « 15 », « 1 5 », « +33 17 »,
 * « 0033 112 », « #31#15 », « 15 SAMU », « 15/17 » (the first); never the beginning of a longer number.
 */
export function emergencyIn(typed: string): EmergencyNumber | null {
  const text = (visible(typed).replace(SCHEME, "").split(/;\s*[A-Za-z]|@/)[0] ?? "").replace(HIDING, "");
  const words = text.match(/\p{L}+/gu) ?? [];
  if (text.length > LENGTH || words.length > WORDS || words.some((word) => word.length > WORD_LENGTH) || MEASURE.test(text)) {
    return null;
  }
  const numbers = text
    .split(/[^0-9+\s.\-()\u2010-\u2015]+/u)
    .map((part) => part.replaceAll("(0)", "").replace(GROUPS, ""))
    .filter((number) => number !== "");
  const [first] = numbers;
  if (first === undefined) return null;
  if (numbers.length > 1) return numbers.every((number) => KNOWN.has(number)) ? (KNOWN.get(first) ?? null) : null;
  return KNOWN.get(first) ?? KNOWN.get(first.replace(PREFIX, "")) ?? null;
}
