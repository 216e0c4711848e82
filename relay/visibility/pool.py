"""
The analysis processes of a visibility worker: who watches which leg, and their replacement when one dies or hangs.

A leg stays with the process it was given to (its decoder and its history are there): the least loaded one then.
Another process is started when all have their fill. In place of one that ends or says nothing for a while a new one
gets the same legs, which find a key frame again; one that cannot load its models leaves them to the others
(``relay.visibility.restarts`` says when it is tried again). Nothing waits for any of this: video for a process that is
not there is dropped.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from relay.control_messages import VisibilityReading
from relay.datagram import call_key
from relay.model import WebLeg
from relay.visibility.config import VisibilityWorkerConfig
from relay.visibility.model_files import ModelFiles
from relay.visibility.pool_messages import (
    Alive,
    FromProcess,
    KeyFrameWanted,
    LogLine,
    Ready,
    Setup,
    Share,
    UnwatchLeg,
    WatchLeg,
)
from relay.visibility.pool_process import AnalysisProcess
from relay.visibility.restarts import Restarts

MOST_PROCESSES = 2  # where the operator does not say
LegKey = tuple[bytes, WebLeg]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Figures:
    """Of all processes, since the worker began; ``cores`` and ``stretch`` (the worst) are of the last second."""

    looks: int = 0
    dropped: int = 0
    replaced: int = 0
    cores: float = 0.0
    stretch: float = 1.0


@dataclass(slots=True)
class _Seat:
    """The place of one process, kept when it is replaced."""

    legs: set[LegKey] = field(default_factory=set)
    process: AnalysisProcess | None = None
    last: Alive | None = None
    restarts: Restarts = field(default_factory=Restarts)
    models_came: asyncio.Event = field(default_factory=asyncio.Event)
    is_unable: bool = False  # its last process could not load MediaPipe or its models
    ready_at: float | None = None  # s


class AnalysisPool:
    """
    :param on_reading: gets each reading of a leg.
    :param on_key_frame_wanted: of a leg whose video cannot be decoded without one.
    """

    def __init__(
        self,
        config: VisibilityWorkerConfig,
        on_reading: Callable[[VisibilityReading], None],
        on_key_frame_wanted: Callable[[LegKey], None],
    ) -> None:
        self._config = config
        self._on_reading, self._on_key_frame_wanted = on_reading, on_key_frame_wanted
        self._limit = config.processes or min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
        self._models: ModelFiles | None = None
        self._watches: dict[LegKey, WatchLeg] = {}
        self._seats: list[_Seat] = []
        self._seat_of: dict[LegKey, _Seat] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._counted = Figures()

    @property
    def is_unable(self) -> bool:
        """No process can load MediaPipe or its models now. It is tried again."""
        return bool(self._seats) and all(seat.is_unable for seat in self._seats)

    @property
    def figures(self) -> Figures:
        states = [seat.last for seat in self._seats if seat.last]
        self._counted.cores = round(sum(each.cores for each in states), 4)
        self._counted.stretch = max((each.stretch for each in states), default=1.0)
        return self._counted

    def begin(self, models: ModelFiles) -> None:
        """
        The first process starts at once: loading MediaPipe takes seconds, not when the first call comes.
        Again: the files have changed, and what could not load them is tried anew without waiting.
        """
        self._models = models
        for seat in self._seats:
            seat.restarts.begin_anew()
            seat.models_came.set()
        if self._seats:
            return
        self._add_seat()
        for key in self._watches:
            self._place(key)

    def watch(self, key: LegKey, watch: WatchLeg) -> None:
        """Again: with what is watched for from now on."""
        if self._watches.get(key) == watch:
            return
        self._watches[key] = watch
        if (seat := self._seat_of.get(key)) is None:
            self._place(key)
        elif seat.process is not None:
            seat.process.tell(watch)

    def unwatch(self, key: LegKey) -> None:
        watch, seat = self._watches.pop(key, None), self._seat_of.pop(key, None)
        if watch is None or seat is None:
            return
        _leave(seat, key, watch)
        self._share_out()

    def receive(self, key: LegKey, data: bytes) -> None:
        """A tap datagram of a leg, as it came."""
        seat = self._seat_of.get(key)
        if seat is None or seat.process is None or not seat.process.is_ready:
            return
        if not seat.process.pass_on(data):
            self._counted.dropped += 1

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- processes ----------------------------------------------------------------------------------------------

    def _add_seat(self) -> _Seat:
        seat = _Seat()
        self._seats.append(seat)
        self._tasks.append(asyncio.create_task(self._keep(seat), name="analysis process"))
        return seat

    async def _keep(self, seat: _Seat) -> None:
        """One process after the other, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            seat.ready_at = None
            seat.models_came.clear()
            why, seat.is_unable = await self._serve(seat)
            served_s = 0.0 if seat.ready_at is None else loop.time() - seat.ready_at
            restart = seat.restarts.failed(why, served_s, is_unable=seat.is_unable)
            if restart.is_news:
                level = logging.ERROR if seat.is_unable else logging.WARNING
                log.log(level, "analysis process to be replaced: %s", why, extra={"legs": len(seat.legs)})
            if seat.is_unable:
                self._relieve()
            else:
                self._counted.replaced += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(seat.models_came.wait(), restart.pause_s)

    async def _serve(self, seat: _Seat) -> tuple[str, bool]:
        """:returns: why the process is no more, and whether it could not load what it needs."""
        assert self._models is not None
        try:
            async with AnalysisProcess(lambda message: self._hear(seat, message)) as process:
                process.tell(
                    Setup(
                        models=self._models,
                        thresholds=self._config.thresholds,
                        max_pending_frames=self._config.max_pending_frames,
                    )
                )
                for key in seat.legs:
                    process.tell(self._watches[key])
                seat.process = process
                self._share_out()
                return await process.lives(self._config.start_deadline_s, self._config.silence_s), process.is_unable
        except OSError as error:
            return str(error), False
        finally:
            seat.process = seat.last = None

    def _relieve(self) -> None:
        """Legs of processes that cannot load their models go on with the others; without any they stay."""
        if self.is_unable:
            return
        for key, seat in list(self._seat_of.items()):
            if seat.is_unable:
                _leave(seat, key, self._watches[key])
                self._place(key)

    def _hear(self, seat: _Seat, message: FromProcess) -> None:
        match message:
            case VisibilityReading():
                self._on_reading(message)
            case Alive():
                seat.last = message
                self._counted.looks += message.looks
                self._counted.dropped += message.dropped
            case KeyFrameWanted():
                self._on_key_frame_wanted((call_key(message.call_id), message.leg))
            case LogLine():
                extra = {"call_id": message.call_id, "leg": message.leg} if message.call_id else {}
                logging.getLogger(message.name).log(message.level, "%s", message.message, extra=extra)
            case Ready():
                if seat.is_unable or not seat.restarts.is_repeating:
                    log.info("analysis process ready")
                seat.is_unable, seat.ready_at = False, asyncio.get_running_loop().time()
                self._relieve()

    # -- legs ---------------------------------------------------------------------------------------------------

    def _place(self, key: LegKey) -> None:
        if self._models is None:
            return
        seat = min(self._seats, key=lambda each: (each.is_unable, len(each.legs)))
        if len(seat.legs) >= self._config.legs_per_process and len(self._seats) < self._limit:
            seat = self._add_seat()
        seat.legs.add(key)
        self._seat_of[key] = seat
        if seat.process is not None:
            seat.process.tell(self._watches[key])
        self._share_out()

    def _share_out(self) -> None:
        """The budget, by the number of legs."""
        legs = sum(len(seat.legs) for seat in self._seats)
        for seat in self._seats:
            if seat.process is not None:
                part = len(seat.legs) / legs if legs else 1.0
                seat.process.tell(Share(cores=min(1.0, self._config.cores * part)))


def _leave(seat: _Seat, key: LegKey, watch: WatchLeg) -> None:
    seat.legs.discard(key)
    if seat.process is not None:
        seat.process.tell(UnwatchLeg(call_id=watch.call_id, leg=watch.leg))
