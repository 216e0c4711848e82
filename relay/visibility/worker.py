"""
The visibility worker process: taps of media workers in, one reading a second per watched leg out.

Decoding and MediaPipe run in threads of this process; the event loop only moves bytes. Each leg has at most one
analysis queued or under way, so legs take turns. Nothing is stored: pictures and landmarks last for one analysis.
Without models, or where MediaPipe cannot be loaded, the worker serves all the same and says so in every reading.
"""

import asyncio
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from relay.control import ControlServer
from relay.control_messages import (
    AnyCommand,
    CallSummary,
    CloseCall,
    Unwatch,
    VisibilityReading,
    Watch,
    WorkerState,
)
from relay.datagram import call_key, unpack
from relay.datagram_listener import DatagramListener
from relay.errors import RelayError, StaleEpochError
from relay.model import WebLeg
from relay.redis_client import connect
from relay.registry import Registration, keep_registered
from relay.secure_sockets import place_of
from relay.visibility.advice import MODELS_MISSING
from relay.visibility.config import VisibilityWorkerConfig
from relay.visibility.model_files import ModelFiles, find_models
from relay.visibility.monitor import Reading
from relay.visibility.watched_leg import PictureAnalyzer, WatchedLeg

READING_PERIOD_S = 1.0
MAX_DATAGRAM = 65_536  # bytes
MAX_READS = 256  # datagrams taken in one go before the loop gets its turn again
RECEIVE_BUFFER = 4 << 20  # bytes; a key frame comes as a burst
#: How long a thread that analyses may keep the event loop from the interpreter lock. The kernel holds 10 datagrams
#: (net.unix.max_dgram_qlen); at Python's default of 5 ms a key frame's burst would overflow them.
SWITCH_INTERVAL_S = 0.0005

LegKey = tuple[bytes, WebLeg]
Emit = Callable[[VisibilityReading], None]
log = logging.getLogger(__name__)


