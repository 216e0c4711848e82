import assert from "node:assert/strict";
import { test } from "node:test";
import { computed, signal } from "@preact/signals";
import { OwnAnalysis, type Told } from "../shared/analysis.ts";
import type { Answer, Outgoing } from "../shared/connection.ts";
import type { CallStateMessage } from "../shared/protocol.d.ts";

type Seen = Pick<CallStateMessage, "call_id" | "leg" | "watched">;

/** A session that is in the call shown last, and what it was asked. */
class Session {
  readonly asked: Outgoing[] = [];
  readonly call = signal<CallStateMessage | null>(null);
  readonly isTogether = computed(() => this.call.value !== null);
  readonly check = { stop: (): void => undefined };
  isRefused = false;
  isWished = false;
  readonly analysis = new OwnAnalysis(this as unknown as Told, {
    isWished: () => this.isWished,
    keep: (isWished) => (this.isWished = isWished),
  });

  show(seen: Seen | null): void {
    this.call.value = seen as CallStateMessage | null;
  }

  async ask(message: Outgoing): Promise<boolean> {
    return (await this.request(message)).type === "ok";
  }

  request(message: Outgoing): Promise<Answer> {
    this.asked.push(message);
    return Promise.resolve({ type: this.isRefused ? "error" : "ok" } as Answer);
  }
}

const AGENT: Seen = { call_id: "one", leg: "agent", watched: true };
const off = (call_id: string): Outgoing => ({ type: "visibility.set", call_id, enabled: false });

test("a call whose analysis is not wished is told so once, and again when the service begins anew", () => {
  const session = new Session();
  session.show(AGENT);
  session.show({ ...AGENT });
  assert.deepEqual(session.asked, [off("one")]);
  session.show({ ...AGENT, watched: false });
  session.show({ ...AGENT, leg: "second" }); // another place in the call, where nothing is known of the wish
  session.show(null);
  session.show({ ...AGENT, call_id: "two" });
  assert.deepEqual(session.asked, [off("one"), off("one"), off("two")]);
});

test("nothing is said in a call whose analysis is wished, or off already", () => {
  const session = new Session();
  session.show({ ...AGENT, watched: false });
  session.isWished = true;
  session.show(AGENT);
  assert.deepEqual(session.asked, []);
});

test("what was not heard is said again with the next state of the call", async () => {
  const session = new Session();
  session.isRefused = true;
  session.show(AGENT);
  await Promise.resolve();
  session.show({ ...AGENT });
  assert.equal(session.asked.length, 2);
});

test("a wish is kept, and told in a call only", async () => {
  const session = new Session();
  await session.analysis.wish(true);
  assert.ok(session.isWished);
  assert.deepEqual(session.asked, []);
  session.show(AGENT);
  await session.analysis.wish(false);
  assert.deepEqual(session.asked, [off("one")]);
});
