from collections.abc import Sequence

from relay.model import PhoneOutcome
from relay.phone.watchdog import Watchdog


def watched(steps: Sequence[tuple[float, int, bool]], silent_after_s: float = 30.0) -> list[PhoneOutcome | None]:
    """:param steps: time, packets so far, whether sound is due. The owner keeps the call at every step."""
    dog = Watchdog(90.0, silent_after_s, 0.0)
    found = []
    for now, packets, due in steps:
        dog.kept(now)
        found.append(dog.verdict(now, packets, sound_is_due=due))
    return found


def test_leg_whose_owner_says_nothing_for_90_seconds_is_given_up() -> None:
    dog = Watchdog(90.0, 30.0, 100.0)
    assert dog.verdict(189.9, 0, sound_is_due=False) is None
    assert dog.verdict(190.0, 0, sound_is_due=False) == "released"


def test_every_command_gives_the_leg_another_90_seconds() -> None:
    dog = Watchdog(90.0, 30.0, 0.0)
    for now in range(0, 600, 60):
        dog.kept(now)
        assert dog.verdict(now + 59.0, 0, sound_is_due=False) is None
    assert dog.verdict(540 + 90.0, 0, sound_is_due=False) == "released"


def test_telephone_that_goes_silent_for_30_seconds_has_hung_up() -> None:
    assert watched([(0, 0, True), (1, 50, True), (30.9, 50, True), (31, 50, True)]) == [None, None, None, "hung_up"]


def test_a_single_packet_starts_the_wait_again() -> None:
    assert watched([(0, 0, True), (1, 50, True), (30, 51, True), (59, 51, True), (60, 51, True)])[-2:] == [
        None,
        "hung_up",
    ]


def test_telephone_that_never_sent_anything_is_left_alone() -> None:
    assert watched([(0, 0, True), (1000, 0, True)]) == [None, None]


def test_announcement_before_the_answer_does_not_count_as_the_telephone_having_spoken() -> None:
    assert watched([(0, 0, False), (5, 200, False), (6, 200, True), (100, 200, True)]) == [None] * 4


def test_silence_on_hold_is_not_counted_and_the_wait_begins_anew_after_it() -> None:
    steps = [(0, 0, True), (1, 50, True), (2, 50, False), (500, 50, False), (501, 50, True), (529, 50, True)]
    assert watched(steps) == [None] * 6
    assert watched([*steps, (530, 50, True)])[-1] == "hung_up"


def test_zero_switches_the_wait_for_sound_off() -> None:
    assert watched([(0, 0, True), (1, 50, True), (9999, 50, True)], silent_after_s=0)[-1] is None
