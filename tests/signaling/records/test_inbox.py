"""What signers missed: for the receiver alone, bounded, expiring, and gone with the person."""

import base64
from pathlib import Path

from sqlalchemy import delete

from signaling.records import Records
from signaling.records.call_records import MissedCall
from signaling.records.inbox import Inbox
from signaling.records.outbox import decode, encode
from signaling.records.tables import PersonRow
from tests.signaling.records.samples import NOON, Clock, opened, signer, sqlite_url

DAY_S = 86_400.0


def missed(call_id: str, person_id: str, at: float = NOON, sound: bytes | None = None) -> MissedCall:
    return MissedCall(
        call_id,
        person_id,
        at,
        expires_at=at + 30 * DAY_S,
        number="sealed number",
        sound=base64.b64encode(sound).decode() if sound is not None else None,
        message_s=4.0 if sound is not None else None,
    )


async def ids(inbox: Inbox, person_id: str) -> list[str]:
    return [entry.id for entry in await inbox.of(person_id)]


async def test_a_missed_call_is_kept_once_and_its_sound_is_for_its_receiver_alone(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, sacha = await signer(records), await signer(records, "sacha")
        write = missed("one", camille.id, sound=b"sealed sound")
        for _ in range(2):
            await records.inbox.add(decode(encode(write)))  # type: ignore[arg-type]
        await records.inbox.add(missed("two", camille.id, NOON + 5))
        assert await ids(records.inbox, camille.id) == ["two", "one"], "newest first"
        found = await records.inbox.find(camille.id, "one")
        assert found is not None and found[1] == b"sealed sound" and found[0].message_s == 4.0
        assert await records.inbox.find(sacha.id, "one") is None
        await records.inbox.delete(sacha.id, "one")
        await records.inbox.heard(sacha.id, "one")
        assert [entry.heard for entry in await records.inbox.of(camille.id)] == [False, False]
        await records.inbox.heard(camille.id, "one")
        assert [entry.heard for entry in await records.inbox.of(camille.id)] == [False, True]
        await records.inbox.delete(camille.id, "one")
        assert await ids(records.inbox, camille.id) == ["two"]


async def test_what_is_too_old_is_not_shown_and_is_deleted(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille, sacha = await signer(records), await signer(records, "sacha")
        await records.inbox.add(missed("old", camille.id, sound=b"s"))
        await records.inbox.add(missed("new", camille.id, NOON + DAY_S))
        await records.inbox.add(missed("his", sacha.id, NOON + DAY_S))
        clock.now = NOON + 30 * DAY_S
        assert await ids(records.inbox, camille.id) == ["new"]
        assert await records.inbox.find(camille.id, "old") is None
        assert await records.inbox.expire() == {camille.id}
        assert await records.inbox.expire() == set()


async def test_over_the_limits_the_oldest_go(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, sacha = await signer(records), await signer(records, "sacha")
        inbox = Inbox(records.database, Clock(), entries_limit=3, sound_limit=100)
        await inbox.add(missed("his", sacha.id))
        for number in range(4):
            await inbox.add(missed(f"call-{number}", camille.id, NOON + number))
        assert await ids(inbox, camille.id) == ["call-3", "call-2", "call-1"]
        await inbox.add(missed("large", camille.id, NOON + 9, sound=b"x" * 90))
        await inbox.add(missed("larger", camille.id, NOON + 10, sound=b"x" * 120))
        assert await ids(inbox, camille.id) == ["larger", "call-3"], "the newest stays whatever its size"
        assert await ids(inbox, sacha.id) == ["his"]


async def test_who_calls_again_and_again_pushes_no_message_out(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille = await signer(records)
        inbox = Inbox(records.database, Clock(), entries_limit=3)
        await inbox.add(missed("message", camille.id, sound=b"sealed"))
        for number in range(5):
            await inbox.add(missed(f"call-{number}", camille.id, NOON + 1 + number))
        assert await ids(inbox, camille.id) == ["call-4", "call-3", "message"]


async def test_nothing_stays_of_a_person_who_is_erased_and_nothing_is_kept_for_a_stranger(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille = await signer(records)
        await records.inbox.add(missed("one", camille.id, sound=b"s"))
        await records.push.add(camille.id, "browser", "sealed")
        await erase(records, camille.id)
        assert await ids(records.inbox, camille.id) == []
        assert await records.push.of(camille.id) == {}
        await records.inbox.add(missed("two", camille.id))
        await records.push.add(camille.id, "browser", "sealed")
        assert await ids(records.inbox, camille.id) == []


async def erase(records: Records, person_id: str) -> None:
    async with records.database.writing() as session:
        await session.execute(delete(PersonRow).where(PersonRow.id == person_id))


async def test_a_browser_rings_for_whoever_signed_in_last(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path), clock) as records:
        camille, sacha = await signer(records), await signer(records, "sacha")
        await records.push.add(camille.id, "shared", "sealed for camille")
        await records.push.add(sacha.id, "shared", "sealed for sacha")
        assert await records.push.of(camille.id) == {}
        assert await records.push.of(sacha.id) == {"shared": "sealed for sacha"}
        await records.push.remove(camille.id, "shared")
        assert await records.push.of(sacha.id), "nobody else can silence it"
        for number in range(13):
            clock.now += 1
            await records.push.add(camille.id, f"browser-{number}", "sealed")
        assert sorted(await records.push.of(camille.id)) == sorted(f"browser-{number}" for number in range(1, 13))
