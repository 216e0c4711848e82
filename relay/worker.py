"""
The media worker process: commands in, events out, one timer for all calls.

Decides epochs (fencing) and the worker's capacity; a call's media belongs to ``relay.session``. Run it as
``asyncio.Runner(loop_factory=new_event_loop).run(run(config, stop))``.
"""

import asyncio
import contextlib
import gc
import logging
import time
from collections import OrderedDict
from typing import Any

from relay import compiled, native
from relay.aiortc_internals.contract import problems
from relay.audio_exchange import AudioExchange
from relay.config import MediaWorkerConfig
from relay.control import ControlServer
from relay.control_messages import (
    AnswerLeg,
    AnyCommand,
    CloseCall,
    CloseLeg,
    OpenLeg,
    PromoteSecond,
    UpdateCall,
    WorkerLeaves,
    WorkerState,
)
from relay.datagram import Datagram, Kind
from relay.datagram_network import datagram_sender
from relay.errors import RelayError, StaleEpochError, UnknownCallError
from relay.event_loop import bind_fixed_port, new_event_loop, release_sockets
from relay.redis_client import connect
from relay.registry import Registration, keep_registered
from relay.secure_sockets import place_of
from relay.session import MediaSession

__all__ = ["MediaWorker", "new_event_loop", "run"]

TICK_S = 0.1
TICK_PARTS = 10  # a call's tick takes 0.1 to 0.3 ms
#: containers made and not yet freed, until the youngest are looked at; how often that is, until older ones are. Packets
#: leave none behind, calls that end some thousands: with Python's (700, 10, 10) all calls stop for tens of ms at random
GC_THRESHOLDS = (10_000, 5, 5)
REMEMBERED_CALLS = 1000  # closed calls whose epoch is kept, so that a late command does not revive them
CLOSE_DEADLINE_S = 5.0
MOVE_S = 8.0  # for calls that outlast the draining: until both sides have answered another worker
log = logging.getLogger(__name__)


async def run(config: MediaWorkerConfig, stop: asyncio.Event) -> None:
    """
    Serve until ``stop`` is set, then tell every peer goodbye.

    :raises OSError: a socket cannot be bound. :raises RelayError: the fixed UDP port cannot be had.
    :raises RuntimeError: aiortc, aioice or pylibsrtp is not the version this was written for.
    """
    if found := problems():
        raise RuntimeError("; ".join(found))
    native.load()
    calm_collector()
    for name in ("aioice", "aiortc"):  # they log addresses at INFO and whole SDPs at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)
    worker = MediaWorker(config)
    redis = connect(config.redis_url) if config.redis_url is not None else None
    tasks: list[asyncio.Task[None]] = []
    try:
        bind_fixed_port(config)
        await worker.start()
        tasks.append(asyncio.create_task(worker.tick_forever()))
        if redis is not None:
            tasks.append(asyncio.create_task(keep_registered(redis, worker.registration)))
        log.info("media worker ready", extra={"worker_id": config.worker_id, "compiled": compiled.is_in_use()})
        await stop.wait()
        await worker.drain()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.close()
        release_sockets(config)
        if redis is not None:
            await redis.aclose()
        log.info("media worker ended", extra={"worker_id": config.worker_id})


def calm_collector() -> None:
    """What is loaded at the start stays: the collector of cycles need not look at it again and again."""
    gc.set_threshold(*GC_THRESHOLDS)
    gc.collect()
    gc.freeze()


