"""Every change of the queue: what is written and what is told."""

from interpreter_queue import operations
from interpreter_queue.changes import Change, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import (
    Agent,
    AgentChanged,
    AgentRecord,
    AlertEnded,
    Alerting,
    Assigned,
    Cancelled,
    Queued,
    Released,
    RequestRecord,
    Target,
)
from tests.interpreter_queue.plain import matched
from tests.interpreter_queue.samples import NOW, agent, bond, request

CONFIG = QueueConfig(alert_s=20, wrap_up_s=60, wrap_up_extension_s=60, wrap_up_extensions=3)


def done(change: Change | None) -> Change:
    assert change is not None
    return change


def agent_of(change: Change | None, agent_id: str = "ines") -> AgentRecord:
    record = done(change).agents[agent_id]
    assert record is not None
    return record


def request_of(change: Change | None, call_id: str = "c1") -> RequestRecord:
    record = done(change).requests[call_id]
    assert record is not None
    return record


# Requests


def test_new_request_enters_now_and_its_place_is_told() -> None:
    change = operations.enqueue(View(NOW), request().request, CONFIG)
    record = request_of(change)
    assert (record.state, record.queued_at, record.enqueued_at) == ("queued", NOW, NOW)
    assert done(change).events == (Queued(call_id="c1", queued_at=NOW),)
    assert done(change).call_leases == {"c1": CONFIG.owner_lease_s}


def test_enqueue_told_twice_changes_nothing() -> None:
    record = request_of(operations.enqueue(View(NOW), request().request, CONFIG))
    assert operations.enqueue(View(NOW + 5, request=record), request().request, CONFIG) is None


def test_waiting_request_told_anew_keeps_its_place() -> None:
    old = request(queued_at=400.0).model_copy(update={"declined_by": ("karim",)})
    newer = old.request.model_copy(update={"targets": (Target(trades=("interpreter",), skills={"lsfa": 3}),)})
    record = request_of(operations.enqueue(View(NOW, request=old), newer, CONFIG))
    assert (record.queued_at, record.declined_by, record.request) == (400.0, ("karim",), newer)


def test_enqueue_while_alerting_leaves_the_alert_alone() -> None:
    who, other = bond("alerting")
    assert operations.enqueue(View(NOW, who, other), request(priority=50).request, CONFIG) is None


def test_resumed_call_keeps_its_first_time_with_or_without_being_told() -> None:
    who, other = bond("engaged")
    resumed = request_of(operations.enqueue(View(NOW, who, other), request(priority=50).request, CONFIG))
    assert (resumed.state, resumed.queued_at, resumed.enqueued_at, resumed.assignment) == ("queued", 500.0, NOW, None)
    told = request(priority=50).request.model_copy(update={"queued_at": 123.0})
    assert request_of(operations.enqueue(View(NOW), told, CONFIG)).queued_at == 123.0


def test_resumed_call_outlives_the_release_of_its_former_interpreter() -> None:
    who, other = bond("engaged")
    resumed = request_of(operations.enqueue(View(NOW, who, other), request(priority=50).request, CONFIG))
    change = operations.release(View(NOW, who, resumed), "c1", CONFIG, wrap_up=False)
    assert done(change).requests == {}
    assert agent_of(change).state == "idle"


# Alerts


def test_alert_binds_both_for_20_seconds() -> None:
    change = operations.alert(View(NOW, agent(), request()), "interpreter", "a1", CONFIG)
    who, other = agent_of(change), request_of(change)
    assert who.assignment is not None
    assert who.assignment == other.assignment
    assert who.until == who.assignment.expires_at == NOW + 20
    assert isinstance(done(change).events[0], Alerting)


def test_alert_is_refused_where_the_policy_would_never_have_chosen_it() -> None:
    adviser = agent("marc", "adviser")
    assert operations.alert(View(NOW, adviser, request()), "interpreter", "a1", CONFIG) is None
    assert operations.alert(View(NOW, adviser, request()), "adviser", "a1", CONFIG) is None
    refused = request(refused_agents=("ines",))
    assert operations.alert(View(NOW, agent(), refused), "interpreter", "a1", CONFIG) is None


