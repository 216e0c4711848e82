"""The board of the supervisors: what it says, and above all what it never says."""

from typing import Any

import pytest

from interpreter_queue.config import QueueConfig
from interpreter_queue.model import AgentRecord, QueueSnapshot, RequestRecord, WaitingRequest
from signaling.board import DEFAULT_THRESHOLDS, Known, KnownQueue, alerts, board, handle, running_calls, still
from signaling.board_figures import QueueFigures
from signaling.messages.board import Board, BoardQueue, BoardThresholds
from tests.interpreter_queue.samples import NOW, agent, assignment, request

RELAY, TOWN = "relay/LSF", "mairie/LSF"
CONFIG = QueueConfig()
KNOWN = Known(secret="s", names={"ines": "Inès", "adam": "Adam"}, queues={RELAY: KnownQueue()})


def waiting(record: RequestRecord, position: int = 1) -> WaitingRequest:
    return WaitingRequest(record=record, position=position, wait_low_s=60, wait_high_s=150, serving=1)


def snapshot(
    *lines: RequestRecord, agents: tuple[AgentRecord, ...] = (), assigned: tuple[RequestRecord, ...] = ()
) -> QueueSnapshot:
    entries = tuple(waiting(record, place) for place, record in enumerate(lines, 1))
    return QueueSnapshot(at=NOW, waiting=entries, assigned=assigned, agents=agents)


def shown(seen: QueueSnapshot, known: Known = KNOWN, **figures: QueueFigures) -> Board:
    return board(seen, {name.replace("_", "/"): each for name, each in figures.items()}, known, CONFIG)


def queue_of(seen: Board, name: str) -> BoardQueue:
    return next(queue for queue in seen.queues if queue.queue == name)


def engaged(agent_id: str, call_id: str, *trades: str) -> AgentRecord:
    bound = assignment(call_id, agent_id)
    return agent(agent_id, *trades, state="engaged", assignment=bound, engaged_at=NOW - 50)


def served(call_id: str, agent_id: str, **fields: Any) -> RequestRecord:
    record = request(call_id, queued_at=NOW - 90, **fields)
    return record.model_copy(update={"state": "assigned", "assignment": assignment(call_id, agent_id)})


def test_each_queue_says_how_many_wait_how_long_and_who_may_serve() -> None:
    seen = shown(
        snapshot(
            request("c1", queue=RELAY, queued_at=NOW - 130),
            request("c2", queue=RELAY, queued_at=NOW - 20, callback=True),
            request("c3", "adviser", queue=TOWN, brand="mairie", queued_at=NOW - 5),
            agents=(agent("ines"), agent("leo", state="wrap_up"), agent("sam", state="paused", presence="paused")),
        )
    )
    relay, town = queue_of(seen, RELAY), queue_of(seen, TOWN)
    assert (relay.waiting, relay.callbacks, relay.longest_wait_s) == (1, 1, 130)
    assert (relay.serving, relay.idle) == (2, 1), "a pause is not work; wrap-up is"
    assert (town.serving, town.idle, town.alerts) == (0, 0, ("nobody",))


def test_a_queue_that_is_known_is_shown_with_nobody_in_it() -> None:
    relay = queue_of(shown(snapshot()), RELAY)
    assert (relay.waiting, relay.longest_wait_s, relay.alerts) == (0, None, ())


def test_a_call_back_that_nobody_is_sought_for_yet_is_shown_and_alerts_nobody() -> None:
    known = Known(secret="s", callbacks={RELAY: 3})
    relay = queue_of(shown(snapshot(), known), RELAY)
    assert (relay.waiting, relay.callbacks, relay.alerts) == (0, 3, ())
    in_line = queue_of(shown(snapshot(request("c1", queue=RELAY, callback=True)), known), RELAY)
    assert (in_line.waiting, in_line.callbacks, in_line.alerts) == (0, 4, ("nobody", "longest_wait"))


