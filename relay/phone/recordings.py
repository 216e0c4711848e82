"""
Voice messages: heard from a telephone, kept sealed for the one they are meant for, opened to be played.

A message is sealed (AES-256-GCM) with a key made of the service's secret and the receiver's id (HKDF): whoever holds
Redis or the database reads nothing, and no message can be opened as somebody else's. Left to others: when one is
recorded or played (``relay.phone.answering``), where it is kept (``relay.phone.recording_store``, signaling).
"""

import secrets
import struct
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from relay.audio import PCM, PTIME_S, VoiceActivity, silence
from relay.phone.opus import OpusEncoder

PATIENCE_S = 10.0  # nothing was said for so long: nothing will be
TAIL_FRAMES = 25  # 0.5 s of the silence that ended a message stay with it
LATE_FRAMES = 10  # 0.2 s without packets is a telephone that sends nothing in silence
_PREFIX = b"passerelle:recording:"
_VERSION = b"\x01"
_NONCE_BYTES = 12


class Recorder:
    """
    What one telephone says, as Opus. Pure: time is counted by :meth:`step`.

    :param limit_s: longest message. :param silence_s: after speech, ends it.
    """

    def __init__(self, limit_s: float, silence_s: float) -> None:
        self._limit = round(limit_s / PTIME_S)
        self._silence = round(silence_s / PTIME_S)
        self._voice = VoiceActivity()
        self._encoder = OpusEncoder()
        self._packets: list[bytes] = []
        self._spoken = 0  # packets up to the last one with speech
        self._steps = 0

    def hear(self, sound: PCM, rate: int) -> None:
        """:param sound: 20 ms at ``rate`` Hz."""
        if len(self._packets) >= self._limit:
            return
        if rate != self._encoder.rate:
            self._encoder = OpusEncoder(rate)
        self._voice.hear(sound)
        self._packets.append(self._encoder.encode(sound))
        if self._voice.speaking:
            self._spoken = len(self._packets)

    def step(self) -> bool:
        """20 ms have passed. :returns: whether the message is over."""
        self._steps += 1
        if self._steps - len(self._packets) > LATE_FRAMES:
            self.hear(silence(round(self._encoder.rate * PTIME_S)), self._encoder.rate)
        quiet = len(self._packets) - self._spoken
        patience = self._silence if self._spoken else max(self._silence, round(PATIENCE_S / PTIME_S))
        return len(self._packets) >= self._limit or quiet >= patience

    def message(self) -> tuple[bytes, ...]:
        """:returns: Opus packets of 20 ms up to the last word; none when nothing was said."""
        return tuple(self._packets[: self._spoken + TAIL_FRAMES]) if self._spoken else ()


def pack(packets: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack("!H", len(packet)) + packet for packet in packets)


def unpack(sound: bytes) -> tuple[bytes, ...]:
    """:raises ValueError: it is no message."""
    packets, at = [], 0
    while at < len(sound):
        if at + 2 > len(sound):
            raise ValueError("a message ends within a packet")
        (length,) = struct.unpack_from("!H", sound, at)
        packets.append(sound[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(sound):
        raise ValueError("a message ends within a packet")
    return tuple(packets)


def seal(sound: bytes, secret: str, receiver: str) -> bytes:
    """
    :param receiver: person id, the only one it can be opened for.
    :raises ValueError: without a secret nothing would be secret.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + _cipher(secret, receiver).encrypt(nonce, sound, _VERSION)


def open_(sealed: bytes, secret: str, receiver: str) -> bytes:
    """:raises ValueError: sealed for somebody else, by another secret, or damaged."""
    nonce = sealed[1 : 1 + _NONCE_BYTES]
    if sealed[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
        raise ValueError("no sealed message")
    try:
        return _cipher(secret, receiver).decrypt(nonce, sealed[1 + _NONCE_BYTES :], _VERSION)
    except InvalidTag as error:
        raise ValueError("not sealed for this receiver, or damaged") from error


def _cipher(secret: str, receiver: str) -> AESGCM:
    if not secret or not receiver:
        raise ValueError("a message needs a secret and a receiver")
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_PREFIX + receiver.encode()).derive(secret.encode()))
