"""
A service for the pages alone: serves the built bundles, speaks the protocol, plays a moving picture.

Decides nothing: tests say what it sends (validated by ``signaling.messages``) and see what the pages sent (validated
too: a page that sends a malformed message fails its test). Media are real, from one aiortc peer for each offer.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCBundlePolicy

import signaling
from interpreter_queue.model import PauseReason
from relay.model import PhoneOutcome, PhoneProgress, SecondRole
from signaling.call_terms import Action, CallKind, CallState, EndReason
from signaling.http_api.brands import BrandView, ColoursView
from signaling.messages import AnyClientMessage, AnyServerMessage, ClientMessageAdapter
from signaling.messages.call_state import CallStateMessage, PartyView, PhoneView, QueueView, SecondView
from signaling.messages.media import MediaAnswer, MediaOffer, MediaRenew
from signaling.messages.serving import AgentView, Waits
from signaling.messages.session import Error, Ok, Person, Ping, Pong, Welcome
from tests.browser.pictures import MovingPicture, Silence

WEB = Path(signaling.__file__).parent / "web"
WAIT_S = 30.0  # deadline of every wait: a busy machine, never the expected time
HEARTBEAT_S = 60  # a page that hears no answer connects anew, which is a test's own affair: never by a slow machine
#: As strict as the service's own: no inline script, no inline style, nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


BRAND = BrandView(
    slug="demo",
    name="Mairie de Démonstration",
    locale="fr",
    is_open=True,
    opens_at=None,
    closes_at=time.time() + 3600,
    hours=("Du lundi au vendredi : 8 h 30 – 19 h", "Samedi : 9 h – 13 h"),
    timezone="Europe/Paris",
    colours=ColoursView(background="#0b4f6c", text="#ffffff"),
).model_dump(mode="json")


Colour = tuple[int, int, int]


class FakeParty:
    """One page's socket: what it said, and saying something to it."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.refuses: str | None = None  # code every request is refused with
        self.offers_callback = False  # with each refusal
        self.received: list[AnyClientMessage] = []
        self.text = ""
        self.frames = 0
        self.peer: RTCPeerConnection | None = None
        self._channel: Any = None
        self._phone_channel: Any = None
        self._changed = asyncio.Condition()
        self._socket: web.WebSocketResponse | None = None
        self._watchers: list[asyncio.Task[None]] = []
        self._stated: dict[type[AnyServerMessage], AnyServerMessage] = {}
        self._offered: tuple[str, int, Colour, Colour | None] | None = None

    async def send(self, message: AnyServerMessage) -> None:
        """To the page, once more when it is just connecting anew."""
        text = self._noted(message).model_dump_json()
        while True:
            await self.connected()
            with contextlib.suppress(ConnectionError):
                assert self._socket is not None
                await self._socket.send_str(text)
                return
            await asyncio.sleep(0.05)

    def _noted(self, message: AnyServerMessage) -> AnyServerMessage:
        if isinstance(message, CallStateMessage) and self.role == "agent" and message.leg == "signer":
            message = message.model_copy(update={"leg": "agent"})
        if isinstance(message, CallStateMessage | AgentView):
            self._stated[type(message)] = message
        return message

    def greeting(self, hello: Welcome, messages: Sequence[AnyServerMessage], *, is_new: bool) -> list[AnyServerMessage]:
        """
        :param is_new: loaded just now. A page that has merely connected anew, as it does of itself when a busy machine
            lets it wait for seconds, goes on with what it was told last.
        """
        if is_new:
            self._stated.clear()
        told = [message for message in messages if type(message) not in self._stated]
        call = self._stated.get(CallStateMessage)
        if isinstance(call, CallStateMessage) and call.state is not CallState.ENDED:
            hello = hello.model_copy(update={"resumed": True})
        return [hello, *self._stated.values(), *map(self._noted, told)]

    async def said(self, kind: type[Any], nth: int = 1) -> Any:
        """The ``nth`` message of this type, waiting for it."""

        def found() -> list[Any]:
            return [message for message in self.received if isinstance(message, kind)]

        await self.until(lambda: len(found()) >= nth, f"{kind.__name__} number {nth}")
        return found()[nth - 1]

    async def until(self, condition: Any, what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_S), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            kinds = [message.type for message in self.received]
            raise AssertionError(f"{self.role} page: waited for {what}; it said {kinds}, text {self.text!r}") from None

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def connected(self) -> None:
        await self.until(lambda: self._socket is not None, "a connection")

    async def drop(self) -> None:
        """The network goes: the socket closes without a word."""
        assert self._socket is not None
        socket, self._socket = self._socket, None
        await socket.close(code=1011)

    async def offer(
        self,
        call_id: str,
        generation: int,
        background: Colour,
        second: Colour | None = None,
    ) -> None:
        """
        A new peer connection: audio, video, a ``t140`` channel, as the media worker offers them.

        :param second: background of a second picture.
        """
        await self.close_peer()
        self._offered = call_id, generation, background, second
        self.peer = peer = RTCPeerConnection(RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        peer.addTrack(Silence())
        peer.addTrack(MovingPicture(background))
        if second is not None:
            peer.addTransceiver(MovingPicture(second), direction="sendonly")
        self._channel = peer.createDataChannel("t140", ordered=True, protocol="t140")
        self._channel.on("message", self._read)
        peer.on("track", self._watch)
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        await self.send(MediaOffer(call_id=call_id, generation=generation, sdp=sdp))

    async def write(self, wire: str) -> None:
        await self.until(lambda: self._channel is not None and self._channel.readyState == "open", "the text channel")
        self._channel.send(wire)

    async def write_as_phone(self, wire: str) -> None:
        """A channel for the phone party's own text, as it is made once the phone leg agreed on text."""
        assert self.peer is not None
        channel = self.peer.createDataChannel("phone", ordered=True, protocol="t140")
        self._phone_channel = channel
        channel.on("open", lambda: channel.send(wire))

    async def seen(self, frames: int = 5) -> None:
        """The page's own picture arrives here."""
        await self.until(lambda: self.frames >= frames, "its picture")

    async def close_peer(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        self._watchers.clear()
        self._channel, self.frames = None, 0
        if self.peer is not None:
            await self.peer.close()
            self.peer = None

    def _read(self, wire: Any) -> None:
        self.text += wire if isinstance(wire, str) else wire.decode()
        self._watchers.append(asyncio.ensure_future(self.notify()))

    def _watch(self, track: Any) -> None:
        if track.kind == "video":
            self._watchers.append(asyncio.ensure_future(self._count(track)))

    async def _count(self, track: Any) -> None:
        while True:
            await track.recv()
            self.frames += 1
            await self.notify()

    async def attend(self, socket: web.WebSocketResponse) -> None:
        """Runs the socket: hello is answered, every request is answered ``ok``."""
        self._socket = socket
        await self.notify()
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            message = ClientMessageAdapter.validate_json(frame.data)
            await self._answer(message)
            self.received.append(message)
            await self.notify()
        if self._socket is socket:
            self._socket = None

    async def _answer(self, message: AnyClientMessage) -> None:
        if isinstance(message, Ping):
            await self.send(Pong(re=message.ref))
        elif isinstance(message, MediaAnswer) and self.peer is not None:
            await self.peer.setRemoteDescription(RTCSessionDescription(message.sdp, "answer"))
        elif isinstance(message, MediaRenew) and self.peer is not None and self._offered is not None:
            call_id, generation, background, second = self._offered
            await self.offer(call_id, generation + 1, background, second)
        elif message.ref is not None and self.refuses is not None:
            await self.send(Error(code=self.refuses, message="Refusé.", re=message.ref, callback=self.offers_callback))
        elif message.ref is not None:
            await self.send(Ok(re=message.ref))


class FakeService:
    """
    :param account: who is signed in already; None: the page has to sign in (``lea`` / ``secret``).
    :param host: origin of a business's page allowed to frame the embed page.
    """

    def __init__(self, role: str, account: dict[str, Any] | None = None) -> None:
        self.account = account
        self.url = ""
        self.party = FakeParty(role)
        self.on_hello = Welcome(
            role="signer" if role == "signer" else "agent",
            person=Person(name="Léa", trades=()),
            resume_token="token",
            heartbeat_s=HEARTBEAT_S,
            resumed=False,
        )
        self.greeting: list[AnyServerMessage] = []
        self.relays_emergencies = False
        self.waits = Waits()
        self._runner: web.AppRunner | None = None
        self._is_new = True  # the page

    async def start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._page("caller")),
                web.get("/b/{slug}", self._page("caller")),
                web.get("/embed/v1.js", self._embed_script),
                web.get("/sw.js", self._service_worker),
                web.get("/embed/{slug}", self._page("embed", ancestors="*")),
                web.get("/workstation", self._page("workstation")),
                web.get("/supervisor", self._page("supervisor")),
                web.static("/static", WEB / "static"),
                web.get("/ws", self._socket),
                web.get("/api/v1/me", self._me),
                web.post("/api/v1/sign-in", self._sign_in),
                web.post("/api/v1/sign-out", self._sign_out),
                web.get("/api/v1/emergency", self._emergency),
                web.get("/api/v1/waits", self._public_waits),
                web.get("/api/v1/films", self._films),
                web.get("/api/v1/brands", self._brands),
                web.get("/api/v1/brands/{slug}", self._brand),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://localhost:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.party.close_peer()
        if self._runner is not None:
            await self._runner.cleanup()

    def _page(self, name: str, ancestors: str = "'none'") -> Any:
        async def handler(request: web.Request) -> web.Response:
            self._is_new = True
            text = (WEB / f"{name}.html").read_text(encoding="utf-8")
            policy = POLICY.format(ancestors=ancestors)
            return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

        return handler

    async def _embed_script(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(WEB / "embed.js", headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    async def _service_worker(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(WEB / "sw.js")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        is_new, self._is_new = self._is_new, False
        for message in self.party.greeting(self.on_hello, self.greeting, is_new=is_new):
            await socket.send_str(message.model_dump_json())
        await self.party.attend(socket)
        return socket

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self.account) if self.account is not None else web.Response(status=204)

    async def _sign_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["login"], body["password"]) != ("lea", "secret"):
            return _problem(401, "wrong_password")
        role = "signer" if self.party.role == "signer" else "agent"
        self.account = {"role": role, "name": "Léa", "trades": ["interpreter"]}
        return web.json_response(self.account)

    async def _sign_out(self, request: web.Request) -> web.Response:
        self.account = None
        return web.json_response({})

    async def _emergency(self, request: web.Request) -> web.Response:
        return web.json_response({"may_relay": self.relays_emergencies})

    async def _public_waits(self, request: web.Request) -> web.Response:
        return web.json_response(self.waits.model_dump(mode="json"))

    async def _films(self, request: web.Request) -> web.Response:
        return web.json_response({"films": []})

    async def _brands(self, request: web.Request) -> web.Response:
        return web.json_response({"brands": [BRAND]})

    async def _brand(self, request: web.Request) -> web.Response:
        if request.match_info["slug"] != "demo":
            return _problem(404, "unknown_brand")
        return web.json_response(BRAND)


def _problem(status: int, code: str) -> web.Response:
    body = {"title": code, "code": code, "status": status}
    return web.json_response(body, status=status, content_type="application/problem+json")


def call_state(
    state: CallState,
    *actions: Action,
    kind: CallKind = "relay",
    queue: QueueView | None = None,
    progress: PhoneProgress | None = None,
    outcome: PhoneOutcome | None = None,
    held: bool = False,
    speaking: bool = False,
    end_reason: EndReason | None = None,
    voice: bool = False,
    **changes: Any,
) -> CallStateMessage:
    """
    A call as the service would state it, times relative to now.

    :param changes: other fields of the message.
    """
    now = time.time()
    together = state not in (CallState.INCOMING, CallState.QUEUED, CallState.ALERTING, CallState.MESSAGE)
    message = CallStateMessage(
        call_id="call-1",
        kind=kind,
        state=state,
        mode="LSF",
        brand="demo" if kind == "direct" else None,
        brand_name="Mairie de Démonstration" if kind == "direct" else None,
        trade="adviser" if kind == "direct" else "interpreter",
        voice=voice,
        hearing=False,
        muted=False,
        phone=PhoneView(
            number="01 99 00 00 01" if kind == "relay" else None,
            progress=progress,
            outcome=outcome,
            held=held,
            speaking=speaking,
            dialled_at=now - 20 if progress else None,
            answered_at=now - 12 if progress == "answered" else None,
        ),
        signer=PartyView(present=True, connected=together),
        agent=PartyView(present=together, connected=together),
        queue=queue,
        queued_at=now - 75,
        together_at=now - 48 if together else None,
        ended_at=now if state is CallState.ENDED else None,
        end_reason=end_reason,
        end_fault="nobody" if end_reason else None,
        actions=actions,
        now=now,
    )
    return message.model_copy(update=changes)


def agent_view(
    state: Any = "idle",
    presence: Any = "available",
    reason: PauseReason | None = None,
    wrap_up_s: float | None = None,
    **changes: Any,
) -> AgentView:
    """
    An agent's own place as the service would state it.

    :param changes: other fields of the message.
    """
    now = time.time()
    view = AgentView(
        presence=presence,
        state=state,
        reason=reason,
        since=now if state == "alerting" else now - 65,
        pause_after_call=False,
        waiting=2,
        wrap_up_until=None if wrap_up_s is None else now + wrap_up_s,
        wrap_up_extensions_left=0 if wrap_up_s is None else 3,
    )
    return view.model_copy(update=changes)


def second_view(role: SecondRole, state: Any = "joined", **changes: Any) -> SecondView:
    """Whoever is beside the agent."""
    is_there = state == "joined"
    view = SecondView(role=role, state=state, since=time.time() - 20, present=is_there, connected=is_there)
    return view.model_copy(update=changes)