def test_interpreter_who_does_not_answer_is_skipped_after_20_seconds() -> None:
    change = operations.alert(View(NOW, agent(), request()), "interpreter", "a1", CONFIG)
    who, other = agent_of(change), request_of(change)
    assert operations.silence(View(NOW + 19.9, who, other), CONFIG) is None
    late = operations.silence(View(NOW + 20, who, other), CONFIG)
    assert agent_of(late).state == "not_responding"
    assert agent_of(late).presence == "available", "declared is declared; it is the queue that knows better"
    back = request_of(late)
    assert (back.state, back.queued_at, back.declined_by) == ("queued", 500.0, ())
    assert matched([back], {"ines": agent_of(late)}, NOW + 20) == []


def test_accept_counts_until_the_alert_has_been_ended() -> None:
    who, other = bond("alerting")
    change = operations.accept(View(NOW + 5, who, other), "c1-ines")
    assert agent_of(change).engaged_at == NOW + 5
    assert isinstance(done(change).events[0], Assigned)
    assert operations.accept(View(NOW, who, other), "another") is None
    assert operations.accept(View(NOW, who, None), "c1-ines") is None


def test_decline_keeps_the_idle_rank_and_tells_the_reason() -> None:
    who, other = bond("alerting", idle_since=77.0)
    change = operations.decline(View(NOW, who, other), "c1-ines", "conflict_of_interest")
    assert (agent_of(change).state, agent_of(change).idle_since) == ("idle", 77.0)
    ended = done(change).events[0]
    assert isinstance(ended, AlertEnded)
    assert ended.decline_reason == "conflict_of_interest"
    assert request_of(change).declined_by == ("ines",)
    assert "conflict" not in request_of(change).model_dump_json() + agent_of(change).model_dump_json()


def test_cancel_while_alerting_keeps_the_idle_rank() -> None:
    who, other = bond("alerting", idle_since=77.0)
    change = operations.cancel(View(NOW, who, other), "abandoned", CONFIG)
    assert (agent_of(change).state, agent_of(change).idle_since) == ("idle", 77.0)
    assert [type(event) for event in done(change).events] == [AlertEnded, Cancelled, AgentChanged]
    assert done(change).requests == {"c1": None}


def test_cancel_of_a_call_that_goes_on_with_another_agent_leaves_the_former_one_alone() -> None:
    who, _ = bond("engaged")
    change = operations.cancel(View(NOW, who, request()), "handover_given_up", CONFIG)
    assert done(change).agents == {}


def test_agent_who_leaves_or_pauses_while_alerted_gives_the_request_back() -> None:
    who, other = bond("alerting")
    for change in (
        operations.leave(View(NOW, who, other)),
        operations.set_presence(View(NOW, who, other), "paused", None, CONFIG),
    ):
        ended = done(change).events[0]
        assert isinstance(ended, AlertEnded)
        assert ended.reason == "agent_gone"
        assert request_of(change).declined_by == ()


# Agents


def test_sign_in_is_not_yet_available() -> None:
    change = operations.sign_in(View(NOW), agent().agent, CONFIG)
    assert (agent_of(change).state, agent_of(change).presence) == ("paused", "paused")
    assert done(change).agent_leases == {"ines": CONFIG.agent_lease_s}


def test_sign_in_again_refreshes_the_profile_and_keeps_the_call() -> None:
    who, other = bond("engaged")
    again = agent("ines", "interpreter", "transcriber").agent
    change = operations.sign_in(View(NOW, who, other), again, CONFIG)
    assert (agent_of(change).state, agent_of(change).agent) == ("engaged", again)
    same = done(operations.sign_in(View(NOW, who, other), who.agent, CONFIG))
    assert (same.agents, same.events) == ({}, ())
    assert same.agent_leases


def test_pauses_keep_the_idle_rank_and_calls_reset_it() -> None:
    paused = agent_of(operations.set_presence(View(NOW, agent(idle_since=10.0)), "paused", "meal", CONFIG))
    back = agent_of(operations.set_presence(View(NOW + 900, paused), "available", None, CONFIG))
    assert (back.state, back.idle_since, back.pause_reason) == ("idle", 10.0, None)
    who, other = bond("engaged", idle_since=10.0)
    free = agent_of(operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=False))
    assert (free.state, free.idle_since) == ("idle", NOW)


def test_other_pause_reason_is_told_and_does_not_restart_the_pause() -> None:
    paused = agent(state="paused", presence="paused", pause_reason="meal", since=5.0)
    change = agent_of(operations.set_presence(View(NOW, paused), "paused", "rest_eyes_hands", CONFIG))
    assert (change.pause_reason, change.since) == ("rest_eyes_hands", 5.0)
    assert operations.set_presence(View(NOW, change), "paused", "rest_eyes_hands", CONFIG) is None


