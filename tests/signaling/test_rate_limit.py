from signaling.rate_limit import Rate, TokenBuckets


def test_a_burst_passes_and_then_one_at_a_time() -> None:
    buckets = TokenBuckets(Rate(burst=2, period_s=16))
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 8]
    assert buckets.take("a", 7.0) == 1
    assert buckets.take("a", 8.0) == 0
    assert buckets.take("a", 8.0) == 8


def test_asking_takes_nothing() -> None:
    buckets = TokenBuckets(Rate(burst=1, period_s=10))
    assert [buckets.wait_s("a", 0.0), buckets.wait_s("a", 0.0), buckets.take("a", 0.0)] == [0, 0, 0]
    assert buckets.wait_s("a", 5.0) == 5


def test_keys_do_not_share() -> None:
    buckets = TokenBuckets(Rate(burst=1, period_s=10))
    assert buckets.take("a", 0.0) == 0
    assert buckets.take("b", 0.0) == 0


def test_what_is_given_back_can_be_taken_again_but_never_more_than_the_burst() -> None:
    buckets = TokenBuckets(Rate(burst=1, period_s=10))
    buckets.take("a", 0.0)
    buckets.give_back("a", 0.0)
    buckets.give_back("a", 0.0)
    assert [buckets.take("a", 0.0), buckets.take("a", 0.0)] == [0, 10]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    buckets = TokenBuckets(Rate(burst=1, period_s=10))
    buckets.take("a", 100.0)
    assert buckets.take("a", 50.0) > 0


def test_memory_is_bounded_and_the_key_used_longest_ago_goes_first() -> None:
    buckets = TokenBuckets(Rate(burst=1, period_s=10), limit=2)
    for key in ("a", "b", "c"):
        buckets.take(key, 0.0)
    assert len(buckets) == 2
    assert buckets.take("c", 0.0) > 0
    assert buckets.take("a", 0.0) == 0
