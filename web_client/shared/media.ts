// One leg's peer connection. The server offers; a higher generation is a new peer connection (recovery). The camera
// is kept between generations and calls; this module never opens one.

import { effect, signal } from "@preact/signals";
import type { LocalMedia } from "./camera.ts";
import { changesFor, FIRST_CHANGES, lineKnown, lineKnownChanges, SenderEncoding } from "./encoding.ts";
import type { Encoding, MediaEncoding, MediaOffer } from "./protocol.d.ts";
import { progress, Standstill } from "./standstill.ts";

export type Link = "idle" | "connecting" | "connected" | "interrupted";

const GATHERING_MS = 1_000;
const DISCONNECTED_MS = 3_000;
const NEVER_CONNECTED_MS = 12_000;
const RENEW_INTERVAL_MS = 3_000;
const WATCH_MS = 1_000;

export interface CallMediaOptions {
  readonly local: LocalMedia;
  readonly answer: (callId: string, generation: number, sdp: string) => void;
  readonly renew: (callId: string) => void;
  /** Whether the service can be asked at all right now. */
  readonly isServiceThere: () => Promise<boolean>;
  readonly onText: (channel: RTCDataChannel, peer: RTCPeerConnection) => void;
}

export class CallMedia {
  readonly remoteVideo = signal<MediaStream | null>(null);
  /** Of a call with a second party: whoever else is to be seen. */
  readonly secondVideo = signal<MediaStream | null>(null);
  readonly remoteAudio = signal<MediaStream | null>(null);
  readonly link = signal<Link>("idle");
  /** What the service asked of the picture sent by this generation. */
  readonly asked = signal<Encoding | null>(null);
  readonly #options: CallMediaOptions;
  #peer: RTCPeerConnection | null = null;
  #encoding: SenderEncoding | null = null;
  #callId = "";
  #generation = 0;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #renewedAt = 0;
  #standstill = new Standstill();
  #watching: ReturnType<typeof setInterval> | undefined;

  constructor(options: CallMediaOptions) {
    this.#options = options;
    effect(() => {
      void this.#useTracks(options.local.video.value, options.local.audio.value);
    });
  }

  /** The machine slept, or its network changed: media that does not move within a second is renewed. */
  doubt(): void {
    this.#standstill.doubt(Date.now());
    const state = this.#peer?.connectionState;
    if (state === "disconnected" || state === "failed") this.#renewIn(0);
  }

  get peer(): RTCPeerConnection | null {
    return this.#peer;
  }

  /** Of the call, or the check, whose media these are; empty: none. */
  get callId(): string {
    return this.#callId;
  }

  /** The generation whose media still flow, told to the service when only the socket was lost. */
  get liveGeneration(): number | null {
    const isUp = this.#peer?.connectionState === "connected" && !this.#standstill.isStill(Date.now());
    return isUp ? this.#generation : null;
  }

