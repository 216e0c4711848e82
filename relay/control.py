"""
The control socket: server side in every worker, client side in signaling.

Decides framing, version, size limits and how errors travel. What a command does belongs to the handler; which worker
serves which call belongs to signaling.
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
    WorkerState,
)
from relay.errors import RelayError

LINE_LIMIT = 1 << 20  # bytes; an SDP is 10 kB, a worker's whole state with 100 calls 30 kB
REPLY_DEADLINE_S = 10.0

Handler = Callable[[AnyCommand], Awaitable[dict[str, Any]]]
EventHandler = Callable[[AnyEvent], None]
log = logging.getLogger(__name__)


class ControlServer:
    """
    Listens on a Unix socket (mode 0600) and hands commands to ``handler``, each in its own task.

    :param handler: returns the result; raises :class:`RelayError` for what the client should know.
    :param state: called on each new connection for the greeting.
    """

    def __init__(self, path: Path, handler: Handler, state: Callable[[], WorkerState]) -> None:
        self._path = path
        self._handler = handler
        self._state = state
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LINE_LIMIT)
        self._path.chmod(0o600)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        for task in list(self._tasks):
            task.cancel()
        self._path.unlink(missing_ok=True)

    def emit(self, event: AnyEvent) -> None:
        """Tell every client. A client that does not read is dropped rather than waited for."""
        line = Notification(event=event).model_dump_json().encode() + b"\n"
        for writer in list(self._writers):
            if writer.transport.get_write_buffer_size() > 4 * LINE_LIMIT:
                writer.transport.abort()
            else:
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(Notification(event=self._state()).model_dump_json().encode() + b"\n")
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(line, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
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
            writer.write(reply.model_dump_json().encode() + b"\n")


def _failure(request_id: int | None, code: str, message: str) -> Reply:
    return Reply(re=request_id, ok=False, error=ControlErrorBody(code=code, message=message))


class ControlClient:
    """
    One connection to one worker. Ends for good when the connection does; the owner makes a new one.

    :param on_event: called for every event, ``worker_state`` first.
    :param on_close: called once, when the worker or the connection is gone.
    """

    def __init__(self, on_event: EventHandler, on_close: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_close = on_close
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_id = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, path: Path) -> None:
        """:raises OSError: nobody listens there."""
        reader, self._writer = await asyncio.open_unix_connection(str(path), limit=LINE_LIMIT)
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

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                message = FromWorker.validate_json(line)
                if isinstance(message, Notification):
                    self._tell(message.event)
                elif message.re in self._pending and not self._pending[message.re].done():
                    self._settle(self._pending[message.re], message)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            log.warning("control connection broken")
        finally:
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
