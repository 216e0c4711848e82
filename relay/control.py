"""
Control lines: server side in every worker, client side in signaling.

Decides framing, version, size limits and how errors travel. Who may connect, and over what, is decided in
``relay.secure_sockets``; what a command does belongs to the handler; which worker serves which call to signaling.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from relay.control_messages import (
    AnyCommand,
    AnyEvent,
    ControlErrorBody,
    FromWorker,
    Notification,
    Reply,
    Request,
    WorkerAlive,
    WorkerState,
)
from relay.errors import RelayError
from relay.network_config import NetworkConfig
from relay.secure_sockets import LINE_LIMIT, Dialer, LineServer, failure_code

REPLY_DEADLINE_S = 10.0
BEAT_S = 1.0
LOOK_S = 0.5
SILENT_LOOKS = 6  # in a row: looks rather than seconds, so that our own pause is not taken for the other side's
BACKLOG_LIMIT = 4 * LINE_LIMIT  # bytes not yet read by the other side
COMMANDS_AT_ONCE = 200  # of one client; the next one waits unread

Handler = Callable[[AnyCommand], Awaitable[dict[str, Any]]]
EventHandler = Callable[[AnyEvent], None]
log = logging.getLogger(__name__)


class ControlServer:
    """
    Listens (:class:`LineServer`) and hands commands to ``handler``, each in its own task.

    :param handler: returns the result; raises :class:`RelayError` for what the client should know.
    :param state: called on each new connection for the greeting.
    """

    def __init__(
        self, path: Path, handler: Handler, state: Callable[[], WorkerState], network: NetworkConfig | None = None
    ) -> None:
        self._handler = handler
        self._state = state
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = LineServer(path, self._serve, network)

    @property
    def network_address(self) -> str | None:
        """Where other machines connect to, once started."""
        return self._server.network_address

    async def start(self) -> None:
        """:raises OSError: the path or every port is taken, or a certificate file cannot be read."""
        await self._server.start()
        beating = asyncio.create_task(self._beat())
        self._tasks.add(beating)
        beating.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for writer in list(self._writers):
            writer.close()
        for task in list(self._tasks):
            task.cancel()
        await self._server.close()

    def emit(self, event: AnyEvent) -> None:
        """Tell every client. A client that does not read is dropped rather than waited for."""
        line = Notification(event=event).model_dump_json().encode() + b"\n"
        for writer in list(self._writers):
            _write(writer, line)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self.emit(WorkerAlive())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(Notification(event=self._state()).model_dump_json().encode() + b"\n")
        self._writers.add(writer)
        room = asyncio.Semaphore(COMMANDS_AT_ONCE)
        try:
            while line := await reader.readline():
                await room.acquire()
                task = asyncio.create_task(self._answer(line, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                task.add_done_callback(lambda _: room.release())
        except (OSError, ValueError, asyncio.LimitOverrunError):
            pass  # the client went away, or sent a line over the limit: this connection only
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        request_id: int | None = None
        try:
            request = Request.model_validate_json(line)
            request_id = request.id
            reply = Reply(re=request_id, ok=True, result=await self._handler(request.command))
        except ValidationError as error:
            reply = _failure(request_id, "bad_command", f"{error.error_count()} invalid field(s)")
        except RelayError as error:
            reply = _failure(request_id, error.code, error.message)
        except Exception as error:  # one command's fault must not end the worker
            log.exception("command failed")
            reply = _failure(request_id, "internal", type(error).__name__)
        with contextlib.suppress(ConnectionError, RuntimeError):
            _write(writer, reply.model_dump_json().encode() + b"\n")


def _write(writer: asyncio.StreamWriter, line: bytes) -> None:
    if writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
        writer.transport.abort()
    else:
        writer.write(line)


def _failure(request_id: int | None, code: str, message: str) -> Reply:
    return Reply(re=request_id, ok=False, error=ControlErrorBody(code=code, message=message))


class ControlClient:
    """
    One connection to one worker. Ends for good when the connection does; the owner makes a new one.

    :param on_event: called for every event, ``worker_state`` first.
    :param on_close: called once, when the worker or the connection is gone.
    :param ends_on_silence: a worker of which nothing is heard for some 3 s counts as gone (``failure``: ``silent``).
    """

    def __init__(self, on_event: EventHandler, on_close: Callable[[], None], *, ends_on_silence: bool = False) -> None:
        self._on_event = on_event
        self._on_close = on_close
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_id = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._ends_on_silence = ends_on_silence
        self._heard = 0  # lines
        self.failure: str | None = None  # code: why the connection ended

    async def connect(self, address: str | Path, dialer: Dialer | None = None) -> None:
        """:param dialer: this process's, for other machines. :raises OSError: see ``secure_sockets.failure_code``."""
        reader, self._writer = await (dialer or Dialer()).connect(address)
        self._task = asyncio.create_task(self._read(reader))

    async def request(self, command: AnyCommand, deadline_s: float = REPLY_DEADLINE_S) -> dict[str, Any]:
        """
        :raises RelayError: the worker refused (its code), did not answer in time (``worker_silent``) or is gone
            (``worker_gone``).
        """
        if self._writer is None or self._writer.is_closing():
            raise RelayError("worker_gone", "not connected")
        self._next_id += 1
        request = Request(id=self._next_id, command=command)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[request.id] = future
        try:
            self._writer.write(request.model_dump_json().encode() + b"\n")
            async with asyncio.timeout(deadline_s):
                return await future
        except TimeoutError:
            raise RelayError("worker_silent", f"no reply to {command.type} in {deadline_s:g} s") from None
        finally:
            self._pending.pop(request.id, None)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        silent, heard = 0, 0
        while silent < SILENT_LOOKS:
            await asyncio.sleep(LOOK_S)
            silent, heard = silent + 1 if self._heard == heard else 0, self._heard
        self.failure = "silent"
        log.warning("control connection broken: %s", self.failure)
        writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        watch = asyncio.create_task(self._watch(self._writer)) if self._writer and self._ends_on_silence else None
        try:
            while line := await reader.readline():
                self._heard += 1
                message = FromWorker.validate_json(line)
                if isinstance(message, Notification):
                    if not isinstance(message.event, WorkerAlive):
                        self._tell(message.event)
                elif message.re in self._pending and not self._pending[message.re].done():
                    self._settle(self._pending[message.re], message)
        except OSError as error:
            self.failure = failure_code(error)
            log.warning("control connection broken: %s", self.failure)
        except (ValueError, asyncio.LimitOverrunError):
            self.failure = "not_understood"
            log.warning("control connection broken: %s", self.failure)
        finally:
            if watch is not None:
                watch.cancel()
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(RelayError("worker_gone", "connection lost"))
            if self._writer is not None:
                self._writer.close()
            self._on_close()

    def _tell(self, event: AnyEvent) -> None:
        """One call's fault must not cost all others their worker."""
        try:
            self._on_event(event)
        except Exception:
            log.exception("event failed: %s", event.type)

    @staticmethod
    def _settle(future: asyncio.Future[dict[str, Any]], reply: Reply) -> None:
        if reply.ok:
            future.set_result(reply.result)
        else:
            error = reply.error or ControlErrorBody(code="internal", message="no reason given")
            future.set_exception(RelayError(error.code, error.message))
