"""A short storm over a whole centre: real processes killed and stopped at random (ten minutes: ``make chaos``)."""

import pytest

from tests.helpers.chaos.run import Scale, run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]
SECONDS = 12.0


async def test_in_a_storm_no_call_is_lost_and_none_has_two_agents() -> None:
    told = await run(SECONDS, seed=1, scale=Scale(processes=2, signers=6, agents=3, every_s=2.0))
    assert told["violations"] == 0, told
    assert told["served"] > 0
    assert told["process_killed"] + told["process_stopped"] + told["redis_killed"] > 0
