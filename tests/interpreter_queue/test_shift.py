"""What a shift does to an agent: load, breaks, misses, hold, training; and what a supervisor may change."""

import pytest

from interpreter_queue import operations, policy, strategies
from interpreter_queue.changes import Change, Departed, View
from interpreter_queue.config import QueueConfig
from interpreter_queue.model import AgentChanged, AgentRecord, AlertEnded, Presence, Queued, RequestRecord
from tests.interpreter_queue.samples import NOW, agent, bond, request

CONFIG = QueueConfig(break_min_s=300, break_proposed_s=1800, break_due_s=3600, missed_window_s=1800)


def agent_of(change: Change | None) -> AgentRecord:
    assert change is not None
    record = change.agents["ines"]
    assert record is not None
    return record


def request_of(change: Change | None) -> RequestRecord:
    assert change is not None
    record = change.requests["c1"]
    assert record is not None
    return record


def after_call(seconds: float, *, wrap_up: bool = True, **fields: object) -> AgentRecord:
    """As left by a call of so many seconds that ends at ``NOW``."""
    who, other = bond("engaged", **{"engaged_at": NOW - seconds, **fields})
    return agent_of(operations.release(View(NOW, who, other), "c1", CONFIG, wrap_up=wrap_up))


# Load and breaks


def test_calls_and_the_time_in_them_are_counted_for_the_shift_and_since_the_last_break() -> None:
    who = after_call(200, served=3, engaged_s=900.0, signing_s=400.0)
    assert (who.served, who.engaged_s, who.signing_s) == (4, 1100.0, 600.0)
    over = agent_of(operations.finish_wrap_up(View(NOW + 60, who)))
    assert (over.served, over.engaged_s, over.signing_s) == (4, 1100.0, 600.0), "the wrap-up is not signing"


def test_hold_counts_as_time_in_the_call() -> None:
    who, other = bond("engaged", engaged_at=NOW - 100)
    held = agent_of(operations.hold(View(NOW - 50, who, other), True))
    assert (held.state, held.since, held.call_id, held.engaged_at) == ("hold", NOW - 50, "c1", NOW - 100)
    assert agent_of(operations.release(View(NOW, held, other), "c1", CONFIG, wrap_up=True)).signing_s == 100
    back = agent_of(operations.hold(View(NOW, held, other), False))
    assert (back.state, back.since) == ("engaged", NOW)
    assert operations.hold(View(NOW, back, other), False) is None
    assert operations.hold(View(NOW, agent()), True) is None


@pytest.mark.parametrize(
    ("signed", "running", "expected"),
    [
        (1799, 0, "none"),
        (1800, 0, "proposed"),
        (1000, 799, "none"),
        (1000, 800, "proposed"),
        (3599, 0, "proposed"),
        (3600, 0, "due"),
        (1000, 2600, "due"),
    ],
)
def test_break_is_proposed_at_30_minutes_and_due_at_60_the_running_call_included(
    signed: float, running: float, expected: str
) -> None:
    who = agent(state="engaged", signing_s=signed, engaged_at=NOW - running)
    assert policy.break_state(who, NOW, CONFIG) == expected


def test_break_that_is_due_becomes_a_pause_after_the_call_by_itself() -> None:
    wrap_up = after_call(600, signing_s=3000.0)
    assert (wrap_up.state, wrap_up.pause_after_call, wrap_up.pause_reason) == ("wrap_up", True, "rest_eyes_hands")
    paused = agent_of(operations.finish_wrap_up(View(NOW + 60, wrap_up)))
    assert (paused.state, paused.presence, paused.pause_reason) == ("paused", "paused", "rest_eyes_hands")
    at_once = after_call(600, signing_s=3000.0, wrap_up=False)
    assert (at_once.state, at_once.pause_reason) == ("paused", "rest_eyes_hands")
    assert not after_call(599, signing_s=3000.0).pause_after_call


def test_break_that_is_due_can_always_be_undone() -> None:
    wrap_up = after_call(600, signing_s=3000.0)
    undone = agent_of(operations.set_pause_after_call(View(NOW, wrap_up), False, None, CONFIG))
    assert (undone.pause_after_call, undone.pause_reason) == (False, None)
    assert agent_of(operations.finish_wrap_up(View(NOW + 60, undone))).state == "idle"
    paused = agent_of(operations.finish_wrap_up(View(NOW + 60, wrap_up)))
    assert agent_of(operations.set_presence(View(NOW + 61, paused), "available", None, CONFIG)).state == "idle"


