"""The rehearsal's WebSocket client, against a small server that plays the service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from signaling.call_terms import CallState
from signaling.messages import AnyClientMessage, ClientMessageAdapter
from signaling.messages.base import Message
from signaling.messages.call import CallRequest
from signaling.messages.call_state import CallStateMessage, PartyView, PhoneView
from signaling.messages.records import CallsToday
from signaling.messages.session import Error, Hello, Ok, Welcome
from signaling.rehearsal.client import PageClient, RehearsalError, UnreachableError

Answer = Callable[[AnyClientMessage, Callable[[Message], Awaitable[None]]], Awaitable[None]]
PARTY = PartyView(present=True, connected=True)
REQUEST = CallRequest(kind="relay", number="+33199000020")


def state(name: CallState) -> CallStateMessage:
    return CallStateMessage(
        call_id="c1", kind="relay", state=name, mode="LSF", voice=False, hearing=False, muted=False,
        phone=PhoneView(), signer=PARTY, agent=PARTY, queued_at=1.0, now=2.0,
    )  # fmt: skip


class PlayedService:
    """Says welcome to the right token; everything else is up to ``answer``."""

    def __init__(self) -> None:
        self.heard: list[AnyClientMessage] = []
        self.origins: list[str | None] = []
        self.socket: web.WebSocketResponse | None = None
        self.answer: Answer | None = None

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        self.origins.append(request.headers.get("Origin"))
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        async for frame in self.socket:
            message = ClientMessageAdapter.validate_json(frame.data)
            self.heard.append(message)
            if isinstance(message, Hello):
                await self._greet(message)
            elif self.answer is not None:
                await self.answer(message, self.say)
        return self.socket

    async def _greet(self, hello: Hello) -> None:
        if hello.operator_token != "right":
            await self.say(Error(code="bad_token", message="…"))
            return
        await self.say(Welcome(role=hello.role, person=None, resume_token="r", heartbeat_s=60, resumed=False))

    async def say(self, message: Message) -> None:
        assert self.socket is not None
        await self.socket.send_str(message.model_dump_json())


@pytest.fixture
async def service() -> AsyncIterator[tuple[PlayedService, str, aiohttp.ClientSession]]:
    played = PlayedService()
    app = web.Application()
    app.router.add_get("/ws", played.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield played, str(server.make_url("/")).rstrip("/"), http


Service = tuple[PlayedService, str, aiohttp.ClientSession]


async def test_page_says_hello_with_its_role_token_and_origin(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "agent") as page:
        assert page.welcome is not None
    hello = played.heard[0]
    assert isinstance(hello, Hello)
    assert (hello.role, hello.operator_token) == ("agent", "right")
    assert played.origins == [url]


async def test_page_that_is_not_let_in_tells_why_at_once(service: Service) -> None:
    _, url, http = service
    with pytest.raises(UnreachableError, match="bad_token"):
        async with PageClient(http, url, "wrong", "signer"):
            pass


async def test_address_without_service_is_unreachable(service: Service) -> None:
    _, _, http = service
    with pytest.raises(UnreachableError):
        async with PageClient(http, "http://127.0.0.1:9", "right", "signer"):
            pass


async def test_answer_is_matched_by_its_reference(service: Service) -> None:
    played, url, http = service

    async def answer(message: AnyClientMessage, say: Callable[[Message], Awaitable[None]]) -> None:
        await say(Error(code="somebody_elses", message="…", re="other"))
        await say(Ok(re=message.ref))

    played.answer = answer
    async with PageClient(http, url, "right", "signer") as page:
        await page.ask(REQUEST)


async def test_refusal_carries_the_services_code(service: Service) -> None:
    played, url, http = service

    async def answer(message: AnyClientMessage, say: Callable[[Message], Awaitable[None]]) -> None:
        await say(Error(code="number_missing", message="…", re=message.ref))

    played.answer = answer
    async with PageClient(http, url, "right", "signer") as page:
        with pytest.raises(RehearsalError) as caught:
            await page.ask(REQUEST)
        assert caught.value.code == "number_missing"
        assert page.error_codes == ["number_missing"]


async def test_wait_sees_what_came_before_and_what_comes_after(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "agent") as page:
        later = asyncio.create_task(page.wait_for(CallsToday, 5.0))
        await played.say(CallsToday(calls=()))
        assert await later == await page.wait_for(CallsToday, 5.0)


async def test_states_are_kept_in_order_without_repetition(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "signer") as page:
        for name in (CallState.QUEUED, CallState.QUEUED, CallState.ALERTING, CallState.ENDED):
            await played.say(state(name))
        await page.wait_call(lambda call: call.state is CallState.ENDED, 5.0)
        assert [name for _, name in page.states] == ["queued", "alerting", "ended"]


async def test_wait_for_a_state_ends_when_the_connection_does(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "signer") as page:
        waiting = asyncio.create_task(page.wait_call(lambda call: True, 5.0))
        await played.say(CallsToday(calls=()))
        await page.wait_for(CallsToday, 5.0)
        assert played.socket is not None
        await played.socket.close()
        with pytest.raises(RehearsalError) as caught:
            await waiting
        assert caught.value.code == "closed"


async def test_wait_has_a_deadline(service: Service) -> None:
    _, url, http = service
    async with PageClient(http, url, "right", "signer") as page:
        with pytest.raises(RehearsalError) as caught:
            await page.wait_call(lambda call: True, 0.05)
        assert caught.value.code == "timeout"


async def test_message_of_an_unknown_kind_is_noted_and_costs_nothing_else(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "signer") as page:
        assert played.socket is not None
        await played.socket.send_str('{"type":"from.the.future"}')
        await played.say(CallsToday(calls=()))
        await page.wait_for(CallsToday, 5.0)
        assert page.error_codes == ["unknown_server_message"]


async def test_page_that_comes_back_shows_its_resume_token_and_knows_nothing_else(service: Service) -> None:
    played, url, http = service
    async with PageClient(http, url, "right", "signer") as page:
        await played.say(state(CallState.ACTIVE))
        await page.wait_call(lambda call: True, 5.0)
        await page.close()
        assert not page.is_open
        await page.reopen()
        assert page.is_open
        assert page.call is None
        with pytest.raises(RehearsalError):
            await page.wait_for(CallsToday, 0.05)
    first, second = (message for message in played.heard if isinstance(message, Hello))
    assert (first.resume_token, second.resume_token) == (None, "r")


async def test_refusal_that_is_wanted_counts_as_no_error(service: Service) -> None:
    played, url, http = service

    async def answer(message: AnyClientMessage, say: Callable[[Message], Awaitable[None]]) -> None:
        await say(Error(code="not_in_relay", message="…", re=message.ref))

    played.answer = answer
    async with PageClient(http, url, "right", "agent") as page:
        assert await page.refusal(REQUEST) == "not_in_relay"
        assert page.error_codes == []


async def test_request_that_should_have_been_refused_is_told(service: Service) -> None:
    played, url, http = service

    async def answer(message: AnyClientMessage, say: Callable[[Message], Awaitable[None]]) -> None:
        await say(Ok(re=message.ref))

    played.answer = answer
    async with PageClient(http, url, "right", "agent") as page:
        assert await page.refusal(REQUEST) is None
