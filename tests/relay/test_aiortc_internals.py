"""The contract with aiortc, aioice and pylibsrtp: when this fails, it says what moved."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from pylibsrtp import Policy, Session

from relay import aiortc_internals
from relay.aiortc_internals import FastPath, MediaLink, problems
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.protection import Address, PathInUse, PlainPath, ProtectedDatagrams
from relay.sockets import MediaTransport
from tests.helpers.packets import rtp

CONFIG = MediaWorkerConfig("test", Path("control"), Path("audio"), offer_loopback=True)


async def test_every_private_name_is_where_we_expect_it() -> None:
    assert problems() == []


async def test_a_moved_name_and_another_version_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aiortc_internals.PINNED, "aiortc", "9.9.9")
    monkeypatch.delattr(aioice.ice.Connection, "data_received")
    monkeypatch.delattr(aioice.ice.CandidatePair, "remote_addr")
    assert problems() == [
        "aiortc is 1.16.0, written for 9.9.9",
        "aioice.Connection.data_received is gone",
        "aioice.CandidatePair.remote_addr is gone",
    ]


# --- the protected datagrams of one peer, on both paths


class Wire(MediaTransport):
    """A socket of ours that only notes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[bytes, Address]] = []

    def send_media(self, data: memoryview, address: Address) -> None:
        self.sent.append((bytes(data), address))

    def sendto(self, data: Any, addr: Any = None) -> None:
        assert isinstance(data, bytes)  # what other people's transports are given they may keep
        self.sent.append((data, addr))


@dataclass
class Ends:
    """Two ends of one connection. :param failures: packets that the first could not open, where the path tells."""

    one: ProtectedDatagrams
    other: ProtectedDatagrams
    wire: Wire
    failures: list[None] = field(default_factory=list)


def session(ssrc_type: int) -> Session:
    """With AES-GCM as browsers negotiate it."""
    return Session(Policy(key=bytes(range(44)), ssrc_type=ssrc_type, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_256_GCM))


def sessions() -> tuple[Session, Session]:
    return session(Policy.SSRC_ANY_INBOUND), session(Policy.SSRC_ANY_OUTBOUND)


@pytest.fixture(params=["fast", "plain"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    wire, failures = Wire(), list[None]()

    def path() -> ProtectedDatagrams:
        own = sessions()
        if request.param == "fast":
            return FastPath(*own, wire, lambda: failures.append(None))
        return PlainPath(lambda: own, wire.sendto)

    yield Ends(path(), path(), wire, failures)
    assert request.param == "fast" or not failures


def test_protected_packets_are_opened_by_the_other_side_only_once(ends: Ends) -> None:
    packet = rtp(sequence=5, payload=b"x" * 1200)
    protected = ends.one.protect(bytearray(packet))
    assert protected is not None
    data = bytes(protected)
    assert data != packet
    assert ends.other.unprotect(memoryview(data)) == packet
    assert ends.other.unprotect(data) is None  # replayed
    assert ends.other.unprotect(data[:-1] + b"?") is None  # forged


def test_rtcp_passes_too(ends: Ends) -> None:
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    protected = ends.one.protect_rtcp(report)
    assert protected is not None
    data = bytes(protected)
    assert ends.other.unprotect_rtcp(memoryview(data)) == report
    assert ends.other.unprotect_rtcp(data) is None


@pytest.mark.parametrize("size", [0, 1, 11, 1900, 2100, 9000])
def test_sizes_out_of_bounds_are_refused(ends: Ends, size: int) -> None:
    data = rtp(payload=bytes(9000))[:size]
    for receive in (ends.other.unprotect, ends.other.unprotect_rtcp):
        assert receive(data) is None
    if size in (0, 2100, 9000):
        assert ends.one.protect(data) is None


def test_what_is_sent_goes_out_as_it_is(ends: Ends) -> None:
    protected = ends.one.protect(rtp(sequence=1))
    assert protected is not None
    data = bytes(protected)
    ends.one.send(protected, ("192.0.2.1", 7))
    ends.other.protect(rtp(sequence=2))  # the shared buffer is used again
    assert ends.wire.sent == [(data, ("192.0.2.1", 7))]


def test_both_paths_understand_each_other_and_may_be_exchanged_in_the_middle() -> None:
    sending, receiving, wire = sessions(), sessions(), Wire()
    fast, plain = FastPath(*sending, wire, lambda: None), PlainPath(lambda: sending, wire.sendto)
    there: list[ProtectedDatagrams] = [
        PlainPath(lambda: receiving, wire.sendto),
        FastPath(*receiving, wire, lambda: None),
    ]
    in_use = PathInUse(fast)
    for sequence in range(10):
        in_use.use((fast, plain)[sequence % 2])
        protected = in_use.protect(rtp(sequence=sequence))
        assert protected is not None
        assert there[sequence // 2 % 2].unprotect(bytes(protected)) == rtp(sequence=sequence)


def test_fast_path_tells_of_packets_that_it_cannot_open() -> None:
    told: list[None] = []
    path = FastPath(*sessions(), Wire(), lambda: told.append(None))
    assert path.unprotect(rtp(payload=bytes(100))) is None
    assert len(told) == 1


# --- addresses


async def test_loopback_is_offered_when_it_is_wanted_or_the_only_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*, offer_loopback: bool) -> MediaLink:
        return MediaLink([], print, print, replace(CONFIG, offer_loopback=offer_loopback))

    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: [])
    lonely = link(offer_loopback=False)
    loopback = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    assert [each.ip for each in await lonely.gather()] == loopback
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.2"])
    both, public = link(offer_loopback=True), link(offer_loopback=False)
    assert [each.ip for each in await both.gather()] == ["127.0.0.2", *loopback]
    assert [each.ip for each in await public.gather()] == ["127.0.0.2"]
    await asyncio.gather(lonely.close(), both.close(), public.close())


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_peer_without_any_port_is_refused_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["203.0.113.1"])  # nobody's (RFC 5737)
    link = MediaLink([], print, print, replace(CONFIG, offer_loopback=False))
    with pytest.raises(RelayError, match="no_udp_port"):
        await link.gather()
    await link.close()
