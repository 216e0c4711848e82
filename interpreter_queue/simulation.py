"""
A centre on a virtual clock: discrete events around the real rules of the queue. Pure and seedable.

Every change is one of ``operations``, every pairing the policy's, on the very records that the service keeps; only
Redis is missing, and people and their telephones are random. What it does not know: networks, crashes, the media.
"""

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random
from typing import Any

from interpreter_queue import operations, policy
from interpreter_queue.arrivals import DAY_S, arrivals, matched
from interpreter_queue.changes import Change
from interpreter_queue.simulation_book import Book
from interpreter_queue.simulation_model import Scenario, Stream, Worker
from interpreter_queue.simulation_trace import Ending, Mark, SimulatedCall, Trace

FOREVER = float("inf")
PROGRESS_EVERY = 500  # arrivals
AT_ONCE = 1_000_000  # pairs: all there are


class Simulation:
    """
    One run. Each kind of chance has its own generator: another crew meets the same calls.

    :param progress: told the share done, 0..1, now and then.
    """

    def __init__(self, scenario: Scenario, seed: int, progress: Callable[[float], None] | None = None) -> None:
        self._scenario = scenario
        self._config = scenario.settings()
        self._habits = scenario.habits
        self._progress = progress or (lambda _share: None)
        self._seed = seed
        self._patience = [self._random("patience", each) for each in scenario.streams]
        self._handling = [self._handlings(each, 0) for each in scenario.streams]
        self._arrivals = [arrivals(each.arrivals, self._random("arrivals", each)) for each in scenario.streams]
        self._chance = Random(f"{seed}/people")
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._book = Book()
        self._calls: dict[str, SimulatedCall] = {}  # that go on
        self._away: dict[str, float] = {}  # seconds that a planned pause lasts; FOREVER: the shift is over
        self._back_at: dict[str, float] = {}  # until when a pause lasts at least
        self._arrived = self._first_measured = 0
        self._last_measured: float = FOREVER
        self._pending = 0  # measured calls that go on
        self._ends_at = FOREVER
        self._batch = 0
        self.trace = Trace()

    def run_calls(self, measured: int, warm_up: int, batches: int) -> Trace:
        """
        A centre in its long run: ``warm_up`` calls that do not count, then the measured ones, until the last of these
        is over; with several queues, calls keep coming until then. Profiles count by their mean: the load is steady,
        and its drawn mean is exact.

        :param batches: a mark is set at the limits of so many equal parts of the measured calls.
        """
        self._first_measured, self._last_measured = warm_up, warm_up + measured
        self._match_moments(warm_up + measured)
        self._batch = max(1, measured // batches)
        self._begin()
        while self._arrived <= self._last_measured or self._pending:
            self._step()
        del self.trace.marks[batches + 1 :]  # of calls that came after the measured ones
        return self.trace

    def run_days(self, days: int, mark_s: float = 1800.0) -> Trace:
        """
        Whole days from midnight. Who still waits a day after the last one is left waiting.

        :param mark_s: seconds between two marks.
        """
        self._ends_at = days * DAY_S
        self._begin()
        for number in range(round(self._ends_at / mark_s) + 1):
            self._at(number * mark_s, self._mark)
        while self._heap and self._now <= self._ends_at + DAY_S and (self._now <= self._ends_at or self._pending):
            self._step()
        for call in self._calls.values():
            if call.ending is None:
                self._end(call, "left_waiting", self._now - call.at)
        return self.trace

    # Chance

    def _random(self, kind: str, stream: Stream) -> Random:
        return Random(f"{self._seed}/{kind}/{stream.name}")

    def _handlings(self, stream: Stream, number: int) -> Iterator[float]:
        random = self._random("handling", stream)
        return matched(lambda: stream.handling.draw(random), stream.handling.mean_s, number)

    def _match_moments(self, calls: int) -> None:
        streams = self._scenario.streams
        total = sum(stream.arrivals.total for stream in streams)
        for index, stream in enumerate(streams):
            number = round(calls * stream.arrivals.total / total)
            rate = stream.arrivals.total / DAY_S
            gaps = matched(partial(self._random("arrivals", stream).expovariate, rate), 1 / rate, number)
            self._arrivals[index] = accumulate(gaps)
            self._handling[index] = self._handlings(stream, number)

    # The clock

    @property
    def _now(self) -> float:
        return self._book.now

    def _change(self, change: Change | None) -> bool:
        """Write what an operation decided; False: nothing to change."""
        if change is None:
            return False
        for agent_id in self._book.write(change):
            self._rest(agent_id)
        return True

    def _at(self, when: float, what: Callable[..., None], *arguments: Any) -> None:
        heappush(self._heap, (when, next(self._order), what, arguments))

    def _after(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        self._at(self._now + seconds, what, *arguments)

    def _step(self) -> None:
        self._book.now, _, what, arguments = heappop(self._heap)
        self.trace.events += 1
        what(*arguments)
        if self._book.is_changed:
            self._match()
            self.trace.longest_line = max(self.trace.longest_line, self._book.waiting)

    def _begin(self) -> None:
        for worker in self._scenario.crew:
            self._plan_shifts(worker)
        for index in range(len(self._scenario.streams)):
            self._next_arrival(index)

    def _mark(self) -> None:
        self.trace.marks.append(Mark(self._now, *self._book.counted(), self._arrived))

    # Callers

    def _next_arrival(self, index: int) -> None:
        if self._arrived >= self._last_measured and len(self._scenario.streams) == 1:
            return  # in one line nobody waits for those who came later
        when = next(self._arrivals[index])
        if when < self._ends_at:
            self._at(when, self._arrive, index)

    def _arrive(self, index: int) -> None:
        self._next_arrival(index)
        self._tell_progress()
        call = SimulatedCall(index, self._now)
        number = self._arrived
        if self._first_measured <= number < self._last_measured:
            call.is_measured = True
            self._pending += 1
            self.trace.calls.append(call)
        if self._batch and number >= self._first_measured and (number - self._first_measured) % self._batch == 0:
            self._mark()
        self._arrived += 1
        self._let_in(call, f"{number}")

    def _tell_progress(self) -> None:
        if self._arrived % PROGRESS_EVERY == 0:
            by_calls = self._arrived / self._last_measured
            self._progress(by_calls or min(1.0, self._now / self._ends_at))

    def _let_in(self, call: SimulatedCall, call_id: str) -> None:
        stream = self._scenario.streams[call.stream]
        if not stream.is_open(self._now):
            self._end(call, "closed", 0.0)
        elif self._scenario.has_room_limit and self._is_full(stream):
            self._end(call, "refused", 0.0)
        else:
            self._calls[call_id] = call
            self._enqueue(call_id, call, callback=False)
            self._lose_patience_later(call_id, stream)

    def _is_full(self, stream: Stream) -> bool:
        return self._book.matching.room_limit(stream.request, self._config) is not None

    def _enqueue(self, call_id: str, call: SimulatedCall, *, callback: bool) -> None:
        stream = self._scenario.streams[call.stream]
        update = {"call_id": call_id, "queued_at": call.at, "callback": callback}
        request = stream.request.model_copy(update=update)
        self._change(operations.enqueue(self._book.view(None, call_id), request, self._config))
        for target in request.targets[1:]:
            self._after(target.after_s, self._match)

    def _lose_patience_later(self, call_id: str, stream: Stream) -> None:
        random = self._patience[self._calls[call_id].stream]
        if stream.patience:
            self._after(stream.patience.draw(random), self._abandon, call_id)
        back = stream.call_backs
        if back and random.random() < back.asked_share:
            self._after(back.after_s, self._ask_back, call_id)

    def _abandon(self, call_id: str) -> None:
        call = self._calls.get(call_id)
        if call and not call.asked_back and self._withdraw(call_id, "abandoned"):
            self._end(call, "abandoned", self._now - call.at, call_id)

    def _ask_back(self, call_id: str) -> None:
        call = self._calls.get(call_id)
        if call and self._withdraw(call_id, "callback_asked"):
            call.asked_back = True
            self._enqueue(call_id, call, callback=True)

    def _withdraw(self, call_id: str, reason: str) -> bool:
        request = self._book.requests.get(call_id)
        if request is None or request.state == "assigned":
            return False
        agent_id = request.assignment.agent_id if request.assignment else None
        return self._change(operations.cancel(self._book.view(agent_id, call_id), reason, self._config))

    def _end(self, call: SimulatedCall, ending: Ending, wait_s: float, call_id: str | None = None) -> None:
        call.ending, call.wait_s = ending, wait_s
        if call_id is not None:
            self._calls.pop(call_id, None)
        self._pending -= call.is_measured

    # Pairing

    def _match(self) -> None:
        for match in self._book.matching.matches(self._now, AT_ONCE):
            assignment_id = f"{match.call_id}-{self.trace.alerts}"
            view = self._book.view(match.agent_id, match.call_id)
            if self._change(operations.alert(view, match.trade, assignment_id, self._config)):
                self.trace.alerts += 1
                self._answer_later(match.agent_id, match.call_id, assignment_id)
        self._book.is_changed = False

    def _answer_later(self, agent_id: str, call_id: str, assignment_id: str) -> None:
        habits = self._habits
        chance = self._chance.random() if habits.missed_share or habits.declined_share else 1.0
        if chance < habits.missed_share:
            self._after(self._config.alert_s, self._miss, agent_id, call_id)
        elif chance < habits.missed_share + habits.declined_share:
            self._after(habits.accept_s, self._decline, agent_id, call_id, assignment_id)
        elif habits.accept_s:
            self._after(habits.accept_s, self._accept, agent_id, call_id, assignment_id)
        else:
            self._accept(agent_id, call_id, assignment_id)

    def _miss(self, agent_id: str, call_id: str) -> None:
        if self._change(operations.silence(self._book.view(agent_id, call_id), self._config)):
            self.trace.missed += 1
            self._after(self._habits.back_after_s, self._come_back, agent_id)

    def _decline(self, agent_id: str, call_id: str, assignment_id: str) -> None:
        if self._change(operations.decline(self._book.view(agent_id, call_id), assignment_id, "other")):
            self.trace.declined += 1

    def _accept(self, agent_id: str, call_id: str, assignment_id: str) -> None:
        if not self._change(operations.accept(self._book.view(agent_id, call_id), assignment_id)):
            return
        call = self._calls[call_id]
        call.agent_id = agent_id
        if call.asked_back:
            self._ring(agent_id, call_id, call)
        else:
            self._talk(agent_id, call_id, call, "answered")

    def _ring(self, agent_id: str, call_id: str, call: SimulatedCall) -> None:
        """The interpreter is there first, then the signer is rung (docs/queue.md)."""
        back = self._scenario.streams[call.stream].call_backs
        assert back is not None, "only a stream with call-backs asks for one"
        call.rings += 1
        if self._chance.random() < back.answered_share:
            self._after(self._chance.uniform(0, back.ring_s), self._talk, agent_id, call_id, call, "called_back")
        else:
            self._after(back.ring_s, self._give_up_ringing, agent_id, call_id, call)

    def _give_up_ringing(self, agent_id: str, call_id: str, call: SimulatedCall) -> None:
        back = self._scenario.streams[call.stream].call_backs
        assert back is not None, "only a stream with call-backs rings"
        if call.rings >= back.attempts:
            self._end(call, "call_back_failed", self._now - call.at, call_id)
        else:
            self._after(back.spacing_s, self._ring_again, call_id, call)
        self._release(agent_id, call_id, wrap_up=False)

    def _ring_again(self, call_id: str, call: SimulatedCall) -> None:
        self._enqueue(call_id, call, callback=True)

    def _talk(self, agent_id: str, call_id: str, call: SimulatedCall, ending: Ending) -> None:
        call.handling_s = next(self._handling[call.stream])
        self._end(call, ending, self._now - call.at, call_id)
        self._after(call.handling_s, self._release, agent_id, call_id)

    # People

    def _release(self, agent_id: str, call_id: str, wrap_up: bool = True) -> None:
        wrap_up = wrap_up and self._habits.wrap_up_s > 0
        self._take_proposed_break(agent_id)
        self._change(operations.release(self._book.view(agent_id, call_id), call_id, self._config, wrap_up=wrap_up))
        agent = self._book.agents.get(agent_id)
        if agent and agent.state == "wrap_up" and agent.until is not None:
            self._at(agent.until, self._finish_wrap_up, agent_id)

    def _take_proposed_break(self, agent_id: str) -> None:
        if self._habits.breaks == "proposed":
            view = self._book.view(agent_id)
            if view.agent and policy.break_state(view.agent, self._now, self._config) != "none":
                self._change(operations.set_pause_after_call(view, True, "rest_eyes_hands", self._config))

    def _finish_wrap_up(self, agent_id: str) -> None:
        self._change(operations.finish_wrap_up(self._book.view(agent_id), only_if_due=True))

    def _rest(self, agent_id: str) -> None:
        """A pause has begun: planned, the end of the shift, or the queue's own rule."""
        seconds = self._away.get(agent_id)
        if seconds is None:
            self.trace.breaks += 1
            seconds = self._habits.break_s
        self._stay_away(agent_id, 0.0 if seconds == FOREVER else seconds)

    def _stay_away(self, agent_id: str, seconds: float) -> None:
        self._back_at[agent_id] = self._now + seconds
        self._after(seconds, self._come_back, agent_id)

    def _plan_shifts(self, worker: Worker) -> None:
        for begin, end in worker.shifts:
            self._at(begin, self._begin_shift, worker)
            if end > DAY_S:  # the night before the first day
                self._at(0.0, self._sign_on, worker)
            if not worker.never_leaves:
                self._at(end % DAY_S, self._end_shift, worker.agent.agent_id)
        for begin, end in worker.pauses:
            self._at(begin, self._pause, worker.agent.agent_id, end - begin)

    def _begin_shift(self, worker: Worker) -> None:
        if not worker.never_leaves:
            self._after(DAY_S, self._begin_shift, worker)
        self._sign_on(worker)

    def _sign_on(self, worker: Worker) -> None:
        agent_id = worker.agent.agent_id
        self._away.pop(agent_id, None)
        self._change(operations.sign_in(self._book.view(agent_id), worker.agent, self._config))
        self._come_back(agent_id)

    def _end_shift(self, agent_id: str) -> None:
        self._after(DAY_S, self._end_shift, agent_id)
        self._go(agent_id, FOREVER)

    def _pause(self, agent_id: str, seconds: float) -> None:
        self._after(DAY_S, self._pause, agent_id, seconds)
        self._go(agent_id, seconds)

    def _go(self, agent_id: str, seconds: float) -> None:
        """For a planned pause or for good; in a call, after it and its wrap-up."""
        agent = self._book.agents.get(agent_id)
        if agent is None:
            return
        self._away[agent_id] = seconds
        if agent.state not in ("paused", "not_responding"):
            self._change(operations.set_pause_after_call(self._book.view(agent_id), True, "break", self._config))
        elif seconds == FOREVER:
            self._change(operations.leave(self._book.view(agent_id)))
        else:
            self._change(operations.set_presence(self._book.view(agent_id), "paused", "break", self._config))
            self._stay_away(agent_id, seconds)

    def _come_back(self, agent_id: str) -> None:
        agent = self._book.agents.get(agent_id)
        if (
            agent is None
            or agent.state not in ("paused", "not_responding")
            or self._now < self._back_at.get(agent_id, 0)
        ):
            return
        if self._away.get(agent_id) == FOREVER:
            self._change(operations.leave(self._book.view(agent_id)))
        else:
            self._away.pop(agent_id, None)
            self._change(operations.set_presence(self._book.view(agent_id), "available", None, self._config))
