"""The contract with aiortc, aioice and pylibsrtp: when this fails, it says what moved."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from pylibsrtp import Policy, Session

from relay import native
from relay.aiortc_internals import contract
from relay.aiortc_internals.contract import problems
from relay.aiortc_internals.link import MediaLink
from relay.aiortc_internals.srtp import FastPath, fast_path
from relay.config import MediaWorkerConfig
from relay.errors import RelayError
from relay.intake import Address
from relay.native.datagrams import NativePath
from relay.protection import PathInUse, PlainPath, ProtectedDatagrams
from relay.sockets import OwnPort, bound_socket
from tests.helpers import native_library
from tests.helpers.packets import rtp

CONFIG = MediaWorkerConfig("test", Path("control"), Path("audio"), offer_loopback=True)


async def test_every_private_name_is_where_we_expect_it() -> None:
    assert problems() == []


async def test_a_moved_name_and_another_version_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(contract.PINNED, "aiortc", "9.9.9")
    monkeypatch.delattr(aioice.ice.Connection, "data_received")
    monkeypatch.delattr(aioice.ice.CandidatePair, "remote_addr")
    assert problems() == [
        "aiortc is 1.16.0, written for 9.9.9",
        "aioice.Connection.data_received is gone",
        "aioice.CandidatePair.remote_addr is gone",
    ]


# --- the protected datagrams of one peer, on both paths


class Nobody:
    """Who would get STUN and DTLS."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None: ...


@dataclass
class Wire:
    """A socket of ours and who it sends to."""

    transport: OwnPort
    receiver: socket.socket

    @property
    def address(self) -> Address:
        address: Address = self.receiver.getsockname()
        return address

    def came(self) -> bytes | None:
        try:
            return self.receiver.recv(4096)
        except BlockingIOError:  # what is sent over the loopback is there at once
            return None


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    """:param request: ``native``: the socket is opened with the C part."""
    if getattr(request, "param", "") == "native":
        native_library.use(monkeypatch)
    else:
        monkeypatch.setattr(native, "library", None)
    loop = asyncio.get_running_loop()
    with bound_socket("127.0.0.1", 0, 0) as receiver:
        transport = OwnPort(loop, bound_socket("127.0.0.1", 0, 0), Nobody(), None)
        yield Wire(transport, receiver)
        transport.close()


@dataclass
class Ends:
    """Two ends of one connection. :param failures: packets that a fast path could not open."""

    one: ProtectedDatagrams
    other: ProtectedDatagrams
    wire: Wire
    failures: list[None]


def session(ssrc_type: int) -> Session:
    """With AES-GCM as browsers negotiate it."""
    return Session(Policy(key=bytes(range(44)), ssrc_type=ssrc_type, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_256_GCM))


def sessions() -> tuple[Session, Session]:
    return session(Policy.SSRC_ANY_INBOUND), session(Policy.SSRC_ANY_OUTBOUND)


def ends_of(wire: Wire, *, is_plain: bool = False) -> Ends:
    failures = list[None]()

    def path() -> ProtectedDatagrams:
        own = sessions()
        if is_plain:
            return PlainPath(lambda: own, wire.transport.sendto, wire.address)
        return fast_path(*own, wire.transport, wire.address, lambda: failures.append(None))

    return Ends(path(), path(), wire, failures)


WAYS = pytest.mark.parametrize(
    ("wire", "path"), [("native", NativePath), ("python", FastPath), ("python", PlainPath)], indirect=["wire"]
)


@WAYS
async def test_protected_packets_are_opened_by_the_other_side_only_once(wire: Wire, path: type) -> None:
    ends = ends_of(wire, is_plain=path is PlainPath)
    assert isinstance(ends.one, path)
    packet = rtp(sequence=5, payload=b"x" * 1200)
    ends.one.send(packet)
    data = wire.came()
    assert data is not None and data != packet
    assert ends.other.unprotect(memoryview(data)) == packet
    assert ends.other.unprotect(data) is None  # replayed
    assert ends.other.unprotect(data[:-1] + b"?") is None  # forged
    assert len(ends.failures) == (0 if path is PlainPath else 2)  # the keys may be others


@WAYS
async def test_rtcp_passes_too(wire: Wire, path: type) -> None:
    ends = ends_of(wire, is_plain=path is PlainPath)
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    ends.one.send_rtcp(report)
    data = wire.came()
    assert data is not None
    assert ends.other.unprotect_rtcp(memoryview(data)) == report
    assert ends.other.unprotect_rtcp(data) is None


@WAYS
async def test_number_is_written_where_it_belongs_and_only_into_what_is_sent(wire: Wire, path: type) -> None:
    ends = ends_of(wire, is_plain=path is PlainPath)
    packet = rtp(sequence=1, extensions={3: b"ab"}, payload=b"x" * 20)
    at = packet.index(b"ab")
    ends.one.send(packet, at, 0xFACE)
    data = wire.came()
    assert data is not None
    assert ends.other.unprotect(data) == packet.replace(b"ab", b"\xfa\xce")
    assert b"ab" in packet


@WAYS
@pytest.mark.parametrize("size", [0, 1, 11, 1900, 2048, 2100, 9000])
async def test_sizes_out_of_bounds_are_refused(wire: Wire, path: type, size: int) -> None:
    ends = ends_of(wire, is_plain=path is PlainPath)
    data = rtp(payload=bytes(9000))[:size]
    for receive in (ends.other.unprotect, ends.other.unprotect_rtcp):
        assert receive(data) is None
    ends.one.send(data)
    assert (wire.came() is None) == (size != 1900 or path is PlainPath)
    ends.one.send_rtcp(data)
    assert (wire.came() is None) == (size not in (11, 1900) or (size == 1900 and path is PlainPath))


@WAYS
async def test_what_a_closed_socket_cannot_take_is_lost_quietly(wire: Wire, path: type) -> None:
    ends = ends_of(wire, is_plain=path is PlainPath)
    ends.one.send(rtp(sequence=1), 0, 0)
    assert wire.came() is not None
    wire.transport.close()
    with bound_socket("127.0.0.1", 0, 0):  # takes the number of the closed one
        ends.one.send(rtp(sequence=2))
        ends.one.send_rtcp(b"\x80\xc9\x00\x01\x00\x00\x00\x01")
    assert wire.came() is None
    assert wire.transport.dropped == 2


@pytest.mark.parametrize("wire", ["native", "python"], indirect=True)
async def test_all_paths_understand_each_other_and_may_be_exchanged_in_the_middle(wire: Wire) -> None:
    sending, receiving = sessions(), sessions()

    def paths(own: tuple[Session, Session]) -> list[ProtectedDatagrams]:
        return [
            fast_path(*own, wire.transport, wire.address, lambda: None),
            FastPath(*own, wire.transport, wire.address, lambda: None),
            PlainPath(lambda: own, wire.transport.sendto, wire.address),
        ]

    here, there = paths(sending), paths(receiving)
    in_use = PathInUse(here[0])
    for sequence in range(18):
        in_use.use(here[sequence % 3])
        in_use.send(rtp(sequence=sequence))
        data = wire.came()
        assert data is not None
        assert there[sequence // 3 % 3].unprotect(data) == rtp(sequence=sequence)


@pytest.mark.parametrize("wire", ["native"], indirect=True)
async def test_an_address_that_c_cannot_read_is_left_to_python(wire: Wire) -> None:
    for address in (("fe80::1%lo", 9), ("127.0.0.1", 70_000), ("localhost", 9)):
        assert isinstance(fast_path(*sessions(), wire.transport, address, lambda: None), FastPath)


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
