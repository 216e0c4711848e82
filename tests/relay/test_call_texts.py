"""Real-time text among three pages and the telephones: who reads what, what waits, what is lost and marked."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.audio_exchange import DatagramSender
from relay.call_texts import CallTexts
from relay.config import MediaWorkerConfig
from relay.datagram import Kind, call_key, unpack
from relay.model import WEB_LEGS, CallPlan, Leg, SecondRole, WebLeg
from relay.routing import routes
from relay.text import MISSING_TEXT

KEY = call_key("c")


class Page:
    """A peer's text channels, as lists."""

    def __init__(self) -> None:
        self.channels: set[Leg] = set()
        self.read: list[tuple[Leg, str]] = []
        self.is_open = True
        self.loses = False

    def open_text(self, party: Leg) -> None:
        self.channels.add(party)

    def can_take_text(self, writer: Leg) -> bool:
        return self.is_open and writer in self.channels

    def send_text(self, writer: Leg, text: str) -> None:
        self.read.append((writer, text))

    def may_have_lost_text(self, writer: Leg) -> bool:
        return self.loses and writer in self.channels


class Room:
    def __init__(self, directory: Path) -> None:
        self.pages: dict[WebLeg, Page] = {leg: Page() for leg in WEB_LEGS}
        self.sender = DatagramSender()
        config = MediaWorkerConfig("w", Path("control"), Path("audio"))
        self.texts = CallTexts(KEY, config, self.sender, self.pages.get)
        self.phone_path = str(directory / "phone")
        self.phone = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.phone.bind(self.phone_path)
        self.phone.setblocking(False)
        self.now = 100.0

    def plan(self, second: SecondRole | None, **more: object) -> None:
        plan = CallPlan.model_validate({"bridged": True, "second": second, **more})
        here: set[Leg] = {leg for leg in self.pages if self.pages[leg].is_open}
        self.texts.update(plan, routes(here, plan))

    def write(self, writer: WebLeg, text: str) -> None:
        """Into all channels of the page but the telephone's, as pages do."""
        for party in sorted(self.pages[writer].channels - {"phone"}):
            self.texts.wrote(writer, party, text, self.now)

    def read(self, reader: WebLeg) -> list[tuple[Leg, str]]:
        found, self.pages[reader].read = self.pages[reader].read, []
        return found

    def phone_read(self) -> list[tuple[WebLeg, bytes]]:
        found: list[tuple[WebLeg, bytes]] = []
        while True:
            try:
                message = unpack(self.phone.recv(65_536))
            except BlockingIOError:
                return found
            assert message is not None and message.kind is Kind.TEXT
            found.append((message.leg, message.payload))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.phone.close()
    room.sender.close()


def test_each_writes_to_each_when_everybody_is_with_everybody(room: Room) -> None:
    room.plan("expert")
    for leg in WEB_LEGS:
        room.write(leg, f"{leg} ")
    assert {leg: sorted(room.read(leg)) for leg in WEB_LEGS} == {
        "signer": [("agent", "agent "), ("second", "second ")],
        "agent": [("second", "second "), ("signer", "signer ")],
        "second": [("agent", "agent "), ("signer", "signer ")],
    }


def test_what_is_written_while_a_colleague_is_consulted_stays_between_the_two(room: Room) -> None:
    room.plan("expert")
    room.plan("consulted")
    for leg in WEB_LEGS:
        room.write(leg, leg)
    room.plan("expert")
    room.now += 5
    room.texts.tick(room.now)
    assert room.read("signer") == []
    assert room.read("agent") == [("second", "second")]
    assert room.read("second") == [("agent", "agent")]


def test_what_a_prompter_writes_is_for_the_colleague_alone(room: Room) -> None:
    room.plan("team", active="second")
    room.write("agent", "prompt")
    assert (room.read("signer"), room.read("second")) == ([], [("agent", "prompt")])
    room.write("second", "said")
    assert (room.read("signer"), room.read("agent")) == ([("second", "said")], [("second", "said")])


def test_channels_come_with_the_parties_they_are_for(room: Room) -> None:
    room.plan(None)
    assert room.pages["signer"].channels == {"agent"}
    room.plan("consulted", phone_text=True)
    assert {leg: room.pages[leg].channels for leg in WEB_LEGS} == {
        "signer": {"agent", "phone"},
        "agent": {"signer", "second", "phone"},
        "second": {"agent"},
    }
    room.plan("team")
    assert room.pages["signer"].channels == {"agent", "phone", "second"}, "who is not read reads"


def test_text_waits_for_who_reconnects_and_is_marked_where_some_may_be_lost(room: Room) -> None:
    room.plan("expert")
    room.write("agent", "before")
    second = room.pages["second"]
    second.is_open, second.loses = False, True
    room.plan("expert")
    room.write("agent", "meanwhile")
    room.texts.replaced("second", second)
    room.pages["second"] = Page()
    room.plan("expert")
    room.texts.tick(room.now + 1)
    assert room.read("second") == [("agent", MISSING_TEXT + "meanwhile")]
    assert room.read("signer") == [("agent", "before"), ("agent", "meanwhile")]


def test_what_the_second_did_not_read_before_leaving_is_not_for_the_next_one(room: Room) -> None:
    room.plan("expert")
    room.pages["second"].is_open = False
    room.write("signer", "for you")
    room.texts.left("second")
    room.pages["second"] = Page()
    room.plan("supervisor")
    room.texts.tick(room.now + 1)
    assert room.read("second") == []


def test_text_under_way_follows_the_second_who_becomes_the_agent(room: Room) -> None:
    room.plan("expert")
    room.pages["signer"].is_open = room.pages["second"].is_open = False
    room.write("second", "hello")
    room.write("signer", "question")
    room.pages["agent"] = room.pages["second"]
    room.texts.promoted()
    room.pages["signer"].is_open = room.pages["agent"].is_open = True
    room.plan(None)
    room.texts.tick(room.now + 1)
    assert room.read("signer") == [("agent", "hello")]
    assert room.read("agent") == [("signer", "question")]


def test_telephone_reads_who_speaks_to_it_and_is_read_by_all_who_are_in_the_call(room: Room) -> None:
    phone = {"phone_text": True, "phone_socket": room.phone_path}
    writers: dict[SecondRole | None, list[WebLeg]] = {
        None: ["signer", "agent"],
        "team": ["signer", "agent"],
        "interpreter": ["signer", "agent", "second"],
        "supervisor": ["signer", "agent"],
    }
    for role, expected in writers.items():
        room.plan(role, **phone)
        for leg in WEB_LEGS:
            room.texts.wrote(leg, "phone", f"{leg}", room.now)
            room.texts.phone_wrote(leg, "allô é".encode(), room.now)
        assert room.phone_read() == [(leg, leg.encode()) for leg in expected]
        readers = [leg for leg in WEB_LEGS if ("phone", "allô é") in room.read(leg)]
        assert readers == (["signer", "agent"] if role is None else list(WEB_LEGS))
