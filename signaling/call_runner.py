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
from dataclasses import dataclass
from typing import Protocol

from redis.exceptions import RedisError

from interpreter_queue import model as queue_model
from interpreter_queue.dispatcher import InterpreterQueue
from interpreter_queue.errors import ContentionError, QueueFullError, QueueUnavailableError
from relay.control_messages import AnyEvent, LegState, LegStatsEvent, PhoneSpeaking, PhoneState, VisibilityReading
from relay.errors import RelayError
from signaling.call import OutOfPlaceError, next_deadline, receive
from signaling.call_events import (
    CloseMedia,
    Command,
    DialPhone,
    Enqueue,
    Event,
    HangUpPhone,
    HoldPhone,
    LeaveQueue,
    LegConnected,
    LegDisconnected,
    MediaLost,
    OpenMedia,
    PhoneReport,
    PhoneVoice,
    QueueGaveUp,
    ReleaseAgent,
    ReportAbuse,
    SendDtmf,
    Tick,
    WriteRecord,
)
from signaling.call_media import CallMedia, NoWorkerError
from signaling.call_model import Call, CallState, Party
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_view import view
from signaling.config import SignalingConfig
from signaling.elsewhere import Elsewhere
from signaling.lane import Effect, Lane
from signaling.messages import MediaClosed, MediaOffer, NetworkMessage, QueueView, VisibilityMessage
from signaling.metrics import Metrics
from signaling.ownership import Ownership, Snapshot
from signaling.records.model import AbuseReported, Write
from signaling.sessions import Hub
from signaling.workers import WorkerLink, WorkerPool

PARTIES: tuple[Party, ...] = ("signer", "agent")
log = logging.getLogger(__name__)

__all__ = ["CallRunner", "OutOfPlaceError", "RecordKeeper", "Services"]


class RecordKeeper(Protocol):
    """Where records go (``signaling.records.outbox``): never lost, never waited for."""

    async def put(self, write: Write, /) -> None: ...


