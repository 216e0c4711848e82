import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../caller/bell.ts";
import { daysUntil, nextAt, wantedOf } from "../caller/callbacks.ts";
import { smsTo114 } from "../caller/position.ts";
import { keptForm, wishesFrom } from "../caller/wishes.ts";
import { isCalled } from "../shared/call_side.ts";
import { deviceId } from "../shared/device.ts";
import type { PhoneStats } from "../shared/protocol.d.ts";
import { Conversation } from "../shared/rtt.ts";
import { lineWord, speechCameBack } from "../workstation/line_words.ts";

test("what a person chose comes back, without the number, and what is not known is as usual", () => {
  const wishes = { number: "01 99 00 00 01", mode: "TTH", voice: true, hearing: false, announce: "none", anonymous: true, watched: false, gender: "f", domain: "medical", language: "asl" } as const;
  assert.deepEqual(wishesFrom(keptForm(wishes)), { ...wishes, number: "", domain: "" });
  assert.ok(!/99|medical/.test(keptForm(wishes)));
  const usual = { number: "", mode: "LSF", voice: false, hearing: false, announce: "agent", anonymous: false, watched: true, gender: "any", domain: "", language: "" };
  for (const kept of [null, "{", "7", '{"mode":"MIME","voice":"yes","announce":3}']) assert.deepEqual(wishesFrom(kept), usual);
});

test("who is called is told from who calls, between two signers by the leg", () => {
  assert.equal(isCalled({ kind: "relay", leg: "signer", direction: "incoming" }), true);
  assert.equal(isCalled({ kind: "relay", leg: "signer", direction: "outgoing" }), false);
  assert.equal(isCalled({ kind: "video", leg: "agent", direction: "outgoing" }), true);
  assert.equal(isCalled({ kind: "video", leg: "signer", direction: "outgoing" }), false);
});

test("a device keeps one name of the form that the service takes", () => {
  assert.match(deviceId(), /^[A-Za-z0-9_-]{8,64}$/);
  assert.equal(deviceId(), deviceId());
});

test("the message to 114 carries what is known, whole", () => {
  const link = smsTo114(["URGENCE.", "Je suis ici : 3, rue des Écoles & cour"]);
  assert.ok(link.startsWith("sms:114?&body="));
  assert.equal(decodeURIComponent(link.split("body=")[1] ?? ""), "URGENCE. Je suis ici : 3, rue des Écoles & cour");
});

test("a key for push is read as browsers want it", () => {
  assert.deepEqual([...bytesOf("-_8A")], [0xfb, 0xff, 0x00]);
});

const CLEAR: PhoneStats = {
  codec: "PCMA",
  is_encrypted: false,
  packets_received: 100,
  packets_sent: 100,
  fraction_lost: 0.001,
  remote_fraction_lost: null,
  jitter_s: null,
  round_trip_time_s: null,
  delay_s: null,
  echo_return_loss_db: null,
  echo_delay_s: null,
};

test("the line of the telephone is said by what is heard of it: losses first, then an echo that comes late enough", () => {
  assert.equal(lineWord(CLEAR), "phone_clear");
  assert.equal(lineWord({ ...CLEAR, remote_fraction_lost: 0.04 }), "phone_lossy");
  assert.equal(lineWord({ ...CLEAR, echo_return_loss_db: 18, echo_delay_s: 0.12 }), "phone_echo");
  assert.equal(lineWord({ ...CLEAR, echo_return_loss_db: 18, echo_delay_s: 0.005 }), "phone_clear");
  assert.equal(lineWord({ ...CLEAR, echo_return_loss_db: 45, echo_delay_s: 0.12 }), "phone_clear");
});

test("the page flashes when speech comes back, not when watching begins in the middle of speech", () => {
  assert.equal(speechCameBack("music", "speech"), true);
  assert.equal(speechCameBack("silence", "speech"), true);
  assert.equal(speechCameBack(null, "speech"), false);
  assert.equal(speechCameBack("speech", "speech"), false);
  assert.equal(speechCameBack("speech", "music"), false);
});

/** One text channel that is open, and what was sent over it. */
function channel(label: string): { readonly sent: string[]; readonly channel: RTCDataChannel } {
  const sent: string[] = [];
  return { sent, channel: { label, readyState: "open", send: (wire: string) => sent.push(wire) } as unknown as RTCDataChannel };
}

const PEER = { connectionState: "connected", addEventListener: () => undefined } as unknown as RTCPeerConnection;

test("what is written after a telephone has gone is not read by the next one", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const text = new Conversation(false);
  const [other, first, second] = [channel("t140"), channel("phone"), channel("phone")];
  text.attach(other.channel, PEER);
  text.attach(first.channel, PEER);
  text.sendLine("Bonjour");
  mock.timers.tick(1);
  text.leave("phone");
  text.sendLine("Entre nous");
  text.attach(second.channel, PEER);
  text.sendLine("Au revoir");
  mock.timers.tick(1);
  assert.equal(first.sent.join(""), "Bonjour\u2028");
  assert.equal(second.sent.join(""), "Au revoir\u2028");
  assert.equal(other.sent.join(""), "Bonjour\u2028Entre nous\u2028Au revoir\u2028");
});

test("what the telephone writes is a writer of its own", () => {
  const text = new Conversation(false);
  const phone = channel("phone");
  text.attach(phone.channel, PEER);
  phone.channel.onmessage?.({ data: "Allô" } as MessageEvent);
  assert.deepEqual(text.lines.value, [{ who: "phone", text: "Allô", open: true }]);
});

test("a call-back at an hour is today, or tomorrow once that hour is past, or on one of the next days", () => {
  const now = new Date(2027, 0, 15, 14, 30).getTime() / 1000;
  assert.equal(nextAt("15:00", now), now + 1800);
  assert.equal(nextAt("14:00", now), new Date(2027, 0, 16, 14, 0).getTime() / 1000);
  assert.equal(nextAt("", now), null);
  assert.equal(nextAt("14:00", now, 6), new Date(2027, 0, 21, 14, 0).getTime() / 1000);
  assert.deepEqual([1800, 43_200, 6 * 86_400].map((later) => daysUntil(now + later, now)), [0, 1, 6]);
});

test("a call-back carries what the page is about: the brand, or the number", () => {
  const wishes = { ...wishesFrom(null), number: " 01 99 00 00 01 ", domain: "medical", announce: "none" as const, anonymous: true };
  const how = { isWaiting: false, mode: "LSF", voice: false, hearing: false, domain: "medical", language: null };
  const shown = { announce: "none", anonymous: true };
  assert.deepEqual(wantedOf({ brand: null }, wishes), { ...how, ...shown, kind: "relay", number: "01 99 00 00 01" });
  assert.deepEqual(wantedOf({ brand: "demo" }, { ...wishes, domain: "" }), { ...how, kind: "direct", brand: "demo", domain: null });
});
