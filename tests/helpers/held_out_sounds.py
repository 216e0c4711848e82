"""
What the hold watcher is judged by: other languages, voices and lines than it was tuned on, other music and tones.

Its weights were tuned on ``tests.helpers.phone_sounds``, and on :data:`LEARNT` of what is here with seeds from 100 to
112; all else was heard by it for the first time.
"""

from collections.abc import Callable
from functools import cache

import av
import numpy as np

from relay.audio import PCM, PHONE_FRAME, PHONE_RATE
from tests.helpers.phone_sounds import CAN_SPEAK, Floats, add, drum, note, speak, through_the_line

SENTENCES = {
    "de": "Guten Tag, vielen Dank für Ihre Geduld. Was kann ich für Sie tun?",
    "es": "Buenos días, gracias por esperar, ¿en qué puedo ayudarle?",
    "it": "Buongiorno, grazie per l'attesa, come posso aiutarla oggi?",
    "pt": "Bom dia, obrigada por aguardar, em que posso ajudar?",
    "nl": "Goedemorgen, bedankt voor het wachten. Waarmee kan ik u helpen?",
    "en-us": "Hi there, sorry about the wait. May I have your account number, please?",
    "pl": "Dzień dobry, dziękuję za cierpliwość. W czym mogę pomóc?",
    "ar": "صباح الخير، شكرا على الانتظار، كيف يمكنني مساعدتك؟",
    "fr": "Alors, j'ai votre dossier sous les yeux, il manque une pièce, vous pouvez me l'envoyer ?",
    "fr-ch": "Cabinet du docteur, bonjour. C'est pour un rendez-vous ?",
}
VARIANTS = (
    "",
    "+Andrea",
    "+Denis",
    "+Alicia",
    "+klatt2",
    "+m7",
    "+f5",
    "+croak",
    "+Hugo",
    "+Michel",
    "+belinda",
    "+m1",
)
Dice = np.random.Generator


@cache
def voice(seed: int, variant: str | None = None) -> PCM:
    """A sentence in some language by some voice, slow to fast, low to high, through one of :data:`LINES`."""
    dice = np.random.default_rng(7_000 + seed)
    language = tuple(SENTENCES)[seed % len(SENTENCES)]
    name = language + (str(dice.choice(VARIANTS)) if variant is None else variant)
    sound = speak(name, int(dice.integers(110, 220)), int(dice.integers(15, 90)), SENTENCES[language])
    return LINES[seed % len(LINES)](sound, dice)


def music(kind: str, seed: int, seconds: float) -> PCM:
    """:param kind: of :data:`MUSIC`."""
    dice = np.random.default_rng(90_000 + seed)
    return LINES[seed % len(LINES)](MUSIC[kind](round(seconds * PHONE_RATE), dice), dice)


# --- lines --------------------------------------------------------------------------------------------------


