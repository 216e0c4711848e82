"""
Datagrams between machines: encrypted, authenticated, each taken once, and small enough for every network.

Pure: no socket, no clock. A link is one sender's way to one receiver. Its key comes from the centre's datagram key,
the link's own random id and the receiver's whole address, which names its incarnation: what was sealed for another
receiver, or for an earlier run of this one, means nothing here. Counters are never used twice, since a link made anew
has a new id::

    0       kind: DATA or LOST
    1..16   link id
    17..24  counter, from 0
    25..    AES-256-GCM over the rest, 16 bytes longer; nonce: 4 zero bytes and the counter; header authenticated

Inside DATA: part index, number of parts, then the part; the parts of one message have consecutive counters. LOST goes
the other way, with a key of its own: the receiver misses something, so that what depends on it is sent anew.
"""

import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATAGRAM_LIMIT = 1200  # bytes of UDP payload: passes wherever IPv6 does (RFC 8200 §5: 1280) and through tunnels
DATA, LOST = 0xA1, 0xA2
HEADER = struct.Struct("!B16sQ")
_PARTS = struct.Struct("!BB")
_TAG_SIZE = 16
PART_SIZE = DATAGRAM_LIMIT - HEADER.size - _PARTS.size - _TAG_SIZE  # bytes
PARTS_LIMIT = 64  # 74 kB: above the largest tap frame (``datagram.BATCH_LIMIT``)
REPLAY_WINDOW = 1024  # datagrams that may overtake each other
LINKS_LIMIT = 1024  # senders known at once
RETIRED_LIMIT = 4096  # link ids that were known and are never taken again
PENDING_LIMIT = 64  # messages of which parts are missing
PENDING_S = 1.0  # then the rest will not come
LOST_PERIOD_S = 1.0  # a sender is told at most so often


class RefusedError(Exception):
    """:param code: ``not_sealed``, ``not_authentic``, ``replayed``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _cipher(centre_key: str, link_id: bytes, receiver: str, kind: int) -> AESGCM:
    info = b"passerelle datagrams 1 %d " % kind + receiver.encode()
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=link_id, info=info).derive(centre_key.encode()))


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


class SendingLink:
    """
    :param receiver: address as the receiver announced it.
    """

    def __init__(self, centre_key: str, receiver: str) -> None:
        self.link_id = secrets.token_bytes(16)
        self._data = _cipher(centre_key, self.link_id, receiver, DATA)
        self._lost = _cipher(centre_key, self.link_id, receiver, LOST)
        self._counter = 0
        self._heard = -1

    def seal(self, message: bytes) -> list[bytes]:
        """:returns: datagrams, to be sent in this order. :raises ValueError: over PARTS_LIMIT parts."""
        count = max(1, -(-len(message) // PART_SIZE))
        if count > PARTS_LIMIT:
            raise ValueError(f"{len(message)} bytes do not fit")
        return [
            self._seal_part(_PARTS.pack(index, count) + message[index * PART_SIZE : (index + 1) * PART_SIZE])
            for index in range(count)
        ]

    def hears_of_loss(self, datagram: bytes) -> bool:
        """:returns: whether this is the receiver's word, and a new one."""
        if len(datagram) != HEADER.size + _TAG_SIZE:
            return False
        kind, link_id, counter = HEADER.unpack_from(datagram)
        if kind != LOST or link_id != self.link_id or counter <= self._heard:
            return False
        try:
            self._lost.decrypt(_nonce(counter), datagram[HEADER.size :], datagram[: HEADER.size])
        except InvalidTag:
            return False
        self._heard = counter
        return True

    def _seal_part(self, plain: bytes) -> bytes:
        header = HEADER.pack(DATA, self.link_id, self._counter)
        sealed = header + self._data.encrypt(_nonce(self._counter), plain, header)
        self._counter += 1
        return sealed


@dataclass(slots=True)
class _ReceivingLink:
    link_id: bytes
    data: AESGCM
    lost: AESGCM
    highest: int = -1
    seen: int = 0  # bit n: highest - n has come
    misses: bool = False
    told: int = 0  # LOST sent
    told_at: float = float("-inf")

    def is_new(self, counter: int) -> bool:
        behind = self.highest - counter
        return behind < 0 or (behind < REPLAY_WINDOW and not self.seen >> behind & 1)

    def take(self, counter: int) -> None:
        ahead = counter - self.highest
        if ahead > 0:
            self.misses |= ahead > 1
            self.seen = (self.seen << min(ahead, REPLAY_WINDOW) | 1) & ((1 << REPLAY_WINDOW) - 1)
            self.highest = counter
        else:
            self.seen |= 1 << -ahead


