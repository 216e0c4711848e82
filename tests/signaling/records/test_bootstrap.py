import asyncio
from pathlib import Path

from interpreter_queue.model import HEARING_SKILL
from signaling.config import SignalingConfig
from signaling.passwords import password_matches
from signaling.queue_skills import SECOND_LEVEL_SKILL
from signaling.records import Records
from signaling.records.bootstrap import DEMO_RELAY_NUMBERS, ensure_first_people


async def test_an_empty_database_gets_people_who_can_sign_in_and_brands_to_call(tmp_path: Path) -> None:
    config = SignalingConfig(data_dir=tmp_path)
    first = await ensure_first_people(config)
    assert first is not None and first.brand_slug == "demo-mairie"
    async with Records(config.database_url) as records:
        for login, password, _ in first.people:
            found = await records.people.credentials(login)
            assert found is not None and await password_matches(found[1], password)
        adam = await records.people.by_login("adam")
        for login, number in zip(("camille", "sacha"), DEMO_RELAY_NUMBERS, strict=True):
            called = await records.people.by_number(number)
            assert called is not None and called.login == login, "each can be called, also by the other"
        demo, rehearsal = await records.brands.by_slug("demo-mairie"), await records.brands.by_slug("rehearsal")
    assert demo is not None and adam is not None and set(demo.skills) <= set(adam.skills)
    assert rehearsal is not None and rehearsal.is_rehearsal and not demo.is_rehearsal


async def test_a_newcomer_can_try_a_team_a_transfer_a_four_leg_call_and_the_second_level(tmp_path: Path) -> None:
    config = SignalingConfig(data_dir=tmp_path)
    await ensure_first_people(config)
    async with Records(config.database_url) as records:
        people = {person.login: person for person in await records.people.all()}
    trades = {login: {entry.trade for entry in person.qualifications} for login, person in people.items()}
    assert trades["ines"] == trades["karim"] == {"interpreter"} and trades["adam"] == trades["lea"] == {"adviser"}
    assert [HEARING_SKILL in people[login].skills for login in ("ines", "karim", "adam", "lea")] == [
        True,
        True,
        False,
        True,
    ]
    assert [login for login, person in people.items() if SECOND_LEVEL_SKILL in person.skills] == ["karim", "lea"]
    assert people["noa"].role == "supervisor"


async def test_a_second_start_shows_no_password_and_changes_nobody(tmp_path: Path) -> None:
    config = SignalingConfig(data_dir=tmp_path)
    await ensure_first_people(config)
    async with Records(config.database_url) as records:
        before = await records.people.all()
    assert await ensure_first_people(config) is None
    async with Records(config.database_url) as records:
        assert await records.people.all() == before


async def test_processes_that_start_together_make_each_person_once(tmp_path: Path) -> None:
    config = SignalingConfig(data_dir=tmp_path)
    made = await asyncio.gather(*(ensure_first_people(config) for _ in range(3)))
    shown = [login for first in made if first for login, _, _ in first.people]
    assert sorted(shown) == ["adam", "camille", "ines", "karim", "lea", "noa", "sacha"]


async def test_an_operator_who_wants_no_first_people_gets_the_rehearsal_brand_alone(tmp_path: Path) -> None:
    config = SignalingConfig(data_dir=tmp_path, first_people=False)
    assert await ensure_first_people(config) is None
    async with Records(config.database_url) as records:
        assert await records.people.is_empty()
        assert [brand.slug for brand in await records.brands.all()] == ["rehearsal"]
