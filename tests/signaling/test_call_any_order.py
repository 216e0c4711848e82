"""A call and its queue in any order of events: who came is released once, nobody is bound twice, all calls end."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.call import begin, next_deadline, receive
from signaling.call_events import (
    Act,
    AlertEnded,
    Alerting,
    Assigned,
    Command,
    Enqueue,
    Event,
    LeaveQueue,
    LegConnected,
    MediaLost,
    MessageRecorded,
    PageCame,
    PageWent,
    PhoneReport,
    QueueGaveUp,
    ReleaseAgent,
    Tick,
)
from signaling.call_model import Call, TransferTarget
from signaling.call_offers import actions
from signaling.call_terms import PARTIES, CallState
from tests.signaling.calls import ASKS, BEGINNINGS, COURSES, T0, Course

S = CallState
#: What comes in besides what people may do: by name, as what it means depends on the call of that moment.
NEWS = (
    "assign",
    "deliver",
    "alert",
    "alert_ended",
    "gave_up",
    "came",
    "went",
    "lost",
    "tick",
    "phone",
    "media",
    "ask",
    "said",
)
HARMLESS = frozenset({"hang_up", "decline", "end_and_report_abuse", "ask_callback"})


class Bond(NamedTuple):
    agent: str
    request_id: str


class Queue:
    """What the call's commands mean to the queue; whoever breaks its rules fails here."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self.bonds: set[Bond] = set()
        self.told: list[Assigned] = []  # on their way to the call
        self.agents = 0

    def follow(self, command: Command) -> None:
        match command:
            case Enqueue(request_id):
                assert not any(bond.request_id == request_id for bond in self.bonds), "a request that is served waits"
                self.waiting.add(request_id)
            case LeaveQueue(request_id):
                self.waiting.discard(request_id)
                self.bonds = {bond for bond in self.bonds if bond.request_id != request_id}  # accepted meanwhile
            case ReleaseAgent(agent, request_id):
                assert Bond(agent, request_id) in self.bonds, "released twice, or never there"
                self.bonds.remove(Bond(agent, request_id))

    def assign(self, request_id: str) -> None:
        self.waiting.remove(request_id)
        self.agents += 1
        agent = f"agent-{self.agents}"
        self.bonds.add(Bond(agent, request_id))
        self.told.append(Assigned(agent, f"as-{self.agents}", "interpreter", request_id))

    @property
    def known(self) -> set[Bond]:
        """Those of whom the call has been told."""
        return self.bonds - {Bond(word.agent_key, word.request_id or "") for word in self.told}


class Play:
    def __init__(self, course: Course) -> None:
        self.call = BEGINNINGS[course]().model_copy(update={"supervision_allowed": True})
        self.queue, self.now = Queue(), T0
        for command in begin(self.call):
            self.queue.follow(command)

    def step(self, event: Event) -> None:
        self.call, commands = receive(self.call, event, self.now)
        for command in commands:
            self.queue.follow(command)
        self.check()

    def check(self) -> None:
        call, serving = self.call, set[Bond]()
        if call.state is not S.ENDED and call.has_agent and call.kind != "video":
            serving.add(Bond(call.agent_key or "", call.agent_request_id))
        if call.state is not S.ENDED and call.second is not None and call.second.is_joined and call.second.request_id:
            serving.add(Bond(call.second.key or "", call.second.request_id))
        assert self.queue.known == serving
        assert len({bond.request_id for bond in self.queue.bonds}) == len(self.queue.bonds)
        assert call.second is None or call.second.role != "supervisor" or call.kind == "direct"
        accepted = {
            word.request_id
            for word in self.queue.told
            if Bond(word.agent_key, word.request_id or "") in self.queue.bonds
        }
        assert set(call.waiting_ids) == self.queue.waiting | accepted

    def news(self, name: str, choice: int) -> None:  # noqa: PLR0912 -- one line per kind of news
        party = PARTIES[choice % 3]
        waiting, call = sorted(self.queue.waiting), self.call
        request_id = waiting[choice % len(waiting)] if waiting else "c1"
        match name:
            case "assign" if waiting:
                self.queue.assign(request_id)
            case "deliver" if self.queue.told:
                self.step(self.queue.told.pop(0))
            case "alert":
                self.step(Alerting(request_id))
            case "alert_ended":
                self.step(AlertEnded(request_id))
            case "gave_up" if request_id in self.queue.waiting:
                self.queue.waiting.discard(request_id)
                self.step(QueueGaveUp(request_id))
            case "came":
                self.step(PageCame(party))
            case "went":
                self.step(PageWent(party))
            case "lost":
                self.step(PageWent(party))
                self.news("tick", 0)
            case "tick":
                self.now = max(self.now, next_deadline(call) or self.now)
                self.step(Tick())
            case "phone" if call.phone is not None:
                progress = ("ringing", "answered", "ended")[choice % 3]
                self.step(PhoneReport(call.phone.attempt, progress))  # type: ignore[arg-type]
            case "media":
                self.step(MediaLost() if choice % 2 else LegConnected(party))
            case "ask":
                self.step(ASKS)
            case "said":
                self.step(MessageRecorded(None, 0.0))
            case _:
                pass

    def act(self, choice: int, *, endings: bool) -> None:
        able = [(party, action) for party in PARTIES for action in actions(self.call, party)]
        able = [each for each in able if endings or each[1] not in HARMLESS]
        if able:
            party, action = able[choice % len(able)]
            to = (None, TransferTarget(agent_id="a1"), TransferTarget(second_level=True))[choice % 3]
            self.step(Act(party, action, "+33199000002", "01 99 00 00 02", digits="5", device="phone", to=to))

    def end(self) -> None:
        """Everybody goes."""
        for _ in range(50):
            if self.call.state is S.ENDED:
                return
            leaving = {"hang_up", "decline"} & set(actions(self.call, "signer"))
            if leaving:
                self.step(Act("signer", min(leaving, key=["hang_up", "decline"].index)))  # type: ignore[arg-type]
            else:
                self.news("tick", 0)
        raise AssertionError(f"no way out of {self.call.state}")


MOVES = st.lists(
    st.tuples(st.sampled_from((*NEWS, "act", "act", "act", "act", "assign", "deliver")), st.integers(0, 30)),
    min_size=5,
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(COURSES), MOVES, st.booleans())
def test_in_any_order_of_events_whoever_came_is_released_exactly_once_and_every_call_ends(
    course: Course, moves: list[tuple[str, int]], endings: bool
) -> None:
    play = Play(course)
    for name, choice in moves:
        if name == "act":
            play.act(choice, endings=endings)
        else:
            play.news(name, choice)
    while play.queue.told:
        play.news("deliver", 0)
    play.end()
    assert not play.queue.bonds, "nobody is left in a call that is over"
    assert not play.queue.waiting


def test_the_random_plays_reach_a_hand_over_a_team_and_a_transfer() -> None:
    """The moves above are no empty promise: this short one goes through all three."""
    play = Play("relay")
    reached: list[Call] = []
    for name in ("assign", "deliver"):
        play.news(name, 0)
    for action in ("call_second", "hand_over", "transfer_call"):
        play.step(Act("agent", action))
        for name in ("assign", "deliver") if action == "call_second" else ():
            play.news(name, 0)
        reached.append(play.call)
    assert [call.agent_key for call in reached] == ["agent-1", "agent-2", None]
    assert play.queue.waiting == {"c1"}
