"""Several Redis servers on loopback: two behind three sentinels, or three in a cluster; each can be killed."""

import asyncio
import contextlib
import random
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.redis_client import connect
from tests.helpers.redis_server import redis_binary

MASTER = "mymaster"
DEADLINE_S = 60.0
BUS = 10_000  # a cluster node's second port
SLOTS = 16_384


@dataclass
class Node:
    """One started process. ``port`` and ``directory`` stay over restarts."""

    port: int
    directory: Path
    arguments: list[str]
    process: "asyncio.subprocess.Process | None" = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(redis_binary(), *self.arguments)
        async with asyncio.timeout(DEADLINE_S):
            while not await self.answers():
                await asyncio.sleep(0.05)

    async def answers(self) -> bool:
        async with self.client() as client:
            with contextlib.suppress(RedisError, OSError):
                return bool(await client.ping())
        return False

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()
        self.process = None

    def client(self) -> "Redis":
        return Redis(port=self.port, decode_responses=True, socket_timeout=5)


@dataclass
class RedisSite:
    """:param nodes: the servers, the first master first. :param sentinels: of a Sentinel site."""

    url: str
    nodes: list[Node]
    sentinels: list[Node] = field(default_factory=list)

    def client(self) -> "Redis":
        """As the service makes its own; the caller closes it."""
        return connect(self.url)

    async def master(self) -> Node:
        """Whom the sentinels call master now."""
        async with self.sentinels[0].client() as client:
            _, port = await raw(client, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        return next(node for node in self.nodes if node.port == int(port))


@contextlib.asynccontextmanager
async def sentinel_site() -> AsyncIterator[RedisSite]:
    """Two servers and three sentinels that know each other and take a master for dead after a second."""
    with _directory() as root:
        nodes = [_server(root), _server(root)]
        nodes[1].arguments += ["--replicaof", "127.0.0.1", str(nodes[0].port)]
        sentinels: list[Node] = []
        site = RedisSite("", nodes, sentinels)
        try:
            for node in nodes:
                await node.start()
            sentinels += [_sentinel(root, nodes[0].port) for _ in range(3)]
            for sentinel in sentinels:
                await sentinel.start()
            for sentinel in sentinels:
                await _until_it_knows_the_others(sentinel)
            hosts = ",".join(f"127.0.0.1:{node.port}" for node in sentinels)
            site.url = f"redis+sentinel://{hosts}/{MASTER}"
            yield site
        finally:
            for node in (*sentinels, *nodes):
                await node.kill()


@contextlib.asynccontextmanager
async def cluster_site() -> AsyncIterator[RedisSite]:
    """Three masters, each with a third of the slots."""
    with _directory() as root:
        nodes = [_server(root, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000") for _ in range(3)]
        site = RedisSite("redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes), nodes)
        try:
            for place, node in enumerate(nodes):
                await node.start()
                async with node.client() as client:
                    share = range(SLOTS * place // 3, SLOTS * (place + 1) // 3)
                    await raw(client, "CLUSTER", "ADDSLOTS", *share)
                    await raw(client, "CLUSTER", "SET-CONFIG-EPOCH", place + 1)
                    await raw(client, "CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
            for node in nodes:
                await _until_it_is_whole(node)
            yield site
        finally:
            for node in nodes:
                await node.kill()


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="psr-redis-", dir="/tmp"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _server(root: Path, *more: str) -> Node:
    port = _free_port()
    directory = root / str(port)
    directory.mkdir()
    options = {"port": port, "bind": "127.0.0.1", "dir": directory, "appendonly": "yes", "save": "", "logfile": "log"}
    options["repl-diskless-sync-delay"] = 0
    return Node(
        port, directory, [*(word for key, value in options.items() for word in (f"--{key}", str(value))), *more]
    )


def _sentinel(root: Path, master_port: int) -> Node:
    port = _free_port()
    directory = root / str(port)
    directory.mkdir()
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {directory}",
        "logfile log",
        f"sentinel monitor {MASTER} 127.0.0.1 {master_port} 2",
        f"sentinel down-after-milliseconds {MASTER} 1000",
        f"sentinel failover-timeout {MASTER} 5000",
    )
    file = directory / "sentinel.conf"
    file.write_text("\n".join(lines) + "\n")
    return Node(port, directory, [str(file), "--sentinel"])


def _free_port() -> int:
    """Free for a server, and ``BUS`` above it for a cluster's; as ``tests.helpers.ports``, below the kernel's own."""
    while True:
        port = random.randrange(20_000, 22_768)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + BUS))
            return port


async def raw(client: "Redis", *words: object) -> Any:
    return await cast("Any", client).execute_command(*words)


async def _until_it_knows_the_others(sentinel: Node) -> None:
    async with sentinel.client() as client, asyncio.timeout(DEADLINE_S):
        while True:
            rows = await raw(client, "SENTINEL", "MASTER", MASTER)
            told = rows if isinstance(rows, dict) else dict(zip(rows[::2], rows[1::2], strict=True))
            if int(told["num-slaves"]) == 1 and int(told["num-other-sentinels"]) == 2:
                return
            await asyncio.sleep(0.1)


async def _until_it_is_whole(node: Node) -> None:
    async with node.client() as client, asyncio.timeout(DEADLINE_S):
        while True:
            told = str(await raw(client, "CLUSTER", "INFO"))
            if "cluster_state:ok" in told and "cluster_known_nodes:3" in told:
                return
            await asyncio.sleep(0.1)
