"""What an agent sees of colleagues, and of the own shift."""

from typing import Any

import pytest

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import Agent, AgentRecord, AgentState, Assignment, Trade
from signaling.call_model import Call
from signaling.colleagues import colleagues
from signaling.floor import agent_view
from signaling.messages.serving import BreakAdvice, Colleague
from signaling.queue_rules import QueueRules
from signaling.routing_plan import CallFacts, line_of

CONFIG = QueueConfig()
NAMES = {name: name.title() for name in ("ines", "karim", "lou", "maya", "noe", "adam")}


def record(name: str, state: AgentState = "idle", trade: Trade = "interpreter", **skills: int) -> AgentRecord:
    profile = Agent(agent_id=name, trades=frozenset({trade}), skills={"hearing": 5, **skills})
    return AgentRecord(agent=profile, presence="available", state=state, since=0, idle_since=0)


def call(**fields: Any) -> Call:
    facts = CallFacts(kind="relay", mode="LSF", trades=("interpreter",))
    return Call(
        call_id="c1", kind="relay", mode="LSF", signer_key="camille", signer_id="camille", queued_at=0,
        trades=("interpreter",), line=line_of(facts, QueueRules()), **fields,
    )  # fmt: skip


def test_the_available_come_first_and_nobodys_load_is_shown() -> None:
    agents = [record("noe", "engaged"), record("karim", "wrap_up"), record("lou"), record("ines"), record("maya")]
    found = colleagues(call(), "ines", agents, NAMES)
    assert [(each.name, each.state) for each in found.people] == [
        ("Lou", "idle"),
        ("Maya", "idle"),
        ("Karim", "wrap_up"),
        ("Noe", "engaged"),
    ]
    assert set(Colleague.model_fields) == {"agent_id", "name", "state", "trades", "second_level"}


def test_only_those_who_may_serve_this_call_and_are_at_work() -> None:
    agents = [
        record("karim", "paused"),
        record("lou", "training"),
        record("adam", trade="adviser"),
        record("noe", rehearsal=5),
    ]
    found = colleagues(call(), "ines", agents, NAMES)
    assert found.people == () and found.skills == ()


def test_whoever_is_refused_is_shown_as_busy_so_that_nobody_can_tell() -> None:
    busy, free = record("maya", "engaged", medical=3), record("maya", medical=3)
    of_this, of_another = call(refused_agents=("maya",)), call()
    shown = colleagues(of_this, "ines", [record("noe", "engaged"), free], NAMES)
    assert shown == colleagues(of_another, "ines", [record("noe", "engaged"), busy], NAMES)
    assert [(each.name, each.state) for each in shown.people] == [("Maya", "engaged"), ("Noe", "engaged")]


def test_skills_that_may_be_asked_for_are_named_and_what_routing_keeps_for_itself_is_not() -> None:
    karim = record("karim").model_copy(
        update={
            "agent": Agent(
                agent_id="karim",
                trades=frozenset({"interpreter"}),
                skills={"hearing": 5, "medical": 3, "second_level": 5, "gender:m": 5, "partner:voisin": 1},
            )
        }
    )
    agents = [karim, record("lou", asl=2)]
    found = colleagues(call(), "ines", agents, NAMES)
    assert found.skills == ("asl", "medical") and found.second_level
    assert [each.second_level for each in found.people] == [True, False]


@pytest.mark.parametrize(
    ("signed_s", "running_s", "advice"),
    [(0, 60, "none"), (1700, 60, "none"), (1700, 120, "proposed"), (3500, 120, "due"), (3600, None, "due")],
)
def test_a_break_is_advised_by_the_time_signed_the_running_call_included(
    signed_s: float, running_s: float | None, advice: BreakAdvice
) -> None:
    now = 10_000.0
    is_engaged = running_s is not None
    shift = record("ines", "engaged" if is_engaged else "idle").model_copy(
        update={
            "signing_s": signed_s,
            "engaged_s": signed_s,
            "served": 4,
            "signed_in_at": 5.0,
            "engaged_at": now - running_s if running_s is not None else 1.0,
        }
    )
    view = agent_view(shift, 2, now, CONFIG)
    assert view.break_advice == advice
    assert view.load.signing_s == signed_s + (running_s or 0) and view.load.served == 4 and view.waiting == 2


def test_a_wrap_up_tells_how_often_it_may_still_be_longer() -> None:
    given = Assignment(assignment_id="a", call_id="c", agent_id="ines", trade="interpreter", expires_at=0)
    ending = record("ines", "wrap_up").model_copy(update={"assignment": given, "until": 60.0, "extensions": 1})
    view = agent_view(ending, 0, 30.0, CONFIG)
    assert (view.wrap_up_until, view.wrap_up_extensions_left) == (60.0, CONFIG.wrap_up_extensions - 1)
    assert agent_view(record("ines"), 0, 30.0, CONFIG).wrap_up_extensions_left == 0
