// How the camera's picture is sent. When a line narrows, its size gives way first, then the bit rate, the frame rate
// last: the service sees both lines and asks, this page obeys.

import type { Encoding } from "./protocol.d.ts";

const MAX_BITRATE = 2_500_000; // bit/s: 720p30 of signing with room for temporal layers

type Coding = RTCRtpEncodingParameters & { scalabilityMode?: string };
type Parameters = RTCRtpSendParameters & { degradationPreference?: string };
type Change = (parameters: Parameters, coding: Coding) => void;

/** What every peer connection begins with, whatever was asked of the one before. */
export const FIRST_CHANGES: readonly Change[] = [
  (parameters) => (parameters.degradationPreference = "maintain-framerate"),
  (_, coding) => (coding.maxBitrate = MAX_BITRATE),
  (_, coding) => (coding.priority = "high"),
  (_, coding) => (coding.scalabilityMode = "L1T3"),
];

/** The size first: of what is asked it is what a narrow line needs most. */
export function changesFor(encoding: Encoding): readonly Change[] {
  return [
    (parameters) => (parameters.degradationPreference = "maintain-framerate"),
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
