import pytest

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.trunks import REST_LIMIT_S, REST_S, Circuit, by_weight, may_fail_over, trunks_for


def first(_: int) -> int:
    return 0


def last(n: int) -> int:
    return n - 1


class Fixed:
    """A draw that gives the same number as long as there are so many."""

    def __init__(self, mark: int) -> None:
        self._mark = mark

    def __call__(self, n: int) -> int:
        return min(self._mark, n - 1)


@pytest.mark.parametrize(
    ("code", "rang", "may"),
    [
        (None, False, True),
        (503, False, True),
        (500, False, True),
        (401, False, True),
        (408, False, True),
        (None, True, False),
        (503, True, False),
        (403, False, False),
        (404, False, False),
        (486, False, False),
        (480, False, False),
        (603, False, False),
        (513, False, False),
        (302, False, False),
    ],
)
def test_next_trunk_is_tried_for_what_is_the_trunks_fault_alone(code: int | None, rang: bool, may: bool) -> None:
    assert may_fail_over(code, rang=rang) is may


def names(trunks: list[TrunkConfig]) -> list[str]:
    return [trunk.name for trunk in trunks]


def test_lower_priority_is_tried_first() -> None:
    trunks = [TrunkConfig(name="spare", priority=20), TrunkConfig(name="main", priority=10)]
    assert names(trunks_for("+33199000001", trunks, first)) == ["main", "spare"]


def test_longest_prefix_comes_first_and_another_prefix_never() -> None:
    trunks = [
        TrunkConfig(name="any"),
        TrunkConfig(name="france", prefixes=("+33", "+262"), priority=50),
        TrunkConfig(name="paris", prefixes=("+331",), priority=90),
        TrunkConfig(name="belgium", prefixes=("+32",)),
    ]
    assert names(trunks_for("+33199000001", trunks, first)) == ["paris", "france", "any"]
    assert names(trunks_for("112", trunks, first)) == ["any"]


def test_weights_share_the_calls_and_nobody_is_left_out() -> None:
    items = [("none", 0), ("small", 1), ("large", 9)]
    assert by_weight(items, first) == ["none", "small", "large"]
    assert by_weight(items, last) == ["large", "small", "none"]
    drawn = [by_weight(items, Fixed(mark))[0] for mark in range(11)]
    assert drawn.count("large") == 9
    assert by_weight([], first) == []


def test_way_that_failed_rests_longer_each_time_until_it_works() -> None:
    circuit = Circuit()
    circuit.failed("a", 0.0)
    assert circuit.rests("a", REST_S - 1)
    assert not circuit.rests("b", 0.0)
    assert not circuit.rests("a", REST_S)
    circuit.failed("a", 100.0)
    assert circuit.rests("a", 100.0 + 2 * REST_S - 1)
    for _ in range(20):
        circuit.failed("a", 200.0)
    assert not circuit.rests("a", 200.0 + REST_LIMIT_S)
    circuit.worked("a")
    circuit.failed("a", 900.0)
    assert not circuit.rests("a", 900.0 + REST_S)


def test_trunk_itself_says_how_long_it_wants_to_rest() -> None:
    circuit = Circuit()
    circuit.failed("a", 0.0, retry_after_s=5)
    assert circuit.rests("a", 4.9)
    assert not circuit.rests("a", 5.0)
    circuit.failed("a", 0.0, retry_after_s=1e9)
    assert not circuit.rests("a", 3600.0)


def config(**changes: object) -> PhoneWorkerConfig:
    from pathlib import Path

    return PhoneWorkerConfig("p", Path("c"), Path("a"), **changes)  # type: ignore[arg-type]


def test_further_trunks_stand_alone_when_the_first_is_not_set() -> None:
    one, other = TrunkConfig(host="one.example"), TrunkConfig(host="other.example")
    assert config().all_trunks == (TrunkConfig(),)
    assert config(trunks=(one, other)).all_trunks == (one, other)
    assert config(trunk=one, trunks=(other,)).all_trunks == (one, other)


def test_settings_that_do_not_go_together_are_refused() -> None:
    one = TrunkConfig(host="one.example")
    with pytest.raises(ValueError, match="same name"):
        config(trunk=one, trunks=(one,))
    with pytest.raises(ValueError, match="IPv4 and one IPv6"):
        config(sip_host_2="127.0.0.2")
    with pytest.raises(ValueError, match="belong together"):
        config(sip_certificate="cert.pem")
    with pytest.raises(ValueError, match="srtp needs transport tls"):
        TrunkConfig(srtp="offer")
    with pytest.raises(ValueError, match="need username"):
        TrunkConfig(register=True)
    with pytest.raises(ValueError):
        TrunkConfig(known_hosts=("gateway.example",))
