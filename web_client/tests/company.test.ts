import assert from "node:assert/strict";
import { test } from "node:test";
import { areEqual, companyOf, tookOver, waitsSince } from "../shared/company.ts";
import type { CallStateMessage, Party } from "../shared/protocol.d.ts";
import { signerSecondWords, whoIs } from "../shared/second_words.ts";

function call(role: string | null, change: object = {}): CallStateMessage {
  const second = role === null ? null : { role, state: "joined", name: null, lost_since: null };
  const plain = { kind: "relay", state: "active", active: "agent", swapping: false, transferred: false, second };
  return { ...plain, ...change } as unknown as CallStateMessage;
}

const LEGS: readonly Party[] = ["signer", "agent", "second"];
const seen = (one: CallStateMessage): (readonly Party[])[] => LEGS.map((leg) => companyOf(one, leg));

test("each side sees whom the service routes to it, whoever matters most first", () => {
  assert.deepEqual(seen(call(null)).slice(0, 2), [["agent"], ["signer"]]);
  assert.deepEqual(seen(call("consulted")), [[], ["second"], ["agent"]]);
  assert.deepEqual(seen(call("team")), [["agent"], ["signer", "second"], ["signer", "agent"]]);
  assert.deepEqual(companyOf(call("team", { active: "second" }), "signer"), ["second"]);
  assert.deepEqual(companyOf(call("team", { active: "second", swapping: true }), "signer"), ["second", "agent"]);
  assert.deepEqual(seen(call("interpreter")), [["agent", "second"], ["signer", "second"], ["agent", "signer"]]);
  assert.deepEqual(seen(call("supervisor")), [["agent", "second"], ["signer", "second"], ["signer", "agent"]]);
});

test("two pictures are as large only while a team changes places", () => {
  assert.equal(areEqual(call("team", { swapping: true }), "signer"), true);
  assert.equal(areEqual(call("team", { swapping: true }), "agent"), false);
  assert.equal(areEqual(call("interpreter"), "signer"), false);
});

test("people are called by what they are to the one who looks", () => {
  assert.equal(whoIs(call("interpreter", { kind: "direct" }), "signer", "second"), "l’interprète");
  assert.equal(whoIs(call("interpreter", { kind: "direct" }), "signer", "agent"), "le visioconseiller");
  assert.equal(whoIs(call("team"), "agent", "second"), "votre collègue");
  assert.equal(whoIs(call("supervisor", { kind: "direct" }), "signer", "second"), "le superviseur");
});

test("a consultation that is only sought is nothing to tell the signer", () => {
  assert.equal(signerSecondWords(call("consulted", { second: { role: "consulted", state: "sought" } })), null);
  assert.notEqual(signerSecondWords(call("team", { second: { role: "team", state: "sought" } })), null);
});

test("somebody else is the agent after a hand-over, and after a transfer found somebody; not when a second one left", () => {
  const after = call(null, { transferred: true });
  assert.equal(tookOver(call("consulted"), after), true);
  assert.equal(tookOver(call("consulted", { transferred: true }), after), true);
  assert.equal(tookOver(call("team", { transferred: true }), after), false);
  assert.equal(tookOver(call("consulted"), call(null)), false);
  assert.equal(tookOver(call(null, { state: "queued", transferred: true }), after), true);
  assert.equal(tookOver(call(null, { state: "queued", transferred: true }), call(null, { state: "ended", transferred: true })), false);
});

test("after a transfer the signer waits from then on, not from the first entry", () => {
  const at = (state: string, now: number, more: object = {}): CallStateMessage =>
    call(null, { call_id: "c", state, queued_at: 100, now, together_at: 160, transferred: true, ...more });
  const first = at("queued", 130, { together_at: null, transferred: false });
  assert.equal(waitsSince(null, null, first), 100);
  assert.equal(waitsSince(100, first, at("active", 200)), null);
  assert.equal(waitsSince(null, at("active", 400), at("queued", 500)), 500);
  assert.equal(waitsSince(500, at("queued", 500), at("alerting", 520)), 500);
  assert.equal(waitsSince(null, null, at("queued", 600)), null);
});
