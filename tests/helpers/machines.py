"""
A centre on several machines: each with an address, a data directory, a certificate and processes of its own, all as an
operator starts them. The machines are loopback addresses, or network namespaces where the test may make them.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from signaling.rehearsal.service import Service
from tests.helpers.clips import MODELS
from tests.helpers.ports import free_port
from tests.helpers.redis_server import redis_binary

PASSERELLE = Path(sys.executable).with_name("passerelle")
HTTP_PORT = 8080
READY_DEADLINE_S = 90.0
STOP_DEADLINE_S = 30.0
REDIS_PASSWORD = "between-machines"


@dataclass
class Machine:
    """
    :param prefix: what runs a command on it (``ip netns exec …``).
    """

    name: str
    address: str
    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    processes: dict[str, "asyncio.subprocess.Process"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{HTTP_PORT}"

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
        given = {"DATA_DIR": str(self.data_dir), "LOG_FORMAT": "json", "MEDIA_DRAIN_S": "0"} | self.settings
        return kept | {f"PASSERELLE_{name}": value for name, value in given.items()}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """``passerelle WORDS`` on this machine, to its end."""
        command = [*self.prefix, str(PASSERELLE), *words]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=100, check=False)

    async def start(self, *words: str) -> None:
        """``passerelle WORDS``, until :meth:`stop`."""
        with (self.data_dir / f"{words[0]}.log").open("ab") as output:
            self.processes[words[0]] = await asyncio.create_subprocess_exec(
                *self.prefix, str(PASSERELLE), *words, env=self.environ, stdout=output, stderr=output,
                stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    async def kill(self, word: str) -> None:
        process = self.processes.pop(word)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes.values():
            try:
                await asyncio.wait_for(process.wait(), STOP_DEADLINE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        self.processes.clear()

    def has_ended(self) -> bool:
        """One of its processes has, by itself."""
        return any(process.returncode is not None for process in self.processes.values())

    def log(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.data_dir.glob("*.log")))


class Centre:
    """:param machines: the first one keeps the certificate authority, Redis and the records."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = {machine.name: machine for machine in machines}
        self.first = machines[0]
        self._redis: asyncio.subprocess.Process | None = None

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def redis_url(self) -> str:
        return f"redis://:{REDIS_PASSWORD}@{self.first.address}:6379/0"

    def hand_out(self) -> None:
        """Certificates and secrets, by the commands of the manual; telephone ports that nobody here has."""
        phone_port, demo_port = free_port(), free_port()
        for machine in self.machines.values():
            words = ("machine", "add", machine.name, machine.address)
            done = self.first.run(*words, *(["--here"] if machine is self.first else []))
            assert done.returncode == 0, done.stderr
            if machine is not self.first:
                shutil.copytree(self.first.data_dir / "machines" / machine.name, machine.data_dir / "machine")
                (machine.data_dir / "secrets").mkdir(mode=0o700)
                for secret in ("secret_key", "operator_token", "push_secret"):
                    shutil.copy(self.first.data_dir / "secrets" / secret, machine.data_dir / "secrets" / secret)
            machine.settings |= {
                "NETWORK_LISTEN": machine.address,
                "NETWORK_NAME": machine.name,
                "REDIS_URL": self.redis_url,
                "DATABASE_URL": f"sqlite+aiosqlite:///{self.first.data_dir}/passerelle.sqlite3",
                "HTTP_HOST": machine.address,
                "HTTP_PORT": str(HTTP_PORT),
                "PUBLIC_URL": machine.url,
                "MODEL_DIR": str(MODELS),
                "CALL_LEASE_S": "2",
                "PHONE_SIP_PORT": str(phone_port),
                "PHONE_TRUNK_PORT": str(demo_port),
                "DEMO_PHONE_SIP_PORT": str(demo_port),
                "DEMO_PHONE_HTTP_PORT": str(free_port()),
            }

    async def start_redis(self) -> None:
        arguments = {
            "bind": self.first.address, "port": "6379", "requirepass": REDIS_PASSWORD, "save": "",
            "dir": str(self.first.data_dir), "logfile": str(self.first.data_dir / "redis.log"),
        }  # fmt: skip
        flat = [word for key, value in arguments.items() for word in (f"--{key}", value)]
        self._redis = await asyncio.create_subprocess_exec(*self.first.prefix, redis_binary(), *flat)
        deadline = time.monotonic() + READY_DEADLINE_S
        async with Redis.from_url(self.redis_url, retry=Retry(NoBackoff(), 0)) as client:
            while True:
                assert time.monotonic() < deadline and self._redis.returncode is None, "Redis"
                with contextlib.suppress(RedisError, OSError):
                    await client.ping()
                    return
                await asyncio.sleep(0.05)

    async def ready(self, *names: str) -> None:
        """Signaling on these machines has a database, Redis and a media worker; workers of all kinds are known."""
        deadline = time.monotonic() + READY_DEADLINE_S
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(3)) as http:
            for name in names:
                while True:
                    is_over = time.monotonic() > deadline or any(map(Machine.has_ended, self.machines.values()))
                    assert not is_over, "\n".join(machine.log()[-3000:] for machine in self.machines.values())
                    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                        async with http.get(f"{self.machines[name].url}/readyz") as reply:
                            checks = (await reply.json())["checks"]
                            if all(
                                checks[kind] in ("ok", "models_missing") for kind in ("media", "phone", "visibility")
                            ):
                                break
                    await asyncio.sleep(0.2)

    def service(self, name: str) -> Service:
        token = (self.first.data_dir / "secrets" / "operator_token").read_text().strip()
        return Service(self.machines[name].url, token)

    async def stop(self) -> None:
        for machine in self.machines.values():
            await machine.stop()
        if self._redis is not None and self._redis.returncode is None:
            self._redis.terminate()
            await self._redis.wait()


@contextlib.asynccontextmanager
async def centre(machines: Sequence[tuple[str, str, tuple[str, ...]]]) -> AsyncIterator[Centre]:
    """:param machines: name, address and prefix of each. Certificates are handed out, Redis runs; nothing else does."""
    directory = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    made = [Machine(name, address, directory / name, prefix=prefix) for name, address, prefix in machines]
    for machine in made:
        machine.data_dir.mkdir(mode=0o700)
    found = Centre(made)
    try:
        await asyncio.to_thread(found.hand_out)
        await found.start_redis()
        yield found
    finally:
        await found.stop()
        shutil.rmtree(directory, ignore_errors=True)