def test_todays_figures_stand_beside_what_waits() -> None:
    figures = QueueFigures(
        answered=9, abandoned=2, callbacks=3, mean_wait_s=44.0, service_level=0.6, service_level_now=0.9
    )
    relay = queue_of(shown(snapshot(), relay_LSF=figures), RELAY)
    assert (relay.answered, relay.abandoned, relay.called_back, relay.mean_wait_s) == (9, 2, 3, 44.0)
    assert relay.alerts == ("service_level",)


@pytest.mark.parametrize(
    ("fields", "raised"),
    [
        ({}, ()),
        ({"waiting": 9, "serving": 1}, ()),
        ({"waiting": 10, "serving": 1}, ("waiting",)),
        ({"waiting": 4, "callbacks": 60, "serving": 1}, ()),
        ({"waiting": 1, "serving": 1, "longest_wait_s": 119.9}, ()),
        ({"waiting": 1, "serving": 1, "longest_wait_s": 120.0}, ("longest_wait",)),
        ({"waiting": 1, "serving": 0}, ("nobody",)),
        ({"callbacks": 1, "serving": 0}, ()),
        ({"waiting": 0, "serving": 0}, ()),
        ({"answered": 5, "service_level": 0.8}, ()),
        ({"answered": 5, "service_level": 0.79}, ("service_level",)),
        ({"answered": 4, "service_level": 0.0}, ()),
        ({"answered": 2, "abandoned": 3, "service_level": 0.4}, ("service_level",)),
        ({"waiting": 12, "serving": 0, "longest_wait_s": 300.0}, ("nobody", "longest_wait", "waiting")),
    ],
)
def test_an_alert_is_raised_at_its_threshold_and_not_before(fields: dict[str, float], raised: tuple[str, ...]) -> None:
    queue = BoardQueue.model_validate({"queue": RELAY, "thresholds": DEFAULT_THRESHOLDS, **fields})
    assert alerts(queue, in_line=queue.waiting) == raised


def test_a_threshold_that_is_not_set_never_alerts() -> None:
    never = BoardThresholds()
    queue = BoardQueue(
        queue=RELAY, waiting=500, serving=1, longest_wait_s=9_000, answered=50, service_level=0, thresholds=never
    )
    assert alerts(queue, in_line=500) == ()


def test_thresholds_are_each_queues_own() -> None:
    known = Known(secret="s", thresholds={RELAY: BoardThresholds(longest_wait_s=30)})
    lines = (
        request("c1", queue=RELAY, queued_at=NOW - 40),
        request("c2", queue="relay/LSFA", queued_at=NOW - 40),
    )
    seen = shown(snapshot(*lines, agents=(agent("ines"),)), known)
    assert queue_of(seen, RELAY).alerts == ("longest_wait",)
    assert queue_of(seen, "relay/LSFA").alerts == ()


def test_an_agent_is_shown_with_name_state_misses_and_a_break_that_is_due() -> None:
    tired = agent("ines", state="engaged", signing_s=3_590.0, engaged_at=NOW - 20, assignment=assignment())
    missed = agent("adam", "adviser", state="not_responding", missed_at=(NOW - 1900, NOW - 60, NOW - 30, NOW - 2))
    seen = {each.agent_id: each for each in shown(snapshot(agents=(tired, missed))).agents}
    assert (seen["ines"].name, seen["ines"].break_due, seen["ines"].misses) == ("Inès", True, 0)
    assert (seen["adam"].state, seen["adam"].break_due, seen["adam"].misses) == ("not_responding", False, 3)


def test_whoever_has_just_signed_in_is_not_said_to_be_on_a_break() -> None:
    new = agent("ines", state="paused", presence="paused", since=NOW, signed_in_at=NOW)
    rests = agent("karim", state="paused", presence="paused", since=NOW, signed_in_at=NOW - 60)
    seen = {each.agent_id: each for each in shown(snapshot(agents=(new, rests))).agents}
    assert (seen["ines"].not_yet, seen["karim"].not_yet) == (True, False)


