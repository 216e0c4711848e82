"""
The visibility worker process: taps of media workers in, one reading a second per watched leg out.

This process moves bytes: control, taps, registration. Decoding and MediaPipe run in its analysis processes
(``relay.visibility.pool``), whose crash or hang a leg feels as a few seconds of ``not_measured`` and a call not at all.
Without models, or where MediaPipe cannot be loaded, the worker serves all the same and says so in every reading; it
looks for models until they can be loaded.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from relay.audio_exchange import DatagramSender
from relay.control import ControlServer
from relay.control_messages import (
    AnyCommand,
    AnyEvent,
    CallSummary,
    CloseCall,
    Unwatch,
    VisibilityFigures,
    VisibilityReading,
    Watch,
    WorkerState,
)
from relay.datagram import Datagram, Kind, call_key, pack, unpack
from relay.datagram_listener import DatagramListener
from relay.datagram_network import datagram_sender
from relay.errors import RelayError, StaleEpochError
from relay.model import OffReason, TapStats, WebLeg
from relay.redis_client import connect
from relay.registry import Registration, keep_registered
from relay.secure_sockets import place_of
from relay.visibility.config import VisibilityWorkerConfig
from relay.visibility.model_files import ModelFiles, find_models, version_of
from relay.visibility.pool import AnalysisPool, LegKey
from relay.visibility.pool_messages import WatchLeg

LOOK_PERIOD_S = 1.0
FIGURES_PERIOD_S = 10.0
READING_OVERDUE_S = 2.5  # they come once a second
MAX_DATAGRAM = 65_536  # bytes
MAX_READS = 256  # datagrams taken in one go before the loop gets its turn again
RECEIVE_BUFFER = 4 << 20  # bytes; a key frame comes as a burst

Emit = Callable[[AnyEvent], None]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Leg:
    """
    :param read_at: s: the last reading, or the beginning.
    :param ask_at: where a key frame can be asked for.
    """

    call_id: str
    leg: WebLeg
    heard_at: float
    read_at: float
    ask_at: str | None = None


class VisibilityWorker:
    """
    The legs watched. Sockets are opened by :func:`run`.

    :param emit: called with each reading. :param sender: asks media workers for key frames.
    """

    def __init__(self, config: VisibilityWorkerConfig, emit: Emit, sender: DatagramSender) -> None:
        self._config = config
        self._emit = emit
        self._sender = sender
        self._pool = AnalysisPool(config, self._read, self._ask_key_frame)
        self._has_models = False
        self._place = place_of(config.control_socket.parent)
        self.tap_address: str | None = None  # for other machines, like the next one
        self.control_address: str | None = None
        self._epochs: dict[str, int] = {}
        self._legs: dict[LegKey, _Leg] = {}
        self._figures_at = 0.0

    # -- what signaling asks ----------------------------------------------------------------------------------

    async def handle(self, command: AnyCommand) -> dict[str, Any]:
        """:raises RelayError: stale epoch, or a command for another kind of worker."""
        known = self._epochs.get(command.call_id)
        if known is not None and command.epoch < known:
            raise StaleEpochError(command.epoch, known)
        match command:
            case Watch():
                self._epochs[command.call_id] = command.epoch
                self._watch(command)
            case Unwatch():
                self._unwatch((call_key(command.call_id), command.leg))
            case CloseCall():
                self._close_call(command.call_id)
            case _:
                raise RelayError("wrong_worker", f"a visibility worker does not do {command.type}")
        return {}

    def state(self) -> WorkerState:
        return WorkerState(
            worker_id=self._config.worker_id,
            kind="visibility",
            capacity=self._config.capacity,
            load=self.load,
            datagram_socket=str(self._config.tap_socket),
            datagram_address=self.tap_address,
            place=self._place,
            calls=tuple(self._summaries()),
            notice=self.notice,
        )

    def registration(self) -> Registration:
        return Registration(
            worker_id=self._config.worker_id,
            kind="visibility",
            address=str(self._config.control_socket),
            capacity=self._config.capacity,
            load=self.load,
            network_address=self.control_address,
            place=self._place,
        )

    @property
    def load(self) -> float:
        return min(1.0, len(self._legs) / self._config.capacity)

    @property
    def notice(self) -> str | None:
        if not self._has_models:
            return "models_missing"
        return "detector_failed" if self._pool.is_unable else None

    # -- what media workers send ------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """One tap datagram; what nobody watches is dropped."""
        datagram = unpack(data)
        leg = self._legs.get((datagram.call_key, datagram.leg)) if datagram else None
        if datagram is None or leg is None:
            return
        leg.heard_at = asyncio.get_running_loop().time()
        if datagram.kind is Kind.STATS:
            _note_sender(leg, datagram)
        self._pool.receive((datagram.call_key, datagram.leg), data)

    # -- tasks ------------------------------------------------------------------------------------------------

    async def keep_watch(self) -> None:
        """
        Each second, until cancelled: legs without a reading are told of, since nobody else does; legs that everybody
        forgot are forgotten here too; what reduces the service, when it changes; now and then how the analysis does.
        """
        loop, told = asyncio.get_running_loop(), self.notice
        while True:
            await asyncio.sleep(LOOK_PERIOD_S)
            now = loop.time()
            if self.notice != told:
                told = self.notice
                self._emit(self.state())
            for key, leg in list(self._legs.items()):
                if self.notice or now - leg.read_at > READING_OVERDUE_S:
                    self._say_unmeasured(leg, "models_missing" if self.notice else "not_measured")
                if now - leg.heard_at > self._config.abandoned_after_s:
                    log.info("leg abandoned", extra={"call_id": leg.call_id, "leg": leg.leg})
                    self._unwatch(key)
            if now - self._figures_at >= FIGURES_PERIOD_S:
                self._figures_at = now
                self._emit(self._figures())

    async def keep_looking_for_models(self) -> None:
        """
        Until cancelled: missing models may be fetched, and those that cannot be loaded replaced, while the service
        runs.
        """
        loop, known = asyncio.get_running_loop(), None
        while True:
            if self.notice:
                found = await loop.run_in_executor(None, self._find_models)
                if found and found != known:
                    self._pool.begin(found[0])
                self._has_models, known = found is not None, found
            await asyncio.sleep(self._config.models_recheck_s)

    async def close(self) -> None:
        await self._pool.close()

    # -- inside -----------------------------------------------------------------------------------------------

    def _find_models(self) -> tuple[ModelFiles, tuple[tuple[int, int], ...]] | None:
        """:returns: the models that are there, in which version. Blocks."""
        models = find_models(self._config.models_dir, self._config.hand_landmarker)
        with contextlib.suppress(OSError):
            return (models, version_of(models)) if models else None
        return None

    def _watch(self, command: Watch) -> None:
        key = (call_key(command.call_id), command.leg)
        now = asyncio.get_running_loop().time()
        if key in self._legs:
            self._legs[key].heard_at = now
        else:
            self._legs[key] = _Leg(command.call_id, command.leg, now, now)
            log.info("watching", extra={"call_id": command.call_id, "leg": command.leg})
        self._pool.watch(key, WatchLeg(call_id=command.call_id, leg=command.leg, watch_for=command.watch_for))

    def _unwatch(self, key: LegKey) -> None:
        leg = self._legs.pop(key, None)
        if leg is None:
            return
        self._pool.unwatch(key)
        if all(other.call_id != leg.call_id for other in self._legs.values()):
            self._epochs.pop(leg.call_id, None)
        log.info("no longer watching", extra={"call_id": leg.call_id, "leg": leg.leg})

    def _close_call(self, call_id: str) -> None:
        for key in [key for key, leg in self._legs.items() if leg.call_id == call_id]:
            self._unwatch(key)
        self._epochs.pop(call_id, None)

    def _read(self, reading: VisibilityReading) -> None:
        leg = self._legs.get((call_key(reading.call_id), reading.leg))
        if leg is not None:  # else it was let go meanwhile
            leg.read_at = asyncio.get_running_loop().time()
            self._emit(reading)

    def _say_unmeasured(self, leg: _Leg, reason: OffReason) -> None:
        self._emit(VisibilityReading(call_id=leg.call_id, leg=leg.leg, level="off", advice=reason))

    def _ask_key_frame(self, key: LegKey) -> None:
        leg = self._legs.get(key)
        if leg is not None and leg.ask_at is not None:
            self._sender.send(pack(Kind.KEY_FRAME, key[0], key[1], b""), leg.ask_at)

    def _figures(self) -> VisibilityFigures:
        figures = self._pool.figures
        return VisibilityFigures(
            looks=figures.looks,
            dropped=figures.dropped,
            replaced=figures.replaced,
            budget_share=round(figures.cores / self._config.cores, 4),
            stretch=round(figures.stretch, 2),
        )

    def _summaries(self) -> Iterator[CallSummary]:
        for call_id, epoch in self._epochs.items():
            legs = {leg.leg: "connected" for leg in self._legs.values() if leg.call_id == call_id}
            yield CallSummary(call_id=call_id, epoch=epoch, legs={**legs})


def _note_sender(leg: _Leg, datagram: Datagram) -> None:
    """What cannot be read, the analysis process says."""
    with contextlib.suppress(ValidationError):
        leg.ask_at = TapStats.model_validate_json(datagram.payload).ask_at


async def run(config: VisibilityWorkerConfig, stop: asyncio.Event) -> None:
    """
    Serve until ``stop`` is set.

    :raises OSError: a socket cannot be opened.
    """

    def emit(event: AnyEvent) -> None:
        control.emit(event)

    sender = datagram_sender(config.network)
    worker = VisibilityWorker(config, emit, sender)
    control = ControlServer(config.control_socket, worker.handle, worker.state, config.network)
    tap = DatagramListener(
        config.tap_socket,
        worker.receive,
        network=config.network,
        limit=MAX_DATAGRAM,
        burst=MAX_READS,
        receive_buffer=RECEIVE_BUFFER,
        tells_loss=True,
    )
    async with contextlib.AsyncExitStack() as cleanup:
        cleanup.callback(sender.close)
        tap.start()
        cleanup.callback(tap.close)
        worker.tap_address = tap.network_address
        cleanup.push_async_callback(worker.close)
        await control.start()
        cleanup.push_async_callback(control.close)
        worker.control_address = control.network_address
        await _serve_until(stop, worker, config)


async def _serve_until(stop: asyncio.Event, worker: VisibilityWorker, config: VisibilityWorkerConfig) -> None:
    async with contextlib.AsyncExitStack() as cleanup, asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker.keep_watch()), group.create_task(worker.keep_looking_for_models())]
        if config.redis_url:
            redis = connect(config.redis_url)
            cleanup.push_async_callback(redis.aclose)
            tasks.append(group.create_task(keep_registered(redis, worker.registration)))
        await stop.wait()
        for task in tasks:
            task.cancel()
