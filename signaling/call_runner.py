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
from relay.control_messages import (
    AnyEvent,
    EncodingWanted,
    LegState,
    LegStatsEvent,
    PhoneSpeaking,
    PhoneState,
    VisibilityReading,
)
from relay.errors import RelayError
from signaling.call import OutOfPlaceError, next_deadline, receive
from signaling.call_events import (
    Act,
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
from signaling.call_model import Action, Call, CallState, Party
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_view import view
from signaling.config import SignalingConfig
from signaling.elsewhere import Elsewhere
from signaling.ice_servers import IceServers
from signaling.lane import Lane
from signaling.leg_openings import LegOpenings
from signaling.messages import (
    AnyServerMessage,
    CallStateMessage,
    Error,
    MediaClosed,
    MediaEncoding,
    NetworkMessage,
    QueueView,
    VisibilityMessage,
)
from signaling.metrics import Metrics, ReconnectCause
from signaling.ownership import Ownership, Snapshot
from signaling.page_errors import sentence
from signaling.phone_commands import PhoneCommands
from signaling.records.model import AbuseReported, Write
from signaling.sessions import Hub
from signaling.workers import WorkerLink, WorkerPool

PARTIES: tuple[Party, ...] = ("signer", "agent")
ENDINGS: frozenset[Action] = frozenset({"hang_up", "end_and_report_abuse"})
WORKER_BACK_S = 5.0  # a worker's own supervisor has it back in two or three
RENEW_PERIOD_S = 1.0
log = logging.getLogger(__name__)

__all__ = ["CallRunner", "OutOfPlaceError", "RecordKeeper", "Services"]


class CongestedError(Exception):
    """So much waits for a worker already that no more is taken; try again."""


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
        self._ice_servers = IceServers(services.config)
        self.media = CallMedia(call.call_id, epoch, services.pool, self._ice_servers, snapshot)
        self.statistics = CallStatistics()
        self._encodings: dict[Party, MediaEncoding] = {}  # last asked of each page
        self._lanes = {
            "media": Lane("media", (NoWorkerError,)),
            "queue": Lane("queue", (QueueUnavailableError, ContentionError)),
            "records": Lane("records", (RedisError, OSError)),
        }
        self._openings = LegOpenings(self, self.media, self._lanes["media"], services.hub, self._ice_servers)
        self._phone = PhoneCommands(self.media, self, services.config.ring_timeout_s)
        self._lanes["phone"] = self._phone.lane
        self._queued_at: float | None = None  # by the queue's clock; gives the place back on resumption
        self._timer: asyncio.TimerHandle | None = None
        self._away: dict[str, asyncio.TimerHandle] = {}  # workers whose return is waited for
        self._renewed_at: dict[Party, float] = {}
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
        self._services.elsewhere.call_is_mine(self.call, self.epoch)
        self.refresh()
        self._save_soon()
        self._arm()
        self.publish()
        if before.state is not self.call.state:
            self._services.metrics.transition(before, self.call)
            self._log_edges(before)

    @property
    def _is_congested(self) -> bool:
        return self._lanes["media"].is_congested or self._lanes["phone"].is_congested

    def worker_event(self, event: AnyEvent) -> None:
        match event:
            case LegState(leg=leg, state=state, generation=generation):
                if generation == self.media.generation.get(leg, generation):
                    self.submit(LegConnected(leg) if state == "connected" else LegDisconnected(leg))
                    if state == "connected" and self._openings.answered(leg, event.video_codecs):
                        self._save_soon()
            case PhoneState():
                self.submit(PhoneReport(event.attempt, event.progress, event.outcome, event.sip_code))
            case PhoneSpeaking(speaking=speaking):
                self.submit(PhoneVoice(speaking))
            case LegStatsEvent(leg=leg, stats=stats):
                reading = self.statistics.network(leg, stats, time.time())
                self._services.metrics.leg(leg, reading)
                self.tell_both(NetworkMessage(call_id=self.call.call_id, whose=leg, stats=stats))
            case EncodingWanted(leg=leg, generation=generation, encoding=encoding):
                self._services.metrics.encoding_asked(leg, encoding)
                self._encodings[leg] = MediaEncoding(
                    call_id=self.call.call_id, generation=generation, encoding=encoding
                )
                self.repeat_encoding(leg)
            case VisibilityReading():
                self._visibility(event)
            case _:
                pass

    def worker_lost(self, link: WorkerLink) -> None:
        """Effects on the call by the kind of worker (ARCHITECTURE, processes)."""
        if link.worker_id == self.media.phone_id:
            self._await_worker(link.worker_id)  # its telephones may well be on the line: only the connection is gone
            return
        was_media = link.worker_id == self.media.media_id
        self.media.lose(link)
        if was_media:
            self._count_reconnect("worker_lost")
            self.submit(MediaLost())
        else:
            self.refresh()

    def worker_leaves(self, link: WorkerLink) -> None:
        """It serves the call until both sides have answered another worker: for the call nothing is lost."""
        if link.worker_id == self.media.media_id:
            self._count_reconnect("worker_left")
            self.media.leave_media_worker()
            for party in PARTIES:
                self._openings.want(party)

    def queued(self, queued_at: float) -> None:
        """The queue has the request: its place in line, to be given back when the call resumes."""
        if self._queued_at is None:
            self._queued_at = queued_at

    def expect_workers(self) -> None:
        """After a takeover: the workers the dead owner used may not be connected here yet, or be gone."""
        for worker_id in (self.media.media_id, self.media.phone_id):
            if worker_id is not None and self._services.pool.link(worker_id) is None:
                self._await_worker(worker_id)
        self.refresh()
        self.keep_phone()

    def _await_worker(self, worker_id: str) -> None:
        if worker_id not in self._away:
            loop = asyncio.get_running_loop()
            self._away[worker_id] = loop.call_later(WORKER_BACK_S, self._worker_stayed_away, worker_id)

    def _worker_stayed_away(self, worker_id: str) -> None:
        """Gone, or back without this call."""
        self._away.pop(worker_id, None)
        if worker_id == self.media.media_id:
            self.media.leave_media_worker()
            self.submit(MediaLost())
        elif worker_id == self.media.phone_id:
            self.media.phone_id = None
            if self.call.has_phone and self.call.phone is not None:
                self.submit(PhoneReport(self.call.phone.attempt, "ended", "trunk_failed"))

    def refresh(self) -> None:
        """State to the workers what changed since they were last told."""
        self._lanes["media"].put_newest("sync", self._sync)

    def keep_phone(self) -> None:
        if self.call.has_phone:
            self._phone.keep()

    def worker_found(self, link: WorkerLink) -> None:
        """A worker that was waited for is back; or a visibility worker came that the plan may name now."""
        waiting = self._away.pop(link.worker_id, None)
        has_call = any(entry.call_id == self.call.call_id for entry in link.state.calls)
        if waiting is not None:
            waiting.cancel()
            if not has_call:
                self._worker_stayed_away(link.worker_id)
            self.media.refresh_phone()
            self.keep_phone()
        if has_call and link.state.kind == "media" and not link.draining:
            self._lanes["media"].put(functools.partial(self._close_left_behind, link.worker_id))
        if link.state.kind == "media":
            self._lanes["media"].hurry()  # whoever waits for a worker need not wait out the pause
        if waiting is not None or (self.media.visibility_id is None and link.state.kind == "visibility"):
            self.refresh()

    async def _close_left_behind(self, worker_id: str) -> None:
        """A worker that hung, or whose network was away, still has a call that another one serves now."""
        if self.media.media_id not in (None, worker_id):
            await self.media.close_at(worker_id)

    def renew_media(self, party: Party) -> None:
        """The page asks for a new peer connection; asked again at once, it gets the one that is on its way."""
        now = time.monotonic()
        if self.call.is_together and now - self._renewed_at.get(party, 0.0) >= RENEW_PERIOD_S:
            self._renewed_at[party] = now
            self._count_reconnect("asked")
            self._carry_out(OpenMedia(party))

    def _count_reconnect(self, cause: ReconnectCause) -> None:
        self.statistics.reconnects += 1
        self._services.metrics.reconnect(cause)

    def enqueue(self) -> None:
        """The call's first command; again, when the queue has lost it."""
        self._save_soon()
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
                self._publish(party, view(self.call, party, now, self.queue_view))

    def _publish(self, party: Party, message: CallStateMessage) -> None:
        """A person's other devices see that the call is on one of them, and can have it."""
        role, key, bound = self.call.place(party)
        self._services.hub.send(role, key, message, bound)
        if bound is None:
            return
        shown = message.model_copy(update={"on_other_device": True, "actions": ()})
        for device in self._services.hub.devices(role, key):
            if device != bound:
                self._services.hub.send(role, key, shown, device)

    def tell(self, party: Party, message: AnyServerMessage) -> None:
        """To the page that has this party's side of the call."""
        role, key, device = self.call.place(party)
        self._services.hub.send(role, key, message, device)

    def repeat_encoding(self, party: Party) -> None:
        """What was last asked of this page; it may have missed it while only its socket was away."""
        message = self._encodings.get(party)
        if message is not None and message.generation == self.media.generation.get(party, message.generation):
            self.tell(party, message)

    def tell_both(self, message: NetworkMessage | VisibilityMessage | MediaClosed | Error) -> None:
        for party in PARTIES:
            self.tell(party, message)

    def tell_agent(self, code: str) -> None:
        self.tell("agent", Error(code=code, message=sentence(code, "fr")))

    def _visibility(self, reading: VisibilityReading) -> None:
        self.statistics.visibility(reading.level)
        self._services.metrics.visibility(reading.level)
        self.tell_both(
            VisibilityMessage(
                call_id=self.call.call_id, level=reading.level, advice=reading.advice, measures=reading.measures
            )
        )

    # --- commands out

    def _carry_out(self, command: Command) -> None:
        services, call = self._services, self.call
        match command:
            case OpenMedia(party):
                self._openings.want(party)
            case CloseMedia():
                self._openings.forget()
                self.tell_both(MediaClosed(call_id=call.call_id))
                self._lanes["media"].put(self.media.close)
                if not call.has_phone:
                    self._phone.close()
            case DialPhone() | HoldPhone() | SendDtmf() | HangUpPhone():
                self._phone.carry_out(command)
            case Enqueue():
                self._lanes["queue"].put(self._enqueue)
            case LeaveQueue():
                self._lanes["queue"].put(lambda: services.queue.cancel(call.call_id, "left"))
            case ReleaseAgent(agent_key, wrap_up):
                self._lanes["queue"].put(functools.partial(self._release, agent_key, wrap_up))
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

    async def _release(self, agent_key: str, wrap_up: bool) -> None:
        await self._services.queue.release(agent_key, self.call.call_id, wrap_up=wrap_up)
        if not wrap_up and not self._services.hub.is_present("agent", agent_key):
            await self._services.queue.sign_out(agent_key)  # lost: alerting them would only cost the next one 20 s

    async def _sync(self) -> None:
        try:
            await self.media.sync(self.call)
        except RelayError as error:
            log.warning("plan not taken: %s", error.code, extra={"call_id": self.call.call_id})

    def _save_soon(self) -> None:
        self._lanes["records"].put_newest("save", self._save)

    async def _save(self) -> None:
        snapshot = Snapshot(
            call=self.call,
            media_worker=self.media.media_id,
            phone_worker=self.media.phone_id,
            visibility_worker=self.media.visibility_id,
            reads=self.media.reads,
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
        for waiting in self._away.values():
            waiting.cancel()
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
