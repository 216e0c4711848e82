"""Who may serve a call, when, and in which order: one rule after the other, and all of them together."""

import itertools
from typing import Any

import pytest

from interpreter_queue.model import Request, Target
from signaling.call_terms import TRADES_BY_MODE
from signaling.queue_rules import QueueRules, RelaxStep
from signaling.routing_plan import HEAD_START_S, CallFacts, line_of, relaxed, required_skills

PLAIN = QueueRules()


def relay(**facts: Any) -> CallFacts:
    return CallFacts(kind="relay", mode="LSF", trades=("interpreter",), **facts)


def direct(**facts: Any) -> CallFacts:
    return CallFacts(
        kind="direct", mode="LSF", trades=("adviser",), brand="mairie", skills={"brand:mairie": 1}, **facts
    )


def test_a_relay_call_is_served_by_its_trade_and_by_somebody_who_hears() -> None:
    line = line_of(relay(), PLAIN)
    assert line.queue == "relay/LSF"
    assert line.targets == (Target(trades=("interpreter",), skills={"hearing": 1}),)
    assert (line.weight, line.room, line.head_start_s, line.preferred) == (1.0, None, 0.0, {})


def test_an_adviser_of_the_brand_may_be_deaf() -> None:
    (target,) = line_of(direct(), PLAIN).targets
    assert target == Target(trades=("adviser",), skills={"brand:mairie": 1})


def test_weight_room_and_strategy_are_the_queues() -> None:
    line = line_of(relay(), QueueRules(weight=2, room=10, strategy="fewest_calls"))
    assert (line.weight, line.room, line.strategy) == (2.0, 10, "fewest_calls")


def test_whoever_waits_on_the_telephone_has_a_head_start() -> None:
    assert line_of(relay(is_incoming=True), PLAIN).head_start_s == HEAD_START_S


def test_the_known_adviser_comes_first_for_a_while_then_anybody() -> None:
    known, anybody = line_of(direct(known_agent="adam"), QueueRules(known_adviser_s=45)).targets
    assert (known.after_s, known.agents, known.skills) == (0.0, ("adam",), {"brand:mairie": 1})
    assert (anybody.after_s, anybody.agents) == (45.0, ())


def test_no_interpreter_is_preferred_because_the_signer_knows_them() -> None:
    assert all(not target.agents for target in line_of(relay(known_agent="ines"), PLAIN).targets)


def test_zero_seconds_mean_that_no_adviser_is_waited_for() -> None:
    (target,) = line_of(direct(known_agent="adam"), QueueRules(known_adviser_s=0)).targets
    assert target.after_s == 0 and not target.agents


def test_a_domain_is_asked_for_then_less_of_it_then_not_at_all() -> None:
    line = line_of(relay(domain="medical"), PLAIN)
    assert [(target.after_s, target.skills) for target in line.targets] == [
        (0.0, {"hearing": 1, "medical": 3}),
        (60.0, {"hearing": 1, "medical": 2}),
        (120.0, {"hearing": 1}),
    ]
    assert line.preferred == {"medical": 3}, "who has it is better than who has not, to the end"


def test_a_step_that_changes_nothing_is_left_out() -> None:
    rules = QueueRules(domain_level=2, relax=(RelaxStep(after_s=10, level=4), RelaxStep(after_s=20, level=0)))
    assert [target.after_s for target in relaxed(relay(domain="legal"), rules, 0)] == [0.0, 20.0]


def test_steps_before_the_known_advisers_time_count_from_its_end() -> None:
    rules = QueueRules(known_adviser_s=90, asked={"medical": 3})
    found = [(target.after_s, target.agents) for target in line_of(direct(known_agent="adam"), rules).targets]
    assert found == [(0.0, ("adam",)), (90.0, ()), (90.0, ()), (120.0, ())]


def test_what_is_required_is_never_given_up() -> None:
    rules = QueueRules(required={"lsf": 4}, asked={"medical": 3})
    assert all(target.skills["lsf"] == 4 for target in line_of(relay(), rules).targets)


def test_nobody_else_would_understand_the_signers_language() -> None:
    rules = QueueRules(overflow_after_s=60, overflow_skills={"legal": 1})
    assert all(target.skills["asl"] == 1 for target in line_of(relay(language="asl", domain="legal"), rules).targets)


