"""Skills as operators write them."""

import pytest

from signaling.queue_skills import SkillError, levels, may_be_asked_for, skill_of, written_skill


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((), {}),
        (("lsf", "brand:mairie"), {"lsf": 5, "brand:mairie": 5}),
        (("medical:3", "legal:1"), {"medical": 3, "legal": 1}),
        (("medical:2", "medical:4", "lsf:3", "lsf"), {"medical": 4, "lsf": 5}),
        (("brand:3", "brand:mairie:2", "gender:f"), {"brand:3": 5, "brand:mairie": 2, "gender:f": 5}),
    ],
)
def test_skill_is_a_name_and_a_level_the_full_one_where_none_is_written(
    written: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert levels(written) == expected
    assert levels(written_skill(name, level) for name, level in expected.items()) == expected


@pytest.mark.parametrize("written", ["", "medical:0", "medical:9", "medical:much", "brand", "brand:", "Médical", "a b"])
def test_what_is_no_skill_is_refused(written: str) -> None:
    with pytest.raises(SkillError):
        skill_of(written)


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("medical", True),
        ("asl", True),
        ("rehearsal", False),
        ("hearing", False),
        ("second_level", False),
        ("brand:mairie", False),
        ("partner:voisin", False),
        ("medical:3", False),
        ("", False),
    ],
)
def test_a_signer_asks_for_domains_and_languages_only(name: str, may: bool) -> None:
    assert may_be_asked_for(name) is may