@dataclass(slots=True)
class _Pending:
    since: float
    parts: dict[int, bytes] = field(default_factory=dict)


class Receiver:
    """
    :param address: as announced: senders seal for it.
    """

    def __init__(self, centre_key: str, address: str) -> None:
        self._centre_key, self._address = centre_key, address
        self._links: OrderedDict[bytes, _ReceivingLink] = OrderedDict()  # the longest silent first
        self._retired: OrderedDict[bytes, None] = OrderedDict()
        self._pending: OrderedDict[tuple[bytes, int], _Pending] = OrderedDict()

    @property
    def senders(self) -> int:
        return len(self._links)

    @property
    def pending(self) -> int:
        """Messages of which parts are missing."""
        return len(self._pending)

    def open(self, datagram: bytes, now: float) -> bytes | None:
        """
        :param now: monotonic seconds.
        :returns: a whole message; None: further parts are awaited.
        :raises RefusedError: nothing of it may be used.
        """
        if not HEADER.size + _PARTS.size + _TAG_SIZE <= len(datagram) <= DATAGRAM_LIMIT:
            raise RefusedError("not_sealed")
        kind, link_id, counter = HEADER.unpack_from(datagram)
        if kind != DATA:
            raise RefusedError("not_sealed")
        link = self._links.get(link_id) or self._stranger(link_id)
        if not link.is_new(counter):
            raise RefusedError("replayed")
        try:
            plain = link.data.decrypt(_nonce(counter), datagram[HEADER.size :], datagram[: HEADER.size])
        except InvalidTag:
            raise RefusedError("not_authentic") from None
        link.take(counter)
        self._remember(link)
        return self._join(link_id, counter, plain, now)

    def loss_notice(self, datagram: bytes, now: float) -> bytes | None:
        """
        :param datagram: one that :meth:`open` has taken.
        :returns: what to send back where it came from, when something of its sender is missing.
        """
        link = self._links.get(HEADER.unpack_from(datagram)[1])
        if link is None or not link.misses or now - link.told_at < LOST_PERIOD_S:
            return None
        header = HEADER.pack(LOST, link.link_id, link.told)
        sealed = header + link.lost.encrypt(_nonce(link.told), b"", header)
        link.misses, link.told, link.told_at = False, link.told + 1, now
        return sealed

    def _stranger(self, link_id: bytes) -> _ReceivingLink:
        """Not remembered before something authentic has come. :raises RefusedError: known before, and forgotten."""
        if link_id in self._retired:
            raise RefusedError("replayed")
        return _ReceivingLink(
            link_id,
            _cipher(self._centre_key, link_id, self._address, DATA),
            _cipher(self._centre_key, link_id, self._address, LOST),
        )

    def _remember(self, link: _ReceivingLink) -> None:
        self._links[link.link_id] = link
        self._links.move_to_end(link.link_id)
        if len(self._links) > LINKS_LIMIT:
            gone, _ = self._links.popitem(last=False)
            self._retired[gone] = None
            if len(self._retired) > RETIRED_LIMIT:
                self._retired.popitem(last=False)

    def _join(self, link_id: bytes, counter: int, plain: bytes, now: float) -> bytes | None:
        index, count = _PARTS.unpack_from(plain)
        part = plain[_PARTS.size :]
        if count == 1:
            return part
        if not index < count <= PARTS_LIMIT:
            raise RefusedError("not_authentic")  # only a broken sender could have sealed it
        while self._pending and now - next(iter(self._pending.values())).since > PENDING_S:
            self._pending.popitem(last=False)
        key = (link_id, counter - index)
        pending = self._pending.setdefault(key, _Pending(now))
        pending.parts[index] = part
        if len(pending.parts) == count:
            del self._pending[key]
            return b"".join(pending.parts[each] for each in range(count))
        if len(self._pending) > PENDING_LIMIT:
            self._pending.popitem(last=False)
        return None
