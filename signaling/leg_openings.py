"""
Offers to the pages of one call: opened together, again until a worker takes them, with the codecs all sides read.

Which party needs a connection is decided by ``signaling.call``; which worker serves by ``signaling.workers``.
"""

import asyncio
import contextlib
import functools
import logging
from typing import Protocol

from relay.errors import RelayError
from signaling.call_media import CallMedia, NoWorkerError
from signaling.call_model import Call
from signaling.call_terms import Party
from signaling.ice_servers import IceServers
from signaling.lane import Lane
from signaling.messages.media import MediaOffer
from signaling.messages.session import Error
from signaling.page_errors import sentence
from signaling.sessions import Hub
from signaling.video_codecs import Codecs, NoCommon, Reopen, answered, settle

RETRY_CODES = frozenset({"at_capacity", "draining", "worker_gone", "worker_silent"})
log = logging.getLogger(__name__)


class OpeningOwner(Protocol):
    """The call's runner."""

    call: Call

    def tell_all(self, message: Error, /) -> None: ...


class LegOpenings:
    """:param lane: shared with everything else that the media worker is told."""

    def __init__(self, owner: OpeningOwner, media: CallMedia, lane: Lane, hub: Hub, ice_servers: IceServers) -> None:
        self._owner, self._media, self._lane, self._hub, self._ice_servers = owner, media, lane, hub, ice_servers
        self._wanted: set[Party] = set()
        self._series = 0
        self._told: str | None = None  # error code that the pages know already

    def want(self, party: Party) -> None:
        """A new peer connection for this party, as soon as may be."""
        self._wanted.add(party)
        effect = functools.partial(self._open_wanted, self._wanted)
        self._lane.put_newest(f"open {self._series}", effect)  # never in the place of one from before a closing

    def leave(self, party: Party) -> None:
        """This party's media is over."""
        self._wanted.discard(party)

    def promote_second(self, *, has_media: bool) -> None:
        """The second is the agent from now on, whose peer connection it has or still waits for."""
        is_waiting = "second" in self._wanted or not has_media
        self._wanted -= {"agent", "second"}
        if is_waiting:
            self._lane.put(self._close_former)
            self.want("agent")

    async def _close_former(self) -> None:
        """Where there was no second to take its place, the leg of the former agent is still there."""
        with contextlib.suppress(RelayError):
            await self._media.close_leg("agent")

    def forget(self) -> None:
        """The media is over: what was wanted is not any more."""
        self._wanted, self._series, self._told = set(), self._series + 1, None

    def answered(self, party: Party, taken: Codecs) -> bool:
        """
        The leg is connected and took these codecs.

        :returns: whether this was news.
        """
        before, self._media.codecs = self._media.codecs, answered(party, taken, self._media.codecs)
        if self._media.codecs == before:
            return False
        match settle(self._media.codecs):
            case Reopen(parties):
                for each in parties:
                    log.info("leg opened again for its codec", extra={"call_id": self._owner.call.call_id, "leg": each})
                    self.want(each)
            case NoCommon():
                self._tell("no_common_codec")
            case None:
                self._told = None
        return True

    async def _open_wanted(self, wanted: set[Party]) -> None:
        """
        All at once: gathering a leg's candidates takes up to a second where STUN or TURN is asked.

        :raises NoWorkerError: for one of them there is none now; the others need no second offer.
        """
        parties, errors = tuple(wanted), list[NoWorkerError]()
        wanted.clear()
        for party, outcome in zip(parties, await asyncio.gather(*map(self._open, parties)), strict=True):
            if outcome is not None:
                wanted.add(party)
                errors.append(outcome)
        if errors:
            if self._media.media_id is None:
                wanted |= set(self._owner.call.in_media)  # one worker has all legs of a call
            if any(error.is_full for error in errors):
                self._tell("media_full")
            raise errors[0]
        if self._told == "media_full":
            self._told = None

    async def _open(self, party: Party) -> NoWorkerError | None:
        """:returns: why it must be tried again; None: done, or it cannot be done."""
        call = self._owner.call
        role, key, device = call.place(party)
        if party not in call.in_media or not self._hub.is_present(role, key, device):
            return None  # a page that is away gets its offer when it comes back
        try:
            generation, sdp = await self._media.open_leg(call, party)
        except NoWorkerError as error:
            return error
        except RelayError as error:
            log.warning("leg not opened: %s", error.code, extra={"call_id": call.call_id, "leg": party})
            if error.code not in RETRY_CODES:
                return None
            self._media.leave_media_worker()
            return NoWorkerError("media", is_full=error.code == "at_capacity")
        if self._owner.call.party_of(role, key or "") not in self._owner.call.in_media:
            return None  # sent away meanwhile; the leg is closed in its turn
        offer = MediaOffer(
            call_id=call.call_id, generation=generation, sdp=sdp, ice_servers=self._ice_servers.for_page()
        )
        self._hub.send(role, key, offer, device)
        return None

    def _tell(self, code: str) -> None:
        """Everybody, once."""
        if self._told != code:
            self._told = code
            self._owner.tell_all(Error(code=code, message=sentence(code, "fr")))
