import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { backoffMs, Connection } from "../shared/connection.ts";
import type { ServerMessage, Welcome } from "../shared/protocol.d.ts";

class FakeSocket {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.isClosed = true;
    this.onclose?.();
  }

  hear(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const WELCOME: Welcome = {
  type: "welcome",
  v: 1,
  role: "signer",
  person: null,
  resume_token: "token-1",
  heartbeat_s: 10,
  resumed: false,
  demo_phone_url: null,
  number: null,
  push_key: null,
  gender: null,
};

let sockets: FakeSocket[] = [];
let heard: ServerMessage[] = [];

function connect(): Connection {
  const connection = new Connection({
    url: "ws://relay/ws",
    tokenName: "resume",
    hello: () => ({ role: "signer", locale: "fr" }),
    onMessage: (message) => heard.push(message),
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
  connection.open();
  return connection;
}

function last(): FakeSocket {
  const socket = sockets.at(-1);
  assert.ok(socket);
  return socket;
}

function welcomed(): Connection {
  const connection = connect();
  last().onopen?.();
  last().hear(WELCOME);
  return connection;
}

beforeEach(() => {
  sockets = [];
  heard = [];
  const kept = new Map<string, string>();
  Object.assign(globalThis, {
    sessionStorage: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    },
  });
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

afterEach(() => mock.timers.reset());

test("retries wait half a second first and never more than eight, spread by half", () => {
  assert.deepEqual([backoffMs(0, 0), backoffMs(0, 1)], [250, 500]);
  assert.deepEqual([backoffMs(3, 0), backoffMs(3, 1)], [2000, 4000]);
  assert.deepEqual([backoffMs(30, 0), backoffMs(30, 1)], [4000, 8000]);
});

test("the first message is hello; the token of the last welcome comes with the next one", () => {
  const connection = welcomed();
  assert.equal(connection.status.value, "open");
  assert.deepEqual(sockets[0]?.sent[0], { role: "signer", locale: "fr", type: "hello", v: 1 });
  last().close();
  assert.equal(connection.status.value, "offline");
  mock.timers.tick(500);
  last().onopen?.();
  assert.equal(sockets.length, 2);
  assert.equal(last().sent[0]?.["resume_token"], "token-1");
});

test("an answer goes to whoever asked, by its ref", async () => {
  const connection = welcomed();
  const first = connection.ask({ type: "wrap_up.extend" });
  const second = connection.ask({ type: "wrap_up.finish" });
  const [, one, two] = last().sent;
  last().hear({ type: "error", code: "lost", message: "", re: String(two?.["ref"]), callback: false });
  last().hear({ type: "ok", re: String(one?.["ref"]) });
  assert.equal((await first).type, "ok");
  assert.equal((await second).type, "error");
});

test("what is asked without a connection, or lost with it, is an error and not a silence", async () => {
  const connection = welcomed();
  const lost = connection.ask({ type: "wrap_up.extend" });
  last().close();
  const never = connection.ask({ type: "wrap_up.extend" });
  assert.deepEqual([await lost, await never].map((answer) => answer.type === "error" && answer.code), ["offline", "offline"]);
});

test("a service that stays silent is given up after two and a half heartbeats", () => {
  const connection = welcomed();
  mock.timers.tick(10_000);
  assert.equal(last().sent.at(-1)?.["type"], "ping");
  last().hear({ type: "pong", re: null });
  mock.timers.tick(20_000);
  assert.equal(connection.status.value, "open");
  mock.timers.tick(10_000);
  assert.equal(connection.status.value, "offline");
  assert.ok(sockets[0]?.isClosed);
});

test("a page that was replaced does not come back by itself, only when asked", () => {
  const connection = welcomed();
  last().hear({ type: "replaced" });
  assert.equal(connection.status.value, "replaced");
  mock.timers.tick(60_000);
  assert.equal(sockets.length, 1);
  connection.takeBack();
  assert.equal(sockets.length, 2);
});

test("a network that comes back is tried at once", () => {
  const connection = welcomed();
  last().close();
  connection.retryNow();
  assert.equal(sockets.length, 2);
  connection.retryNow();
  assert.equal(sockets.length, 2, "not twice at the same time");
});

test("a socket that answers a check stays, whoever asks meanwhile gets the same answer", async () => {
  const connection = welcomed();
  const [first, second] = [connection.check(), connection.check()];
  const pings = last().sent.filter((message) => message["type"] === "ping");
  assert.equal(pings.length, 1);
  last().hear({ type: "pong", re: String(pings[0]?.["ref"]) });
  assert.deepEqual(await Promise.all([first, second]), [true, true]);
  mock.timers.tick(9_000);
  assert.equal(connection.status.value, "open");
});

test("a socket that does not answer a check is replaced at once, whatever was still in it", async () => {
  const connection = welcomed();
  const answer = connection.check();
  last().hear({ type: "pong", re: null });
  mock.timers.tick(2_500);
  assert.equal(await answer, false);
  assert.ok(sockets[0]?.isClosed);
  assert.equal(sockets.length, 2, "without waiting");
  last().onopen?.();
  last().hear(WELCOME);
  assert.equal(connection.status.value, "open");
});

test("a socket that is never welcomed is given up", () => {
  connect();
  mock.timers.tick(10_000);
  assert.ok(sockets[0]?.isClosed);
  mock.timers.tick(500);
  assert.equal(sockets.length, 2);
});
