import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import en from "../locales/board.en.json" with { type: "json" };
import fr from "../locales/board.fr.json" with { type: "json" };
import type { Board, BoardQueue } from "../shared/protocol.d.ts";
import { keysOf, translate } from "../shared/translate.ts";
import { expected, longestWait, percent, queueName, totals } from "../supervisor/figures.ts";

const FOLDER = path.join(import.meta.dirname, "..", "supervisor");
const code = readdirSync(FOLDER)
  .map((name) => readFileSync(path.join(FOLDER, name), "utf8"))
  .join("\n");

const QUEUE: BoardQueue = {
  queue: "relay/LSF",
  brand_name: null,
  mode: "LSF",
  waiting: 2,
  callbacks: 1,
  serving: 3,
  idle: 1,
  longest_wait_s: 50,
  wait_low_s: 60,
  wait_high_s: 170,
  target_s: 120,
  answered: 0,
  called_back: 0,
  abandoned: 0,
  mean_wait_s: null,
  service_level: null,
  service_level_now: 0.75,
  thresholds: { waiting: null, longest_wait_s: null, service_level: null },
  alerts: [],
};
const BOARD: Board = { type: "board", now: 1_000, queues: [QUEUE], agents: [], requests: [], more_requests: 0 };

test("the board's words are there in French and English, with the same values", () => {
  const values = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
  assert.deepEqual(keysOf(en).sort(), keysOf(fr).sort());
  for (const key of keysOf(fr)) {
    assert.deepEqual(values(translate(en, "en", key) ?? ""), values(translate(fr, "fr", key) ?? ""), key);
  }
});

test("no word of the board is left that nothing shows", () => {
  const isUsed = (key: string): boolean => {
    const group = key.slice(0, key.lastIndexOf("."));
    const base = key.replace(/_(one|other)$/, "");
    return code.includes(`"${key}"`) || code.includes(`"${base}"`) || code.includes(`\`${group}.\${`);
  };
  assert.deepEqual(keysOf(fr).filter((key) => !isUsed(key)), []);
});

test("the longest wait goes on counting after the board came, and never backwards", () => {
  assert.equal(longestWait(QUEUE, BOARD, 1_010), 60);
  assert.equal(longestWait(QUEUE, BOARD, 990), 50);
  assert.equal(longestWait({ ...QUEUE, longest_wait_s: null }, BOARD, 1_010), null);
});

test("figures that are not there are a dash, the others read as people say them", () => {
  assert.equal(percent(null), "–");
  assert.match(percent(0.75), /^75.%$/u);
  assert.equal(expected(QUEUE), "1 à 3 min");
  assert.equal(expected({ ...QUEUE, wait_low_s: null }), "–");
});

test("a queue is called by its brand, or as the relay, with its mode", () => {
  assert.equal(queueName(QUEUE), "Relais LSF");
  assert.equal(queueName({ queue: "mairie/LfPC", brand_name: "Mairie", mode: "LfPC" }), "Mairie LfPC");
  assert.equal(queueName({ queue: "elsewhere/autre", mode: null }), "elsewhere autre");
});

test("the large figures add up all queues; the level shown is that of the queue that does worst", () => {
  const good = { ...QUEUE, queue: "mairie/LSF", waiting: 1, callbacks: 0, longest_wait_s: null, service_level_now: 1 };
  const all = totals({ ...BOARD, queues: [QUEUE, good] }, 1_000);
  assert.deepEqual([all.waiting, all.callbacks, all.longest, all.level], [3, 1, 50, 0.75]);
});
