"""What a telephone says while one waits: music, tones, noise, silence and voices; 8 kHz, through A-law."""

import io
import shutil
import subprocess
import wave
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from relay.audio import FULL_SCALE, PCM, PHONE_RATE, a_law_decode, a_law_encode
from relay.phone.demo_sound import greeting

SENTENCES = (
    "Bonjour, merci d'avoir patienté. Je suis Claire, que puis-je faire pour vous aujourd'hui ?",
    "Allô ? Oui, bonjour madame, je vous écoute, excusez-moi pour l'attente.",
    "Service client, bonjour. Votre numéro de dossier s'il vous plaît ?",
    "Oui oui, je comprends très bien, alors je regarde cela tout de suite, ne quittez pas.",
    "Hello, thank you for waiting, how can I help you?",
)
VOICES = ("fr", "fr+f2", "fr+f4", "fr+m3", "fr+m5", "fr+f3", "en+f1", "fr-be")
CAN_SPEAK = shutil.which("espeak-ng") is not None
_PROGRESSION = (0, 5, 7, 0, 9, 5, 2, 7)  # semitones
Floats = NDArray[np.float64]


def through_the_line(sound: Floats, dice: np.random.Generator) -> PCM:
    """A telephone's band, an ordinary level, a little noise, A-law."""
    spectrum, hz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / PHONE_RATE)
    spectrum[(hz < 250) | (hz > 3500)] = 0
    heard = np.fft.irfft(spectrum, len(sound))
    heard *= _amplitude(dice.uniform(-32, -18)) / (np.sqrt(np.mean(heard**2)) + 1e-9)
    heard += dice.normal(size=len(heard)) * _amplitude(dice.uniform(-65, -50))
    return a_law_decode(a_law_encode(heard.clip(-32_000, 32_000).astype(np.int16)))


@cache
def voice(seed: int) -> PCM:
    """A sentence of the demonstration phone, or with espeak-ng of some voice at some speed."""
    dice = np.random.default_rng(seed)
    if not CAN_SPEAK:
        return through_the_line(greeting().astype(np.float64), dice)
    name, speed, pitch = str(dice.choice(VOICES)), int(dice.integers(130, 190)), int(dice.integers(25, 75))
    return through_the_line(speak(name, speed, pitch, SENTENCES[seed % len(SENTENCES)]), dice)


def speak(name: str, speed: int, pitch: int, sentence: str) -> Floats:
    """:param name: of espeak-ng. :param speed: words a minute. :param pitch: 0 to 99. :returns: 8 kHz."""
    command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "--stdout", sentence]
    said = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    with wave.open(io.BytesIO(said)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        count = int(len(sound) * PHONE_RATE / file.getframerate())
    return np.asarray(np.fft.irfft(np.fft.rfft(sound)[: count // 2 + 1], count), np.float64)


def music(seed: int, seconds: float) -> PCM:
    """Chords, arpeggios, both with drums, or a tune with drums: by ``seed`` modulo 4."""
    dice, style = np.random.default_rng(seed), seed % 4
    beat, root = 60 / dice.uniform(60, 140), dice.uniform(110, 260)
    sound = np.zeros(round(seconds * PHONE_RATE))
    for bar in range(int(seconds / beat / 4) + 1):
        start, tonic = bar * 4 * beat, root * 2 ** (_PROGRESSION[bar % 8] / 12)
        if style in {0, 2}:
            for third in (0, 4, 7):
                add(sound, start, 0.5 * note(tonic * 2 ** (third / 12), 4 * beat, 0.3, dice))
        if style != 0:
            parts = int(dice.choice([2, 4]))
            for index in range(4 * parts):
                hz = 2 * tonic * 2 ** (dice.choice([0, 4, 7, 12, 16]) / 12)
                length = beat / parts * (1.6 if style == 1 else 0.95)
                add(sound, start + index * beat / parts, 0.8 * note(hz, length, dice.uniform(1, 8), dice))
        if style in {2, 3}:
            for index in range(8):
                add(sound, start + index * beat / 2, (1.2 if index % 4 == 2 else 0.4) * drum(dice))
    return through_the_line(sound, dice)


def ring_back(seconds: float, seed: int = 0) -> PCM:
    """The French one: 440 Hz for 1.5 s in 5."""
    at = np.arange(round(seconds * PHONE_RATE)) / PHONE_RATE
    return through_the_line(np.sin(2 * np.pi * 440 * at) * (at % 5 < 1.5), np.random.default_rng(seed))


def noise(seconds: float, seed: int) -> PCM:
    dice = np.random.default_rng(seed)
    colour = dice.normal(size=8) * np.exp(-np.arange(8))
    return through_the_line(np.convolve(dice.normal(size=round(seconds * PHONE_RATE)), colour, "same"), dice)


def quiet(seconds: float, seed: int) -> PCM:
    dice = np.random.default_rng(seed)
    return (dice.normal(size=round(seconds * PHONE_RATE)) * _amplitude(dice.uniform(-80, -62))).astype(np.int16)


def joined(pieces: Sequence[PCM]) -> PCM:
    sound: PCM = np.concatenate(pieces)
    return sound


def _amplitude(dbfs: float) -> float:
    return float(10 ** (dbfs / 20) * FULL_SCALE)


def note(hz: float, seconds: float, pluck: float, dice: np.random.Generator) -> Floats:
    at = np.arange(round(seconds * PHONE_RATE)) / PHONE_RATE
    envelope = np.exp(-at * pluck) * np.minimum(1, at / 0.01) * np.minimum(1, (seconds - at) / 0.02).clip(0)
    sound = np.zeros(len(at))
    for harmonic in range(1, 8):
        if hz * harmonic < 3800:
            wave_ = np.sin(2 * np.pi * hz * harmonic * at + dice.uniform(0, 6))
            sound += wave_ / harmonic ** dice.uniform(0.8, 1.6)
    return np.asarray(envelope * sound, np.float64)


def drum(dice: np.random.Generator) -> Floats:
    size = round(0.12 * PHONE_RATE)
    return np.asarray(dice.normal(size=size) * np.exp(-np.arange(size) / PHONE_RATE * 40), np.float64)


def add(sound: Floats, start_s: float, piece: Floats) -> None:
    start = round(start_s * PHONE_RATE)
    piece = piece[: max(0, len(sound) - start)]
    sound[start : start + len(piece)] += piece
