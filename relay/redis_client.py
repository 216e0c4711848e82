"""
The service's Redis client, made from the configured address (``redis_address``): one server, Sentinel, or Cluster.

A command that meets a lost connection is sent again for about a second, over a new connection (a failover's new master
included); one that is not answered in time is not. What writes more than one key keeps them under one hash tag.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

from relay.redis_address import parse

TIMEOUT_S = 2.0
RETRIES = 5
BACKOFF_S = (0.02, 0.5)  # first and longest pause between them: 1.1 s in all
_CLOCK = "return redis.call('TIME')"


def connect(url: str, timeout_s: float = TIMEOUT_S) -> Redis:
    """
    A client that connects when it is first used; the caller closes it (``aclose``).

    :param timeout_s: for connecting, and for each answer.
    :raises RedisUrlError:
    """
    place = parse(url)
    waits: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    waits["retry"] = Retry(
        ExponentialBackoff(base=BACKOFF_S[0], cap=BACKOFF_S[1]), RETRIES, supported_errors=(RedisConnectionError,)
    )
    if place.kind == "server":
        return Redis.from_url(url, **waits)
    waits |= place.credentials
    if place.tls:
        waits["ssl"] = True
    if place.kind == "cluster":
        nodes = [ClusterNode(host, port) for host, port in place.nodes]
        return cast("Redis", Cluster(startup_nodes=nodes, **waits))
    once = {**waits, "retry": Retry(ExponentialBackoff(), 0), "username": None, "password": None}
    once |= place.sentinel_credentials
    sentinels = cast("Any", Sentinel)(list(place.nodes), sentinel_kwargs=once, **waits, db=place.db)
    return cast("Redis", sentinels.master_for(place.master))


class Cluster(RedisCluster):
    """Without any node of it, it is as far away as a server without its network: redis-py calls that something else."""

    async def initialize(self, *args: Any, **kwargs: Any) -> RedisCluster:
        with _away():
            return await super().initialize(*args, **kwargs)

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        with _away():
            return await super().execute_command(*args, **kwargs)


@contextlib.contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError("no node of the cluster can be asked") from error


async def redis_time(redis: Redis) -> float:
    """The clock of the server that holds the queue's kind of keys, seconds since the epoch: also of a cluster's."""
    seconds, micros = await cast("Any", redis).eval(_CLOCK, 1, "passerelle:clock")
    return int(seconds) + int(micros) / 1e6


async def oldest_version(redis: Redis) -> str:
    """:returns: of the server, or of the oldest one of a cluster."""
    if isinstance(redis, RedisCluster):
        answers = await redis.info("server", target_nodes=RedisCluster.ALL_NODES)
        each = [answers] if "redis_version" in answers else answers.values()  # of a single node: its own answer
        found = [one["redis_version"] for one in each]
        return str(min(found, key=lambda text: tuple(map(int, text.split(".")[:3]))))
    return str((await redis.info("server"))["redis_version"])
