// Audio worklet: the microphone down to 8 kHz in 20 ms pieces, the telephone up to the context's rate.
// Both ways are linear interpolation, the microphone after a one-pole low-pass: enough for a telephone line.
const PHONE_RATE = 8000;
const PIECE = 160;
const WAIT = 3 * PIECE; // samples gathered before playing (60 ms): covers the jitter of a busy page
const MOST = 12 * PIECE; // more than 240 ms waiting is dropped, so that delay never grows

class PhoneSound extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = PHONE_RATE / sampleRate;
    this.smoothing = 1 - Math.exp((-2 * Math.PI * 3400) / sampleRate);
    this.smooth = 0;
    this.before = 0;
    this.phase = 0;
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.waiting = [];
    this.playing = false;
    this.at = 0;
    this.port.onmessage = (event) => this.receive(new Int16Array(event.data));
  }

  receive(samples) {
    for (const sample of samples) this.waiting.push(sample / 32768);
    if (this.waiting.length > MOST) this.waiting.splice(0, this.waiting.length - WAIT);
  }

  capture(input) {
    for (const value of input) {
      this.smooth += this.smoothing * (value - this.smooth);
      this.phase += this.step;
      if (this.phase >= 1) {
        this.phase -= 1;
        const share = this.phase / this.step;
        const sample = this.smooth * (1 - share) + this.before * share;
        this.piece[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
        if (this.filled === PIECE) {
          this.port.postMessage(this.piece.slice().buffer);
          this.filled = 0;
        }
      }
      this.before = this.smooth;
    }
  }

  play(output) {
    if (!this.playing && this.waiting.length < WAIT) return;
    this.playing = true;
    for (let i = 0; i < output.length; i++) {
      if (this.waiting.length < 2) {
        this.playing = false;
        return;
      }
      output[i] = this.waiting[0] * (1 - this.at) + this.waiting[1] * this.at;
      this.at += this.step;
      if (this.at >= 1) {
        this.at -= 1;
        this.waiting.shift();
      }
    }
  }

  process(inputs, outputs) {
    if (inputs[0]?.[0]) this.capture(inputs[0][0]);
    this.play(outputs[0][0]);
    for (const channel of outputs[0].slice(1)) channel.set(outputs[0][0]);
    return true;
  }
}

registerProcessor("phone-sound", PhoneSound);
