"""
The media of one call: which workers serve it, and keeping them in step with the call.

Decides placement and what must be told again after a loss. The plan itself is derived in ``signaling.call_plan``.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from relay.control_messages import (
    AnswerLeg,
    AnyCommand,
    CloseCall,
    CloseLeg,
    OpenLeg,
    PromoteSecond,
    Unwatch,
    UpdateCall,
    Watch,
)
from relay.errors import RelayError
from relay.model import WEB_LEGS, Advice, CallPlan, WatchFor, WebLeg
from relay.phone_messages import Dial, Keep, SetPhoneAudio
from signaling.call_model import Call, PhoneLegState
from signaling.call_plan import media_plan, phone_hears, watched
from signaling.call_terms import Party
from signaling.ice_servers import IceServers
from signaling.ownership import Snapshot
from signaling.video_codecs import Codecs, LegCodecs, offer_for, offered, promoted, without
from signaling.workers import WorkerLink, WorkerPool

log = logging.getLogger(__name__)

#: What is said of a picture that lacks sharpness: by its lens or its line, which the media worker tells apart.
UNCLEAR: frozenset[Advice] = frozenset(("blurred", "low_resolution"))


class NoWorkerError(RelayError):
    """:param is_full: some are there, each with as many calls as it carries."""

    def __init__(self, kind: str, *, is_full: bool = False) -> None:
        super().__init__("no_worker", f"no {kind} worker is {'free' if is_full else 'there'}")
        self.is_full = is_full


class CallMedia:
    """
    :param pool: the workers. :param epoch: of this owner. :param ice_servers: for the worker's end of a leg.
    :param snapshot: of an earlier owner: where the call's media is.
    """

    def __init__(
        self,
        call_id: str,
        epoch: int,
        pool: WorkerPool,
        ice_servers: IceServers,
        snapshot: Snapshot | None = None,
    ) -> None:
        self._call_id, self._epoch, self._pool, self._ice_servers = call_id, epoch, pool, ice_servers
        self.media_id = snapshot.media_worker if snapshot else None
        self.phone_id = snapshot.phone_worker if snapshot else None
        self.visibility_id = snapshot.visibility_worker if snapshot else None
        self.generation: dict[Party, int] = {}
        known = snapshot.reads if snapshot else {}
        self.codecs = {party: LegCodecs(taken=reads, reads=reads) for party, reads in known.items()}
        self._plan: CallPlan | None = None
        self._audio: SetPhoneAudio | None = None
        # told to the visibility worker of now; None: an earlier owner may have told it something
        self._watched: dict[WebLeg, WatchFor | None] = dict.fromkeys(WEB_LEGS)
        self._without_picture: set[Party] = set()  # of those who serve
        self._begun_anew: set[Party] = set()
        self._unclear: set[WebLeg] = set()
        self._syncing = asyncio.Lock()

    @property
    def reads(self) -> dict[Party, Codecs]:
        """What each leg is known to read, for the next owner."""
        return {party: leg.reads for party, leg in self.codecs.items() if leg.reads}

    def leave_media_worker(self) -> None:
        """Look for another one at the next offer."""
        self.media_id, self._plan, self._audio = None, None, None

    def refresh_phone(self) -> None:
        """The phone worker is back: it is told again who hears whom."""
        self._audio = None

    async def keep_phone(self) -> dict[str, Any]:
        """
        A phone worker ends a leg whose call nobody keeps.

        :returns: what it says of the leg (:class:`Keep`). :raises RelayError: it is gone or refuses.
        """
        link = self._pool.link(self.phone_id)
        return {} if link is None else await link.request(Keep(call_id=self._call_id, epoch=self._epoch))

    def lose(self, link: WorkerLink) -> None:
        """A worker is gone: what it was told is void."""
        if link.worker_id == self.media_id:
            self.leave_media_worker()
        elif link.worker_id == self.visibility_id:
            self.visibility_id = None
            self._unclear.clear()

    async def open_leg(self, call: Call, party: Party) -> tuple[int, str]:
        """:returns: generation and offer (SDP). :raises RelayError: no worker, or it refused."""
        link = self._media_link()
        codecs = offer_for(party, self.codecs)
        self.codecs = offered(party, codecs, self.codecs)
        # Strictly rising over every owner of the call, without being stored: tenths of a second.
        self.generation[party] = max(self.generation.get(party, 0) + 1, int(time.time() * 10))
        generation = self.generation[party]
        await self.sync(call)
        opened = await link.request(
            OpenLeg(
                call_id=self._call_id,
                epoch=self._epoch,
                leg=party,
                generation=generation,
                ice_servers=self._ice_servers.for_worker(),
                video_codecs=codecs,
            )
        )
        return generation, str(opened["sdp"])

    async def answer(self, party: Party, generation: int, sdp: str) -> None:
        """:raises RelayError: ``bad_sdp``, a generation that is over, no worker."""
        link = self._pool.link(self.media_id)
        if link is None:
            raise NoWorkerError("media")
        answered = await link.request(
            AnswerLeg(call_id=self._call_id, epoch=self._epoch, leg=party, generation=generation, sdp=sdp)
        )
        is_seen = party == "signer" or "video" in answered.get("sends", ("video",))
        (self._without_picture.discard if is_seen else self._without_picture.add)(party)

    def note_clarity(self, leg: WebLeg, advice: Advice) -> bool:
        """
        :param advice: what is said of the leg's picture now. :returns: the media worker is to be told (:meth:`sync`).
        """
        is_unclear = advice in UNCLEAR
        if is_unclear == (leg in self._unclear):
            return False
        (self._unclear.add if is_unclear else self._unclear.discard)(leg)
        return True

    def promote_second(self) -> bool:
        """
        The second's peer connection is the agent's from now on; the worker is told by :meth:`tell_promotion`.

        :returns: False: none is known of here.
        """
        generation = self.generation.pop("second", None)
        self.codecs = promoted(self.codecs)
        is_seen = "second" not in self._without_picture
        self._without_picture = set() if is_seen else {"agent"}
        self._unclear -= {"agent", "second"}
        self.generation.pop("agent", None)
        if generation is not None:
            self.generation["agent"] = generation
        return generation is not None

    async def tell_promotion(self, call: Call) -> None:
        """:raises RelayError: the worker did not take it."""
        link = self._pool.link(self.media_id)
        if link is not None:
            await link.request(PromoteSecond(call_id=self._call_id, epoch=self._epoch))
            self._begun_anew = {"agent"}  # another person's picture: nothing of the former's counts for it
            try:
                await self.sync(call)
            finally:
                self._begun_anew = set()
            await self.sync(call)

    def forget_leg(self, party: Party) -> None:
        self.generation.pop(party, None)
        self._without_picture.discard(party)
        self._unclear.discard(party)
        self.codecs = without(party, self.codecs)

    async def close_leg(self, party: Party) -> None:
        """:raises RelayError: the worker did not take it."""
        link = self._pool.link(self.media_id)
        if link is not None:
            await link.request(CloseLeg(call_id=self._call_id, epoch=self._epoch, leg=party))

    async def sync(self, call: Call) -> None:
        """Tell the workers what changed since last told. :raises RelayError: a worker did not take it."""
        async with self._syncing:  # all legs are opened at once
            await self._sync(call)

    async def _sync(self, call: Call) -> None:
        link = self._pool.link(self.media_id)
        if link is None:
            return
        phone = self._pool.link(self.phone_id)
        taps = await self._tap_sockets(call, link)
        plan = media_plan(call, phone.datagrams_from(link) if phone else None, taps, self._unclear)
        if plan != self._plan:
            await link.request(UpdateCall(call_id=self._call_id, epoch=self._epoch, plan=plan))
            self._plan = plan
        worker_socket = link.datagrams_from(phone) if phone is not None else None
        if phone is not None and plan.phone_socket is not None and worker_socket is not None:
            audio = SetPhoneAudio(
                call_id=self._call_id,
                epoch=self._epoch,
                worker_socket=worker_socket,
                hears=phone_hears(call, plan),
            )
            if audio != self._audio:
                await phone.request(audio)
                self._audio = audio

    async def dial(self, call: Call, leg: PhoneLegState, timeout_s: float, replaces: str | None = None) -> None:
        """:raises RelayError: no phone worker, or it refused."""
        await self._choose_phone().request(
            Dial(
                call_id=self._call_id,
                epoch=self._epoch,
                attempt=leg.attempt,
                target=leg.target,
                caller_id=call.caller_id,
                timeout_s=timeout_s,
                joins=leg.joined,
                replaces=replaces,
            )
        )

    async def phone(self, command: Callable[..., AnyCommand], /, **fields: object) -> None:
        """
        :param command: a class of ``relay.control_messages``, made with ``fields``.
        :raises RelayError: the phone worker is gone or refused.
        """
        link = self._pool.link(self.phone_id)
        if link is None:
            raise NoWorkerError("phone")
        await link.request(command(call_id=self._call_id, epoch=self._epoch, **fields))

    async def without_telephone(self, command: Callable[..., AnyCommand], /, **fields: object) -> None:
        """As :meth:`phone`, for what a phone worker does also where nobody is on the line."""
        self._choose_phone()
        await self.phone(command, **fields)

    def _choose_phone(self) -> WorkerLink:
        link = self._pool.link(self.phone_id)
        if link is None:
            link = self._pool.choose("phone")
            if link is None:
                raise NoWorkerError("phone")
            self.phone_id = link.worker_id
        self._audio = None
        return link

    async def close(self) -> None:
        """Let go of the media and visibility workers; those that are gone need no telling."""
        ids = self.media_id, self.visibility_id
        self.media_id, self.visibility_id, self._plan, self._audio, self.codecs = None, None, None, None, {}
        for worker_id in ids:
            await self.close_at(worker_id)

    async def close_phone(self) -> None:
        worker_id, self.phone_id = self.phone_id, None
        await self.close_at(worker_id)

    async def close_at(self, worker_id: str | None) -> None:
        link = self._pool.link(worker_id)
        if link is not None:
            try:
                await link.request(CloseCall(call_id=self._call_id, epoch=self._epoch))
            except RelayError as error:
                log.warning("close refused: %s", error.code)

    def _media_link(self) -> WorkerLink:
        link = self._pool.link(self.media_id) or self._pool.choose("media")
        if link is None:
            is_full = any(not each.draining for each in self._pool.links("media"))
            raise NoWorkerError("media", is_full=is_full)
        if link.worker_id != self.media_id:
            self.media_id, self._plan, self._audio = link.worker_id, None, None
        return link

    async def _tap_sockets(self, call: Call, media: WorkerLink) -> dict[WebLeg, str]:
        """Where the visibility worker hears ``media``; it is told to watch first. Calls do not feel its absence."""
        apart = self._without_picture | self._begun_anew
        wanted = {leg: watch_for for leg, watch_for in watched(call).items() if leg not in apart}
        link = self._visibility_link(media, is_needed=bool(wanted))
        if link is None:
            return {}
        try:
            await self._tell_watched(link, wanted)
        except RelayError as error:
            log.warning("visibility refused: %s", error.code)
            return {}
        socket = link.datagrams_from(media)
        return {} if socket is None else dict.fromkeys(wanted, socket)

    async def _tell_watched(self, link: WorkerLink, wanted: dict[WebLeg, WatchFor]) -> None:
        """What changed since last told. :raises RelayError: the worker did not take it."""
        for leg in [leg for leg in self._watched if leg not in wanted]:
            await link.request(Unwatch(call_id=self._call_id, epoch=self._epoch, leg=leg))
            del self._watched[leg]
        for leg, watch_for in wanted.items():
            if self._watched.get(leg) != watch_for:
                await link.request(Watch(call_id=self._call_id, epoch=self._epoch, leg=leg, watch_for=watch_for))
                self.visibility_id = link.worker_id
                self._watched[leg] = watch_for

    def _visibility_link(self, media: WorkerLink, *, is_needed: bool) -> WorkerLink | None:
        link = self._pool.link(self.visibility_id)
        if link is None:
            self._watched = {}
            link = self._pool.choose("visibility", near=media) if is_needed else None
        return link if link is not None and link.datagram_socket is not None else None
