import assert from "node:assert/strict";
import { test } from "node:test";
import { changesFor, FIRST_CHANGES, lineKnown, lineKnownChanges, SenderEncoding } from "../shared/encoding.ts";

type Values = Record<string, unknown>;

/** Takes only the settings it knows, and one change at a time, as RTCRtpSender does. */
class Sender {
  readonly coding: Values = {};
  readonly common: Values = {};
  changes = 0;
  readonly #unknown: readonly string[];
  #isBusy = false;

  constructor(...unknown: readonly string[]) {
    this.#unknown = unknown;
  }

  getParameters(): RTCRtpSendParameters {
    return { ...this.common, encodings: [{ ...this.coding }] } as unknown as RTCRtpSendParameters;
  }

  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    assert.ok(!this.#isBusy, "two changes at once");
    this.#isBusy = true;
    await Promise.resolve();
    this.#isBusy = false;
    const { encodings, ...common } = parameters;
    const [coding = {}] = encodings;
    const names = [...Object.keys(common), ...Object.keys(coding)];
    if (names.some((name) => this.#unknown.includes(name))) throw new TypeError("unknown setting");
    Object.assign(this.coding, coding);
    Object.assign(this.common, common);
    this.changes += 1;
  }
}

const NARROW = { max_bitrate_bps: 200_000, scale_resolution_down_by: 4, max_framerate: 20 };

test("what the service asks is sent at once: the size, the bit rate and the frame rate", async () => {
  const sender = new Sender();
  await new SenderEncoding(sender).apply(changesFor(NARROW));
  assert.deepEqual(sender.coding, { scaleResolutionDownBy: 4, maxBitrate: 200_000, maxFramerate: 20 });
  assert.deepEqual(sender.common, { degradationPreference: "maintain-resolution" });
  assert.equal(sender.changes, 1, "the encoder changes once");
});

test("a setting that a browser does not know costs no other", async () => {
  const sender = new Sender("degradationPreference", "maxFramerate");
  await new SenderEncoding(sender).apply(changesFor(NARROW));
  assert.deepEqual(sender.coding, { scaleResolutionDownBy: 4, maxBitrate: 200_000 });
  assert.deepEqual(sender.common, {});
});

test("requests are carried out one after the other, the last one stays", async () => {
  const sender = new Sender("scalabilityMode");
  const encoding = new SenderEncoding(sender);
  const first = encoding.apply(FIRST_CHANGES);
  await Promise.all([first, encoding.apply(changesFor(NARROW)), encoding.apply(changesFor({ ...NARROW, max_bitrate_bps: 900_000 }))]);
  assert.equal(sender.coding["maxBitrate"], 900_000);
  assert.equal(sender.coding["priority"], "high");
});

test("the size is kept until the line is known, from then on the frame rate", async () => {
  const sender = new Sender();
  const encoding = new SenderEncoding(sender);
  await encoding.apply(FIRST_CHANGES);
  assert.equal(sender.common["degradationPreference"], "maintain-resolution");
  assert.deepEqual(sender.coding, { maxBitrate: 2_500_000, priority: "high", scalabilityMode: "L1T3" });
  await encoding.apply(lineKnownChanges(null));
  assert.equal(sender.common["degradationPreference"], "maintain-framerate");
});

test("a size that the service chose is not made smaller by the browser, whenever its line is known", async () => {
  const sender = new Sender();
  const encoding = new SenderEncoding(sender);
  await encoding.apply(lineKnownChanges(NARROW));
  assert.equal(sender.common["degradationPreference"], "maintain-resolution");
  await encoding.apply(changesFor({ ...NARROW, scale_resolution_down_by: 1 }));
  assert.equal(sender.common["degradationPreference"], "maintain-framerate");
});

test("the line is known when the estimate is far from where it began, or after three seconds", async () => {
  const counts = [];
  for (const estimates of [[1_200_000, 1_220_000, 150_000], [1_200_000, 1_100_000], [undefined]]) {
    let looks = 0;
    const getStats = async (): Promise<RTCStatsReport> => {
      const availableOutgoingBitrate = estimates[Math.min(looks++, estimates.length - 1)];
      return new Map([["pair", { type: "candidate-pair", availableOutgoingBitrate }]]) as unknown as RTCStatsReport;
    };
    await lineKnown({ getStats });
    counts.push(looks);
  }
  assert.deepEqual(counts, [3, 31, 31]);
});

test("no request raises the bit rate above what the pages send at most", async () => {
  const sender = new Sender();
  await new SenderEncoding(sender).apply(changesFor({ max_bitrate_bps: 50_000_000, scale_resolution_down_by: 1, max_framerate: 30 }));
  assert.equal(sender.coding["maxBitrate"], 2_500_000);
});

test("a sender without encodings is left alone", async () => {
  let isSet = false;
  const sender = {
    getParameters: () => ({}) as RTCRtpSendParameters,
    setParameters: () => Promise.resolve(void (isSet = true)),
  };
  await new SenderEncoding(sender).apply(changesFor(NARROW));
  assert.equal(isSet, false);
});