class MediaWorker:
    """All calls of this process."""

    def __init__(self, config: MediaWorkerConfig) -> None:
        self._config = config
        self._sessions: dict[str, MediaSession] = {}
        self._by_key: dict[bytes, MediaSession] = {}
        self._leaving: set[MediaSession] = set()  # they say goodbye
        self._closed_epochs: OrderedDict[str, int] = OrderedDict()
        self._farewells: set[asyncio.Task[None]] = set()
        self._sender = datagram_sender(config.network)
        self._is_draining = False
        self._exchange = AudioExchange(config.audio_socket, self._from_neighbour, config.network)
        self._control = ControlServer(config.control_socket, self.handle, self.state, config.network)
        self._place = place_of(config.control_socket.parent)

    async def start(self) -> None:
        self._exchange.start()
        self._sender.heard_at = str(self._config.audio_socket), self._exchange.network_address
        await self._control.start()

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                await asyncio.gather(*(each.close() for each in self._sessions.values()), return_exceptions=True)
        await self._control.close()
        self._exchange.close()
        self._sender.close()

    async def drain(self) -> None:
        """
        Take no new calls and wait for the last one to end, at most ``drain_s``. What is left then goes to other
        workers, and is served until both sides are there.
        """
        self._is_draining = True
        log.info("media worker drains", extra={"calls": len(self._sessions)})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.drain_s):
                while self._sessions or self._leaving:  # noqa: ASYNC110 -- a call may end in several ways, all seen here
                    await asyncio.sleep(TICK_S)
                await asyncio.sleep(TICK_S)  # the answer to the last command is still on its way
        if self._sessions and self._config.drain_s > 0:
            await self._hand_over()

    async def _hand_over(self) -> None:
        log.info("calls move to other workers", extra={"calls": len(self._sessions)})
        self._control.emit(WorkerLeaves())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOVE_S):
                while any(each.live_legs for each in self._sessions.values()):  # noqa: ASYNC110 -- as above
                    await asyncio.sleep(TICK_S)

    @property
    def load(self) -> float:
        return min(1.0, sum(each.weight for each in self._sessions.values()) / self._config.capacity)

    def state(self) -> WorkerState:
        return WorkerState(
            worker_id=self._config.worker_id,
            kind="media",
            capacity=self._config.capacity,
            load=self.load,
            draining=self._is_draining,
            datagram_socket=str(self._config.audio_socket),
            datagram_address=self._exchange.network_address,
            place=self._place,
            compiled=compiled.is_in_use(),
            calls=tuple(session.summary() for session in self._sessions.values()),
        )

    def registration(self) -> Registration:
        return Registration(
            worker_id=self._config.worker_id,
            kind="media",
            address=str(self._config.control_socket),
            capacity=self._config.capacity,
            load=self.load,
            draining=self._is_draining,
            network_address=self._control.network_address,
            place=self._place,
        )

    async def handle(self, command: AnyCommand) -> dict[str, Any]:
        """:raises RelayError: what the caller should know."""
        match command:
            case OpenLeg():
                session = self._session(command.call_id, command.epoch, create=True)
                codecs = command.video_codecs
                return {"sdp": await session.open_leg(command.leg, command.generation, command.ice_servers, codecs)}
            case AnswerLeg():
                session = self._session(command.call_id, command.epoch)
                answer = await session.answer_leg(command.leg, command.generation, command.sdp)
                return {"sends": [stream for stream, each in answer.streams.items() if each.sends]}
            case CloseLeg():
                await self._session(command.call_id, command.epoch).close_leg(command.leg)
            case PromoteSecond():
                await self._session(command.call_id, command.epoch).promote_second()
            case UpdateCall():
                self._session(command.call_id, command.epoch, create=True).update(command.plan)
            case CloseCall():
                await self._close_call(command.call_id, command.epoch)
            case _:
                raise RelayError("wrong_worker", f"{command.type} is not for a media worker")
        return {}

    async def tick_forever(self) -> None:
        """Each call every ``TICK_S``, a few at a time: packets must not wait for all of them."""
        while True:
            sessions = list(self._sessions.values())
            parts = max(1, min(TICK_PARTS, len(sessions)))
            for part in range(parts):
                await asyncio.sleep(TICK_S / parts)
                for session in sessions[part::parts]:
                    if self._sessions.get(session.call_id) is session:
                        self._tick(session, time.monotonic())

    def _tick(self, session: MediaSession, now: float) -> None:
        try:
            session.tick(now)
        except Exception:  # one call's fault must not stop the others' reports
            log.exception("tick failed", extra={"call_id": session.call_id})
        if now - session.touched_at > self._config.abandoned_after_s:
            log.warning("call abandoned by signaling", extra={"call_id": session.call_id})
            self._forget_later(session)

    def _session(self, call_id: str, epoch: int, *, create: bool = False) -> MediaSession:
        """
        :raises StaleEpochError: an older runner speaks.
        :raises UnknownCallError: there is no such call and it may not be created.
        """
        session = self._sessions.get(call_id)
        current = session.epoch if session is not None else self._closed_epochs.get(call_id)
        if current is not None and epoch < current:
            raise StaleEpochError(epoch, current)
        if session is None:
            if not create:
                raise UnknownCallError(call_id)
            session = self._create(call_id, epoch)
        session.epoch = epoch
        session.touched_at = time.monotonic()
        return session

    def _create(self, call_id: str, epoch: int) -> MediaSession:
        if self._is_draining:
            raise RelayError("draining", "this worker takes no new calls")
        if len(self._sessions) >= self._config.capacity:
            raise RelayError("at_capacity", f"{self._config.capacity} calls here already")
        session = MediaSession(
            call_id, epoch, self._config, emit=self._control.emit, sender=self._sender, now=time.monotonic()
        )
        self._sessions[call_id] = self._by_key[session.key] = session
        return session

    async def _close_call(self, call_id: str, epoch: int) -> None:
        if call_id in self._sessions:
            await self._forget(self._session(call_id, epoch))
        elif epoch < (current := self._closed_epochs.get(call_id, epoch)):
            raise StaleEpochError(epoch, current)

    def _forget_later(self, session: MediaSession) -> None:
        """Saying goodbye may take a moment, in which the other calls' reports must go on."""
        session.touched_at = time.monotonic()
        task = asyncio.create_task(self._forget(session))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _forget(self, session: MediaSession) -> None:
        self._sessions.pop(session.call_id, None)
        self._by_key.pop(session.key, None)
        self._closed_epochs[session.call_id] = session.epoch
        while len(self._closed_epochs) > REMEMBERED_CALLS:
            self._closed_epochs.popitem(last=False)
        self._leaving.add(session)
        try:
            await session.close()
        finally:
            self._leaving.discard(session)

    def _from_neighbour(self, message: Datagram) -> None:
        session = self._by_key.get(message.call_key)
        if session is None:
            return
        if message.kind is Kind.TEXT:
            session.texts.phone_wrote(message.leg, message.payload, time.monotonic())
        elif message.kind is Kind.KEY_FRAME:
            session.taps.ask_key_frame(message.leg)
        else:
            session.phone_audio(message.leg, message.payload, time.monotonic())
