"""Effects happen in order, wait for a far side that is away, and never stop the ones behind them."""

import asyncio
import functools

from signaling.lane import Lane


async def test_effects_run_in_order_and_a_failing_one_does_not_stop_the_next() -> None:
    done: list[str] = []

    async def note(word: str) -> None:
        done.append(word)

    async def fail() -> None:
        raise ValueError("broken")

    lane = Lane("test")
    lane.put(lambda: note("first"))
    lane.put(fail)
    lane.put(lambda: note("second"))
    await lane.drained()
    await lane.close()
    assert done == ["first", "second"]


async def test_an_effect_whose_far_side_is_away_is_tried_again_before_those_behind_it() -> None:
    done: list[str] = []
    attempts = 0

    async def flaky() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 2:
            raise ConnectionError
        done.append("flaky")

    async def after() -> None:
        done.append("after")

    lane = Lane("test", retry_on=(ConnectionError,))
    lane.put(flaky)
    lane.put(after)
    await lane.drained()
    await lane.close()
    assert (done, attempts) == (["flaky", "after"], 2)


async def test_what_only_the_newest_state_matters_for_runs_once() -> None:
    done: list[int] = []
    release = asyncio.Event()

    async def note(number: int) -> None:
        done.append(number)

    async def wait() -> None:
        await release.wait()

    lane = Lane("test")
    lane.put(wait)
    for number in range(1000):
        lane.put_newest("save", functools.partial(note, number))
    assert not lane.is_congested
    release.set()
    await lane.drained()
    await lane.close()
    assert done == [999]


async def test_a_lane_whose_far_side_is_away_is_congested_and_still_takes_an_ending() -> None:
    done: list[str] = []
    is_back = False

    async def effect(word: str) -> None:
        if not is_back:
            raise ConnectionError
        done.append(word)

    lane = Lane("test", retry_on=(ConnectionError,))
    for _ in range(500):
        lane.put(functools.partial(effect, "hold"))
    assert lane.is_congested
    lane.put(functools.partial(effect, "hang up"))
    is_back = True
    await lane.drained()
    await lane.close()
    assert len(done) == 501
    assert done[-1] == "hang up"


async def test_closing_with_a_deadline_finishes_what_is_queued() -> None:
    done = asyncio.Event()

    async def effect() -> None:
        done.set()

    lane = Lane("test")
    lane.put(effect)
    await lane.close(deadline_s=5.0)
    assert done.is_set()


async def test_a_lane_told_to_hurry_tries_again_at_once() -> None:
    attempts = 0

    async def away_until_hurried() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 8:
            raise ConnectionError

    lane = Lane("test", retry_on=(ConnectionError,))
    lane.put(away_until_hurried)
    async with asyncio.timeout(10):  # the pauses together would be 20 s
        while attempts < 8:
            lane.hurry()
            await asyncio.sleep(0)
    await lane.close()
