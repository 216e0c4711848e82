"""What the queue is asked for: who may serve a call, who may come beside its agent, and when others may."""

from interpreter_queue.model import (
    FULL_LEVEL,
    HEARING_SKILL,
    PRIORITY_EMERGENCY,
    PRIORITY_RESUMED,
    REHEARSAL_SKILL,
    Request,
    Target,
)
from signaling.call_events import Act, Assigned
from signaling.call_model import Call, Line, TransferTarget
from signaling.call_terms import CallState
from signaling.queue_requests import TRANSFER_S, request_of
from tests.signaling.calls import LEVEL_2, beside, in_state, new_call, play, rung

S = CallState
HEARS = {HEARING_SKILL: FULL_LEVEL}


def asked(call: Call, request_id: str = "c1") -> Request:
    request = request_of(call, request_id, None)
    assert request is not None
    return request


def test_a_relay_call_asks_for_its_modes_trade_and_for_somebody_who_hears() -> None:
    request = asked(new_call(skills=("medical:3",)))
    assert request.targets == (Target(trades=("interpreter",), skills={"medical": 3, **HEARS}),)
    assert request.queue == "relay/LSF"


def test_an_adviser_need_not_hear() -> None:
    request = asked(new_call("direct", skills=("brand:mairie",), brand="mairie"))
    assert request.targets == (Target(trades=("adviser",), skills={"brand:mairie": FULL_LEVEL}),)
    assert request.queue == "mairie/LSF"


def test_the_rules_of_a_line_are_passed_on_and_an_incoming_call_waits_in_that_of_the_mode_chosen() -> None:
    call, _ = play(rung(), Act("signer", "accept", mode="LSF", device="phone", line=Line(head_start_s=1800.0)))
    assert asked(call).head_start_s == 1800.0
    ours = Line(queue="nuit", weight=2.0, strategy="fewest_calls", room=5, targets=(Target(trades=("transcriber",)),))
    request = asked(new_call(line=ours))
    assert (request.queue, request.weight, request.strategy, request.room) == ("nuit", 2.0, "fewest_calls", 5)
    assert request.targets == ours.targets


def test_a_call_handed_on_waits_for_whom_it_was_handed_to_and_then_for_anybody() -> None:
    call, _ = play(in_state(S.ACTIVE), Act("agent", "transfer_call", to=TransferTarget(agent_id="a9")))
    request = asked(call)
    assert [(target.after_s, target.agents) for target in request.targets] == [(0.0, ("a9",)), (TRANSFER_S, ())]
    assert (request.priority, request.refused_agents) == (PRIORITY_RESUMED, ("agent-1",))
    call, _ = play(in_state(S.ACTIVE), Act("agent", "transfer_call", to=TransferTarget(skill="medical")))
    assert asked(call).targets[0].skills == {**HEARS, "medical": 1}
    call, _ = play(in_state(S.ACTIVE), Act("agent", "transfer_call"))
    assert [target.after_s for target in asked(call).targets] == [0.0]


def test_whom_a_call_is_handed_to_has_all_that_it_asks_for_whatever_is_named() -> None:
    base = in_state(S.ACTIVE).model_copy(update={"skills": ("medical:4",)})
    for skill in ("medical", HEARING_SKILL):
        call, _ = play(base, Act("agent", "transfer_call", to=TransferTarget(skill=skill)))
        assert asked(call).targets[0].skills == {"medical": 4, **HEARS}
    call, _ = play(base, Act("agent", "consult", to=TransferTarget(skill="medical")))
    assert asked(call, "c1.2").targets[0].skills == {"medical": 4, **HEARS}


def test_a_second_interpreter_has_the_agents_trade_and_is_somebody_else() -> None:
    call = in_state(S.ACTIVE).model_copy(update={"refused_agents": ("a5",), "trade": "interpreter"})
    call, _ = play(call, Act("agent", "call_second"))
    request = asked(call, "c1.2")
    assert request.call_id == "c1.2"
    assert request.targets == (Target(trades=("interpreter",), skills=HEARS),)
    assert request.refused_agents == ("a5", "agent-1"), "whom the signer refuses stays refused"
    assert (request.priority, request.queued_at) == (PRIORITY_RESUMED, None)


def test_beside_an_adviser_an_interpreter_needs_no_skill_of_the_brand_but_hears() -> None:
    call = in_state(S.ACTIVE, "direct").model_copy(update={"skills": ("brand:mairie", "rehearsal"), "rehearsal": True})
    call, _ = play(call, Act("agent", "call_second"))
    request = asked(call, "c1.2")
    assert request.targets[0].trades == ("interpreter",)
    assert request.targets[0].skills == {**HEARS, REHEARSAL_SKILL: FULL_LEVEL}


def test_an_expert_is_of_the_second_level_and_of_the_brand() -> None:
    call = in_state(S.ACTIVE, "direct").model_copy(update={"skills": ("brand:mairie",)})
    call, _ = play(call, Act("agent", "consult", to=LEVEL_2))
    assert asked(call, "c1.2").targets[0].skills == {"brand:mairie": FULL_LEVEL, "second_level": 1}
    assert asked(call, "c1.2").targets[0].trades == ("adviser",)


def test_an_emergency_stays_one_for_its_second_party_too() -> None:
    call = in_state(S.ACTIVE).model_copy(update={"priority": PRIORITY_EMERGENCY})
    call, _ = play(call, Act("agent", "call_second"))
    assert asked(call, "c1.2").priority == PRIORITY_EMERGENCY


def test_nothing_is_asked_for_a_request_that_is_over() -> None:
    assert request_of(in_state(S.ACTIVE), "c1.2", None) is None
    assert request_of(beside("team", S.ACTIVE), "c1.2", None) is None
    after, _ = play(beside("sought", S.ACTIVE), Act("agent", "dismiss_second"), Act("agent", "call_second"))
    assert request_of(after, "c1.2", None) is None
    assert asked(after, "c1.3").call_id == "c1.3"
    assert play(after, Assigned("agent-2", "as-2", "interpreter", "c1.2"))[0] == after