def _low_rate(sound: Floats, dice: Dice) -> PCM:
    """A linear-predictive coder of 8 kbit/s, as G.729 is one."""
    clean = through_the_line(sound, dice)
    encoder, decoder = av.CodecContext.create("libopus", "w"), av.CodecContext.create("libopus", "r")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = PHONE_RATE, "mono", "s16", 8_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    heard = []
    for start in range(0, len(clean) - PHONE_FRAME + 1, PHONE_FRAME):
        frame = av.AudioFrame.from_ndarray(clean[None, start : start + PHONE_FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.pts = PHONE_RATE, start
        heard += [
            each.to_ndarray().reshape(-1)[::6] for packet in encoder.encode(frame) for each in decoder.decode(packet)
        ]
    return np.concatenate(heard)


def _lossy(sound: Floats, dice: Dice) -> PCM:
    """3 % of the packets are lost and left silent."""
    heard = through_the_line(sound, dice).copy()
    for start in range(0, len(heard), PHONE_FRAME):
        if dice.random() < 0.03:
            heard[start : start + PHONE_FRAME] = 0
    return heard


def _noisy(sound: Floats, dice: Dice) -> PCM:
    """A car or a street, 15 to 25 dB below."""
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-dice.uniform(15, 25) / 20)
    rumble = np.convolve(dice.normal(size=len(sound)), np.exp(-np.arange(6) / 2), "same")
    return through_the_line(sound + rumble / rumble.std() * level, dice)


LINES: tuple[Callable[[Floats, Dice], PCM], ...] = (through_the_line, _low_rate, _noisy, _lossy)


# --- music --------------------------------------------------------------------------------------------------


def _waltz(samples: int, dice: Dice) -> Floats:
    sound, beat, root = np.zeros(samples), 60 / dice.uniform(120, 190), dice.uniform(90, 160)
    for bar, start in enumerate(np.arange(0, samples / PHONE_RATE, 3 * beat)):
        tonic = root * 2 ** ((0, 7, 5, 0)[bar % 4] / 12)
        add(sound, start, note(tonic, beat, 3, dice))
        for later in (1, 2):
            for third in (4, 7):
                add(sound, start + later * beat, 0.4 * note(2 * tonic * 2 ** (third / 12), 0.5 * beat, 6, dice))
        tune = dice.choice([12, 14, 16, 19, 21], 2)
        for index, semitones in enumerate(tune):
            length = (2 - index) * beat
            add(sound, start + index * 2 * beat, 0.7 * note(2 * tonic * 2 ** (semitones / 12), length, 1, dice))
    return sound


def _bowed(hz: Floats, harmonics: Floats) -> Floats:
    """:param hz: at each sample. :param harmonics: amplitude of each."""
    phase = 2 * np.pi * np.cumsum(hz) / PHONE_RATE
    parts = [a * np.sin(k * phase) * (k * hz < 3800) for k, a in enumerate(harmonics, 1)]
    return np.asarray(np.sum(parts, axis=0), np.float64)


def _tune(samples: int, dice: Dice, vibrato: float, slide_s: float) -> tuple[Floats, Floats]:
    """:param vibrato: share of the pitch, six times a second. :returns: pitch and amplitude at each sample."""
    hz, loud = np.zeros(samples), np.zeros(samples)
    at, root = 0, dice.uniform(180, 320)
    while at < samples:
        length = min(samples - at, round(dice.choice([0.3, 0.45, 0.9]) * PHONE_RATE))
        hz[at : at + length] = root * 2 ** (dice.choice([0, 2, 4, 5, 7, 9, 12]) / 12)
        ends = np.minimum(np.arange(length), np.arange(length)[::-1]) / PHONE_RATE
        loud[at : at + length] = np.minimum(1, 0.3 + ends / 0.05)
        at += length
    slide = max(1, round(slide_s * PHONE_RATE))
    smooth = np.convolve(np.pad(hz, slide, "edge"), np.ones(slide) / slide, "same")[slide:-slide]
    wave = 1 + vibrato * np.sin(2 * np.pi * dice.uniform(5, 6.5) * np.arange(samples) / PHONE_RATE)
    return smooth * wave, loud


def _violin(samples: int, dice: Dice) -> Floats:
    hz, loud = _tune(samples, dice, dice.uniform(0.01, 0.025), 0.02)
    return loud * _bowed(hz, 1 / np.arange(1, 12))


def _arpeggio(samples: int, dice: Dice) -> Floats:
    """A synthesiser with vibrato."""
    sound, step = np.zeros(samples), dice.uniform(0.12, 0.3)
    root = dice.uniform(110, 220)
    for index, start in enumerate(np.arange(0, samples / PHONE_RATE, step)):
        hz = root * 2 ** ((0, 4, 7, 12, 16, 12, 7, 4)[index % 8] / 12 + (0, 5, 7, 0)[index // 16 % 4] / 12)
        at = np.arange(round(1.5 * step * PHONE_RATE))
        pitch = hz * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * at / PHONE_RATE))
        add(sound, start, np.exp(-at / PHONE_RATE * 3) * _bowed(pitch, 1 / np.arange(1, 8) ** 1.2))
    return sound


def _song(samples: int, dice: Dice) -> Floats:
    """A singer over soft chords with a beat."""
    return np.asarray(3 * _sung(samples, dice) + _band(samples, dice), np.float64)


def _sung(samples: int, dice: Dice) -> Floats:
    """Glottal pulses through the formants of vowels, with vibrato and slides."""
    hz, loud = _tune(samples, dice, dice.uniform(0.01, 0.03), 0.06)
    voice_ = _bowed(hz, 1 / np.arange(1, 16) ** 0.7)
    sung, size = np.zeros(samples), 2048
    for start in range(0, samples - size, size // 2):
        spectrum = np.fft.rfft(voice_[start : start + size] * np.hanning(size))
        formants = ((700, 1200, 2500), (400, 2000, 2600), (500, 900, 2400))[start // size // 2 % 3]
        at = np.fft.rfftfreq(size, 1 / PHONE_RATE)
        gain = sum(1 / (1 + ((at - formant) / 90) ** 2) for formant in formants) + 0.02
        sung[start : start + size] += np.fft.irfft(spectrum * gain, size)
    return loud * sung


def _band(samples: int, dice: Dice) -> Floats:
    sound, beat, root = np.zeros(samples), 60 / dice.uniform(70, 120), dice.uniform(110, 180)
    for bar, start in enumerate(np.arange(0, samples / PHONE_RATE, 4 * beat)):
        tonic = root * 2 ** ((0, 9, 5, 7)[bar % 4] / 12)
        for third in (0, 4, 7):
            add(sound, start, 0.25 * note(tonic * 2 ** (third / 12), 4 * beat, 0.5, dice))
        for index in range(8):
            add(sound, start + index * beat / 2, (0.6 if index % 4 == 2 else 0.2) * drum(dice))
    return sound


def _accordion(samples: int, dice: Dice) -> Floats:
    """Chords of reeds a little out of tune, so that they beat, with a bellows' swell."""
    sound, beat, root = np.zeros(samples), 60 / dice.uniform(80, 140), dice.uniform(150, 260)
    at = np.arange(round(2 * beat * PHONE_RATE)) / PHONE_RATE
    swell = np.sin(np.pi * at / at[-1]).clip(0) ** 0.5
    for bar, start in enumerate(np.arange(0, samples / PHONE_RATE, 2 * beat)):
        for third in (0, 4, 7):
            hz = root * 2 ** ((third + (0, 5, 7, 0)[bar % 4]) / 12)
            for detune in (0.995, 1.005):
                add(sound, start, 0.4 * swell * _bowed(np.full(len(at), hz * detune), 1 / np.arange(1, 12)))
    return sound


def _guitar(samples: int, dice: Dice) -> Floats:
    """Plucked strings one after another, some of them bent."""
    sound, step, root = np.zeros(samples), dice.uniform(0.15, 0.35), dice.uniform(100, 180)
    at = np.arange(round(3 * step * PHONE_RATE)) / PHONE_RATE
    for index, start in enumerate(np.arange(0, samples / PHONE_RATE, step)):
        hz = root * 2 ** (dice.choice([0, 3, 5, 7, 10, 12, 15]) / 12)
        bend = 0.06 * np.minimum(1, at / 0.15) if index % 4 == 3 else np.zeros(len(at))
        add(sound, start, np.exp(-at * 5) * _bowed(hz * (1 + bend), 1 / np.arange(1, 9)))
    return sound


def _choir(samples: int, dice: Dice) -> Floats:
    """Three singers without instruments."""
    return np.asarray(sum(_sung(samples, dice) for _ in range(3)), np.float64)


def _drums(samples: int, dice: Dice) -> Floats:
    sound, beat = np.zeros(samples), 60 / dice.uniform(80, 150)
    for index, start in enumerate(np.arange(0, samples / PHONE_RATE, beat / 2)):
        if index % 4 in {0, 3}:
            at = np.arange(round(0.2 * PHONE_RATE)) / PHONE_RATE
            add(sound, start, 1.5 * np.sin(2 * np.pi * 280 * at * np.exp(-at * 4)) * np.exp(-at * 18))
        add(sound, start, (1.0 if index % 4 == 2 else dice.uniform(0.1, 0.4)) * drum(dice))
    return sound


def _ringing(samples: int, dice: Dice) -> Floats:
    """Ring-back, busy and congestion tones: North America, Great Britain, Germany, Italy, Japan."""
    tones: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...] = (
        ((440, 480), (2, 4)),
        ((400, 450), (0.4, 0.2, 0.4, 2)),
        ((425,), (1, 4)),
        ((425,), (0.48, 0.48)),
        ((480, 620), (0.25, 0.25)),
        ((384, 416), (1, 2)),
    )
    hz, cadence = tones[int(dice.integers(len(tones)))]
    at = np.arange(samples) / PHONE_RATE
    edges = np.searchsorted(np.cumsum(cadence), at % sum(cadence), "right")
    return np.asarray(sum(np.sin(2 * np.pi * each * at) for each in hz) * (edges % 2 == 0), np.float64)


def _hum(samples: int, dice: Dice) -> Floats:
    """Mains and a fan."""
    at = np.arange(samples) / PHONE_RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * at + k) / k for k in range(1, 20))
    return np.asarray(hum * dice.uniform(0.2, 2) + dice.normal(size=samples) * 0.3, np.float64)


MUSIC: dict[str, Callable[[int, Dice], Floats]] = {
    "waltz": _waltz,
    "violin": _violin,
    "arpeggio": _arpeggio,
    "song": _song,
    "band": _band,
    "drums": _drums,
    "accordion": _accordion,
    "guitar": _guitar,
    "choir": _choir,
    "ringing": _ringing,
    "hum": _hum,
}
LEARNT = ("violin", "song", "drums")

__all__ = ["CAN_SPEAK", "LEARNT", "LINES", "MUSIC", "music", "voice"]
