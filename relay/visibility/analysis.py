"""
One analysis process: decoders and MediaPipe for the legs it was given (``relay.visibility.pool`` starts it).

A single thread takes what came, decodes it, takes at most one look, and begins again; what it cannot take in time the
kernel drops at the other end of the socket. Nothing is stored: pictures and landmarks last for one look. The process
ends when the worker does, however that happens.
"""

import contextlib
import ctypes
import functools
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

import numpy as np

from relay.control_messages import VisibilityReading
from relay.datagram import call_key, unpack
from relay.model import WebLeg
from relay.visibility.pool_messages import (
    RECEIVE_LIMIT,
    Alive,
    FromProcess,
    KeyFrameWanted,
    LogLine,
    Ready,
    Setup,
    Share,
    Unable,
    UnwatchLeg,
    WatchLeg,
    to_process,
)
from relay.visibility.rules import RULES, Rule
from relay.visibility.schedule import stretch
from relay.visibility.thresholds import ThresholdsError, rules_of
from relay.visibility.watched_leg import PictureAnalyzer, WatchedLeg

READING_PERIOD_S = 1.0
WAIT_S = 0.1  # at most, for something to come: looks become due meanwhile
GATHER_S = 0.03  # what comes within it is taken in one turn: the kernel holds some seconds of it
MAX_READS = 256  # messages taken in one go, so that readings are not forgotten
LOOK_S = 0.02  # CPU time of a look, before one was timed
SMOOTHING = 0.1  # weight of the newest look in the mean
LONGEST_LOG = 8000  # characters
RESERVE = 0.25  # share of the budget that looks get at least, whatever decoding takes
_PR_SET_PDEATHSIG = 1  # prctl(2)

LegKey = tuple[bytes, WebLeg]
MakeAnalyzer = Callable[[], PictureAnalyzer]
log = logging.getLogger("relay.visibility.analysis")  # run as a program, its own name would be __main__


class Analysis:
    """The legs of this process. :param link: to the worker, non-blocking."""

    def __init__(
        self, link: socket.socket, make_analyzer: MakeAnalyzer, max_pending: int, rules: tuple[Rule, ...] = RULES
    ) -> None:
        self._link, self._rules = link, rules
        self._make_analyzer, self._max_pending = make_analyzer, max_pending
        self._legs: dict[LegKey, WatchedLeg] = {}
        self._cores = 1.0
        self._look_s = LOOK_S
        self._stretch = (1.0, 1.0)
        self._looks = 0
        self._looking_s = 0.0  # CPU time of this second's looks
        self._is_behind = False  # more looks are due
        self._told_at = time.monotonic()
        self._cpu_s = time.process_time()

    def serve(self) -> None:
        """Until the worker hangs up."""
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        while True:
            if not self._is_behind:
                poll.poll(round(WAIT_S * 1000))
                time.sleep(GATHER_S)
            if not self._take():
                return
            now = time.monotonic()
            for leg in self._legs.values():
                self._decode(leg, now)
            self._look(now)
            if now - self._told_at >= READING_PERIOD_S:
                self._tell(now)

    # -- in -----------------------------------------------------------------------------------------------------

    def _take(self) -> bool:
        """:returns: False when the worker has hung up."""
        now = time.monotonic()
        for _ in range(MAX_READS):
            try:
                data = self._link.recv(RECEIVE_LIMIT)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            if data.startswith(b"{"):
                self._obey(data, now)
            elif (datagram := unpack(data)) is not None:
                leg = self._legs.get((datagram.call_key, datagram.leg))
                if leg is not None:
                    leg.receive(datagram, now)
        return True

    def _obey(self, data: bytes, now: float) -> None:
        match to_process.validate_json(data):
            case WatchLeg() as watch:
                self._watch(watch, now)
            case UnwatchLeg(call_id=call_id, leg=leg):
                gone = self._legs.pop((call_key(call_id), leg), None)
                if gone is not None:
                    gone.close()
            case Share(cores=cores):
                self._cores = cores

    def _watch(self, watch: WatchLeg, now: float) -> None:
        key = (call_key(watch.call_id), watch.leg)
        if key in self._legs:
            self._legs[key].watch_for(watch.watch_for)
        else:
            self._legs[key] = WatchedLeg(watch, self._make_analyzer(), self._max_pending, now, self._rules)

    # -- work ---------------------------------------------------------------------------------------------------

    def _decode(self, leg: WatchedLeg, now: float) -> None:
        try:
            leg.decode(now)
        except Exception:  # one leg's pictures must not end the others' analysis
            log.exception("a picture could not be decoded", extra={"call_id": leg.call_id, "leg": leg.leg})
        if leg.wants_key_frame(now):
            self._say(KeyFrameWanted(call_id=leg.call_id, leg=leg.leg))

    def _look(self, now: float) -> None:
        """At one picture: of those that are due an urgent one first, then the one that has waited longest."""
        due = []
        for leg in self._legs.values():
            want = leg.schedule.want(now)
            due_at = leg.schedule.due_at(want.period_s * self._stretch[0 if want.is_urgent else 1])
            if leg.has_picture and due_at <= now:
                due.append((not want.is_urgent, due_at, leg))
        self._is_behind = len(due) > 1
        if not due:
            return
        leg = min(due, key=lambda each: each[:2])[2]
        before = time.process_time()
        try:
            leg.look(now)
        except Exception:  # one leg's picture must not end the others' analysis
            log.exception("a look failed", extra={"call_id": leg.call_id, "leg": leg.leg})
        spent = time.process_time() - before
        self._looks += 1
        self._looking_s += spent
        self._look_s += (spent - self._look_s) * SMOOTHING

    # -- out ----------------------------------------------------------------------------------------------------

    def _tell(self, now: float) -> None:
        """Once a second: a reading of each leg, and how this process does. Then the budget is spent anew."""
        elapsed_s, self._told_at = now - self._told_at, now
        cpu_s = time.process_time()
        used, self._cpu_s = (cpu_s - self._cpu_s) / elapsed_s, cpu_s
        for leg in self._legs.values():
            reading = leg.reading(elapsed_s, now)
            self._say(VisibilityReading(call_id=leg.call_id, leg=leg.leg, **reading._asdict()))
        dropped = sum(leg.take_dropped() for leg in self._legs.values())
        others = used - self._looking_s / elapsed_s
        wants = [leg.schedule.want(now) for leg in self._legs.values()]
        self._stretch = stretch(wants, self._look_s, max(self._cores - others, RESERVE * self._cores))
        self._say(Alive(looks=self._looks, dropped=dropped, cores=used, stretch=max(self._stretch)))
        self._looks, self._looking_s = 0, 0.0

    def _say(self, message: FromProcess) -> None:
        say(self._link, message)