class VisibilityWorker:
    """
    The legs watched and their analyses. Sockets are opened by :func:`run`.

    :param emit: called with each reading.
    """

    def __init__(self, config: VisibilityWorkerConfig, emit: Emit) -> None:
        self._config = config
        self._emit = emit
        self._pool = ThreadPoolExecutor(config.threads, thread_name_prefix="visibility")
        self._models: ModelFiles | None = None
        self._detector_fails = False
        self._spares: deque[PictureAnalyzer] = deque()  # ready for the next leg
        self._place = place_of(config.control_socket.parent)
        self.tap_address: str | None = None  # for other machines, like the next one
        self.control_address: str | None = None
        self._epochs: dict[str, int] = {}
        self._legs: dict[LegKey, WatchedLeg] = {}
        self._tasks: dict[LegKey, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    # -- what signaling asks ----------------------------------------------------------------------------------

    async def handle(self, command: AnyCommand) -> dict[str, Any]:
        """:raises RelayError: stale epoch, or a command for another kind of worker."""
        known = self._epochs.get(command.call_id)
        if known is not None and command.epoch < known:
            raise StaleEpochError(command.epoch, known)
        match command:
            case Watch():
                self._epochs[command.call_id] = command.epoch
                self._watch(command.call_id, command.leg)
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
        if self._detector_fails:
            return "detector_failed"
        return None if self._models else "models_missing"

    # -- what media workers send ------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """One tap datagram; what nobody watches is dropped."""
        datagram = unpack(data)
        leg = self._legs.get((datagram.call_key, datagram.leg)) if datagram else None
        if datagram and leg:
            leg.receive(datagram, asyncio.get_running_loop().time())

    # -- tasks ------------------------------------------------------------------------------------------------

    async def keep_reading(self) -> None:
        """A reading of every leg each second, until cancelled. Legs that everybody forgot are forgotten here too."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(max(0.0, before + READING_PERIOD_S - loop.time()))
            now = loop.time()
            for key, leg in list(self._legs.items()):
                self._emit(self._reading_of(leg, now - before, now))
                if now - leg.last_heard_s > self._config.abandoned_after_s:
                    log.info("leg abandoned", extra={"call_id": leg.call_id, "leg": leg.leg})
                    self._unwatch(key)
            before = now

    async def keep_looking_for_models(self) -> None:
        """Until the models are found, since they may be fetched while the service runs; then get MediaPipe ready."""
        loop = asyncio.get_running_loop()
        while self._models is None:
            self._models = await loop.run_in_executor(
                self._pool, find_models, self._config.models_dir, self._config.hand_landmarker
            )
            if self._models is None:
                await asyncio.sleep(self._config.models_recheck_s)
        try:
            await loop.run_in_executor(self._pool, self._warm_up)
        except DetectorUnavailableError:
            log.exception("MediaPipe cannot be loaded: visibility is off")
            self._detector_fails = True

    async def close(self) -> None:
        for key in list(self._legs):
            self._unwatch(key)
        if self._closing:
            await asyncio.wait(self._closing, timeout=self._config.closing_deadline_s)
        while self._spares:
            self._spares.pop().close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- inside -----------------------------------------------------------------------------------------------

    def _watch(self, call_id: str, leg: WebLeg) -> None:
        key = (call_key(call_id), leg)
        now = asyncio.get_running_loop().time()
        if key in self._legs:
            self._legs[key].last_heard_s = now
            return
        watched = WatchedLeg(call_id, leg, self._make_analyzer, self._config.max_pending_frames, now)
        self._legs[key] = watched
        self._tasks[key] = asyncio.create_task(self._analyse(key, watched), name=f"visibility {leg}")
        log.info("watching", extra={"call_id": call_id, "leg": leg})

    def _unwatch(self, key: LegKey) -> None:
        """The leg's task ends by itself after the analysis under way, and closes what MediaPipe holds."""
        leg = self._legs.pop(key, None)
        task = self._tasks.pop(key, None)
        if leg is None or task is None:
            return
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if all(other.call_id != leg.call_id for other in self._legs.values()):
            self._epochs.pop(leg.call_id, None)
        log.info("no longer watching", extra={"call_id": leg.call_id, "leg": leg.leg})

    def _close_call(self, call_id: str) -> None:
        for key in [key for key, leg in self._legs.items() if leg.call_id == call_id]:
            self._unwatch(key)
        self._epochs.pop(call_id, None)

    async def _analyse(self, key: LegKey, leg: WatchedLeg) -> None:
        """One leg's turn after turn: all that came is decoded, the latest picture is analysed."""
        loop = asyncio.get_running_loop()
        period = 1 / self._config.analyses_per_second
        due = loop.time()
        try:
            while self._legs.get(key) is leg:
                due = max(due + period, loop.time())
                work = leg.take() if self._models and not self._detector_fails else None
                if work:
                    job = loop.run_in_executor(self._pool, leg.analyse, *work, round(loop.time() * 1000))
                    await self._finish(leg, job)
                await asyncio.sleep(max(0.0, due - loop.time()))
        finally:
            with contextlib.suppress(RuntimeError):  # the pool is shut down: the process ends
                await loop.run_in_executor(self._pool, leg.close)

    async def _finish(self, leg: WatchedLeg, job: Awaitable[Any]) -> None:
        try:
            seen = await job
        except Exception as error:  # one picture's or one machine's fault; calls must not feel it
            log.exception("analysis failed", extra={"call_id": leg.call_id, "leg": leg.leg})
            self._detector_fails = self._detector_fails or isinstance(error, DetectorUnavailableError)
            return
        if seen is not None:
            leg.add(*seen)

    def _warm_up(self) -> None:
        """In a worker thread. Loading MediaPipe takes seconds on a busy machine: not when the first call comes."""
        analyzer = self._make_analyzer()
        analyzer.look(np.zeros((240, 320, 3), dtype=np.uint8), 0)
        self._spares.append(analyzer)

    def _make_analyzer(self) -> PictureAnalyzer:
        """In a worker thread. :raises DetectorUnavailableError: MediaPipe or OpenCV cannot be loaded here."""
        assert self._models is not None
        with contextlib.suppress(IndexError):
            return self._spares.pop()
        try:
            from relay.visibility.detector import Analyzer  # noqa: PLC0415 - where it cannot load, the worker still serves

            return Analyzer(self._models)
        except Exception as error:  # whatever a native library raises when it cannot be loaded
            raise DetectorUnavailableError(str(error)) from error

    def _reading_of(self, leg: WatchedLeg, elapsed_s: float, now: float) -> VisibilityReading:
        reading = leg.reading(elapsed_s, now)
        if self.notice:
            reading = Reading(MODELS_MISSING.level, MODELS_MISSING.advice, {})
        return VisibilityReading(
            call_id=leg.call_id, leg=leg.leg, level=reading.level, advice=reading.advice, measures=reading.measures
        )

    def _summaries(self) -> Iterator[CallSummary]:
        for call_id, epoch in self._epochs.items():
            legs = {leg.leg: "connected" for leg in self._legs.values() if leg.call_id == call_id}
            yield CallSummary(call_id=call_id, epoch=epoch, legs={**legs})


class DetectorUnavailableError(RelayError):
    def __init__(self, message: str) -> None:
        super().__init__("detector_failed", message)


async def run(config: VisibilityWorkerConfig, stop: asyncio.Event) -> None:
    """
    Serve until ``stop`` is set. The process is the worker's own: it changes the interpreter's switch interval.

    :raises OSError: a socket cannot be opened.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)

    def emit(reading: VisibilityReading) -> None:
        control.emit(reading)

    worker = VisibilityWorker(config, emit)
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
        tasks = [group.create_task(worker.keep_reading()), group.create_task(worker.keep_looking_for_models())]
        if config.redis_url:
            redis = connect(config.redis_url)
            cleanup.push_async_callback(redis.aclose)
            tasks.append(group.create_task(keep_registered(redis, worker.registration)))
        await stop.wait()
        for task in tasks:
            task.cancel()
