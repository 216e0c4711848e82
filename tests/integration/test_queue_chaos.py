"""A short version of ``make chaos-queue``: processes of the queue and its Redis killed at random."""

import random

import pytest

from benchmarks.queue_chaos import chaos

pytestmark = pytest.mark.integration


async def test_processes_killed_at_random_lose_no_request_and_serve_none_twice() -> None:
    told = await chaos(6.0, random.Random(20_181))
    assert told["requests_acknowledged"]
    assert told["process_killed"]
    assert (told["lost"], told["broken"], told["stuck"]) == (0, 0, 0), told
