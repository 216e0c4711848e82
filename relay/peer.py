"""
One peer connection of one leg, of one generation: offer, answer, connection state, text channel.

Its packets belong to ``relay.forwarding.media_path``, where they go to ``relay.session``.
"""

import asyncio
import contextlib
import functools
import logging
import random
import secrets
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Protocol

from aiortc import RTCIceCandidate, RTCIceParameters, RTCSctpCapabilities

from relay.aiortc_internals.ice import LOOPBACK
from relay.aiortc_internals.link import MediaLink
from relay.config import MediaWorkerConfig
from relay.description import Answer, OfferParameters, build_offer, parse_answer
from relay.forwarding.media_path import MediaPath, MediaSink
from relay.forwarding.streams import STREAMS, OutgoingSsrcs
from relay.model import IceServer, Leg, LegConnection, VideoCodec
from relay.text_channel import TextChannel

log = logging.getLogger(__name__)


class PeerOwner(MediaSink, Protocol):
    """What a peer tells its call, beside media."""

    def on_state(self, state: LegConnection) -> None: ...
    def on_text(self, reader: Leg, text: str) -> None: ...


class Peer:
    """
    :param remote_parties: who writes to this leg and reads it, each in a text channel labelled with the party.
    :param owner: hears about everything; no longer after :meth:`close`.
    """

    def __init__(
        self,
        remote_parties: Sequence[Leg],
        ice_servers: Sequence[IceServer],
        owner: PeerOwner,
        config: MediaWorkerConfig,
    ) -> None:
        self.state: LegConnection = "connecting"
        self.path: MediaPath | None = None
        self.answer_sdp: str | None = None
        self._owner: PeerOwner | None = owner
        self._config = config
        self._cname = secrets.token_hex(8)
        self._ssrcs = {
            stream: OutgoingSsrcs(random.getrandbits(32) | 1, random.getrandbits(32) & ~1) for stream in STREAMS
        }
        self._answer: Answer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._link = MediaLink(ice_servers, _unwanted, self._link_changed, config)
        self._texts = {
            party: TextChannel(self._link.sctp, party, functools.partial(self._text_received, party))
            for party in remote_parties
        }

    @property
    def srtp_profile(self) -> str:
        return self._link.srtp_profile

    @property
    def video_codecs(self) -> tuple[VideoCodec, ...]:
        """What the answer took, its preferred first; empty before it and without video."""
        return self._answer.video_codecs if self._answer is not None else ()

    async def offer(self, video_codecs: tuple[VideoCodec, ...]) -> str:
        candidates = await self._link.gather()
        ice = self._link.ice_parameters
        return build_offer(
            OfferParameters(
                session_id=random.getrandbits(62),
                ice_username=ice.usernameFragment or "",
                ice_password=ice.password or "",
                fingerprints=self._link.fingerprints,
                candidates=(*candidates, *_public_candidates(candidates, self._config.public_address)),
                ssrcs=self._ssrcs,
                cname=self._cname,
                start_bitrate_kbps=self._config.start_bitrate_kbps,
                video_codecs=video_codecs,
            )
        )

    def answer(self, sdp: str) -> Answer:
        """
        Take the answer and begin to connect; the same answer again changes nothing.

        :raises BadDescriptionError: it is not an answer to our offer.
        """
        if self._answer is not None and self.answer_sdp == sdp:
            return self._answer
        answer = parse_answer(sdp)
        if self._answer is None:
            self._answer, self.answer_sdp = answer, sdp
            self._connecting = asyncio.create_task(self._connect(answer))
        return self._answer

    def open_text(self, party: Leg) -> None:
        """One more who writes to this leg and reads it. Again: nothing changes."""
        if party not in self._texts and self.state != "closed":
            self._texts[party] = TextChannel(self._link.sctp, party, functools.partial(self._text_received, party))

    def can_take_text(self, writer: Leg) -> bool:
        return self.state == "connected" and writer in self._texts and self._texts[writer].can_take_text

    def send_text(self, writer: Leg, text: str) -> None:
        """Only when :meth:`can_take_text`."""
        self._texts[writer].send(text)

    def may_have_lost_text(self, writer: Leg) -> bool:
        """Part of what ``writer`` wrote to this leg is not known to have arrived."""
        return writer in self._texts and self._texts[writer].may_have_lost_text

    def tick(self, now: float) -> None:
        """Every 100 ms."""
        if self.path is not None and self.state in ("connected", "disconnected"):
            self.path.tick(now)
            self._set_state("disconnected" if self._is_silent(self.path, now) else "connected")

    async def close(self) -> None:
        """Tell the other side, free everything. Idempotent; also runs by itself when the connection is lost."""
        self._owner = None
        self.state = "closed"
        self._link.intake.on_media = _unwanted
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._link.close()

    async def _connect(self, answer: Answer) -> None:
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await self._link.connect(
                    RTCIceParameters(answer.ice_username, answer.ice_password, answer.ice_lite),
                    answer.candidates,
                    answer.fingerprints,
                    is_dtls_server=answer.is_dtls_client,
                )
            if self._link.is_connected and answer.sctp_port is not None:
                await self._link.sctp.start(RTCSctpCapabilities(answer.max_message_size), answer.sctp_port)
        except (TimeoutError, ConnectionError):
            self._set_state("closed")
        except Exception:  # one leg's fault stays its own
            log.exception("peer connection failed")
            self._set_state("closed")

    def _link_changed(self) -> None:
        if self._link.is_closed:
            self._set_state("closed")
        elif self._link.is_connected and self.path is None:
            self._begin_media()
            self._set_state("connected")

    def _begin_media(self) -> None:
        answer, srtp, owner = self._answer, self._link.srtp, self._owner
        if answer is None or srtp is None or owner is None:
            return
        self.path = MediaPath(
            answer.streams,
            self._ssrcs,
            srtp,
            owner,
            cname=self._cname,
            start_bitrate_bps=self._config.start_bitrate_kbps * 1000,
            maximum_bitrate_bps=self._config.maximum_bitrate_bps,
        )
        self._link.intake.on_media = self.path.receive

    def _is_silent(self, path: MediaPath, now: float) -> bool:
        silent_s = now - self._link.heard_at
        was_sending = path.last_media_at is not None and now - path.last_media_at < self._config.silence_idle_s
        return silent_s > (self._config.silence_sending_s if was_sending else self._config.silence_idle_s)

    def _text_received(self, reader: Leg, text: str) -> None:
        if self._owner is not None:
            self._owner.on_text(reader, text)

    def _set_state(self, state: LegConnection) -> None:
        if self.state not in (state, "closed"):
            self.state = state
            if state == "closed":
                self._link.intake.on_media = _unwanted
            if self._owner is not None:
                self._owner.on_state(state)
            if state == "closed" and self._closing is None:
                self._closing = asyncio.create_task(self._close())


def _unwanted(_data: bytes | memoryview, _now: float) -> None:
    """Media before there is a path for it, or after the end."""


def _public_candidates(candidates: Sequence[RTCIceCandidate], addresses: Sequence[str]) -> list[RTCIceCandidate]:
    """Behind one-to-one NAT the host's ports are reachable under other addresses, each of its own IP version."""
    public = [ip_address(each) for each in addresses]
    hosts = [each for each in candidates if each.type == "host" and each.ip not in LOOPBACK]
    return [
        replace(
            host,
            ip=str(address),
            type="srflx",
            relatedAddress=host.ip,
            relatedPort=host.port,
            priority=host.priority - 1,
        )
        for host in hosts
        for address in public
        if ip_address(host.ip).version == address.version
    ]
