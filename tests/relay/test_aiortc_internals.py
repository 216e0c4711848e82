"""The contract with aiortc, aioice and pylibsrtp: when this fails, it says what moved."""

import asyncio
import socket
from typing import Any

import aioice.ice
import pytest
from pylibsrtp import Policy, Session

from relay import aiortc_internals
from relay.aiortc_internals import MediaDatagramTransport, MediaLink, SrtpPair, open_media_socket, problems
from tests.helpers.packets import rtp


async def test_every_private_name_is_where_we_expect_it() -> None:
    assert problems() == []


async def test_a_moved_name_and_another_version_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aiortc_internals.PINNED, "aiortc", "9.9.9")
    monkeypatch.delattr(aioice.ice.Connection, "data_received")
    found = " ".join(problems())
    assert "aiortc is 1.16.0, written for 9.9.9" in found
    assert "aioice.Connection.data_received is gone" in found


def sessions() -> tuple[SrtpPair, SrtpPair]:
    """Two ends of one connection, with AES-GCM as browsers negotiate it."""

    def session(ssrc_type: int) -> Session:
        profile = Policy.SRTP_PROFILE_AEAD_AES_256_GCM
        return Session(Policy(key=bytes(range(44)), ssrc_type=ssrc_type, srtp_profile=profile))

    one = SrtpPair(session(Policy.SSRC_ANY_INBOUND), session(Policy.SSRC_ANY_OUTBOUND))
    other = SrtpPair(session(Policy.SSRC_ANY_INBOUND), session(Policy.SSRC_ANY_OUTBOUND))
    return one, other


def test_protected_packets_are_opened_by_the_other_side_only_once() -> None:
    one, other = sessions()
    packet = rtp(sequence=5, payload=b"x" * 1200)
    protected = one.protect(packet)
    assert protected is not None
    data = bytes(protected)
    assert data != packet
    assert other.unprotect(data) == packet
    assert other.unprotect(data) is None  # replayed
    assert other.unprotect(data[:-1] + b"?") is None  # forged


def test_rtcp_passes_too() -> None:
    one, other = sessions()
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    protected = one.protect_rtcp(report)
    assert protected is not None
    assert other.unprotect_rtcp(bytes(protected)) == report


@pytest.mark.parametrize("size", [0, 1, 11, 1900, 2100, 9000])
def test_sizes_out_of_bounds_are_refused(size: int) -> None:
    one, other = sessions()
    data = rtp(payload=bytes(9000))[:size]
    assert other.unprotect(data) is None
    if size in (0, 2100, 9000):
        assert one.protect(data) is None


async def test_loopback_is_offered_when_it_is_wanted_or_the_only_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*, offer_loopback: bool) -> MediaLink:
        return MediaLink([], print, print, offer_loopback=offer_loopback, gather_timeout_s=1.0)

    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: [])
    lonely = link(offer_loopback=False)
    assert [each.ip for each in await lonely.gather()] == ["127.0.0.1"]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.2"])
    both, public = link(offer_loopback=True), link(offer_loopback=False)
    assert [each.ip for each in await both.gather()] == ["127.0.0.2", "127.0.0.1"]
    assert [each.ip for each in await public.gather()] == ["127.0.0.2"]
    await asyncio.gather(lonely.close(), both.close(), public.close())


class Protocol:
    """What aioice's StunProtocol is to a transport."""

    def __init__(self) -> None:
        self.receiver: Any = self
        self.received: list[bytes] = []
        self.media: list[bytes] = []
        self.lost = asyncio.Event()
        self.got = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.append(data)
        self.got.set()

    def passerelle_media_received(self, data: memoryview) -> None:
        self.media.append(bytes(data))
        self.got.set()


async def test_media_takes_the_short_way_and_the_rest_goes_to_aioice() -> None:
    protocol = Protocol()
    transport = open_media_socket(asyncio.get_running_loop(), protocol, ("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (b"\x80media", b"\x00stun", b"\x16dtls"):
            protocol.got.clear()
            sender.sendto(data, transport.get_extra_info("sockname"))
            await asyncio.wait_for(protocol.got.wait(), 5)
    assert protocol.media == [b"\x80media"]
    assert protocol.received == [b"\x00stun", b"\x16dtls"]
    transport.close()
    transport.close()
    await asyncio.wait_for(protocol.lost.wait(), 5)
    assert transport.is_closing()


async def test_sending_never_raises() -> None:
    transport = open_media_socket(asyncio.get_running_loop(), Protocol(), ("127.0.0.1", 0))
    assert isinstance(transport, MediaDatagramTransport)
    transport.sendto(b"x" * 70_000, ("127.0.0.1", 9))
    assert transport.dropped == 1
    transport.close()
