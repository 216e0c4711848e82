"""A leg's text channels: one for each remote party, and what is known of text under way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription

from relay.config import MediaWorkerConfig
from relay.forwarding.streams import Stream
from relay.model import Leg, LegConnection, VideoCodec
from relay.peer import Peer
from tests.helpers.peers import until

pytestmark = pytest.mark.integration
CONFIG = MediaWorkerConfig("test", Path("control"), Path("audio"), offer_loopback=True)
VIDEO: tuple[VideoCodec, ...] = ("VP8",)
PARTIES: tuple[Leg, ...] = ("agent", "phone")


class Owner:
    def __init__(self) -> None:
        self.read: list[tuple[Leg, str]] = []

    def on_state(self, state: LegConnection) -> None: ...
    def on_text(self, reader: Leg, text: str) -> None:
        self.read.append((reader, text))

    def on_packet(self, *_: Any) -> None: ...
    def on_sender_report(self, *_: Any) -> None: ...
    def on_interrupted(self, *_: Any) -> None: ...
    def on_line_changed(self, *_: Any) -> None: ...
    def on_key_frame_wanted(self, stream: Stream, now: float) -> None: ...


class Page:
    """The other end, which notes what came under which label."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection()
        self.channels: dict[str, RTCDataChannel] = {}
        self.read: list[tuple[str, str]] = []
        self.connection.on("datachannel", self._take)

    def _take(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", lambda text: self.read.append((channel.label, text)))

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return str(self.connection.localDescription.sdp)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Peer, Owner, Page]]:
    owner, page = Owner(), Page()
    peer = Peer(PARTIES, (), owner, CONFIG)
    peer.answer(await page.answer(await peer.offer(VIDEO)))
    await until(lambda: all(peer.can_take_text(party) for party in PARTIES), "both channels", 30)
    yield peer, owner, page
    await asyncio.gather(peer.close(), page.connection.close())


async def test_each_remote_party_has_a_channel_of_its_own(ends: tuple[Peer, Owner, Page]) -> None:
    peer, owner, page = ends
    await until(lambda: set(page.channels) == {"agent", "phone"}, "labels")
    assert {channel.protocol for channel in page.channels.values()} == {"t140"}
    peer.send_text("phone", "allô")
    peer.send_text("agent", "bonjour")
    await until(lambda: len(page.read) == 2, "both texts")
    assert set(page.read) == {("phone", "allô"), ("agent", "bonjour")}
    page.channels["phone"].send("oui")
    page.channels["agent"].send("merci")
    await until(lambda: len(owner.read) == 2, "both answers")
    assert set(owner.read) == {("phone", "oui"), ("agent", "merci")}


async def test_text_counts_as_possibly_lost_until_it_is_confirmed(ends: tuple[Peer, Owner, Page]) -> None:
    peer, _, page = ends
    assert not peer.may_have_lost_text("agent")
    peer.send_text("agent", "bonjour")
    assert peer.may_have_lost_text("agent")
    assert not peer.may_have_lost_text("phone")
    await until(lambda: not peer.may_have_lost_text("agent"), "confirmation", 30)
    await until(lambda: page.read == [("agent", "bonjour")], "text", 30)


async def test_channel_takes_no_more_than_a_little_unconfirmed_text(ends: tuple[Peer, Owner, Page]) -> None:
    peer, _, page = ends
    peer.send_text("agent", "x" * 300)
    assert not peer.can_take_text("agent")
    assert peer.can_take_text("phone")
    await until(lambda: peer.can_take_text("agent"), "room again", 30)
    await until(lambda: page.read == [("agent", "x" * 300)], "text", 30)
