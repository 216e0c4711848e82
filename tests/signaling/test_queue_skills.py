"""Skills as they are written in the records."""

import pytest

from signaling.queue_skills import levels


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((), {}),
        (("lsf", "brand:mairie"), {"lsf": 5, "brand:mairie": 5}),
        (("medical=3", "legal=1"), {"medical": 3, "legal": 1}),
        (("medical=2", "medical=4", "lsf=3", "lsf"), {"medical": 4, "lsf": 5}),
        (("medical=0", "legal=9", "lsf=much"), {"medical": 1, "legal": 5, "lsf": 5}),
    ],
)
def test_skill_is_a_name_and_a_level_the_full_one_where_none_is_written(
    written: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert levels(written) == expected
