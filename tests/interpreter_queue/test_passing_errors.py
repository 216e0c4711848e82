"""Which answers of Redis a command waits out."""

import pytest
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from interpreter_queue.dispatcher import is_passing


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError("refused"),
        RedisTimeoutError("no answer"),
        BusyLoadingError("LOADING Redis is loading the dataset in memory"),
        ReadOnlyError("READONLY You can't write against a read only replica."),
        ClusterDownError("CLUSTERDOWN The cluster is down"),
        MasterDownError("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
        ResponseError("NOREPLICAS Not enough good replicas to write."),
        ResponseError("Error running script (call to f_1): @user_script:63: -NOREPLICAS Not enough good replicas"),
    ],
)
def test_a_failover_is_waited_out(error: RedisError) -> None:
    assert is_passing(error)


@pytest.mark.parametrize("words", ["WRONGTYPE Operation against a key", "NOPERM this user has no permissions", "OOM"])
def test_what_does_not_pass_by_itself_is_told_at_once(words: str) -> None:
    assert not is_passing(ResponseError(words))
