"""How many calls may be asked for."""

from pathlib import Path

import pytest

from signaling.call_limits import CallLimits
from signaling.config import SignalingConfig
from signaling.identity import Identity
from signaling.messages.call import CallRequest
from signaling.page_errors import PageError

DIRECT = CallRequest(kind="direct", brand="mairie")
RELAY = CallRequest(kind="relay", number="01 99 00 00 01")
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"
CAMILLE = Identity("camille", "signer", person_id="camille")


def visitor(number: int) -> Identity:
    return Identity(f"visitor-{number}", "signer")


class Desk:
    """:param live: visitors' calls under way."""

    def __init__(self, directory: Path, live: int = 0) -> None:
        self.now, self.live = 0.0, live
        settings = {"call_requests_burst": 3, "call_requests_window_s": 30.0, "visitor_calls_per_address": 5}
        self.limits = CallLimits(SignalingConfig(data_dir=directory, **settings), lambda: self.now)  # type: ignore[arg-type]

    def asks(self, who: Identity, message: CallRequest = RELAY, address: str = HOME) -> bool:
        try:
            self.limits.take(who, address, message, lambda: self.live)
        except PageError as error:
            assert error.code == "rate_limited"
            return False
        return True


def test_visitors_behind_one_address_share_their_calls_whatever_their_keys(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert [desk.asks(visitor(number), DIRECT) for number in range(5)] == [True, True, True, False, False]
    assert desk.asks(visitor(9), DIRECT, ELSEWHERE), "another address has its own"
    desk.now = 10.0
    assert desk.asks(visitor(5), DIRECT)


def test_a_flood_of_visitors_takes_nothing_from_people_signed_in_at_the_same_address(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(530):
        desk.asks(visitor(number), DIRECT)
    assert desk.asks(CAMILLE)


def test_a_person_has_as_many_calls_wherever_they_sign_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert [desk.asks(CAMILLE, address=f"192.0.2.{number}") for number in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("number", ["112", "1 5", "114", "+33 18", "115"])
def test_emergency_numbers_are_never_limited(tmp_path: Path, number: str) -> None:
    desk = Desk(tmp_path)
    assert all(desk.asks(CAMILLE, CallRequest(kind="relay", number=number)) for _ in range(20))
    assert desk.asks(CAMILLE), "and do not count for other calls"


def test_rehearsals_are_never_limited(tmp_path: Path) -> None:
    desk, robot = Desk(tmp_path), Identity("rehearsal-1", "signer", rehearsal=True)
    assert all(desk.asks(robot) for _ in range(20))


def test_what_became_no_call_does_not_count(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(20):
        assert desk.asks(CAMILLE)
        desk.limits.give_back(CAMILLE, HOME, RELAY)


def test_visitors_behind_one_address_have_five_calls_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=5)
    assert not desk.asks(visitor(1), DIRECT)
    assert desk.asks(CAMILLE)
    desk.live = 4
    assert desk.asks(visitor(1), DIRECT)
