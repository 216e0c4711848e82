"""Moves of a supervisor: what the request becomes, and what nobody may do to it."""

from typing import Any

import pytest

from interpreter_queue import policy
from interpreter_queue.model import AgentRecord, QueueSnapshot, RequestRecord, Target
from signaling.audit import joining
from signaling.board import Known, KnownQueue, handle
from signaling.call_events import Act, Event, PageWent, Tick
from signaling.call_model import Call, PhoneLegState, Second
from signaling.call_terms import CallState
from signaling.call_view import view
from signaling.messages.board import SuperviseMove
from signaling.page_errors import PageError
from signaling.supervision import ONE_AGENT_S, moved
from tests.interpreter_queue.samples import NOW, agent, request

RELAY, TOWN, HALL = "relay/LSF", "mairie/LSF", "prefecture/LSF"
ADVISERS = Target(trades=("adviser",), skills={"brand:prefecture": 5})
KNOWN = Known(
    secret="s",
    queues={
        RELAY: KnownQueue(targets=(Target(trades=("interpreter",)),)),
        "relay/LSFA": KnownQueue(targets=(Target(trades=("interpreter",)),)),
        TOWN: KnownQueue(brand_name="Mairie"),
        HALL: KnownQueue(brand_name="Préfecture", targets=(ADVISERS,)),
    },
)


def line(*agents: AgentRecord) -> QueueSnapshot:
    return QueueSnapshot(at=NOW, waiting=(), assigned=(), agents=agents)


def ask(record: RequestRecord, *agents: AgentRecord, **fields: Any) -> RequestRecord:
    message = SuperviseMove(call_id=handle("s", record.call_id), **fields)
    return record.model_copy(update={"request": moved(record, message, KNOWN, line(*agents))})


def refusal(record: RequestRecord, *agents: AgentRecord, **fields: Any) -> str:
    with pytest.raises(PageError) as refused:
        ask(record, *agents, **fields)
    return refused.value.code


def test_at_the_head_is_ahead_of_everybody_but_emergencies() -> None:
    first = request("first", queue=RELAY, queued_at=NOW - 900)
    resumed = request("resumed", queue=RELAY, queued_at=NOW - 900, priority=50)
    emergency = request("emergency", queue=RELAY, queued_at=NOW, priority=100)
    put = ask(request("put", queue=RELAY, queued_at=NOW - 1), head=True)
    order = sorted((first, resumed, emergency, put), key=lambda record: policy.place(record, NOW))
    assert [record.call_id for record in order] == ["emergency", "put", "resumed", "first"]


def test_two_that_were_put_to_the_head_keep_their_order() -> None:
    early = ask(request("early", queued_at=NOW - 90), head=True)
    late = ask(request("late", queued_at=NOW - 10), head=True)
    assert policy.place(early, NOW) < policy.place(late, NOW)


def test_an_emergency_is_moved_by_nobody() -> None:
    emergency = request("c1", queue=RELAY, priority=100)
    assert refusal(emergency, head=True) == "out_of_place"
    assert refusal(emergency, agent("ines"), agent_id="ines") == "out_of_place"


def test_whom_an_interpreter_calls_beside_is_nobody_elses_choice() -> None:
    beside = request("c1.2", queue=RELAY)
    assert refusal(beside, agent("ines"), agent_id="ines") == "out_of_place"
    assert refusal(beside, queue=RELAY) == "out_of_place"
    assert ask(beside, head=True).request.targets == beside.request.targets


def test_one_thing_at_a_time_is_asked() -> None:
    assert refusal(request("c1", queue=RELAY)) == "out_of_place"
    assert refusal(request("c1", queue=RELAY), agent("ines"), head=True, agent_id="ines") == "out_of_place"


def test_given_to_one_agent_it_waits_for_that_one_a_while_then_for_everybody_and_keeps_its_place() -> None:
    record = request("c1", queue=RELAY)
    given = ask(record, agent("ines"), agent("leo"), agent_id="ines")
    agents = {"ines": agent("ines"), "leo": agent("leo")}
    assert given.request.targets[0].agents == ("ines",)
    assert policy.open_targets(given, agents, given.enqueued_at + ONE_AGENT_S - 1) == 1
    assert policy.open_targets(given, agents, given.enqueued_at + ONE_AGENT_S) == 2
    assert policy.place(given, NOW) == policy.place(record, NOW)


def test_while_that_agent_is_not_at_work_everybody_may_serve_at_once() -> None:
    away = agent("ines", state="paused", presence="paused")
    given = ask(request("c1", queue=RELAY), away, agent_id="ines")
    assert policy.open_targets(given, {"ines": away}, given.enqueued_at) == 2


