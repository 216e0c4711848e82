import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, MISSING_TEXT, Outbox, RateBudget, receive, type Line } from "../shared/t140.ts";

const BS = "\u0008";
const END = "\u2028";

function read(...wires: string[]): readonly Line[] {
  return wires.reduce<readonly Line[]>((lines, wire) => receive(lines, "other", wire), []);
}

test("typing on sends only the new letters", () => {
  assert.equal(difference("Bon", "Bonjour"), "jour");
});

test("a correction in the middle erases back to it and types again", () => {
  assert.equal(difference("chat noir", "chut noir"), BS.repeat(7) + "ut noir");
});

test("one backspace erases one character as people see it", () => {
  assert.equal(difference("cafe\u0301", "caf"), BS);
  assert.equal(difference("oui 👩🏽‍🦱", "oui "), BS);
  assert.deepEqual(read("cafe\u0301", BS), [{ who: "other", text: "caf", open: true }]);
});

test("what is read is what was written, whatever the edits", () => {
  const edits = ["B", "Bo", "Bonsoir", "Bonjour", "Bonjour à tous", "Bonjour", "", "é", "éà👋"];
  let before = "";
  let lines: readonly Line[] = [];
  for (const after of edits) {
    lines = receive(lines, "other", difference(before, after));
    before = after;
    assert.equal(lines.at(-1)?.text ?? "", after);
  }
});

test("a line ends with LINE SEPARATOR or any lenient line end", () => {
  for (const end of [END, "\r\n", "\n", "\r"]) {
    assert.deepEqual(read(`un${end}deux`), [
      { who: "other", text: "un", open: false },
      { who: "other", text: "deux", open: true },
    ]);
  }
});

test("erasing past the beginning of a line takes its end back", () => {
  assert.deepEqual(read(`un${END}d`, BS, BS), [{ who: "other", text: "un", open: true }]);
  assert.deepEqual(read(`un${END}`, BS + BS), [{ who: "other", text: "u", open: true }]);
});

test("two parties writing at once do not mix", () => {
  let lines = receive([], "own", "oui");
  lines = receive(lines, "other", "non");
  lines = receive(lines, "own", " merci");
  assert.deepEqual(
    lines.map((line) => [line.who, line.text]),
    [
      ["own", "oui merci"],
      ["other", "non"],
    ],
  );
});

test("bells, byte-order marks and colours leave no trace; erasing nothing does nothing", () => {
  assert.deepEqual(read("\ufeff\u0007\u009b31mrouge"), [{ who: "other", text: "rouge", open: true }]);
  assert.deepEqual(read(BS, BS), []);
});

test("no ten seconds carry more than thirty characters a second", () => {
  const budget = new RateBudget();
  assert.equal(budget.take(1000, 0), 300);
  assert.equal(budget.take(1000, 9.9), 0);
  assert.equal(budget.take(40, 10), 40);
  assert.equal(budget.take(1000, 12), 260);
  assert.equal(budget.take(1000, 1000), 300);
});

test("text typed while the line is down leaves when it is back, in order and once", () => {
  const outbox = new Outbox("avant ");
  assert.equal(outbox.take(0), "avant ");
  outbox.lineLost(20);
  outbox.add("pendant ");
  outbox.channelReplaced(30);
  outbox.add("après");
  assert.equal(outbox.take(31), "pendant après");
  assert.equal(outbox.take(32), "");
});

test("what was sent shortly before the line was lost is marked once in the next channel", () => {
  const outbox = new Outbox("avant ");
  outbox.take(15);
  outbox.lineLost(20);
  outbox.lineLost(29);
  outbox.add("après");
  outbox.channelReplaced(60);
  outbox.channelReplaced(61);
  assert.equal(outbox.take(62), MISSING_TEXT + "après");
});

test("a line that comes back by itself has delivered everything", () => {
  const outbox = new Outbox("avant ");
  outbox.take(15);
  outbox.lineLost(20);
  outbox.lineBack();
  outbox.channelReplaced(60);
  assert.equal(outbox.waiting, "");
});

test("a long text leaves within the rate and no character is cut in two", () => {
  const outbox = new Outbox("🤟".repeat(400));
  assert.equal(outbox.take(0), "🤟".repeat(300));
  assert.equal(outbox.take(10), "🤟".repeat(100));
});

test("the phone's text and the person's stay apart", () => {
  const lines = receive(receive(receive([], "other", "oui"), "phone", "allô"), "other", " merci");
  assert.deepEqual(
    lines.map((line) => [line.who, line.text]),
    [
      ["other", "oui merci"],
      ["phone", "allô"],
    ],
  );
});
