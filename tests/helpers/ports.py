"""
Ports for what tests start.

Taken below those that the kernel gives to connections (``ip_local_port_range``, 32768 and up): such a one may belong to
anybody's connection by the time the process that it was found for listens. No other worker of the same run is given the
same ones, and none is given twice within some hundred.
"""

import itertools
import os
import socket
from collections.abc import Iterator

FIRST, SHARE, SHARES = 10_000, 2_400, 4  # a run has three workers
HOST = "127.0.0.1"


def free_port(count: int = 2) -> int:
    """
    :param count: how many from there on are nobody else's.
    :returns: an even port that is free for UDP and for TCP, like the next one.
    """
    first = next(port for port in itertools.islice(_ports, SHARE) if _is_free(port) and _is_free(port + 1))
    for _ in range((count - 1) // 2):
        next(_ports)
    return first


def _share() -> Iterator[int]:
    """This process's even ports, round and round; runs that go on beside each other begin at different ones."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker % SHARES * SHARE
    ports = range(first, first + SHARE, 2)
    start = os.getpid() * 37 % len(ports)
    return itertools.cycle((*ports[start:], *ports[:start]))


def _is_free(port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        try:
            stream.bind((HOST, port))
            datagrams.bind((HOST, port))
        except OSError:
            return False
    return True


_ports = _share()
