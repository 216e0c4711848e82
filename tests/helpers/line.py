"""
A bad line between a client and a media worker, for machines without ``tc netem``.

It puts itself between the two by rewriting descriptions: the worker's offer gets one candidate, the line's own; the
client's answer loses its candidates, so that the worker learns the client's address only from what comes through.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from tests.helpers.shaping import Way, way_changes

REPOSITORY = Path(__file__).parents[2]
DEADLINE_S = 20.0
BOTH = ("up", "down")


class Line:
    """``up`` is from the client to the worker, ``down`` the other way. Make it with :func:`line`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lock = asyncio.Lock()

    async def offer(self, sdp: str) -> str:
        """:returns: the worker's offer, leading through this line; each offer (a new generation) takes a new port."""
        host, port = server_address(sdp)
        opened = await self._ask(do="open", host=host, port=port)
        return with_one_candidate(sdp, opened["port"])

    @staticmethod
    def answer(sdp: str) -> str:
        """:returns: the client's answer, telling no way around this line."""
        return without_candidates(sdp)

    async def shape(self, *, up: Way | None = None, down: Way | None = None) -> None:
        ways = {name: way_changes(way) for name, way in (("up", up), ("down", down)) if way is not None}
        await self._ask(do="shape", ways=ways)

    async def down(self, ways: Sequence[str] = BOTH) -> None:
        """Nothing passes from now on; what is under way is lost."""
        await self._ask(do="switch", ways=list(ways), down=True)

    async def up(self, ways: Sequence[str] = BOTH) -> None:
        await self._ask(do="switch", ways=list(ways), down=False)

    async def counts(self) -> dict[str, dict[str, int]]:
        """:returns: ``up`` and ``down``, each as ``shaping.Counts``."""
        return await self._ask(do="count")

    async def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        async with self._lock, asyncio.timeout(DEADLINE_S):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
            return answer


@contextlib.asynccontextmanager
async def line(up: Way | None = None, down: Way | None = None, *, seed: int = 1) -> AsyncIterator[Line]:
    """:param up: from client to worker. :param seed: of all its chances."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.helpers.line_process", str(seed), stdin=pipe, stdout=pipe, cwd=REPOSITORY
    )
    try:
        opened = Line(process)
        await opened.shape(up=up, down=down)
        yield opened
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def server_address(sdp: str) -> tuple[str, int]:
    """:returns: where the offer's sender can be reached by UDP from this machine, loopback preferred."""
    found = []
    for text in sdp.splitlines():
        words = text.split()
        if text.startswith("a=candidate:") and words[1] == "1" and words[2].lower() == "udp" and ":" not in words[4]:
            found.append((words[4], int(words[5])))
    return next((each for each in found if each[0] == "127.0.0.1"), found[0])


def with_one_candidate(sdp: str, port: int) -> str:
    """:returns: the description with one candidate a section: this port of 127.0.0.1."""
    kept: list[str] = []
    for text in sdp.splitlines():
        if not text.startswith("a=candidate:"):
            kept.append(text)
        elif not kept[-1].startswith("a=candidate:"):
            kept.append(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host")
    return "\r\n".join(kept) + "\r\n"


def without_candidates(sdp: str) -> str:
    left_out = ("a=candidate:", "a=end-of-candidates")
    return "\r\n".join(text for text in sdp.splitlines() if not text.startswith(left_out)) + "\r\n"
