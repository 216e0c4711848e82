// The headset at the start of a shift: the microphone's level, to be seen, and a tone, to be heard or not. Sound stays
// on this machine. Whoever works without a microphone is not asked.

import { signal, type ReadonlySignal } from "@preact/signals";

const LOOK_MS = 100;
const FLOOR_DB = -60; // of full scale: silence on the bar
const VOICE = 0.35; // of the bar: -39 dBFS, well above a quiet room
const VOICED_LOOKS = 3;
const TONE = { hertz: 440, seconds: 1.5, gain: 0.12 } as const;

/** :param samples: -1..1. :returns: 0..1 of the bar, as loudness is felt (dB). */
export function levelOf(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return power === 0 ? 0 : Math.min(1, Math.max(0, 1 - (10 * Math.log10(power)) / FLOOR_DB));
}

/** Looks one after the other that hold a voice; three are somebody who speaks, not a knock on the table. */
export function voicedLooks(before: number, level: number): number {
  return level >= VOICE ? before + 1 : 0;
}

export class SoundCheck {
  readonly #level = signal(0);
  readonly #isVoiceIn = signal(false);
  readonly #hears = signal<boolean | null>(null);
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** 0..1. */
  get level(): ReadonlySignal<number> {
    return this.#level;
  }

  /** The microphone has picked up a voice. */
  get isVoiceIn(): ReadonlySignal<boolean> {
    return this.#isVoiceIn;
  }

  /** What the person says of the tone; null: nothing yet. */
  get hears(): ReadonlySignal<boolean | null> {
    return this.#hears;
  }

  start(track: MediaStreamTrack | null): void {
    this.stop();
    if (track === null) return;
    const context = this.#open();
    const analyser = new AnalyserNode(context, { fftSize: 2_048 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let voiced = 0;
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#level.value = levelOf(samples);
      voiced = voicedLooks(voiced, this.#level.value);
      if (voiced >= VOICED_LOOKS) this.#isVoiceIn.value = true;
    }, LOOK_MS);
  }

  playTone(): void {
    const context = this.#open();
    const gain = new GainNode(context, { gain: TONE.gain });
    const tone = new OscillatorNode(context, { frequency: TONE.hertz });
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + TONE.seconds);
  }

  said(hears: boolean): void {
    this.#hears.value = hears;
  }

  stop(): void {
    clearInterval(this.#timer);
    void this.#context?.close();
    this.#context = null;
    this.#level.value = 0;
    this.#isVoiceIn.value = false;
    this.#hears.value = null;
  }

  #open(): AudioContext {
    this.#context ??= new AudioContext();
    return this.#context;
  }
}
