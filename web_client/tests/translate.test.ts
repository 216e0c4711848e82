import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import en from "../locales/en.json" with { type: "json" };
import fr from "../locales/fr.json" with { type: "json" };
import { keysOf, translate, type Catalogue } from "../shared/translate.ts";

const ROOT = path.join(import.meta.dirname, "..");
const FRENCH: Catalogue = fr;
const ENGLISH: Catalogue = en;

function sources(): string {
  const folders = ["caller", "workstation", "shared", "shared/ui"];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => path.join(ROOT, folder, name)),
  );
  const worker = readFileSync(path.join(ROOT, "push", "sw.js"), "utf8").replace(/words\.(\w+)/g, '"push.$1"');
  return [...files.map((file) => readFileSync(file, "utf8")), worker].join("\n");
}

test("French and English have the same keys", () => {
  assert.deepEqual(keysOf(ENGLISH).sort(), keysOf(FRENCH).sort());
});

test("each text has the same values to fill in, in both languages", () => {
  const values = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
  for (const key of keysOf(FRENCH)) {
    assert.deepEqual(values(translate(ENGLISH, "en", key) ?? ""), values(translate(FRENCH, "fr", key) ?? ""), key);
  }
});

test("no text is left that no page shows", () => {
  const code = sources();
  const isUsed = (key: string): boolean => {
    const base = key.replace(/_(one|other)$/, "");
    const group = key.slice(0, key.lastIndexOf("."));
    const named = [key, base].some((name) => code.includes(`"${name}"`) || code.includes(`\`${name}\``));
    return named || code.includes(`\`${group}.\${`) || code.includes(`tCode("${group}"`);
  };
  assert.deepEqual(keysOf(FRENCH).filter((key) => !isUsed(key)), []);
});

test("a plural follows the language's rule", () => {
  const say = (locale: string, count: number): string | undefined =>
    translate(locale === "fr" ? FRENCH : ENGLISH, locale, "work.waiting", { count });
  assert.equal(say("fr", 1), "1 personne attend");
  assert.equal(say("fr", 2), "2 personnes attendent");
  assert.equal(say("fr", 0), "0 personne attend");
  assert.equal(say("en", 0), "0 people are waiting");
});

test("an unknown key and a missing value are told apart from text", () => {
  assert.equal(translate(FRENCH, "fr", "no.such.key"), undefined);
  assert.equal(translate(FRENCH, "fr", "queue.since"), "Vous attendez depuis {{time}}");
});
