"""Which of a person's pages gets what."""

from typing import cast

from aiohttp.web import WebSocketResponse

from signaling.elsewhere import Elsewhere
from signaling.identity import Identity
from signaling.messages import AnyServerMessage, Pong, Replaced
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
