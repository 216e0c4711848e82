"""
Starts the processes of one machine in order, restarts each one alone, and stops them in order.

What to start is said by :class:`Child` (``signaling.processes`` makes them); this module knows nothing of calls. A
child runs in a session of its own, so that Ctrl-C reaches the supervisor alone; the kernel tells it when the supervisor
dies, and what it leaves behind of its own children is killed.
"""

import asyncio
import contextlib
import ctypes
import functools
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

READY_POLL_S = 0.05
OUTPUT_LINE_LIMIT = 1 << 16  # bytes; a longer line is cut
LAST_OUTPUT_S = 0.5  # for what a child wrote just before its end
_PR_SET_PDEATHSIG = 1  # prctl(2)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Child:
    """
    One process to keep running.

    :param stage: processes of a stage start together, once the stage before is ready.
    :param stop_stage: the highest stops first.
    :param is_ready: asked until it says yes; a child that is never ready is reported, not stopped.
    :param is_alive: asked regularly once it is ready: whether it does its work. A child that hangs is killed, and so
        started again; None: only its end counts.
    :param before_start: runs before each start (stale sockets).
    """

    name: str
    argv: Sequence[str]
    stage: int
    stop_stage: int
    is_ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] | None = None
    is_alive: Callable[[], Awaitable[bool]] | None = None
    before_start: Callable[[], None] | None = None
    ready_deadline_s: float = 30.0
    stop_deadline_s: float = 10.0


@dataclass(frozen=True)
class Backoff:
    """The wait before the next start. Bounded, and never gives up: a full disk may be emptied at 4 in the morning."""

    first_s: float = 0.2
    longest_s: float = 15.0
    steady_s: float = 30.0  # having run this long, a child starts afresh

    def failures(self, before: int, ran_s: float) -> int:
        """The count of failures in a row, after one more end."""
        return 1 if ran_s >= self.steady_s else before + 1

    def delay_s(self, failures: int) -> float:
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 20)) if failures > 0 else 0.0


@dataclass(frozen=True)
class Pulse:
    """When a child counts as hung: some 45 s in all; a machine that is merely busy answers sooner or later."""

    period_s: float = 10.0  # between two questions
    missed: int = 3  # so many in a row without an answer


@dataclass
class _Running:
    child: Child
    process: asyncio.subprocess.Process | None = None
    failures: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


class Supervisor:
    """
    Use: ``await start()``, then wait for whatever ends the service, then ``await stop()``.

    :param on_output: gets each line a child writes, with the child's name.
    """

    def __init__(
        self,
        children: Sequence[Child],
        on_output: Callable[[str, str], None],
        backoff: Backoff | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._children = [_Running(child) for child in children]
        self._on_output = on_output
        self._backoff, self._pulse = backoff or Backoff(), pulse or Pulse()

    async def start(self) -> list[str]:
        """:returns: names of the children that were not ready in their time; they go on trying."""
        late: list[str] = []
        for stage in sorted({running.child.stage for running in self._children}):
            members = [running for running in self._children if running.child.stage == stage]
            for running in members:
                running.task = asyncio.create_task(self._keep(running), name=running.child.name)
            outcomes = await asyncio.gather(*(self._wait_ready(running) for running in members))
            late += [running.child.name for running, is_ready in zip(members, outcomes, strict=True) if not is_ready]
        return late

    async def stop(self) -> None:
        """Stage by stage; within a stage all at once, each with its own deadline. Safe to call twice."""
        for stage in sorted({running.child.stop_stage for running in self._children}, reverse=True):
            members = [running for running in self._children if running.child.stop_stage == stage]
            await asyncio.gather(*(self._stop_one(running) for running in members))

    def process_id(self, name: str) -> int | None:
        """None while it is down."""
        for running in self._children:
            if running.child.name == name and running.process is not None and running.process.returncode is None:
                return running.process.pid
        return None

    async def _keep(self, running: _Running) -> None:
        while not running.stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(running)
            running.ready.clear()
            if running.stopping.is_set():
                return
            ran_s = time.monotonic() - began
            running.failures = self._backoff.failures(running.failures, ran_s)
            delay_s = self._backoff.delay_s(running.failures)
            log.error("%s ended (%s) after %.1f s; again in %.1f s", running.child.name, code, ran_s, delay_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(running.stopping.wait(), delay_s)

    async def _run_once(self, running: _Running) -> str:
        child = running.child
        try:
            if child.before_start is not None:
                await asyncio.to_thread(child.before_start)
            process, output = await _spawn(child)
        except Exception as error:  # whatever hinders one child must not end the others
            return f"not started: {error}"
        running.process = process
        log.info("%s started, process %d", child.name, process.pid)
        watch = asyncio.create_task(self._watch(running, process))
        pump = asyncio.create_task(self._pump(child.name, output))
        try:
            if running.stopping.is_set():
                await _end(process, child)
            return _describe_exit(await process.wait())
        finally:
            watch.cancel()
            _kill_group(process.pid)
            await asyncio.wait({pump}, timeout=LAST_OUTPUT_S)
            pump.cancel()

    async def _pump(self, name: str, output: int) -> None:
        reader = asyncio.StreamReader(limit=OUTPUT_LINE_LIMIT)
        pipe = os.fdopen(output, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while line := await _readline(reader):
                self._on_output(name, line.decode(errors="replace").rstrip())
        finally:
            transport.close()

    async def _watch(self, running: _Running, process: asyncio.subprocess.Process) -> None:
        """Until it is ready, and then whether it hangs."""
        while not await running.child.is_ready():  # noqa: ASYNC110 # another process: there is no event to wait for
            await asyncio.sleep(READY_POLL_S)
        running.ready.set()
        is_alive, missed = running.child.is_alive, 0
        while is_alive is not None and missed < self._pulse.missed:
            await asyncio.sleep(self._pulse.period_s)
            missed = 0 if await is_alive() else missed + 1
        if is_alive is not None and not running.stopping.is_set():
            log.error("%s hangs and is killed", running.child.name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _wait_ready(self, running: _Running) -> bool:
        try:
            await asyncio.wait_for(running.ready.wait(), running.child.ready_deadline_s)
        except TimeoutError:
            log.error("%s is not ready after %.0f s", running.child.name, running.child.ready_deadline_s)
            return False
        return True

    async def _stop_one(self, running: _Running) -> None:
        running.stopping.set()
        process, task = running.process, running.task
        if task is None:
            return
        if process is not None and process.returncode is None:
            await _end(process, running.child)
        await asyncio.wait({task}, timeout=1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _end(process: asyncio.subprocess.Process, child: Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), child.stop_deadline_s)
    except TimeoutError:
        log.warning("%s did not stop in %.0f s and is killed", child.name, child.stop_deadline_s)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _spawn(child: Child) -> tuple[asyncio.subprocess.Process, int]:
    """
    The child, and the reading end of its output. The pipe is ours, not asyncio's, whose ``wait()`` would go on until
    the last grandchild closes it.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *child.argv,
            env=child.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            preexec_fn=functools.partial(_die_with_parent, os.getpid()),
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return process, reading


async def _readline(reader: asyncio.StreamReader) -> bytes:
    while True:
        try:
            return await reader.readline()
        except ValueError:  # longer than the limit: the reader has dropped it
            continue


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _describe_exit(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"code {code}"


def _load_prctl() -> Callable[..., int] | None:
    return ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


_prctl = _load_prctl()


def _die_with_parent(parent: int) -> None:
    """In the child, before exec: SIGTERM when the supervisor is gone, however it went (prctl(2), Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it went between fork and here
            os._exit(1)
