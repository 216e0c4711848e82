// The words of this page: a catalogue of its own, which no other page has to load.

import en from "../locales/board.en.json" with { type: "json" };
import fr from "../locales/board.fr.json" with { type: "json" };
import { locale, type Locale, type Paths } from "../shared/i18n.ts";
import { translate, type Catalogue, type Values } from "../shared/translate.ts";

export type Word = Paths<typeof fr>;

const CATALOGUES: Record<Locale, Catalogue> = { fr, en };

export function b(key: Word, values?: Values): string {
  return translate(CATALOGUES[locale.value], locale.value, key, values) ?? key;
}
