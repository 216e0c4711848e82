"""
Runs one call: takes events, lets ``signaling.call`` decide, carries out the commands.

``submit`` never waits: the new state holds at once and the pages are told at once. Effects follow in three ordered
lanes (media, queue, records), so that a Redis or a worker that is away delays its own lane and nothing else.
"""

import asyncio
import contextlib
import functools
import logging
import time

from redis.exceptions import RedisError

from relay.errors import RelayError
from signaling.audit import joining
from signaling.call import begin, next_deadline, receive
from signaling.call_events import (
    Act,
    AskCallback,
    CloseMedia,
    Command,
    Enqueue,
    Event,
    HoldAgent,
    KeepMissed,
    LeaveQueue,
    OpenMedia,
    PromoteSecond,
    RefuseReferral,
    ReleaseAgent,
    ReportAbuse,
    RingDevices,
    TellAgent,
    Tick,
    WriteRecord,
)
from signaling.call_media import CallMedia, NoWorkerError
from signaling.call_model import Call
from signaling.call_news import CallNews
from signaling.call_pages import CallPages
from signaling.call_plan import announcement
from signaling.call_services import Services
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_terms import Action, CallState, Party
from signaling.call_workers import CallWorkers
from signaling.ice_servers import IceServers
from signaling.lane import Effect, Lane
from signaling.leg_openings import LegOpenings
from signaling.messages import AnyServerMessage
from signaling.messages.call_state import QueueView
from signaling.messages.media import MediaClosed
from signaling.metrics import ReconnectCause
from signaling.ownership import Snapshot
from signaling.phone_commands import PhoneCommands
from signaling.queue_commands import QueueCommands
from signaling.records.call_records import AbuseReported, Write

ENDINGS: frozenset[Action] = frozenset({"hang_up", "hang_up_phone", "decline", "end_and_report_abuse"})
RENEW_PERIOD_S = 1.0
log = logging.getLogger(__name__)


class CongestedError(Exception):
    """So much waits for a worker already that no more is taken; try again."""


