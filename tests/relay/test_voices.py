"""Which of several voices a leg hears where nobody mixes them."""

from relay.forwarding.voices import VoiceChoice

LOUD, QUIET, ROOM = 0.1, 0.04, 0.001
FIRST, OTHER = 11, 22


class Ear:
    def __init__(self) -> None:
        self.choice = VoiceChoice()
        self.now = 100.0

    def hear(self, seconds: float, levels: dict[int, float | None]) -> list[int]:
        """:returns: whose packets passed, in order."""
        passed = []
        for _ in range(round(seconds * 50)):
            self.now += 0.02
            passed += [ssrc for ssrc, level in levels.items() if self.choice.passes(ssrc, level, self.now)]
        return passed


def test_one_voice_passes_whole_from_its_first_packet_whatever_its_level() -> None:
    for level in (LOUD, ROOM, 0.0, None):
        assert len(Ear().hear(1.0, {FIRST: level})) == 50


def test_who_speaks_is_heard_and_the_room_of_the_other_is_not() -> None:
    assert set(Ear().hear(2.0, {FIRST: LOUD, OTHER: ROOM})) == {FIRST}
    ear = Ear()
    ear.hear(1.0, {OTHER: ROOM})
    assert ear.hear(1.0, {OTHER: ROOM, FIRST: LOUD}).count(FIRST) >= 48


def test_who_speaks_keeps_the_word_in_a_pause_between_two_words() -> None:
    ear = Ear()
    ear.hear(2.0, {FIRST: LOUD, OTHER: ROOM})
    assert set(ear.hear(0.3, {FIRST: ROOM, OTHER: ROOM})) == {FIRST}


def test_the_answer_is_heard_a_moment_after_the_question() -> None:
    ear = Ear()
    ear.hear(2.0, {FIRST: LOUD, OTHER: ROOM})
    heard = ear.hear(1.0, {FIRST: ROOM, OTHER: LOUD})
    assert heard.count(OTHER) >= 35
    assert heard[-1] == OTHER


def test_two_who_speak_at_once_do_not_cut_each_other_to_pieces() -> None:
    ear = Ear()
    ear.hear(1.0, {FIRST: LOUD, OTHER: ROOM})
    assert set(ear.hear(3.0, {FIRST: LOUD, OTHER: QUIET})) == {FIRST}


def test_who_is_no_longer_heard_of_gives_the_word_away() -> None:
    ear = Ear()
    ear.hear(1.0, {FIRST: LOUD, OTHER: QUIET})
    assert ear.hear(0.5, {OTHER: QUIET}).count(OTHER) >= 13


def test_one_packet_is_heard_of_one_voice_only() -> None:
    ear = Ear()
    ear.hear(1.0, {FIRST: LOUD, OTHER: LOUD})
    assert len(ear.hear(1.0, {FIRST: LOUD, OTHER: LOUD})) == 50


def test_a_sender_that_changes_its_ssrc_all_the_time_fills_no_table() -> None:
    choice = VoiceChoice()
    for ssrc in range(1000):
        choice.passes(ssrc, LOUD, 1.0 + ssrc)
    assert len(choice._levels) < 20