class _ToWorker(logging.Handler):
    """What is logged here, the worker logs."""

    def __init__(self, link: socket.socket) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter())  # without level and name: these go beside
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        say(
            self._link,
            LogLine(
                level=record.levelno,
                name=record.name,
                message=self.format(record)[:LONGEST_LOG],
                call_id=getattr(record, "call_id", None),
                leg=getattr(record, "leg", None),
            ),
        )


def say(link: socket.socket, message: FromProcess) -> None:
    """What the worker cannot take now is dropped: it comes again in a second, or it is late anyway."""
    with contextlib.suppress(OSError):
        link.send(message.model_dump_json().encode())


def main() -> None:
    """``python -m relay.visibility.analysis <socket> <worker's pid>``; the socket is inherited."""
    _die_with(int(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash writes no memory, hence no picture, to a disk
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker ends us
    link = socket.socket(fileno=int(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, handlers=[_ToWorker(link)])
    setup = to_process.validate_json(link.recv(RECEIVE_LIMIT))
    assert isinstance(setup, Setup)
    rules = _rules(setup)
    try:
        make_analyzer = _load(setup)
    except Exception as error:  # whatever a native library raises when it cannot be loaded
        say(link, Unable(reason=str(error)))
        while link.recv(RECEIVE_LIMIT):  # until we are ended: what was told on its way changes nothing
            pass
        return
    link.setblocking(False)
    say(link, Ready())
    Analysis(link, make_analyzer, setup.max_pending_frames, rules).serve()


def _load(setup: Setup) -> MakeAnalyzer:
    """MediaPipe, ready to look: its first look takes long. :raises Exception: it or OpenCV cannot be loaded here."""
    import cv2  # noqa: PLC0415 # where it cannot be loaded, the worker hears of it

    from relay.visibility.detector import Analyzer  # noqa: PLC0415 # as above

    cv2.setNumThreads(1)
    first = Analyzer(setup.models)
    first.look(np.zeros((240, 320, 3), dtype=np.uint8), 0)
    first.close()
    return functools.partial(Analyzer, setup.models)


def _rules(setup: Setup) -> tuple[Rule, ...]:
    """The centre's own thresholds; those that come with the service where its file cannot be used: calls go on."""
    try:
        return rules_of(setup.thresholds)
    except ThresholdsError as error:
        log.error("the centre's own thresholds cannot be used: %s", error.message_en)
        return RULES


def _die_with(parent: int) -> None:
    """SIGKILL when the worker is gone, also where this process hangs (prctl(2), Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before that
        os._exit(1)


if __name__ == "__main__":
    main()
