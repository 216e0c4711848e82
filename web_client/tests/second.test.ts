import assert from "node:assert/strict";
import { test } from "node:test";
import { isSecondVideo } from "../shared/media.ts";
import { Meter } from "../shared/media_stats.ts";
import { Conversation, writerOf } from "../shared/rtt.ts";

/** One text channel that is open, and what was sent over it. */
function channel(label: string): { readonly sent: string[]; readonly channel: RTCDataChannel } {
  const sent: string[] = [];
  return { sent, channel: { label, readyState: "open", send: (wire: string) => sent.push(wire) } as unknown as RTCDataChannel };
}

const PEER = { connectionState: "connected", addEventListener: () => undefined } as unknown as RTCPeerConnection;

test("whom the page is there for, who else is in the call and the telephone are three writers", () => {
  const labels = ["signer", "agent", "second", "phone"];
  assert.deepEqual(labels.map((label) => writerOf(label, "signer")), ["other", "other", "second", "phone"]);
  assert.deepEqual(labels.map((label) => writerOf(label, "agent")), ["other", "second", "second", "phone"]);
});

test("texts of an agent and of a second who write at once do not mix", () => {
  const text = new Conversation(false, "signer");
  const [agent, second] = [channel("agent"), channel("second")];
  for (const each of [agent, second]) text.attach(each.channel, PEER);
  for (const [from, wire] of [[agent, "bon"], [second, "oui"], [agent, "jour"]] as const) {
    from.channel.onmessage?.({ data: wire } as MessageEvent);
  }
  assert.deepEqual(
    text.lines.value.map((line) => [line.who, line.text]),
    [["other", "bonjour"], ["second", "oui"]],
  );
});

test("each second party reads what is written while it is there, on the same channel", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const text = new Conversation(false, "signer");
  const [agent, second] = [channel("agent"), channel("second")];
  for (const each of [agent, second]) text.attach(each.channel, PEER);
  text.sendLine("Bonjour");
  mock.timers.tick(1);
  text.leave("second");
  text.sendLine("Entre nous");
  mock.timers.tick(1);
  text.join("second");
  text.sendLine("Au revoir");
  mock.timers.tick(1);
  assert.equal(second.sent.join(""), "Bonjour\u2028Au revoir\u2028");
  assert.equal(agent.sent.join(""), "Bonjour\u2028Entre nous\u2028Au revoir\u2028");
});

test("who has not been there is not made to be there", () => {
  const text = new Conversation(false, "signer");
  text.join("second");
  text.leave("second");
  text.join("second");
  assert.equal(text.connected.value, false);
});

test("of the two videos the offer's second one is the second picture", () => {
  const tracks = ["audio", "video", "video"].map((kind) => ({ kind })) as unknown as MediaStreamTrack[];
  const peer = { getTransceivers: () => tracks.map((track) => ({ receiver: { track } })) } as unknown as RTCPeerConnection;
  assert.deepEqual(tracks.map((track) => isSecondVideo(peer, track)), [false, false, true]);
});

test("what a page measures is the first picture, wherever the browser lists it", () => {
  const picture = (mid: string, framesPerSecond: number) => ({
    id: mid, type: "inbound-rtp", kind: "video", mid, framesDecoded: 100, framesPerSecond, frameWidth: 640, frameHeight: 360,
  });
  assert.equal(new Meter().next([picture("2", 7), picture("1", 30)], 1_000).received.fps, 30);
  assert.equal(new Meter().next([picture("2", 7)], 1_000).received.fps, null);
});