def test_the_interpreters_gender_is_a_wish_that_nobody_waits_for() -> None:
    line = line_of(relay(gender="f"), PLAIN)
    assert line.preferred == {"gender:f": 1}
    assert all("gender:f" not in target.skills for target in line.targets)


def test_others_with_the_skills_of_the_overflow_help_after_a_while() -> None:
    rules = QueueRules(overflow_after_s=100, overflow_skills={"brand:prefecture": 2})
    own, other = line_of(direct(), rules).targets
    assert (own.after_s, own.skills) == (0.0, {"brand:mairie": 1})
    assert (other.after_s, other.trades, other.skills) == (100.0, ("adviser",), {"brand:prefecture": 2})


def test_whoever_serves_the_other_queue_helps_in_this_calls_own_trade() -> None:
    rules = QueueRules(overflow_after_s=100, overflow_queue="prefecture/LSF")
    other = line_of(direct(), rules, QueueRules(required={"legal": 2})).targets[-1]
    assert (other.trades, other.skills) == (("adviser",), {"brand:prefecture": 1, "legal": 2})
    relayed = line_of(relay(), QueueRules(overflow_after_s=9, overflow_queue="relay/TTH"), PLAIN).targets[-1]
    assert (relayed.trades, relayed.skills) == (("interpreter",), {"hearing": 1})


def test_no_rule_narrows_an_emergency() -> None:
    rules = QueueRules(room=0, required={"legal": 5}, asked={"medical": 5}, preferred={"lsf": 5})
    line = line_of(relay(is_emergency=True, domain="medical"), rules)
    assert line.room is None
    assert line.targets == (Target(trades=("interpreter",), skills={"hearing": 1}),)


def test_a_rehearsal_meets_nobody_else() -> None:
    rules = QueueRules(required={"legal": 5}, asked={"medical": 5}, overflow_after_s=1, overflow_skills={"x": 1})
    for facts in (relay(is_rehearsal=True), direct(is_rehearsal=True, known_agent="adam")):
        (target,) = line_of(facts, rules).targets
        assert target.skills["rehearsal"] == 1 and "legal" not in target.skills


RULES = [
    PLAIN,
    QueueRules(known_adviser_s=100, asked={"medical": 4, "legal": 1}, required={"lsf": 3}, room=5, weight=3),
    QueueRules(overflow_after_s=0, overflow_skills={"brand:other": 1}, relax=()),
    QueueRules(overflow_after_s=30, overflow_queue="relay/LSF", known_adviser_s=0, domain_level=1),
    QueueRules(relax=tuple(RelaxStep(after_s=step, level=5 - step) for step in range(5)), asked={"a": 5, "b": 3}),
]


@pytest.mark.parametrize("rules", RULES)
def test_every_combination_makes_a_request_that_the_queue_takes(rules: QueueRules) -> None:
    choices = itertools.product(
        TRADES_BY_MODE.items(), ("relay", "direct"), (None, "adam"), (None, "medical"), (None, "asl"), (False, True),
        (False, True), (False, True), (None, PLAIN),
    )  # fmt: skip
    for (mode, trades), kind, known, domain, language, incoming, emergency, rehearsal, other in choices:
        facts = CallFacts.model_validate(
            {
                "kind": kind,
                "mode": mode,
                "trades": trades if kind == "relay" else ("adviser",),
                "brand": "mairie" if kind == "direct" else None,
                "skills": {"brand:mairie": 1} if kind == "direct" else {},
                "known_agent": known,
                "domain": domain,
                "language": language,
                "is_incoming": incoming,
                "is_emergency": emergency,
                "is_rehearsal": rehearsal,
            }
        )
        line = line_of(facts, rules, other)
        request = Request(
            call_id="c",
            targets=line.targets,
            preferred=line.preferred,
            queue=line.queue,
            weight=line.weight,
            room=line.room,
        )
        always = required_skills(facts, PLAIN) if kind == "relay" else {}
        for target in request.targets:
            assert set(target.trades) <= set(facts.trades), "nobody serves what they are not qualified for"
            assert always.items() <= target.skills.items()