  async handleOffer(offer: MediaOffer): Promise<void> {
    if (offer.call_id === this.#callId && offer.generation <= this.#generation) return;
    this.#callId = offer.call_id;
    this.#generation = offer.generation;
    this.asked.value = null;
    this.#encoding = null;
    const previous = this.#peer;
    const peer = this.#newPeer(offer);
    this.#peer = peer;
    previous?.close();
    try {
      await this.#negotiate(peer, offer);
    } catch {
      if (this.#peer === peer) this.#renewIn(RENEW_INTERVAL_MS);
    }
  }

  /** A request to an older generation is about a line that is no longer used. */
  handleEncoding(message: MediaEncoding): void {
    if (message.call_id !== this.#callId || message.generation !== this.#generation) return;
    this.asked.value = message.encoding;
    void this.#encoding?.apply(changesFor(message.encoding));
  }

  /** The call, or its media, is over. */
  close(): void {
    clearTimeout(this.#renewTimer);
    clearInterval(this.#watching);
    this.#peer?.close();
    this.#peer = null;
    this.#callId = "";
    this.#generation = 0;
    this.#encoding = null;
    this.asked.value = null;
    this.remoteVideo.value = null;
    this.secondVideo.value = null;
    this.remoteAudio.value = null;
    this.link.value = "idle";
  }

  #newPeer(offer: MediaOffer): RTCPeerConnection {
    const iceServers = offer.ice_servers.map((server) => ({
      urls: [...server.urls],
      ...(server.username === null ? {} : { username: server.username }),
      ...(server.credential === null ? {} : { credential: server.credential }),
    }));
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.link.value = this.link.value === "idle" ? "connecting" : "interrupted";
    peer.ontrack = (event) => this.#receiveTrack(peer, event.track);
    peer.ondatachannel = ({ channel }) => {
      if (channel.protocol === "t140") this.#options.onText(channel, peer);
    };
    peer.onconnectionstatechange = () => this.#stateChanged(peer);
    this.#standstill = new Standstill();
    clearInterval(this.#watching);
    this.#watching = setInterval(() => void this.#watch(peer), WATCH_MS);
    return peer;
  }

  async #negotiate(peer: RTCPeerConnection, offer: MediaOffer): Promise<void> {
    await peer.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    for (const kind of ["audio", "video"] as const) {
      const transceiver = peer.getTransceivers().find((one) => one.receiver.track.kind === kind);
      if (transceiver !== undefined) transceiver.direction = "sendrecv";
    }
    await this.#useTracks(this.#options.local.video.value, this.#options.local.audio.value);
    await peer.setLocalDescription(await peer.createAnswer());
    await gathered(peer);
    if (this.#peer !== peer || peer.localDescription === null) return;
    await this.#preferFluidity(peer);
    this.#options.answer(offer.call_id, offer.generation, peer.localDescription.sdp);
    this.#renewIn(NEVER_CONNECTED_MS);
  }

  async #preferFluidity(peer: RTCPeerConnection): Promise<void> {
    const sender = peer.getTransceivers().find((one) => one.receiver.track.kind === "video")?.sender;
    if (sender === undefined) return;
    const encoding = new SenderEncoding(sender);
    this.#encoding = encoding;
    await encoding.apply(FIRST_CHANGES);
    if (this.#peer === peer && this.asked.value !== null) await encoding.apply(changesFor(this.asked.value));
  }

  async #chooseSize(peer: RTCPeerConnection): Promise<void> {
    await lineKnown(peer);
    if (this.#peer === peer) void this.#encoding?.apply(lineKnownChanges(this.asked.value));
  }

  #receiveTrack(peer: RTCPeerConnection, track: MediaStreamTrack): void {
    if (this.#peer !== peer) return;
    const target = track.kind === "audio" ? this.remoteAudio : isSecondVideo(peer, track) ? this.secondVideo : this.remoteVideo;
    target.value = new MediaStream([track]);
  }

  #stateChanged(peer: RTCPeerConnection): void {
    if (this.#peer !== peer) return;
    const state = peer.connectionState;
    if (state === "connected") {
      clearTimeout(this.#renewTimer);
      this.link.value = "connected";
      void this.#chooseSize(peer);
    } else if (state === "disconnected" || state === "failed") {
      this.link.value = "interrupted";
      this.#renewIn(state === "failed" ? 0 : DISCONNECTED_MS);
    }
  }

  /**
   * Renews a connection on which nothing comes any more, if the service can be asked: where the whole line is away, the
   * old connection is the quickest to come back.
   */
  async #watch(peer: RTCPeerConnection): Promise<void> {
    if (peer.connectionState !== "connected") return;
    const report = await peer.getStats();
    if (this.#peer !== peer) return;
    if (!this.#standstill.next(progress(report.values()), Date.now())) {
      this.link.value = "connected";
      return;
    }
    this.link.value = "interrupted";
    const isThere = await this.#options.isServiceThere();
    if (isThere && this.#peer === peer && this.#standstill.isStill(Date.now())) this.#renewIn(0);
  }

  /** Asks for a new offer after `delayMs` unless the connection is up by then; never more often than every 3 s. */
  #renewIn(delayMs: number): void {
    if (this.#peer === null) return;
    clearTimeout(this.#renewTimer);
    const tooSoon = Math.max(0, this.#renewedAt + RENEW_INTERVAL_MS - Date.now());
    this.#renewTimer = setTimeout(() => this.#renewUnlessConnected(), Math.max(delayMs, tooSoon));
  }

  #renewUnlessConnected(): void {
    if (this.liveGeneration === null) this.#renew();
  }

  #renew(): void {
    if (this.#peer === null) return;
    this.#renewedAt = Date.now();
    this.#options.renew(this.#callId);
    this.#renewIn(NEVER_CONNECTED_MS);
  }

  async #useTracks(video: MediaStreamTrack | null, audio: MediaStreamTrack | null): Promise<void> {
    for (const [kind, track] of [
      ["video", video],
      ["audio", audio],
    ] as const) {
      const sender = this.#peer?.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
      if (sender !== undefined && sender.track !== track) await sender.replaceTrack(track).catch(() => undefined);
    }
  }
}

/** The offer holds two videos, whoever matters most first. */
export function isSecondVideo(peer: RTCPeerConnection, track: MediaStreamTrack): boolean {
  const videos = peer.getTransceivers().filter((one) => one.receiver.track.kind === "video");
  return videos.findIndex((one) => one.receiver.track === track) === 1;
}

/** ICE gathering complete, or a second: the protocol has no trickle. */
function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}
