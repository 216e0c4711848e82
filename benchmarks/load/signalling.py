"""How a load call is set up at each kind of relay: two peers, connected, and media allowed both ways."""

import asyncio
import contextlib
import itertools
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.load.peers import LoadPeer
from relay.control import ControlClient
from relay.control_messages import AnswerLeg, OpenLeg, UpdateCall
from relay.model import CallPlan, Tap, WebLeg

DEADLINE_S = 20.0
LEGS: tuple[WebLeg, ...] = ("signer", "agent")


class Signalling(ABC):
    """One relay, of one kind."""

    @abstractmethod
    async def call(self, number: int) -> list[LoadPeer]:
        """:returns: both peers, connected and bridged."""

    async def close(self) -> None:  # noqa: B027 -- not every kind has something to close
        """Calls end by their peers."""

    async def tap(self, path: str | None) -> None:
        """:raises RuntimeError: this kind has none: only the media worker can be tapped."""
        raise RuntimeError("only the media worker has a tap")


class WorkerSignalling(Signalling):
    """This project's media workers, in turn; driven as signaling does."""

    def __init__(self, sockets: list[str]) -> None:
        self._sockets = sockets
        self._clients: list[ControlClient] = []
        self._calls: dict[str, ControlClient] = {}

    async def call(self, number: int) -> list[LoadPeer]:
        if not self._clients:
            await self._connect()
        call_id, client = f"load-{number}", self._clients[number % len(self._clients)]
        self._calls[call_id] = client
        peers = []
        for leg in LEGS:
            peer = LoadPeer()
            opened = await client.request(OpenLeg(call_id=call_id, epoch=1, leg=leg, generation=1))
            answer = await peer.answer(opened["sdp"])
            await client.request(AnswerLeg(call_id=call_id, epoch=1, leg=leg, generation=1, sdp=answer))
            await peer.connected()
            peers.append(peer)
        await self._plan(call_id, None)
        return peers

    async def tap(self, path: str | None) -> None:
        """Watch the signer of every call, or of none."""
        for call_id in self._calls:
            await self._plan(call_id, Tap(socket=path) if path is not None else None)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))

    async def _connect(self) -> None:
        for path in self._sockets:
            client = ControlClient(_nothing, _nothing)
            await client.connect(Path(path))
            self._clients.append(client)

    async def _plan(self, call_id: str, tap: Tap | None) -> None:
        plan = CallPlan(bridged=True, signer_voice=True, signer_hearing=True, taps=(tap,) if tap else ())
        await self._calls[call_id].request(UpdateCall(call_id=call_id, epoch=1, plan=plan))


def _nothing(*_: object) -> None: ...


class JanusSignalling(Signalling):
    """The videocall plugin of a Janus gateway over WebSocket: register both, one calls the other."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._session = 0
        self._reader: asyncio.Task[None] | None = None
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._transactions = itertools.count()

    async def call(self, number: int) -> list[LoadPeer]:
        if self._socket is None:
            await self._connect()
        names = [f"load-{number}-{leg}" for leg in LEGS]
        caller, callee = [await self._register(name) for name in names]
        calling, called = LoadPeer(), LoadPeer()
        offer = {"type": "offer", "sdp": await calling.offer()}
        await self._message(caller, {"request": "call", "username": names[1]}, offer)
        incoming = await self._event(callee, "incomingcall")
        answer = {"type": "answer", "sdp": await called.answer(incoming["jsep"]["sdp"])}
        await self._message(callee, {"request": "accept"}, answer)
        accepted = await self._event(caller, "accepted")
        await calling.accept(accepted["jsep"]["sdp"])
        await asyncio.gather(calling.connected(), called.connected())
        return [calling, called]

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _connect(self) -> None:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(self._url, protocols=["janus-protocol"])
        self._reader = asyncio.create_task(self._read(self._socket))
        self._session = (await self._request(janus="create"))["data"]["id"]

    async def _register(self, name: str) -> int:
        attached = await self._request(janus="attach", plugin="janus.plugin.videocall", session_id=self._session)
        handle = int(attached["data"]["id"])
        self._events[handle] = asyncio.Queue(100)
        await self._message(handle, {"request": "register", "username": name})
        await self._event(handle, "registered")
        return handle

    async def _message(self, handle: int, body: dict[str, str], jsep: dict[str, str] | None = None) -> None:
        more = {"jsep": jsep} if jsep is not None else {}
        await self._request(janus="message", session_id=self._session, handle_id=handle, body=body, **more)

    async def _request(self, **message: Any) -> dict[str, Any]:
        """:raises RuntimeError: Janus refused."""
        assert self._socket is not None
        name = str(next(self._transactions))
        self._replies[name] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({**message, "transaction": name})
        async with asyncio.timeout(DEADLINE_S):
            reply = await self._replies[name]
        if reply["janus"] == "error":
            raise RuntimeError(f"Janus: {reply['error']}")
        return reply

    async def _event(self, handle: int, name: str) -> dict[str, Any]:
        """:raises RuntimeError: the plugin refused."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                event = await self._events[handle].get()
                data = event["plugindata"]["data"]
                if "error" in data:
                    raise RuntimeError(f"Janus videocall: {data['error']}")
                if data.get("result", {}).get("event") == name:
                    return event

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = json.loads(message.data)
            waiting = self._replies.pop(event.get("transaction", ""), None) if _is_reply(event) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
            elif event["janus"] == "event" and event["sender"] in self._events:
                with contextlib.suppress(asyncio.QueueFull):
                    self._events[event["sender"]].put_nowait(event)


def _is_reply(event: dict[str, Any]) -> bool:
    return event["janus"] in ("success", "error", "ack")


class PlainSignalling(Signalling):
    """:mod:`benchmarks.load.plain_relay`: an HTTP request per leg over a Unix socket."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def call(self, number: int) -> list[LoadPeer]:
        peers = []
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(self._path)) as http:
            for _ in LEGS:
                peer = LoadPeer()
                body = {"call": number, "sdp": await peer.offer()}
                async with http.post("http://relay/offer", json=body) as response:
                    await peer.accept((await response.json())["sdp"])
                await peer.connected()
                peers.append(peer)
        return peers


def signalling(kind: str, endpoints: list[str]) -> Signalling:
    match kind:
        case "worker":
            return WorkerSignalling(endpoints)
        case "janus":
            return JanusSignalling(endpoints[0])
        case "plain":
            return PlainSignalling(endpoints[0])
    raise ValueError(f"no such relay: {kind}")