def test_own_wish_for_a_pause_or_training_goes_before_the_break_that_is_due() -> None:
    wish = after_call(600, signing_s=3000.0, pause_after_call=True, pause_reason="meal")
    assert wish.pause_reason == "meal"
    training = after_call(600, signing_s=3000.0, presence="training")
    assert (training.pause_after_call, training.pause_reason) == (False, None)


@pytest.mark.parametrize("presence", ["paused", "training"])
@pytest.mark.parametrize(("seconds", "left"), [(299, 1000.0), (300, 0.0)])
def test_break_of_five_minutes_starts_the_signing_time_afresh_a_shorter_one_does_not(
    presence: Presence, seconds: float, left: float
) -> None:
    resting = agent(
        presence=presence, state=presence, since=NOW - seconds, signing_s=1000.0, engaged_s=1000.0, served=2
    )
    back = agent_of(operations.set_presence(View(NOW, resting), "available", None, CONFIG))
    assert (back.state, back.signing_s, back.engaged_s, back.served) == ("idle", left, 1000.0, 2)


def test_time_idle_or_not_responding_is_no_break() -> None:
    for state in ("not_responding", "idle"):
        who = agent(state=state, since=NOW - 4000, signing_s=1000.0)
        change = operations.set_presence(View(NOW, who), "paused", "meal", CONFIG)
        assert agent_of(change).signing_s == 1000.0


def test_sign_in_begins_a_shift() -> None:
    who = agent_of(operations.sign_in(View(NOW), agent().agent, CONFIG))
    assert (who.signed_in_at, who.served, who.engaged_s, who.signing_s, who.missed_at) == (NOW, 0, 0, 0, ())


def test_shift_goes_on_after_a_lost_network_and_a_break_offline_is_a_break() -> None:
    old = agent(signed_in_at=100.0, served=4, engaged_s=900.0, signing_s=700.0, missed_at=(800.0,))
    for away, signing in ((299.0, 700.0), (300.0, 0.0), (14_399.0, 0.0)):
        back = agent_of(operations.sign_in(View(NOW), old.agent, CONFIG, Departed(old, NOW - away)))
        assert (back.state, back.served, back.engaged_s, back.signing_s) == ("paused", 4, 900.0, signing)
        assert (back.signed_in_at, back.missed_at, back.idle_since) == (100.0, (800.0,), NOW)
    new = agent_of(operations.sign_in(View(NOW), old.agent, CONFIG, Departed(old, NOW - 14_400)))
    assert (new.served, new.signing_s, new.signed_in_at) == (0, 0.0, NOW)


def test_call_that_was_left_counts_until_then() -> None:
    who, _ = bond("engaged", engaged_at=NOW - 500, served=1, signing_s=50.0, engaged_s=60.0)
    back = agent_of(operations.sign_in(View(NOW), who.agent, CONFIG, Departed(who, NOW - 100)))
    assert (back.served, back.signing_s, back.engaged_s) == (2, 450.0, 460.0)


# Misses


def test_missed_alert_is_counted_and_the_request_keeps_its_exact_place() -> None:
    who, other = bond("alerting", missed_at=(NOW - 1801, NOW - 1799))
    change = operations.silence(View(NOW, who, other), CONFIG)
    assert agent_of(change).missed_at == (NOW - 1799, NOW), "of half an hour"
    assert policy.misses(agent_of(change), NOW, CONFIG) == 2
    assert policy.misses(agent_of(change), NOW + 1, CONFIG) == 1
    back = request_of(change)
    assert other is not None
    assert (back.state, policy.place(back, NOW)) == ("queued", policy.place(other, NOW))
    assert back.declined_by == (), "who comes back may have it"


def test_decline_costs_nothing() -> None:
    who, other = bond("alerting", idle_since=5.0, served=3)
    after = agent_of(operations.decline(View(NOW, who, other), "c1-ines", "conflict_of_interest"))
    assert (after.missed_at, after.state, after.served) == ((), "idle", 3)
    assert strategies.longest_idle(after) == strategies.longest_idle(who)


def test_misses_of_a_bad_day_do_not_pile_up() -> None:
    who, other = bond("alerting", missed_at=tuple(NOW - 100 + n for n in range(50)))
    assert len(agent_of(operations.silence(View(NOW, who, other), CONFIG)).missed_at) == operations.MISSES_KEPT


# Training


