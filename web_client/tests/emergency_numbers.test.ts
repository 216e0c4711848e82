import assert from "node:assert/strict";
import { test } from "node:test";
import { emergencyIn } from "../caller/emergency_numbers.ts";
import { formatNumber } from "../shared/format.ts";

const WRITTEN: readonly (readonly [string, string])[] = [
  ["15", "15"],
  ["1 5", "15"],
  ["1.5", "15"],
  ["1\u20115", "15"],
  ["(1)(5)", "15"],
  ["\u202a15\u202c", "15"],
  ["1\u200b5", "15"],
  ["1\ufe0f\u20e35\ufe0f\u20e3", "15"],
  ["１５", "15"],
  ["١٥", "15"],
  ["۱۱۲", "112"],
  ["१५", "15"],
  ["+33 17", "17"],
  ["+33 (0) 17", "17"],
  ["0033 112", "112"],
  ["33 18", "18"],
  ["+112", "112"],
  ["#31#15", "15"],
  ["*31# 1 5", "15"],
  ["tel:112", "112"],
  ["tel:15;phone-context=+33", "15"],
  ["15 SAMU", "15"],
  ["appeler le 17 !", "17"],
  ["15/17", "15"],
  ["911", "112"],
  ["999", "112"],
  ["114", "114"],
];

test("an emergency is recognised in every written form", () => {
  for (const [typed, number] of WRITTEN) {
    assert.deepEqual(emergencyIn(typed), { number, kind: "offer_114" }, JSON.stringify(typed));
  }
});

test("an emergency is still recognised once the field has grouped its digits", () => {
  for (const [typed, number] of WRITTEN) assert.equal(emergencyIn(formatNumber(typed))?.number, number, JSON.stringify(typed));
});

test("numbers that are relayed first are told apart from those that 114 answers", () => {
  for (const number of ["115", "119", "191", "196", "197", "116000", "116117"]) {
    assert.deepEqual(emergencyIn(number), { number, kind: "relay_first" });
  }
  assert.equal(emergencyIn("11 61 17")?.number, "116117");
});

test("no ordinary number and no beginning of one is taken for an emergency", () => {
  const ordinary = [
    ...["", " ", "1", "151", "0115", "01 15", "3115", "3939", "118 218", "1155", "1120", "1161", "116 0001"],
    ...["01 99 00 00 15", "+33 1 70 00 00 00", "+33 1 15 17 18 12", "+33 15/17/18/112", "0033 1 58 00 00 00", "15/3939"],
    ...["+44 15", "+1 911 555 0100", "sip:bob@112.example", "15 rue des Lilas Paris 75011", "18h15", "0x15x0", "é"],
  ];
  for (const typed of ordinary) assert.equal(emergencyIn(typed), null, JSON.stringify(typed));
});