@dataclass(frozen=True)
class Services:
    """What every runner of this process shares."""

    config: SignalingConfig
    hub: Hub
    pool: WorkerPool
    queue: InterpreterQueue
    ownership: Ownership
    keeper: RecordKeeper
    metrics: Metrics
    elsewhere: Elsewhere


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
        self._services = services
        self.media = CallMedia(call.call_id, epoch, services.pool, services.config.ice_servers, snapshot)
        self.statistics = CallStatistics()
        self._lanes = {
            "media": Lane("media", (NoWorkerError,)),
            "queue": Lane("queue", (QueueUnavailableError, ContentionError)),
            "records": Lane("records", (RedisError, OSError)),
        }
        self._queued_at: float | None = None  # by the queue's clock; gives the place back on resumption
        self._timer: asyncio.TimerHandle | None = None
        services.elsewhere.call_is_mine(call, epoch)
        self._arm()

    # --- events in

    def submit(self, event: Event) -> None:
        """:raises OutOfPlaceError: an ``Act`` that is not open now; the call has not changed."""
        before = self.call
        self.call, commands = receive(before, event, time.time())
        for command in commands:
            self._carry_out(command)
        if self.call == before:
            return
        self._services.elsewhere.call_is_mine(self.call, self.epoch)
        self._lanes["media"].put(self._sync)
        self._lanes["records"].put(functools.partial(self._save, self.call))
        self._arm()
        self.publish()
        if before.state is not self.call.state:
            self._services.metrics.transition(before, self.call)
            self._log_edges(before)

    def worker_event(self, event: AnyEvent) -> None:
        match event:
            case LegState(leg=leg, state=state, generation=generation):
                if generation == self.media.generation.get(leg, generation):
                    self.submit(LegConnected(leg) if state == "connected" else LegDisconnected(leg))
            case PhoneState():
                self.submit(PhoneReport(event.attempt, event.progress, event.outcome, event.sip_code))
            case PhoneSpeaking(speaking=speaking):
                self.submit(PhoneVoice(speaking))
            case LegStatsEvent(leg=leg, stats=stats):
                self.statistics.network(leg, stats)
                self._tell_both(NetworkMessage(call_id=self.call.call_id, whose=leg, stats=stats))
            case VisibilityReading():
                self._visibility(event)
            case _:
                pass

    def worker_lost(self, link: WorkerLink) -> None:
        """Effects on the call by the kind of worker (ARCHITECTURE, processes)."""
        mine = link.worker_id
        was_media, was_phone = mine == self.media.media_id, mine == self.media.phone_id
        self.media.lose(link)
        if was_media:
            self.statistics.reconnects += 1
            self.submit(MediaLost())
        elif was_phone and self.call.has_phone and self.call.phone is not None:
            self.submit(PhoneReport(self.call.phone.attempt, "ended", "trunk_failed"))
        elif not was_phone:
            self._lanes["media"].put(self._sync)

    def queued(self, queued_at: float) -> None:
        """The queue has the request: its place in line, to be given back when the call resumes."""
        if self._queued_at is None:
            self._queued_at = queued_at

    def worker_gone(self, worker_id: str) -> None:
        """After a takeover: a worker the dead owner used is not there any more."""
        if worker_id == self.media.media_id:
            self.media.media_id = None
            self.submit(MediaLost())
        elif self.call.has_phone and self.call.phone is not None:
            self.submit(PhoneReport(self.call.phone.attempt, "ended", "trunk_failed"))

    def refresh(self) -> None:
        """State the whole plan again: whatever the workers were told belongs to an older epoch."""
        self._lanes["media"].put(self._sync)

    def worker_found(self, link: WorkerLink) -> None:
        """A visibility worker (or any other) came: the plan may name it now."""
        if self.call.is_together and self.media.visibility_id is None and link.state.kind == "visibility":
            self._lanes["media"].put(self._sync)

    def renew_media(self, party: Party) -> None:
        """The page asks for a new peer connection."""
        if self.call.is_together:
            self.statistics.reconnects += 1
            self._carry_out(OpenMedia(party))

    def enqueue(self) -> None:
        """The call's first command; again, when the queue has lost it."""
        self._lanes["records"].put(functools.partial(self._save, self.call))
        self._carry_out(Enqueue(resumed=False))

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
        now = time.time()
        for party in PARTIES:
            if only in (None, party):
                key = self.call.signer_key if party == "signer" else self.call.agent_key
                self._services.hub.send(party, key, view(self.call, party, now, self.queue_view))

    def _tell_both(self, message: NetworkMessage | VisibilityMessage | MediaClosed) -> None:
        self._services.hub.send("signer", self.call.signer_key, message)
        self._services.hub.send("agent", self.call.agent_key, message)

    def _visibility(self, reading: VisibilityReading) -> None:
        self.statistics.visibility(reading.level)
        self._services.metrics.visibility(reading.level)
        self._tell_both(
            VisibilityMessage(
                call_id=self.call.call_id, level=reading.level, advice=reading.advice, measures=reading.measures
            )
        )

    # --- commands out

    def _carry_out(self, command: Command) -> None:
        services, call = self._services, self.call
        match command:
            case OpenMedia(party):
                self._lanes["media"].put(functools.partial(self._open, party))
            case CloseMedia():
                with_phone = not call.has_phone
                self._tell_both(MediaClosed(call_id=call.call_id))
                self._lanes["media"].put(functools.partial(self.media.close, with_phone=with_phone))
            case DialPhone(leg):
                dial = functools.partial(self.media.dial, call, leg, services.config.ring_timeout_s)
                self._lanes["media"].put(functools.partial(self._phone, dial))
            case HoldPhone(held):
                self._lanes["media"].put(functools.partial(self._phone, functools.partial(self.media.phone, held=held)))
            case SendDtmf(digits):
                send = functools.partial(self.media.phone, digits=digits)
                self._lanes["media"].put(functools.partial(self._phone, send))
            case HangUpPhone():
                hang_up = functools.partial(self.media.phone, hang_up=True)
                self._lanes["media"].put(functools.partial(self._phone, hang_up))
            case Enqueue():
                self._lanes["queue"].put(self._enqueue)
            case LeaveQueue():
                self._lanes["queue"].put(lambda: services.queue.cancel(call.call_id, "left"))
            case ReleaseAgent(agent_key, wrap_up):
                self._lanes["queue"].put(lambda: services.queue.release(agent_key, call.call_id, wrap_up=wrap_up))
            case WriteRecord():
                self.keep(call_record(call, self.statistics))
            case ReportAbuse():
                self.keep(AbuseReported(call.call_id, "agent", time.time()))

    async def _enqueue(self) -> None:
        call = self.call
        if call.state is CallState.ENDED:
            return
        request = queue_model.Request(
            call_id=call.call_id,
            trades=call.trades,
            skills=frozenset(call.skills),
            brand=call.brand,
            priority=call.priority,
            queued_at=self._queued_at,
            preferred_agent=call.preferred_agent,
            refused_agents=call.refused_agents,
            rehearsal=call.rehearsal,
        )
        try:
            await self._services.queue.enqueue(request)
        except QueueFullError:
            self.submit(QueueGaveUp())

    async def _open(self, party: Party) -> None:
        call = self.call
        if not call.is_together:
            return
        key = call.signer_key if party == "signer" else call.agent_key
        if not self._services.hub.is_present(party, key):
            return  # the page is away: it gets its offer when it comes back
        try:
            generation, sdp = await self.media.open_leg(call, party)
        except NoWorkerError:
            raise
        except RelayError as error:
            log.warning("leg not opened: %s", error.code, extra={"call_id": call.call_id, "leg": party})
            return
        offer = MediaOffer(
            call_id=call.call_id,
            generation=generation,
            sdp=sdp,
            ice_servers=self._services.config.ice_servers,
        )
        self._services.hub.send(party, key, offer)

    async def _phone(self, effect: Effect) -> None:
        """A phone command whose failure ends the phone leg, not the call."""
        try:
            await effect()
        except RelayError as error:
            log.warning("phone command refused: %s", error.code, extra={"call_id": self.call.call_id})
            if self.call.phone is not None and error.code not in {"bad_command", "unknown_call"}:
                self.submit(PhoneReport(self.call.phone.attempt, "ended", "trunk_failed"))
            elif self.call.phone is not None and error.code == "unknown_call":
                self.submit(PhoneReport(self.call.phone.attempt, "ended", "released"))

    async def _sync(self) -> None:
        try:
            await self.media.sync(self.call)
        except RelayError as error:
            log.warning("plan not taken: %s", error.code, extra={"call_id": self.call.call_id})

    async def _save(self, call: Call) -> None:
        snapshot = Snapshot(
            call=call,
            media_worker=self.media.media_id,
            phone_worker=self.media.phone_id,
            visibility_worker=self.media.visibility_id,
        )
        with contextlib.suppress(RedisError, OSError):  # without Redis the owner goes on from memory
            await self._services.ownership.save(snapshot, self.epoch)

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
