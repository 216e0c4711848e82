import assert from "node:assert/strict";
import { test } from "node:test";
import { countBreak, keptBreaks } from "../workstation/breaks.ts";
import { combo, isReserved, keymapFrom, NAMES, shownKey, takenBy, USUAL } from "../workstation/keymap.ts";
import { shortcutFor } from "../workstation/shortcuts.ts";
import { matching, targetsOf } from "../workstation/targets.ts";

const PLAIN = { ctrlKey: false, altKey: false, metaKey: false, repeat: false };

test("a shortcut acts only alone, outside of writing, and while switched on", () => {
  const name = (key: string, more = {}, areOn = true, isWriting = false) => shortcutFor({ key, ...PLAIN, ...more }, USUAL, areOn, isWriting);
  assert.equal(name("m"), "mute");
  assert.equal(name("A"), "abuse");
  assert.equal(name("m", { ctrlKey: true }), null);
  assert.equal(name("m", { repeat: true }), null);
  assert.equal(name("m", {}, false), null);
  assert.equal(name("m", {}, true, true), null);
});

test("a key with a modifier and a function key act while single keys are off, and while somebody writes", () => {
  const keys = { ...USUAL, mute: "Ctrl+Alt+m", hold: "F8" };
  assert.equal(shortcutFor({ key: "m", ...PLAIN, ctrlKey: true, altKey: true }, keys, false, true), "mute");
  assert.equal(shortcutFor({ key: "F8", ...PLAIN }, keys, false, true), "hold");
  assert.equal(shortcutFor({ key: "m", ...PLAIN }, keys, true, false), null);
});

test("no two shortcuts share a key, and a key that is taken says by whom", () => {
  assert.equal(new Set(Object.values(USUAL)).size, NAMES.length);
  assert.equal(takenBy(USUAL, "hold", "m"), "mute");
  assert.equal(takenBy(USUAL, "mute", "m"), null);
  assert.equal(takenBy(USUAL, "mute", "q"), null);
});

test("what walks through a page by keyboard is no shortcut, nor what browsers keep for themselves", () => {
  for (const key of ["Tab", "Enter", "Escape", " ", "ArrowDown", "F5", "Ctrl+w", "Ctrl+t"]) assert.ok(isReserved(key), key);
  for (const key of ["m", "F8", "Ctrl+Alt+m", "Alt+m", "é"]) assert.ok(!isReserved(key), key);
  assert.equal(combo({ key: "Shift", ...PLAIN }), null);
  assert.equal(shownKey("Ctrl+Alt+m"), "Ctrl+Alt+M");
});

test("changed keys come back, and what cannot be told apart or is not known is as usual", () => {
  assert.equal(keymapFrom('{"mute":"q","hold":null}').mute, "q");
  assert.equal(keymapFrom('{"mute":"q","hold":null}').hold, null);
  for (const kept of [null, "{", "7", '{"mute":"g"}', '{"mute":"Tab","other":"x"}', '{"mute":7}']) assert.deepEqual(keymapFrom(kept), USUAL);
});

const FOUND = {
  type: "colleagues",
  call_id: "call-1",
  people: [
    { agent_id: "a", name: "Zoé Exemple", state: "idle", trades: [], second_level: true },
    { agent_id: "b", name: "Éric d’Essai", state: "engaged", trades: [], second_level: false },
  ],
  skills: ["medical", "brand:demo"],
  second_level: true,
} as const;

test("a colleague is found by the beginning of any name, without accents, a skill and a level by their words", () => {
  const names = (typed: string) => matching(targetsOf(FOUND), typed).map(({ id }) => id);
  assert.deepEqual(names("zo"), ["person-a"]);
  assert.deepEqual(names("essai er"), ["person-b"]);
  assert.deepEqual(names("sante"), ["skill-medical"]);
  assert.deepEqual(names("second"), ["person-a", "level"]);
  assert.deepEqual(names("xyz"), []);
  assert.deepEqual(names(""), ["anybody", "person-a", "person-b", "level", "skill-medical", "skill-brand:demo"]);
});

test("a break counts from five minutes on, for this shift only", () => {
  const load = { signing_s: 0, engaged_s: 0, served: 0, signed_in_at: 1_000 };
  const view = (presence: "paused" | "available", since: number, from = load) => ({ presence, since, load: from });
  const resting = countBreak(keptBreaks(null), view("paused", 2_000));
  assert.deepEqual(countBreak(resting, view("available", 2_300)), { shift: 1_000, count: 1, since: null });
  assert.equal(countBreak(resting, view("available", 2_299)).count, 0);
  assert.equal(countBreak(resting, view("paused", 2_100)), resting);
  const rested = countBreak(resting, view("available", 2_300));
  assert.equal(countBreak(rested, view("available", 2_400)), rested);
  assert.equal(countBreak(rested, view("available", 9_000, { ...load, signed_in_at: 8_900 })).count, 0);
  assert.deepEqual(keptBreaks(JSON.stringify(rested)), rested);
  assert.equal(keptBreaks('{"count":"x"}').count, 0);
});
