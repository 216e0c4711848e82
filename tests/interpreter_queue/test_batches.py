"""Questions that gather while a batch is under way."""

import asyncio

import pytest

from interpreter_queue.batches import Batches


class Server:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.fails = False

    async def send(self, questions: list[int]) -> list[int]:
        self.asked.append(questions)
        await self.may_answer.wait()
        if self.fails:
            raise ConnectionError
        return [10 * question for question in questions]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_while_one_batch_is_under_way_goes_together_with_the_next() -> None:
    server = Server()
    batches = Batches(server.send, 3)
    asking = [asyncio.create_task(batches.put([number])) for number in range(5)]
    await settle()
    asking.append(asyncio.create_task(batches.put([7, 8])))
    await settle()
    server.may_answer.set()
    assert await asyncio.gather(*asking) == [[0], [10], [20], [30], [40], [70, 80]]
    assert server.asked[0] == [0, 1, 2]
    assert server.asked[1:] == [[3, 4, 7], [8]]


async def test_a_question_given_up_before_it_was_sent_is_not_sent() -> None:
    server = Server()
    batches = Batches(server.send, 1)
    first, second = (asyncio.create_task(batches.put([number])) for number in (1, 2))
    await settle()
    second.cancel()
    await settle()
    server.may_answer.set()
    assert await first == [10]
    with pytest.raises(asyncio.CancelledError):
        await second
    await settle()
    assert server.asked == [[1]]


async def test_one_who_gives_up_a_batch_under_way_takes_nothing_from_the_others() -> None:
    server = Server()
    batches = Batches(server.send, 10)
    first, second = (asyncio.create_task(batches.put([number])) for number in (1, 2))
    await settle()
    first.cancel()
    await settle()
    server.may_answer.set()
    assert await second == [20]


async def test_a_batch_that_fails_fails_for_each_and_the_next_one_is_sent() -> None:
    server = Server()
    server.fails = True
    server.may_answer.set()
    batches = Batches(server.send, 10)
    told = await asyncio.gather(batches.put([1]), batches.put([2, 3]), return_exceptions=True)
    assert [type(error) for error in told] == [ConnectionError, ConnectionError]
    server.fails = False
    assert await batches.put([4]) == [40]


async def test_closing_leaves_nobody_waiting() -> None:
    server = Server()
    batches = Batches(server.send, 1)
    asking = [asyncio.create_task(batches.put([number])) for number in (1, 2)]
    await settle()
    await batches.close()
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in told)
