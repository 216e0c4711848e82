"""Contradictions in the settings are refused at once; the defaults are the promises of PRODUCT."""

import pytest

from interpreter_queue.config import QueueConfig


def test_defaults_are_the_promised_ones() -> None:
    config = QueueConfig()
    assert (config.alert_s, config.wrap_up_s, config.wrap_up_extension_s, config.wrap_up_extensions) == (20, 60, 60, 3)
    assert config.min_samples == 5
    assert (config.break_proposed_s, config.break_due_s) == (30 * 60, 60 * 60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alert_s": 0},
        {"agent_lease_s": -1},
        {"poll_s": 5.0, "outage_gap_s": 3.0},
        {"break_proposed_s": 3601.0},
        {"break_proposed_s": 0.0},
        {"domain": ""},
        {"domain": "a}b"},
    ],
)
def test_contradictions_are_refused(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        QueueConfig(**wrong)  # type: ignore[arg-type]