@pytest.mark.parametrize(
    "other",
    [
        agent("zoe", "adviser"),
        agent("zoe", "transcriber"),
        agent("zoe", "interpreter", skills=("rehearsal",)),
    ],
)
def test_a_relay_call_is_given_only_to_somebody_with_its_trade(other: AgentRecord) -> None:
    assert refusal(request("c1", queue=RELAY), other, agent_id="zoe") in {"not_qualified", "unknown_agent"}


def test_nobody_who_is_offline_is_given_a_call() -> None:
    away = agent("ines", state="offline", presence="offline")
    assert refusal(request("c1", queue=RELAY), away, agent_id="ines") == "unknown_agent"


def test_whoever_one_side_refused_is_not_given_the_call_and_it_is_not_said_why() -> None:
    assert refusal(request("c1", refused_agents=("ines",)), agent("ines"), agent_id="ines") == "not_qualified"


def test_a_direct_call_goes_to_another_brands_advisers_and_keeps_its_place() -> None:
    record = request("c1", "adviser", queue=TOWN, brand="mairie")
    given = ask(record, queue=HALL)
    assert (given.request.queue, given.request.targets) == (HALL, (ADVISERS,))
    assert policy.place(given, NOW) == policy.place(record, NOW)


@pytest.mark.parametrize(("record", "queue"), [
    (request("c1", queue=RELAY), TOWN),
    (request("c1", queue=RELAY), "relay/LSFA"),
    (request("c1", "adviser", queue=TOWN, brand="mairie"), RELAY),
])  # fmt: skip
def test_a_request_leaves_neither_its_kind_nor_its_mode(record: RequestRecord, queue: str) -> None:
    assert refusal(record, queue=queue) == "not_qualified"


def test_a_queue_that_nobody_knows_is_refused() -> None:
    assert refusal(request("c1", queue=RELAY), queue="nowhere/LSF") == "unknown_queue"


# --- the audit of joining


def call(second: Second | None = None) -> Call:
    return Call(
        call_id="c1", kind="direct", mode="LSF", signer_key="s", signer_id=None, trades=("adviser",), queued_at=0.0,
        second=second, agent_key="adam",
    )  # fmt: skip


def asking(state: str = "asked", role: str = "supervisor") -> Second:
    return Second.model_validate({"role": role, "state": state, "since": 1.0, "key": "noa", "name": "Noa"})


@pytest.mark.parametrize(
    ("before", "after", "act"),
    [
        (None, asking(), "join_asked"),
        (asking(), asking("joined"), "joined"),
        (asking(), None, "join_refused"),
        (asking("joined"), None, "left"),
    ],
)
def test_everything_a_supervisor_does_with_a_call_is_in_the_log(
    before: Second | None, after: Second | None, act: str
) -> None:
    acted = joining(call(before), Tick(), call(after), 5.0)
    assert acted is not None
    assert (acted.act, acted.by_id, acted.agent_id, acted.at, acted.detail) == (act, "noa", "adam", 5.0, None)
    assert acted.call_id == "c1"


@pytest.mark.parametrize(
    ("event", "after", "detail"),
    [
        (Act("second", "hang_up"), call(), None),
        (PageWent("second"), call(), None),
        (Act("signer", "dismiss_second"), call(), "sent_away"),
        (Act("agent", "dismiss_second"), call(), "sent_away"),
        (Act("second", "hang_up"), call().model_copy(update={"state": CallState.ENDED}), "call_ended"),
    ],
)
def test_the_log_tells_who_leaves_from_who_is_sent_away(event: Event, after: Call, detail: str | None) -> None:
    acted = joining(call(asking("joined")), event, after, 5.0)
    assert acted is not None and (acted.act, acted.detail) == ("left", detail)


@pytest.mark.parametrize("state", ["asked", "joined"])
def test_a_supervisor_never_learns_who_is_telephoned_nor_where_the_signer_is(state: str) -> None:
    leg = PhoneLegState(attempt="p1", target="+33199000001", display="01 99 00 00 01", dialled_at=1.0)
    facts = {"phone_legs": (leg, leg.model_copy(update={"joined": True})), "location": "2 rue Haute", "display": "x"}
    direct = call(asking(state)).model_copy(update=facts)
    seen = view(direct, "second", 5.0, None).model_dump_json()
    assert "99 00" not in seen and "rue Haute" not in seen
    expert = direct.model_copy(update={"second": asking(state, "expert")})
    assert "01 99 00 00 01" in view(expert, "second", 5.0, None).model_dump_json(), "whoever serves does"


@pytest.mark.parametrize(("before", "after"), [
    (None, None), (asking(), asking()), (None, asking("sought", "team")), (asking("joined", "expert"), None),
])  # fmt: skip
def test_nothing_else_in_a_call_is_in_the_log(before: Second | None, after: Second | None) -> None:
    assert joining(call(before), Tick(), call(after), 5.0) is None