def test_nobody_in_training_is_alerted_or_counted_as_serving() -> None:
    who = agent_of(operations.set_presence(View(NOW, agent()), "training", "meal", CONFIG))
    assert (who.state, who.presence, who.pause_reason) == ("training", "training", None)
    assert who.state not in policy.WORKING
    assert operations.alert(View(NOW, who, request()), "interpreter", "a", CONFIG) is None


def test_training_declared_in_a_call_begins_after_its_wrap_up() -> None:
    who, other = bond("engaged")
    wish = agent_of(operations.set_presence(View(NOW, who, other), "training", None, CONFIG))
    assert (wish.state, wish.presence) == ("engaged", "training")
    wrap_up = agent_of(operations.release(View(NOW, wish, other), "c1", CONFIG, wrap_up=True))
    assert agent_of(operations.finish_wrap_up(View(NOW, wrap_up))).state == "training"


# A supervisor's acts


def test_supervisor_brings_back_whoever_does_not_respond() -> None:
    away = agent(state="not_responding", missed_at=(NOW,))
    assert agent_of(operations.set_presence(View(NOW, away), "available", None, CONFIG)).state == "idle"


def test_rerouted_request_keeps_its_place_and_its_targets_open_anew() -> None:
    old = request(queued_at=400.0).model_copy(update={"declined_by": ("karim",)})
    targets = ({"trades": ["interpreter"], "agents": ["lea"]}, {"trades": ["interpreter"], "after_s": 30})
    worded = request("c1", targets=targets, priority=50).request.model_copy(update={"queued_at": 999.0})
    change = operations.reroute(View(NOW, None, old), worded, CONFIG)
    record = request_of(change)
    assert (record.queued_at, record.enqueued_at, record.declined_by) == (400.0, NOW, ("karim",))
    assert record.request.targets == worded.targets
    crew = {"lea": agent("lea", state="engaged")}
    assert policy.open_targets(record, crew, NOW + 29) == 1
    assert policy.open_targets(record, crew, NOW + 30) == 2
    assert change is not None
    assert change.events == (Queued(call_id="c1", queued_at=400.0),)
    assert operations.reroute(View(NOW + 5, None, record), worded, CONFIG) is None, "told twice is done once"


def test_reroute_withdraws_the_alert_and_takes_nothing_from_the_agent() -> None:
    who, other = bond("alerting", idle_since=77.0)
    change = operations.reroute(View(NOW, who, other), request("c1", "transcriber").request, CONFIG)
    assert (agent_of(change).state, agent_of(change).idle_since) == ("idle", 77.0)
    assert (request_of(change).state, request_of(change).assignment) == ("queued", None)
    assert change is not None
    ended, told, changed = change.events
    assert isinstance(ended, AlertEnded)
    assert (ended.reason, type(told), type(changed)) == ("rerouted", Queued, AgentChanged)


def test_call_that_is_served_or_gone_is_not_rerouted() -> None:
    who, other = bond("engaged")
    assert operations.reroute(View(NOW, who, other), request("c1", "transcriber").request, CONFIG) is None
    assert operations.reroute(View(NOW), request("c1", "transcriber").request, CONFIG) is None


# Who of those who are free


def test_longest_idle_is_the_default_and_counts_from_the_last_call() -> None:
    assert request().request.strategy == "longest_idle"
    assert strategies.longest_idle(agent("a", idle_since=5.0)) < strategies.longest_idle(agent("b", idle_since=6.0))


def test_least_occupied_weighs_time_in_calls_by_the_length_of_the_shift() -> None:
    early = agent("early", signed_in_at=0.0, since=7200.0, engaged_s=3000.0, idle_since=1.0)
    late = agent("late", signed_in_at=3600.0, since=7200.0, engaged_s=2000.0, idle_since=0.0)
    assert strategies.least_occupied(early) < strategies.least_occupied(late)
    new = agent("new", signed_in_at=7200.0, since=7200.0)
    assert strategies.least_occupied(new) < strategies.least_occupied(early)


def test_fewest_calls_ignores_how_long_they_were() -> None:
    short = agent("short", served=3, engaged_s=30.0, idle_since=0.0)
    long = agent("long", served=2, engaged_s=9000.0, idle_since=99.0)
    assert strategies.fewest_calls(long) < strategies.fewest_calls(short)
    assert strategies.fewest_calls(agent("a", served=2, idle_since=1.0)) < strategies.fewest_calls(long)
