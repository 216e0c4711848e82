// How the camera's picture is sent. When a line narrows, its size gives way first, then the bit rate, the frame rate
// last: the service sees both lines and asks, this page obeys.

import type { Encoding } from "./protocol.d.ts";

const MAX_BITRATE = 2_500_000; // bit/s: 720p30 of signing with room for temporal layers

const KNOWN_WITHIN_MS = 3_000; // the first picture of a camera takes that long over 150 kbit/s
const LOOK_EVERY_MS = 100; // as the service tells what arrived
const MUCH_LESS = 0.75; // a narrow line shows in a fall to what passes, not in the small steps before it
const MUCH_MORE = 1.33;

type Coding = RTCRtpEncodingParameters & { scalabilityMode?: string };
type Parameters = RTCRtpSendParameters & { degradationPreference?: string };
type Change = (parameters: Parameters, coding: Coding) => void;

const keepFramerate: Change = (parameters) => (parameters.degradationPreference = "maintain-framerate");
const keepSize: Change = (parameters) => (parameters.degradationPreference = "maintain-resolution");

/**
 * What every peer connection begins with, whatever was asked of the one before. The size is kept at first: Chromium
 * would choose it by the 300 kbit/s it assumes before it knows its line, and then take half a minute to 1280×720.
 */
export const FIRST_CHANGES: readonly Change[] = [
  keepSize,
  (_, coding) => (coding.maxBitrate = MAX_BITRATE),
  (_, coding) => (coding.priority = "high"),
  (_, coding) => (coding.scalabilityMode = "L1T3"),
];

/** From the moment the line is known: Chromium chooses the size again, by what it has measured. */
export function lineKnownChanges(asked: Encoding | null): readonly Change[] {
  return asked === null ? [keepFramerate] : changesFor(asked);
}

/**
 * The size first: of what is asked it is what a narrow line needs most. A size that the service chose is not made
 * smaller once more: Chromium would take its own steps by the same bit rate, down to 119 pixels of width.
 */
export function changesFor(encoding: Encoding): readonly Change[] {
  return [
    encoding.scale_resolution_down_by > 1 ? keepSize : keepFramerate,
    (_, coding) => (coding.scaleResolutionDownBy = encoding.scale_resolution_down_by),
    (_, coding) => (coding.maxBitrate = Math.min(encoding.max_bitrate_bps, MAX_BITRATE)),
    (_, coding) => (coding.maxFramerate = encoding.max_framerate),
  ];
}

type Sender = Pick<RTCRtpSender, "getParameters" | "setParameters">;

/** One sender's parameters, changed one request after the other. */
export class SenderEncoding {
  readonly #sender: Sender;
  #last: Promise<void> = Promise.resolve();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Resolves when the browser has taken what it knows of these changes. */
  apply(changes: readonly Change[]): Promise<void> {
    this.#last = this.#last.then(() => this.#apply(changes));
    return this.#last;
  }

  /** Together, so that the encoder changes once; what a browser does not know it refuses one by one. */
  async #apply(changes: readonly Change[]): Promise<void> {
    if (await this.#takes(changes)) return;
    for (const change of changes) await this.#takes([change]);
  }

  async #takes(changes: readonly Change[]): Promise<boolean> {
    try {
      const parameters: Parameters = this.#sender.getParameters();
      const [coding] = parameters.encodings ?? [];
      if (coding === undefined) return true; // nothing is sent
      for (const change of changes) change(parameters, coding);
      await this.#sender.setParameters(parameters);
      return true;
    } catch {
      return false; // without the setting the call goes on
    }
  }
}

/** Resolves when the browser's estimate of its line is far from where it began; after 3 s in any case. */
export async function lineKnown(peer: Pick<RTCPeerConnection, "getStats">): Promise<void> {
  const first = await availableBps(peer);
  for (let waited = 0; waited < KNOWN_WITHIN_MS; waited += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const ratio = (await availableBps(peer)) / first; // not a number where the browser does not tell
    if (ratio < MUCH_LESS || ratio > MUCH_MORE) return;
  }
}

async function availableBps(peer: Pick<RTCPeerConnection, "getStats">): Promise<number> {
  const pairs = [...(await peer.getStats()).values()] as RTCIceCandidatePairStats[];
  return pairs.find((each) => each.availableOutgoingBitrate !== undefined)?.availableOutgoingBitrate ?? NaN;
}