class CallRunner:
    """
    One call and its owner's duties.

    :param epoch: of the lease this process holds.
    :param snapshot: when the call was taken over: where its media is.
    """

    def __init__(self, call: Call, epoch: int, services: Services, snapshot: Snapshot | None = None) -> None:
        self.call = call
        self.epoch = epoch
        self.queue_view: QueueView | None = None
        self.pages = CallPages(self, services.hub)
        self._services = services
        self._ice_servers = IceServers(services.config)
        self.media = CallMedia(call.call_id, epoch, services.pool, self._ice_servers, snapshot)
        self.statistics = CallStatistics()
        self._lanes = {
            "media": Lane("media", (NoWorkerError,)),
            "records": Lane("records", (RedisError, OSError)),
            "counted": Lane("counted"),
        }
        self._openings = LegOpenings(self, self.media, self._lanes["media"], services.hub, self._ice_servers)
        self._phone = PhoneCommands(self.media, self, services.config.ring_timeout_s)
        self._line = QueueCommands(self, services.queue, services.hub)
        self._lanes |= {"phone": self._phone.lane, "queue": self._line.lane}
        self.news = CallNews(self, services, self._phone, self._openings, self._lanes["counted"])
        self.workers = CallWorkers(self, self.media, self._phone, self._lanes["media"], services.pool)
        self._timer: asyncio.TimerHandle | None = None
        self._renewed_at: dict[Party, float] = {}
        self._is_unsaved = False
        services.elsewhere.call_is_mine(call, epoch)
        self._arm()

    # --- events in

    def submit(self, event: Event) -> None:
        """
        :raises OutOfPlaceError: an ``Act`` that is not open now; the call has not changed.
        :raises CongestedError: the far side is away and much waits already; endings are always taken.
        """
        if isinstance(event, Act) and event.action not in ENDINGS and self._is_congested:
            raise CongestedError
        before = self.call
        self.call, commands = receive(before, event, time.time())
        for command in commands:
            self._carry_out(command)
        if self.call == before:
            return
        self.pages.part(before)
        self._services.elsewhere.call_is_mine(self.call, self.epoch)
        if before.phone_legs != self.call.phone_legs:
            self._count(functools.partial(self._services.guard.follow, before, self.call))
        self.refresh()
        if announcement(self.call) != announcement(before):
            self._phone.announce()
        if acted := joining(before, event, self.call, time.time()):
            self.keep(acted)
        self.save_soon()
        self._arm()
        self.publish()
        if before.state is not self.call.state:
            self._services.metrics.transition(before, self.call)
            self._log_edges(before)

    @property
    def _is_congested(self) -> bool:
        return self._lanes["media"].is_congested or self._lanes["phone"].is_congested

    def _count(self, effect: Effect) -> None:
        """What telephones cost: never waited for."""
        if not self.call.rehearsal:
            self._lanes["counted"].put(effect)

    def queued(self, queued_at: float) -> None:
        """:param queued_at: by the queue's clock."""
        self._line.queued(queued_at)

    def refresh(self) -> None:
        """State to the workers what changed since they were last told."""
        self._lanes["media"].put_newest("sync", self._sync)

    def keep_phone(self) -> None:
        if self.call.has_phone:
            self._phone.keep()
            self._count(functools.partial(self._services.guard.keep, self.call))

    def renew_media(self, party: Party) -> None:
        """The page asks for a new peer connection; asked again at once, it gets the one that is on its way."""
        now = time.monotonic()
        if party in self.call.in_media and now - self._renewed_at.get(party, 0.0) >= RENEW_PERIOD_S:
            self._renewed_at[party] = now
            self.count_reconnect("asked")
            self.want_media(party)

    def want_media(self, party: Party) -> None:
        """A new peer connection."""
        self._openings.want(party)

    def count_reconnect(self, cause: ReconnectCause) -> None:
        self.statistics.reconnects += 1
        self._services.metrics.reconnect(cause)

    def begin(self) -> None:
        """A new call's first commands: an agent is sought, or somebody rung."""
        self._line.lane.put(self._save)  # before it stands in the line: nobody takes over a call without a snapshot
        for command in begin(self.call):
            self._carry_out(command)
        self._phone.announce()

    def enqueue(self, request_id: str) -> None:
        """Again: the queue has lost it."""
        self.save_soon()
        self._carry_out(Enqueue(request_id))

    def keep(self, write: Write) -> None:
        """Put something into the records behind what this call has written so far (its own record first)."""
        self._lanes["records"].put(functools.partial(self._services.keeper.put, write))

    async def kept(self) -> None:
        """Until everything given to :meth:`keep` is written, or kept for later."""
        await self._lanes["records"].drained()

    async def answer_media(self, party: Party, generation: int, sdp: str) -> None:
        """:raises RelayError: the answer cannot be used."""
        await self.media.answer(party, generation, sdp)

    # --- out to the pages

    def publish(self, only: Party | None = None) -> None:
        self.pages.publish(only)

    def tell(self, party: Party, message: AnyServerMessage) -> None:
        self.pages.tell(party, message)

    def tell_all(self, message: AnyServerMessage) -> None:
        self.pages.tell_all(message)

    def tell_agent(self, code: str) -> None:
        self.pages.tell_agent(code)

    def repeat_encoding(self, party: Party) -> None:
        self.pages.repeat_encoding(party, self.media.generation.get(party))

    def refuse_referral(self, attempt: str) -> None:
        self._phone.carry_out(RefuseReferral(attempt))

    # --- commands out

    def _carry_out(self, command: Command) -> None:
        match command:
            case OpenMedia(party):
                self._openings.want(party)
            case CloseMedia(party):
                self._close_media(party)
            case PromoteSecond():
                self._promote_second()
            case Enqueue() | LeaveQueue() | ReleaseAgent() | HoldAgent():
                self._line.carry_out(command)
            case AskCallback(at):
                self._ask_callback(at)
            case TellAgent(code):
                self.tell_agent(code)
            case RingDevices(person):
                if self._services.bell is not None:
                    self._services.bell.ring(self.call, person)
            case WriteRecord():
                self.keep(call_record(self.call, self.statistics))
            case ReportAbuse():
                self.keep(AbuseReported(self.call.call_id, "agent", time.time()))
            case KeepMissed():
                self._keep_missed(command)
            case _:
                self._phone.carry_out(command)

    def _promote_second(self) -> None:
        is_open = self.media.promote_second()
        has_media = is_open or self.call.agent.connected  # opened by an earlier owner of the call
        self.pages.promote_second()
        self._lanes["media"].put(functools.partial(self._tell_promotion, self.call))
        self._openings.promote_second(has_media=has_media)

    def _ask_callback(self, at: float | None) -> None:
        book, queued_at = self._services.callbacks, self._line.queued_at or self.call.queued_at
        if book is not None:
            self._lanes["records"].put(functools.partial(book.ask, self.call, at, queued_at))

    def _close_media(self, party: Party | None) -> None:
        if party is not None:
            self._openings.leave(party)
            self.media.forget_leg(party)
            self._lanes["media"].put(functools.partial(self._close_leg, party))
            return
        self._openings.forget()
        self.tell_all(MediaClosed(call_id=self.call.call_id))
        self._lanes["media"].put(self.media.close)
        if not self.call.has_phone:
            self._phone.close()

    def _keep_missed(self, missed: KeepMissed) -> None:
        if self._services.inbox is not None and not self.call.rehearsal:
            self._lanes["records"].put(functools.partial(self._services.inbox.keep, self.call, missed))

    async def _tell_promotion(self, call: Call) -> None:
        try:
            await self.media.tell_promotion(call)
        except RelayError as error:
            log.warning("second not promoted: %s", error.code, extra={"call_id": call.call_id})
            self.want_media("agent")

    async def _close_leg(self, party: Party) -> None:
        try:
            await self.media.close_leg(party)
        except RelayError as error:
            log.warning("leg not closed: %s", error.code, extra={"call_id": self.call.call_id, "leg": party})

    async def _sync(self) -> None:
        try:
            await self.media.sync(self.call)
        except RelayError as error:
            log.warning("plan not taken: %s", error.code, extra={"call_id": self.call.call_id})

    def save_soon(self) -> None:
        self._lanes["records"].put_newest("save", self._save)

    async def _save(self) -> None:
        snapshot = Snapshot(
            call=self.call,
            media_worker=self.media.media_id,
            phone_worker=self.media.phone_id,
            visibility_worker=self.media.visibility_id,
            reads=self.media.reads,
        )
        self._is_unsaved = True
        with contextlib.suppress(RedisError, OSError):  # without Redis the owner goes on from memory
            await self._services.ownership.save(snapshot, self.epoch)
            self._is_unsaved = False

    def save_again(self) -> None:
        """Redis is there: what it missed of this call."""
        if self._is_unsaved:
            self.save_soon()

    # --- time

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = next_deadline(self.call)
        if deadline is not None:
            delay = max(0.0, deadline - time.time()) + 0.01
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_deadline)

    def _on_deadline(self) -> None:
        self._timer = None
        self.submit(Tick())
        if self._timer is None:
            self._arm()

    async def close(self, deadline_s: float = 0.0) -> None:
        """Stop running the call here (it is over, lost to another owner, or this process leaves)."""
        if self._timer is not None:
            self._timer.cancel()
        self.workers.close()
        for lane in self._lanes.values():
            await lane.close(deadline_s)

    def _log_edges(self, before: Call) -> None:
        """One line when a call begins to be served, one when it ends; never a number, a name or a text."""
        call = self.call
        if call.state is CallState.ENDED:
            log.info(
                "call ended",
                extra={
                    "call_id": call.call_id,
                    "reason": call.end_reason,
                    "fault": call.end_fault,
                    "waited_s": round((call.together_at or call.ended_at or 0) - call.queued_at, 1),
                    "lasted_s": round((call.ended_at or 0) - call.together_at, 1) if call.together_at else 0,
                },
            )
        elif call.is_together and not before.is_together:
            log.info("call together", extra={"call_id": call.call_id, "kind": call.kind, "mode": call.mode})
