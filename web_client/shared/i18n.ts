// The page's language: French unless the person chose otherwise. `t()` re-renders whatever read it when it changes.

import { signal } from "@preact/signals";
import en from "../locales/en.json" with { type: "json" };
import fr from "../locales/fr.json" with { type: "json" };
import { readPreference, writePreference } from "./preferences.ts";
import { translate, type Catalogue, type Values } from "./translate.ts";

export type Locale = "fr" | "en";
type PluralBase<K extends string> = K extends `${infer Base}_${"one" | "other"}` ? Base : K;
export type Paths<T> = {
  [K in keyof T & string]: T[K] extends string ? PluralBase<K> : `${K}.${Paths<T[K]>}`;
}[keyof T & string];
export type Key = Paths<typeof fr>;

const CATALOGUES: Record<Locale, Catalogue> = { fr, en };

function isLocale(value: unknown): value is Locale {
  return value === "fr" || value === "en";
}

function initialLocale(): Locale {
  const asked = new URLSearchParams(globalThis.location?.search ?? "").get("lang");
  const kept = readPreference("locale");
  return isLocale(asked) ? asked : isLocale(kept) ? kept : "fr";
}

export const locale = signal<Locale>(initialLocale());

export function setLocale(next: Locale): void {
  locale.value = next;
  writePreference("locale", next);
}

export function t(key: Key, values?: Values): string {
  return translate(CATALOGUES[locale.value], locale.value, key, values) ?? key;
}

/** For somebody who reads another language than this page's person. */
export function tIn(language: Locale, key: Key, values?: Values): string {
  return translate(CATALOGUES[language], language, key, values) ?? key;
}

/** For codes that come from the server: undefined when this version of the page does not know them. */
export function tCode(group: string, code: string, values?: Values): string | undefined {
  return translate(CATALOGUES[locale.value], locale.value, `${group}.${code}`, values);
}
