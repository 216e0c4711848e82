// What the person wants of calls, remembered on this device: mode, own voice and hearing, announcement, interpreter,
// sign language, whether the own picture may be analysed. Never a number, nor what a call is about.

import { keptFields, readPreference, writePreference } from "../shared/preferences.ts";
import type { CallRequest, Mode } from "../shared/protocol.d.ts";

export type Announce = NonNullable<CallRequest["announce"]>;
export const MODES: readonly Mode[] = ["LSF", "LSFA", "LfPC", "LfPCA", "TTH", "TTA", "CAS", "CAA"];
export const ANNOUNCES: readonly Announce[] = ["agent", "recorded", "none"];

export type Gender = NonNullable<CallRequest["gender"]>;
export const GENDERS: readonly Gender[] = ["any", "f", "m"];
export const DOMAINS = ["medical", "legal"] as const;
/** Sign languages beside LSF: names of skills. */
export const LANGUAGES = ["asl", "bsl", "is"] as const;
export type Language = (typeof LANGUAGES)[number] | "";

export interface Wishes {
  readonly number: string;
  readonly mode: Mode;
  readonly voice: boolean;
  readonly hearing: boolean;
  readonly announce: Announce;
  readonly anonymous: boolean;
  /** The own picture may be analysed in calls. */
  readonly watched: boolean;
  /** Of the interpreter, as best effort. */
  readonly gender: Gender;
  /** What the call is about: the name of a skill; empty: nothing special. Not remembered. */
  readonly domain: string;
  /** The person's own when LSF is not; nobody else is put through. Empty: LSF. */
  readonly language: Language;
}

const NAME = "wishes";

/** What was kept, as far as this version of the page knows it; what it does not know is as usual. */
export function wishesFrom(kept: string | null): Wishes {
  const found = keptFields(kept);
  return {
    number: "",
    mode: MODES.find((mode) => mode === found.mode) ?? "LSF",
    voice: found.voice === true,
    hearing: found.hearing === true,
    announce: ANNOUNCES.find((announce) => announce === found.announce) ?? "agent",
    anonymous: found.anonymous === true,
    watched: found.watched !== false,
    gender: GENDERS.find((gender) => gender === found.gender) ?? "any",
    domain: "",
    language: LANGUAGES.find((language) => language === found.language) ?? "",
  };
}

export function keptForm({ mode, voice, hearing, announce, anonymous, watched, gender, language }: Wishes): string {
  return JSON.stringify({ mode, voice, hearing, announce, anonymous, watched, gender, language });
}

export function rememberedWishes(): Wishes {
  return wishesFrom(readPreference(NAME));
}

export function remember(wishes: Wishes): void {
  writePreference(NAME, keptForm(wishes));
}
