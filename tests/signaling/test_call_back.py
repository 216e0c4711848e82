"""Call-backs: an agent first, then the signer is rung; nothing is lost when one of them is not there."""

import pytest

from interpreter_queue.model import PRIORITY_EMERGENCY
from signaling.call import begin, next_deadline
from signaling.call_back import CALLBACK_RING_S
from signaling.call_events import (
    Act,
    Alerting,
    AskCallback,
    Assigned,
    CloseMedia,
    Enqueue,
    LeaveQueue,
    OpenMedia,
    PageCame,
    PageWent,
    ReleaseAgent,
    RingDevices,
    Tick,
    WriteRecord,
)
from signaling.call_model import Line
from signaling.call_offers import actions
from signaling.call_statistics import CallStatistics, call_record
from signaling.call_terms import CallKind, CallState
from signaling.queue_requests import request_of
from tests.signaling.calls import ASSIGNED, T0, called_back, in_state, new_call, play, rung

S = CallState


def test_an_agent_is_reserved_first_and_then_the_signers_devices_ring() -> None:
    call = called_back()
    assert begin(call) == (Enqueue("c1"),)
    assert next_deadline(call) is None, "nobody waits on a page"
    call, commands = play(call, Alerting("c1"), ASSIGNED)
    assert call.state is S.CALLING_BACK
    assert commands == [RingDevices("s1")]
    assert next_deadline(call) == T0 + 10 + CALLBACK_RING_S
    assert {"accept", "decline"} == set(actions(call, "signer"))
    assert actions(call, "agent") == ("hang_up",)


@pytest.mark.parametrize(("kind", "state"), [("relay", S.BRIEFING), ("direct", S.TALKING)])
def test_the_device_that_takes_it_has_the_call_in_the_mode_it_was_asked_in(kind: CallKind, state: S) -> None:
    call, _ = play(called_back(kind, mode="LfPC"), ASSIGNED)
    call, commands = play(call, Act("signer", "accept", mode="LSF", device="phone"))
    assert (call.state, call.mode, call.signer_device) == (state, "LfPC", "phone")
    assert commands == [OpenMedia("signer"), OpenMedia("agent")]
    assert call.signer.present
    assert call.together_at == T0 + 10


def test_before_the_signer_is_rung_the_call_is_none_of_theirs() -> None:
    call = called_back()
    assert not call.occupies_signer
    assert call.party_of("signer", "s1") is None
    ringing = in_state(S.CALLING_BACK, "callback")
    assert ringing.occupies_signer
    assert ringing.party_of("signer", "s1") == "signer"


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING, S.CALLING_BACK])
def test_a_page_that_comes_and_goes_ends_no_call_back(state: S) -> None:
    call, commands = play(in_state(state, "callback"), PageCame("signer"), PageWent("signer"))
    assert (call.state, commands, call.signer.lost_since) == (state, [], None)
    after, _ = play(call, Tick(), at=T0 + 30)
    assert after.state is state


def test_a_signer_who_does_not_answer_costs_the_agent_no_wrap_up_and_counts_as_nobody_abandoning() -> None:
    call, commands = play(in_state(S.CALLING_BACK, "callback"), Tick(), at=T0 + 10 + CALLBACK_RING_S)
    assert (call.state, call.end_reason) == (S.ENDED, "callback_unanswered")
    assert commands == [CloseMedia(), ReleaseAgent("agent-1", "c1", wrap_up=False), WriteRecord()]
    record = call_record(call, CallStatistics())
    assert (record.abandoned, record.callback, record.wait_s) == (False, True, 0.0), "no figure of the line's"


def test_a_signer_who_needs_it_no_more_says_so() -> None:
    call, _ = play(in_state(S.CALLING_BACK, "callback"), Act("signer", "decline"))
    assert (call.end_reason, call.end_fault) == ("callback_declined", "signer")
    cancelled, commands = play(in_state(S.QUEUED, "callback"), Act("signer", "hang_up"))
    assert cancelled.end_reason == "callback_declined"
    assert LeaveQueue("c1") in commands


def test_an_agent_who_leaves_while_the_signer_is_rung_gives_the_call_back_its_place() -> None:
    call, commands = play(in_state(S.CALLING_BACK, "callback"), Act("agent", "hang_up"))
    assert call.state is S.QUEUED
    assert commands == [ReleaseAgent("agent-1", "c1", wrap_up=False), Enqueue("c1")]
    assert (call.refused_agents, call.ring_until, call.occupies_signer) == (("agent-1",), None, False)
    after, _ = play(call, ASSIGNED)
    assert after.state is S.QUEUED, "old news"
    lost, _ = play(in_state(S.CALLING_BACK, "callback"), PageWent("agent"), at=T0 + 12)
    lost, commands = play(lost, Tick(), at=T0 + 42)
    assert (lost.state, lost.refused_agents) == (S.QUEUED, ())
    lost, commands = play(lost, Assigned("agent-2", "as-2", "interpreter", "c1"))
    assert (lost.state, commands) == (S.CALLING_BACK, [RingDevices("s1")])


def test_a_call_back_keeps_the_place_of_the_first_arrival_in_the_queue() -> None:
    request = request_of(called_back(), "c1", 500.0)
    assert request is not None
    assert (request.callback, request.queued_at, request.head_start_s) == (True, 500.0, 0.0)
    taken = in_state(S.BRIEFING, "callback")
    again, _ = play(taken, PageWent("agent"), at=T0 + 20)
    again, _ = play(again, Tick(), at=T0 + 60)
    resumed = request_of(again, "c1", 500.0)
    assert resumed is not None and not resumed.callback, "now the signer does wait"


# --- asked for while waiting


@pytest.mark.parametrize("state", [S.QUEUED, S.ALERTING])
def test_who_waits_may_ask_to_be_rung_later_and_has_not_abandoned(state: S) -> None:
    call, commands = play(in_state(state), Act("signer", "ask_callback", at=9_000.0))
    assert (call.state, call.end_reason, call.end_fault) == (S.ENDED, "callback_asked", "nobody")
    assert commands == [AskCallback(9_000.0), LeaveQueue("c1"), CloseMedia(), WriteRecord()]
    assert not call_record(call, CallStatistics()).abandoned


def test_an_emergency_a_visitor_a_telephone_that_waits_and_a_resumed_call_are_not_put_off() -> None:
    """Nor anybody where the queue's rules know no call-backs."""
    incoming, _ = play(rung(), Act("signer", "accept", mode="LSF", device="phone"))
    resumed, _ = play(in_state(S.ACTIVE), PageWent("agent"), at=T0 + 10)
    resumed, _ = play(resumed, Tick(), at=T0 + 40)
    for call in (
        new_call(priority=PRIORITY_EMERGENCY),
        new_call(signer_id=None),
        new_call(recording="k1"),
        new_call(line=Line(callback=False)),
        called_back(),
        incoming,
        resumed,
    ):
        assert call.state is S.QUEUED
        assert "ask_callback" not in actions(call, "signer")
