"""
A line as a process of its own: ``python -m tests.helpers.line_process SEED``.

Stands between a client and a server like a router: each client address gets a socket of its own towards the server, so
that answers find back. One JSON object a line on stdin asks, one on stdout answers; end of input ends the process.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from tests.helpers.shaping import Shaper, Way

Address = tuple[str, int]
CLIENTS_LIMIT = 64  # addresses of one port


class _Endpoint(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)


async def _endpoint(received: Callable[[bytes, Address], None]) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Endpoint(received), local_addr=("127.0.0.1", 0))
    return transport


class _Port:
    """Where clients of one server address come in."""

    def __init__(self, line: "LineProcess", server: Address) -> None:
        self._line = line
        self._server = server
        self._towards_server: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self._near: asyncio.DatagramTransport | None = None

    async def open(self) -> int:
        self._near = await _endpoint(self._from_client)
        return int(self._near.get_extra_info("sockname")[1])

    def _from_client(self, data: bytes, client: Address) -> None:
        if client not in self._towards_server:
            if len(self._towards_server) >= CLIENTS_LIMIT:
                return
            back = _endpoint(lambda answer, _: self._from_server(answer, client))
            self._towards_server[client] = asyncio.create_task(back)
        far = self._towards_server[client]

        def deliver() -> None:
            if far.done():
                far.result().sendto(data, self._server)
            else:
                far.add_done_callback(lambda opened: opened.result().sendto(data, self._server))

        self._line.pass_on("up", len(data), deliver)

    def _from_server(self, data: bytes, client: Address) -> None:
        near = self._near
        if near is not None:
            self._line.pass_on("down", len(data), lambda: near.sendto(data, client))


class LineProcess:
    def __init__(self, seed: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._ways = {"up": Shaper(Way(), 2 * seed), "down": Shaper(Way(), 2 * seed + 1)}
        self._ports: list[_Port] = []

    def pass_on(self, way: str, size: int, deliver: Callable[[], None]) -> None:
        shaper = self._ways[way]
        now = self._loop.time()
        for arrives in shaper.send(size, now):
            if arrives <= now:
                deliver()
            else:
                self._loop.call_at(arrives, self._deliver_unless_down, shaper, deliver)

    @staticmethod
    def _deliver_unless_down(shaper: Shaper, deliver: Callable[[], None]) -> None:
        if shaper.is_down:
            shaper.counts.lost += 1
            shaper.counts.delivered -= 1
        else:
            deliver()

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "open":
                port = _Port(self, (request["host"], request["port"]))
                self._ports.append(port)
                return {"port": await port.open()}
            case "shape":
                for way, changes in request["ways"].items():
                    self._ways[way].change(changes)
            case "switch":
                for way in request["ways"]:
                    self._ways[way].is_down = request["down"]
        return {way: shaper.counts.as_dict() for way, shaper in self._ways.items()}


async def main(seed: int) -> None:
    line = LineProcess(seed)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while request := await reader.readline():
        sys.stdout.write(json.dumps(await line.answer(json.loads(request))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
