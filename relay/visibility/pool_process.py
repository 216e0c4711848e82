"""
One analysis process as the visibility worker holds it: started, heard, told, and ended by force.

Nothing it holds is worth waiting for, so it is always ended by SIGKILL; when the worker dies first, the kernel does
that (``relay.visibility.analysis``). What the process cannot take at once is dropped when it is video, and waits when
it is a command.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections import deque
from collections.abc import Callable

from pydantic import ValidationError

from relay.visibility.pool_messages import RECEIVE_LIMIT, FromProcess, Ready, ToProcess, Unable, from_process

BUFFER = 1 << 20  # bytes asked of the kernel, which gives what it allows: about a second of pictures of some legs
MAX_READS = 64  # messages taken in one go
MAX_COMMANDS = 2000  # that wait; a process that takes none for so long is about to be replaced
log = logging.getLogger(__name__)


class AnalysisProcess:
    """
    Use as an asynchronous context manager; at its exit the process is gone.

    :param on_message: gets what the process says.
    """

    def __init__(self, on_message: Callable[[FromProcess], None]) -> None:
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._socket: socket.socket | None = None
        self._commands: deque[bytes] = deque(maxlen=MAX_COMMANDS)
        self.is_ready = False
        self._unable: Unable | None = None
        self._heard = 0  # messages

    async def __aenter__(self) -> "AnalysisProcess":
        """:raises OSError: no process or no socket can be had now."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            with theirs:
                ours.setblocking(False)
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "relay.visibility.analysis", str(theirs.fileno()), str(os.getpid())),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            undo.pop_all()
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours.fileno(), self._readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hang_up()
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def is_unable(self) -> bool:
        """It has said that it cannot load what it needs."""
        return self._unable is not None

    async def lives(self, start_deadline_s: float, silence_s: float) -> str:
        """
        Until it ends, hangs or is unable.

        :param silence_s: after which it counts as hung, counted in looks of ours: our own pause is not its silence.
        :returns: which, for the log.
        """
        assert self._process is not None
        exited = asyncio.ensure_future(self._process.wait())
        try:
            silent, heard, look_s = 0, 0, silence_s / 4
            while True:
                await asyncio.wait({exited}, timeout=look_s)
                if exited.done():
                    return f"ended with {exited.result()}"
                if self._unable is not None:
                    return f"MediaPipe cannot be loaded: {self._unable.reason}"
                silent, heard = silent + 1 if self._heard == heard else 0, self._heard
                if silent >= 4 * (1 if self.is_ready else max(1.0, start_deadline_s / silence_s)):
                    return "hangs"
        finally:
            exited.cancel()

    def tell(self, command: ToProcess) -> None:
        """Waits its turn behind the commands before it."""
        self._commands.append(command.model_dump_json().encode())
        self._tell_waiting()

    def pass_on(self, data: bytes) -> bool:
        """:returns: False when the process cannot take it now."""
        if self._socket is None:
            return False
        try:
            self._socket.send(data)
        except OSError:
            return False
        return True

    def _tell_waiting(self) -> None:
        if self._socket is None:
            return
        loop = asyncio.get_running_loop()
        while self._commands:
            try:
                self._socket.send(self._commands[0])
            except BlockingIOError:
                loop.add_writer(self._socket.fileno(), self._tell_waiting)
                return
            except OSError:  # it is gone, which :meth:`lives` tells
                self._commands.clear()
            else:
                self._commands.popleft()
        loop.remove_writer(self._socket.fileno())

    def _readable(self) -> None:
        assert self._socket is not None
        for _ in range(MAX_READS):
            try:
                data = self._socket.recv(RECEIVE_LIMIT)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up()
                return
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        self._heard += 1
        try:
            message = from_process.validate_json(data)
        except ValidationError:  # whose words would repeat what was said
            log.warning("an analysis process says what is not understood")
            return
        self.is_ready |= isinstance(message, Ready)
        if isinstance(message, Unable):
            self._unable = message
        self._on_message(message)

    def _hang_up(self) -> None:
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket.fileno())
            loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
