"""The tables, exhaustively: what they say, what their diagrams show, and that the operations obey them."""

from collections.abc import Callable
from typing import get_args

import pytest

from interpreter_queue import operations
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.diagram import PAGE, with_diagrams
from interpreter_queue.lifecycle import (
    AGENT,
    REQUEST,
    REST,
    AgentInput,
    RequestInput,
    RequestPhase,
    agent_after,
    mermaid,
    request_after,
)
from interpreter_queue.model import AgentChanged, AgentState, Presence
from tests.interpreter_queue.samples import NOW, agent, bond, request

CONFIG = QueueConfig()
STATES: tuple[AgentState, ...] = get_args(AgentState)
INPUTS: tuple[AgentInput, ...] = get_args(AgentInput)
PHASES: tuple[RequestPhase, ...] = ("queued", "alerting", "assigned", "gone")
REQUEST_INPUTS: tuple[RequestInput, ...] = get_args(RequestInput)

#: How each input of the table reaches an agent. The assignment is the one of ``bond``.
CAUSES: dict[AgentInput, Callable[[View], Change | None]] = {
    "sign_in": lambda view: operations.sign_in(view, agent().agent, CONFIG),
    "leave": operations.leave,
    "declare_available": lambda view: operations.set_presence(view, "available", None, CONFIG),
    "declare_paused": lambda view: operations.set_presence(view, "paused", "meal", CONFIG),
    "declare_training": lambda view: operations.set_presence(view, "training", None, CONFIG),
    "accept": lambda view: operations.accept(view, "c1-ines"),
    "decline": lambda view: operations.decline(view, "c1-ines", "skill"),
    "silence": lambda view: operations.silence(view, CONFIG),
    "hold": lambda view: operations.hold(view, True),
    "retrieve": lambda view: operations.hold(view, False),
    "release": lambda view: operations.release(view, "c1", CONFIG, wrap_up=False),
    "release_to_wrap_up": lambda view: operations.release(view, "c1", CONFIG, wrap_up=True),
    "wrap_up_over": lambda view: operations.finish_wrap_up(view, only_if_due=True),
}


def state_after(change: Change | None, before: AgentState) -> AgentState:
    told = [event for event in change.events if isinstance(event, AgentChanged)] if change else []
    return told[-1].state if told else before


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", CAUSES)
def test_operations_move_agents_as_the_table_says(state: AgentState, event: AgentInput) -> None:
    who, other = bond(state)
    view = View(NOW, None if state == "offline" else who, other)
    presence: dict[AgentInput, Presence] = {
        "leave": "offline",
        "declare_paused": "paused",
        "declare_training": "training",
    }
    expected = agent_after(state, event, presence.get(event, "available"))
    assert state_after(CAUSES[event](view), state) == (expected or state)


@pytest.mark.parametrize("state", STATES)
def test_only_idle_agents_are_alerted(state: AgentState) -> None:
    who, _ = bond(state)
    change = operations.alert(View(NOW, who, request("c2")), "interpreter", "x", CONFIG)
    assert (change is not None) == (agent_after(state, "alert", who.presence) is not None) == (state == "idle")
    assert state_after(change, state) == ("alerting" if state == "idle" else state)


@pytest.mark.parametrize("state", STATES)
def test_cancel_withdraws_an_alert_and_sends_an_engaged_agent_to_wrap_up(state: AgentState) -> None:
    who, other = bond(state)
    change = operations.cancel(View(NOW, who, other), "abandoned", CONFIG)
    moves: dict[AgentState, AgentState] = {"alerting": "idle", "engaged": "wrap_up", "hold": "wrap_up"}
    assert state_after(change, state) == moves.get(state, state)
    assert (change is not None) == (other is not None)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("event", REQUEST_INPUTS)
def test_operations_move_requests_as_the_table_says(phase: RequestPhase, event: RequestInput) -> None:
    sides: dict[RequestPhase, AgentState] = {
        "queued": "idle",
        "gone": "idle",
        "alerting": "alerting",
        "assigned": "engaged",
    }
    who, other = bond(sides[phase])
    view = View(NOW, who, request() if phase == "queued" else other)
    newer = request(queued_at=400.0).request
    causes: dict[RequestInput, Callable[[View], Change | None]] = {
        "enqueue": lambda v: operations.enqueue(v, newer.model_copy(update={"priority": 5}), CONFIG),
        "reroute": lambda v: operations.reroute(v, newer.model_copy(update={"priority": 5}), CONFIG),
        "alert": lambda v: operations.alert(v, "interpreter", "x", CONFIG),
        "accept": CAUSES["accept"],
        "give_back": CAUSES["silence"],
        "cancel": lambda v: operations.cancel(v, "abandoned", CONFIG),
        "release": CAUSES["release"],
    }
    change = causes[event](view)
    after: RequestPhase = phase
    if change and "c1" in change.requests:
        record = change.requests["c1"]
        after = record.state if record else "gone"
    assert after == (request_after(phase, event) or phase)


def test_every_state_can_be_left_and_every_agent_can_leave() -> None:
    for state in STATES:
        assert any(source == state and target != state for (source, _), target in AGENT.items())
        if state != "offline":
            assert (state, "leave") in AGENT


def test_every_input_is_used() -> None:
    assert {event for _, event in AGENT} == set(INPUTS)
    assert {event for _, event in REQUEST} == set(REQUEST_INPUTS)


def test_an_alert_ends_where_the_agent_is_not_alerted_again_by_mistake() -> None:
    assert agent_after("alerting", "silence", "available") == "not_responding"
    assert agent_after("not_responding", "alert", "available") is None
    assert agent_after("not_responding", "declare_available", "available") == "idle"


def test_diagrams_show_every_transition_that_changes_the_state() -> None:
    drawn = {name: edges(text) for name, text in mermaid().items()}
    expected: dict[tuple[str, str], set[str]] = {}
    for (source, event), target in AGENT.items():
        if target == "REST":
            for presence, rest in REST.items():
                expected.setdefault((source, rest), set()).add(f"{event} [{presence}]")
        elif source != target:
            expected.setdefault((source, target), set()).add(event)
    assert drawn["agent"] == expected
    moves = {(before, after) for (before, _), after in REQUEST.items() if before != after}
    assert set(drawn["request"]) == moves
    assert drawn["request"]["alerting", "queued"] == {"give_back", "reroute"}


def edges(diagram: str) -> dict[tuple[str, str], set[str]]:
    head, start, *lines = diagram.splitlines()
    assert (head, start.split(" --> ")[0].strip()) == ("stateDiagram-v2", "[*]")
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        states, _, labels = line.strip().partition(": ")
        source, target = states.split(" --> ")
        assert (source, target) not in found, "one arrow for each pair"
        found[source, target] = set(labels.split(", "))
    return found


def test_docs_show_the_diagrams_of_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```mermaid") >= len(mermaid())
    assert with_diagrams(text) == text, "run: python -m interpreter_queue.diagram"