def test_whoever_is_offline_is_not_shown() -> None:
    assert shown(snapshot(agents=(agent("ines", state="offline", presence="offline"),))).agents == ()


def test_a_direct_call_is_named_a_relay_call_never_is_nor_who_signs() -> None:
    seen = snapshot(
        request("relay-waiting", queue=RELAY, queued_at=NOW - 10),
        agents=(engaged("ines", "relay-call"), engaged("adam", "town-call", "adviser"), engaged("leo", "odd-call")),
        assigned=(
            served("relay-call", "ines", queue=RELAY),
            served("town-call", "adam", queue=TOWN, brand="mairie"),
            served("odd-call", "leo", queue="anything/else"),
        ),
    )
    text = shown(seen).model_dump_json()
    agents = {each.agent_id: each for each in shown(seen).agents}
    assert (agents["adam"].kind, agents["adam"].call_id) == ("direct", "town-call")
    assert (agents["ines"].kind, agents["ines"].call_id) == ("relay", None)
    assert (agents["leo"].kind, agents["leo"].call_id) == ("relay", None), "what is not surely direct is not named"
    assert "relay-call" not in text and "relay-waiting" not in text and "odd-call" not in text


def test_a_second_party_of_a_direct_call_is_shown_with_the_call_itself() -> None:
    seen = snapshot(
        agents=(engaged("ines", "town-call.2"),), assigned=(served("town-call.2", "ines", queue=TOWN, brand="mairie"),)
    )
    assert shown(seen).agents[0].call_id == "town-call"


def test_a_waiting_request_has_the_same_name_on_every_board_and_another_in_another_installation() -> None:
    seen = snapshot(request("c1", queue=RELAY))
    [entry] = shown(seen).requests
    assert entry.call_id == handle("s", "c1") == shown(seen).requests[0].call_id
    assert handle("another", "c1") != entry.call_id != handle("s", "c2")


def test_rehearsals_are_on_no_board() -> None:
    rehearsing = agent("ghost", skills=("rehearsal",))
    played = request("c9", queue=RELAY, rehearsal=True, skills=("rehearsal",), queued_at=NOW - 999)
    seen = snapshot(
        played,
        agents=(rehearsing, engaged("ines", "c8")),
        assigned=(served("c8", "ines", queue=TOWN, brand="mairie", rehearsal=True),),
    )
    result = shown(seen)
    relay = queue_of(result, RELAY)
    assert (relay.waiting, relay.serving, relay.longest_wait_s) == (0, 0, None)
    assert result.requests == () and [each.agent_id for each in result.agents] == ["ines"]
    assert result.agents[0].call_id is None
    assert running_calls(seen) == []


def test_a_long_line_is_cut_and_the_rest_counted() -> None:
    seen = shown(snapshot(*(request(f"c{number}", queue=RELAY) for number in range(130))))
    assert (len(seen.requests), seen.more_requests, queue_of(seen, RELAY).waiting) == (100, 30, 130)


def test_a_running_call_counts_as_answered_from_its_accepting_on_and_its_second_party_does_not() -> None:
    seen = snapshot(
        agents=(engaged("ines", "c1"), engaged("leo", "c1.2")),
        assigned=(served("c1", "ines", queue=RELAY), served("c1.2", "leo", queue=RELAY)),
    )
    [call] = running_calls(seen)
    assert (call.call_id, call.over_at, call.wait_s, call.is_answered) == ("c1", NOW - 50, 40, True)


def test_time_alone_is_no_reason_to_send_a_board_again() -> None:
    lines = request("c1", queue=RELAY, queued_at=NOW - 30)
    before = snapshot(lines, agents=(agent("ines"),))
    later = before.model_copy(update={"at": NOW + 60})
    assert shown(before) != shown(later)
    assert still(shown(before)) == still(shown(later))
    gone = snapshot(agents=(agent("ines"),))
    assert still(shown(before)) != still(shown(gone))
