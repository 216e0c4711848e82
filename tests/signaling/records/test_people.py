from datetime import date
from pathlib import Path

import pytest

from signaling.records.errors import TakenError, UnknownRecordError
from signaling.records.model import Qualification
from signaling.records.sessions import OVERTIME_S, token_hash
from tests.signaling.records.samples import Clock, interpreter, opened, signer, sqlite_url


async def test_a_person_is_found_again_by_login_whatever_the_capitals(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        added = await records.people.add(
            login=" Inès ",
            name="Inès",
            role="agent",
            password_hash="h",
            qualifications=[Qualification("interpreter", "Master", date(2030, 1, 1)), Qualification("adviser")],
            skills=["brand:x", "brand:x"],
        )
        assert await records.people.by_login("INÈS") == added
        assert await records.people.by_id(added.id) == added
        assert added.skills == {"brand:x": 5, "hearing": 5}


def test_a_trade_counts_until_the_last_day_of_its_qualification() -> None:
    entry = Qualification("interpreter", "Master", date(2026, 11, 30))
    assert entry.is_valid(date(2026, 11, 30))
    assert not entry.is_valid(date(2026, 12, 1))
    assert Qualification("adviser").is_valid(date(2999, 1, 1))


async def test_a_login_or_a_relay_number_belongs_to_one_person(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        add = records.people.add
        await add(login="a", name="A", role="signer", password_hash="-", numbers=["+33199000042"])
        with pytest.raises(TakenError, match="login_taken"):
            await add(login="A", name="B", role="signer", password_hash="-")
        with pytest.raises(TakenError, match="number_taken"):
            await add(login="b", name="B", role="signer", password_hash="-", numbers=["+33199000042"])
        found = await records.people.by_number("+33199000042")
        assert found is not None and found.login == "a"
        assert await records.people.by_login("b") is None


async def test_refusals_hold_whoever_asked_and_only_the_asker_takes_them_back(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, ines, noe = await signer(records), await interpreter(records), await interpreter(records, "noe")
        await records.people.refuse(camille.id, ines.id, "signer")
        await records.people.refuse(camille.id, ines.id, "agent")
        await records.people.refuse(camille.id, ines.id, "agent")
        await records.people.refuse(camille.id, noe.id, "agent")
        assert set(await records.people.refused(camille.id)) == {ines.id, noe.id}
        await records.people.take_back_refusal(camille.id, noe.id, "signer")
        await records.people.take_back_refusal(camille.id, ines.id, "agent")
        assert set(await records.people.refused(camille.id)) == {ines.id, noe.id}
        await records.people.take_back_refusal(camille.id, noe.id, "agent")
        assert await records.people.refused(camille.id) == (ines.id,)


async def test_one_kind_of_browser_of_a_signer_is_one_device(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        await records.people.device_seen(camille.id, "Firefox · Android")
        clock.now += 60
        await records.people.device_seen(camille.id, "Firefox · Android")
        (device,) = await records.people.devices(camille.id)
        assert device.last_seen_at - device.created_at == 60


async def test_a_session_ends_by_time_by_sign_out_and_with_the_persons_access(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        for token in ("one", "two", "three"):
            await records.sessions.add(token, camille.id, 100)
        found = await records.sessions.find("one")
        assert found is not None and found.person == camille
        await records.sessions.end("one")
        assert await records.sessions.find("one") is None
        await records.people.set_disabled("camille", True)
        assert await records.sessions.find("two") is None
        await records.people.set_disabled("camille", False)
        clock.now += 100
        assert await records.sessions.find("three") is None


async def test_open_sessions_are_asked_for_all_at_once(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille, ines = await signer(records), await interpreter(records)
        await records.sessions.add("one", camille.id, 100)
        await records.sessions.add("two", ines.id, 100)
        hashes = [token_hash(token) for token in ("one", "two", "forged")] + [token_hash(str(n)) for n in range(1200)]
        found = await records.sessions.living(hashes)
        assert {key: session.person for key, session in found.items()} == {hashes[0]: camille, hashes[1]: ines}
        await records.people.set_disabled("ines", True)
        assert set(await records.sessions.living(hashes)) == {hashes[0]}


async def test_a_session_that_ran_out_is_known_for_the_calls_it_began_but_opens_nothing(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        await records.sessions.add("one", camille.id, 100)
        clock.now += 101
        await records.sessions.add("later", camille.id, 100)
        assert await records.sessions.find("one") is None
        [session] = (await records.sessions.living([token_hash("one")])).values()
        assert session.expires_at < clock.now
        clock.now += OVERTIME_S
        await records.sessions.add("even later", camille.id, 100)
        assert await records.sessions.living([token_hash("one")]) == {}


async def test_disabling_nobody_is_refused(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        with pytest.raises(UnknownRecordError, match="unknown_person"):
            await records.people.set_disabled("nobody", True)


async def test_a_relay_number_comes_with_a_code_that_stays_and_names_one_person(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        people = records.people
        for login in ("a", "b"):
            await people.add(login=login, name=login, role="signer", password_hash="-")
        await people.give_number("a", "+33199000042")
        await people.give_number("a", "+33199000043")
        a = await people.by_login("a")
        assert a is not None and a.numbers == ("+33199000042", "+33199000043")
        code = await people.code_of(a.id)
        assert code is not None and len(code) == 6 and code.isdigit()
        assert await people.by_code(code) == a
        with pytest.raises(TakenError, match="number_taken"):
            await people.give_number("b", "+33199000042")
        with pytest.raises(UnknownRecordError):
            await people.give_number("c", "+33199000044")
        await people.take_number("+33199000042")
        assert await people.by_number("+33199000042") is None
        with pytest.raises(UnknownRecordError):
            await people.take_number("+33199000042")
        assert await people.code_of(a.id) == code
