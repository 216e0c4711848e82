"""Which of a person's pages gets what."""

import json
from typing import cast

from aiohttp.web import WebSocketResponse

from signaling.call_model import Call
from signaling.call_terms import CallState
from signaling.call_view import view
from signaling.elsewhere import Elsewhere
from signaling.identity import Identity
from signaling.messages import AnyServerMessage
from signaling.messages.media import MediaClosed, MediaOffer
from signaling.messages.session import Pong, Replaced
from signaling.peer_messages import PageHere
from signaling.sessions import Hub, PageSession


class Page(PageSession):
    """Keeps what is sent to it."""

    def __init__(self, device: str, *, role: str = "signer", since: float = 1.0) -> None:
        who = Identity("paul", "agent" if role == "agent" else "signer")
        super().__init__(who, cast(WebSocketResponse, None), device=device, since=since)
        self.sent: list[AnyServerMessage] = []

    def send(self, message: AnyServerMessage) -> None:
        self.sent.append(message)


def hub_with(*pages: Page) -> Hub:
    hub = Hub(Elsewhere(lambda _: None))
    for page in pages:
        hub.attach(page)
    return hub


def state_of(call_id: str, state: CallState) -> AnyServerMessage:
    call = Call(
        call_id=call_id,
        kind="relay",
        mode="LSF",
        signer_key="paul",
        signer_id=None,
        trades=(),
        state=state,
        queued_at=1,
    )
    return view(call, "signer", 1.0, None)


async def test_what_becomes_of_an_earlier_call_does_not_disturb_the_one_that_is_on() -> None:
    sent: list[str] = []

    class Socket:
        closed = False

        async def send_str(self, text: str) -> None:
            sent.append(text)

        async def close(self, **_: object) -> None:
            self.closed = True

    page = PageSession(Identity("paul", "signer"), cast(WebSocketResponse, Socket()))
    later = state_of("later", CallState.ACTIVE)
    ended = state_of("later", CallState.ENDED)
    for message in (
        state_of("earlier", CallState.MESSAGE),
        later,
        MediaOffer(call_id="later", generation=5, sdp="", ice_servers=()),
        state_of("earlier", CallState.ENDED),
        MediaClosed(call_id="earlier"),
    ):
        page.send(message)
    assert page.live_generation == 5, "the media of the call that is on stand"
    page.end(ended, 1000)
    await page.write()
    told = [(each["type"], each["call_id"], each.get("state")) for each in map(json.loads, sent)]
    assert told == [
        ("call.state", "earlier", "message"),
        ("call.state", "later", "active"),
        ("media.offer", "later", None),
        ("call.state", "later", "ended"),
    ]


def test_a_second_tab_replaces_the_first_of_the_same_device_and_no_other() -> None:
    phone, desk, again = Page("phone"), Page("desk"), Page("phone", since=2.0)
    hub = hub_with(phone, desk, again)
    assert (phone.sent, desk.sent, again.sent) == ([Replaced()], [], [])
    assert hub.devices("signer", "paul") == ("phone", "desk")
    assert not hub.detach(phone), "the newer tab is there"
    assert hub.detach(again)
    assert hub.devices("signer", "paul") == ("desk",)
    assert hub.count("signer") == 1, "people are counted, not their devices"


def test_a_message_reaches_all_devices_or_the_one_that_is_meant() -> None:
    phone, desk, agent = Page("phone"), Page("desk"), Page("", role="agent")
    hub = hub_with(phone, desk, agent)
    hub.send("signer", "paul", Pong(re="all"))
    hub.send("signer", "paul", Pong(re="desk"), "desk")
    hub.send("signer", "paul", Pong(re="nobody"), "tablet")
    hub.send("signer", None, Pong())
    assert phone.sent == [Pong(re="all")]
    assert desk.sent == [Pong(re="all"), Pong(re="desk")]
    assert agent.sent == []


def test_presence_is_asked_of_the_person_or_of_one_device() -> None:
    hub = hub_with(Page("phone"), Page(""))
    assert hub.is_present("signer", "paul")
    assert hub.is_present("signer", "paul", "")
    assert not hub.is_present("signer", "paul", "desk")
    assert not hub.is_present("agent", "paul")
    assert not hub.is_present("signer", None)


def test_a_newer_page_of_the_same_device_at_another_process_ends_the_one_here() -> None:
    phone, desk = Page("phone"), Page("desk", since=5.0)
    hub = hub_with(phone, desk)
    assert hub.replace(PageHere(role="signer", key="paul", device="phone", since=2.0))
    assert not hub.replace(PageHere(role="signer", key="paul", device="desk", since=2.0)), "the one here is newer"
    assert (phone.sent, desk.sent) == ([Replaced()], [])
    assert hub.devices("signer", "paul") == ("desk",)
