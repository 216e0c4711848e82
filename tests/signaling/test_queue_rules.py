"""What an operator may set for a queue, and under which name."""

from typing import Any

import pytest
from pydantic import ValidationError

from signaling.queue_rules import QueueRules, RelaxStep, is_queue, layers, queue_name, rules_of
from signaling.rules_book import READ_AGAIN_S, RulesBook


def test_a_queue_is_named_after_its_brand_or_the_relay_and_its_mode() -> None:
    assert queue_name("relay", "LSF", None) == "relay/LSF"
    assert queue_name("direct", "LSFA", "mairie") == "mairie/LSFA"


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ("relay", ("relay",)),
        ("relay/LSF", ("relay", "relay/LSF")),
        ("mairie", ("direct", "mairie")),
        ("mairie/LSF", ("direct", "mairie", "mairie/LSF")),
        ("direct", ("direct",)),
    ],
)
def test_the_nearer_word_counts(queue: str, expected: tuple[str, ...]) -> None:
    assert layers(queue) == expected


def test_what_is_set_for_all_modes_holds_where_the_mode_says_nothing() -> None:
    stored: dict[str, dict[str, Any]] = {"relay": {"room": 50, "weight": 2}, "relay/LSF": {"weight": 3}}
    assert (rules_of("relay/LSF", stored).room, rules_of("relay/LSF", stored).weight) == (50, 3)
    assert (rules_of("relay/TTH", stored).room, rules_of("relay/TTH", stored).weight) == (50, 2)
    assert rules_of("mairie/LSF", stored) == QueueRules()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("relay", True),
        ("relay/CAS", True),
        ("relay/XYZ", False),
        ("mairie/LSF", True),
        ("mairie", True),
        ("autre", False),
        ("direct", True),
        ("direct/LSF", False),
        ("", False),
    ],
)
def test_rules_are_set_for_queues_that_calls_can_be_in(name: str, known: bool) -> None:
    assert is_queue(name, frozenset({"mairie"})) is known


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": 0},
        {"room": -1},
        {"strategy": "ring_all"},
        {"required": {"medical": 9}},
        {"required": {"Not a skill": 1}},
        {"relax": [RelaxStep(after_s=60, level=1), RelaxStep(after_s=30, level=0)]},
        {"hours": "parfois"},
        {"timezone": "Europe/Atlantis"},
        {"holidays_zone": "FR-00"},
        {"partner_name": "Voisin"},
        {"partner_name": "Voisin", "partner_url": "http://voisin.example"},
        {"overflow_after_s": 60},
        {"unknown": 1},
        {"callback_attempts": 0},
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QueueRules.model_validate(wrong)


class Table:
    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {"relay": {"room": 3}}
        self.reads, self.is_away = 0, False

    async def all(self) -> dict[str, dict[str, Any]]:
        self.reads += 1
        if self.is_away:
            raise OSError
        return self.stored


async def test_the_last_known_rules_hold_while_the_database_is_away() -> None:
    table, now = Table(), [100.0]
    book = RulesBook(table, lambda: now[0])
    assert (await book.of("relay/LSF")).room == 3
    table.stored = {"relay": {"room": 4}}
    assert (await book.of("relay/LSF")).room == 3, "not read again for every call"
    now[0] += READ_AGAIN_S
    assert (await book.of("relay/LSF")).room == 4
    now[0], table.is_away = now[0] + READ_AGAIN_S, True
    assert (await book.of("relay/LSF")).room == 4 and table.reads == 3


async def test_rules_that_do_not_go_together_stop_no_call() -> None:
    table = Table()
    table.stored = {"relay": {"weight": -1}}
    assert await RulesBook(table).of("relay/LSF") == QueueRules()