def test_pause_declared_in_a_call_comes_after_its_wrap_up() -> None:
    who, other = bond("engaged")
    wish = agent_of(operations.set_presence(View(NOW, who, other), "paused", "meal", CONFIG))
    assert (wish.state, wish.presence) == ("engaged", "paused")
    wrap_up = agent_of(operations.release(View(NOW, wish, other), "c1", CONFIG, wrap_up=True))
    assert wrap_up.state == "wrap_up"
    assert agent_of(operations.finish_wrap_up(View(NOW, wrap_up))).state == "paused"


def test_pause_after_call_can_be_taken_back_and_counts_at_once_when_idle() -> None:
    who, other = bond("engaged")
    wish = agent_of(operations.set_pause_after_call(View(NOW, who, other), True, "after_hard_call", CONFIG))
    taken_back = agent_of(operations.set_pause_after_call(View(NOW, wish, other), False, None, CONFIG))
    assert taken_back == who
    idle = agent_of(operations.set_pause_after_call(View(NOW, agent()), True, "meal", CONFIG))
    assert (idle.state, idle.pause_reason, idle.pause_after_call) == ("paused", "meal", False)
    assert operations.set_pause_after_call(View(NOW, agent()), False, None, CONFIG) is None


def test_pause_after_call_counts_when_the_alert_leads_to_no_call() -> None:
    who, other = bond("alerting", pause_after_call=True, pause_reason="meal")
    for change in (
        operations.decline(View(NOW, who, other), "c1-ines", "skill"),
        operations.cancel(View(NOW, who, other), "abandoned", CONFIG),
    ):
        assert (agent_of(change).state, agent_of(change).pause_reason) == ("paused", "meal")


def test_signed_out_in_a_call_there_is_no_wrap_up_and_nothing_is_kept() -> None:
    who, other = bond("engaged")
    left = agent_of(operations.leave(View(NOW, who, other)))
    assert (left.state, left.presence) == ("engaged", "offline")
    change = operations.release(View(NOW, left, other), "c1", CONFIG, wrap_up=True)
    assert done(change).agents == {"ines": None}
    assert done(change).agent_leases == {"ines": 0.0}
    told = done(change).events[-1]
    assert isinstance(told, AgentChanged)
    assert told.state == "offline"


def test_wrap_up_is_time_boxed_and_can_be_extended_three_times() -> None:
    who, other = bond("engaged")
    record = agent_of(operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=True))
    assert record.until == NOW + 60
    for number in (1, 2, 3):
        record = agent_of(operations.extend_wrap_up(View(NOW, record), CONFIG))
        assert record.until == NOW + 60 + number * 60
    assert operations.extend_wrap_up(View(NOW, record), CONFIG) is None
    assert operations.finish_wrap_up(View(NOW + 239, record), only_if_due=True) is None
    over = agent_of(operations.finish_wrap_up(View(NOW + 240, record), only_if_due=True))
    assert (over.state, over.extensions, over.assignment, over.until) == ("idle", 0, None, None)


def test_release_without_wrap_up_ends_the_wrap_up_of_that_call_and_is_told_once() -> None:
    who, other = bond("wrap_up")
    assert operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=True) is None
    assert operations.release(View(NOW, who, other), "c2", CONFIG, wrap_up=False) is None
    change = operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=False)
    assert agent_of(change).state == "idle"
    assert not any(isinstance(event, Released) for event in done(change).events)


def test_handle_time_runs_from_accept_to_the_end_of_the_wrap_up() -> None:
    who, other = bond("engaged", engaged_at=NOW - 300)
    in_wrap_up = operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=True)
    assert done(in_wrap_up).handle is None
    handle = done(operations.finish_wrap_up(View(NOW + 40, agent_of(in_wrap_up)))).handle
    assert handle is not None
    assert (handle.trade, handle.seconds, handle.ended_at) == ("interpreter", 340, NOW + 40)
    robot = who.model_copy(
        update={"agent": Agent(agent_id="ines", trades=frozenset({"interpreter"}), skills={"rehearsal": 5})}
    )
    assert done(operations.release(View(NOW, robot, other), "c1", CONFIG, wrap_up=False)).handle is None
