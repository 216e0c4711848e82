"""Call-backs as they are kept: claimed by one process, lost by none."""

import asyncio
from dataclasses import replace
from pathlib import Path

from signaling.records import Records
from signaling.records.call_records import KeptCallback
from tests.signaling.records.samples import NOON, Clock, opened, signer, sqlite_url

LEASE_S = 60.0


def asked(signer_id: str, callback_id: str = "cb1", **changes: object) -> KeptCallback:
    plain = KeptCallback(
        id=callback_id,
        signer_id=signer_id,
        kind="relay",
        mode="LSF",
        brand_id=None,
        sealed="sealed",
        asked_at=NOON,
        queued_at=NOON - 60,
        due_at=NOON,
        next_at=NOON,
        expires_at=NOON + 3600,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


async def claimed_by(records: Records) -> KeptCallback:
    """A call-back that was asked for, and is claimed."""
    camille = await signer(records)
    await records.callbacks.add(asked(camille.id))
    (due,) = await records.callbacks.due(10)
    claimed = await records.callbacks.claim(due, LEASE_S)
    assert claimed is not None
    return claimed


async def test_of_several_processes_one_claims_an_attempt(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as one, opened(sqlite_url(tmp_path)) as other:
        camille = await signer(one)
        await one.callbacks.add(asked(camille.id))
        (due,) = await one.callbacks.due(10)
        claims = await asyncio.gather(*(records.callbacks.claim(due, LEASE_S) for records in (one, other) * 4))
        (claimed,) = [claim for claim in claims if claim is not None]
        assert (claimed.state, claimed.attempts) == ("waiting", 0), "it enters the line; nobody has been rung"
        assert list(await other.callbacks.of_calls([claimed.call_id or ""])) == [claimed.call_id]
        assert await other.callbacks.due(10) == []


async def test_of_one_signers_call_backs_several_processes_claim_one(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as one, opened(sqlite_url(tmp_path)) as other:
        camille = await signer(one)
        for callback_id in ("cb1", "cb2"):
            await one.callbacks.add(asked(camille.id, callback_id))
        first, second = await one.callbacks.due(10)
        claims = await asyncio.gather(one.callbacks.claim(first, LEASE_S), other.callbacks.claim(second, LEASE_S))
        assert sum(claim is not None for claim in claims) == 1


async def test_a_claim_whose_process_is_gone_is_taken_once_with_the_same_call(tmp_path: Path) -> None:
    clock = Clock()
    async with Records(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        await records.callbacks.add(asked(camille.id))
        (due,) = await records.callbacks.due(10)
        first = await records.callbacks.claim(due, LEASE_S)
        assert first is not None and first.call_id is not None
        assert await records.callbacks.stale() == []
        clock.now += LEASE_S
        (stale,) = await records.callbacks.stale()
        again = [await records.callbacks.claim_again(stale, LEASE_S) for _ in range(2)]
        assert again[0] is not None and again[0].call_id == first.call_id and again[1] is None
        await records.callbacks.renew([first.call_id], LEASE_S * 2)
        clock.now += LEASE_S
        assert await records.callbacks.stale() == [], "whoever rings says so"


async def test_an_attempt_counts_once_from_its_ringing_and_not_when_it_rang_in_vain(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        claimed = await claimed_by(records)
        rung = await records.callbacks.rings(claimed)
        assert rung is not None and (rung.state, rung.attempts) == ("trying", 1)
        assert await records.callbacks.rings(claimed) is None
        back = await records.callbacks.rings_no_more(rung)
        assert back is not None and (back.state, back.attempts, back.call_id) == ("waiting", 0, claimed.call_id)
        assert await records.callbacks.due(10) == [], "it is in the line"


async def test_what_became_of_an_attempt_is_written_once(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        claimed = await claimed_by(records)
        later = await records.callbacks.settle(claimed, "waiting", NOON + 600, claimed.attempts)
        assert later is not None and (later.state, later.next_at, later.queued_at) == ("waiting", NOON + 600, NOON - 60)
        assert await records.callbacks.settle(claimed, "done", NOON, 1) is None


async def test_only_the_signer_cancels_and_nothing_is_rung_then(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        camille, other = await signer(records), await signer(records, "other")
        await records.callbacks.add(asked(camille.id))
        assert await records.callbacks.cancel("cb1", other.id) is None
        assert await records.callbacks.cancel("cb1", camille.id) is not None
        assert await records.callbacks.cancel("cb1", camille.id) is None
        assert await records.callbacks.due(10) == [] and await records.callbacks.count_open(camille.id) == 0
        assert [each.state for each in await records.callbacks.of(camille.id)] == ["cancelled"]


async def test_they_are_due_by_arrival_and_expire(tmp_path: Path) -> None:
    clock = Clock()
    async with Records(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        await records.callbacks.add(asked(camille.id, "late", queued_at=NOON - 10))
        await records.callbacks.add(asked(camille.id, "early", queued_at=NOON - 90))
        await records.callbacks.add(asked(camille.id, "tomorrow", next_at=NOON + 80_000, expires_at=NOON + 90_000))
        assert [each.id for each in await records.callbacks.due(10)] == ["early", "late"]
        (early, _) = await records.callbacks.due(10)
        await records.callbacks.postpone(early, NOON + 7200, NOON + 9000)
        assert [each.id for each in await records.callbacks.due(10)] == ["late"]
        clock.now += 3600
        assert await records.callbacks.expire() == {camille.id}
        assert {each.id: each.state for each in await records.callbacks.open(10)} == {
            "early": "waiting",
            "tomorrow": "waiting",
        }


async def test_what_is_over_is_kept_for_a_while_and_then_not_at_all(tmp_path: Path) -> None:
    clock = Clock()
    async with Records(sqlite_url(tmp_path), clock) as records:
        camille = await signer(records)
        await records.callbacks.add(asked(camille.id, "over", state="done"))
        await records.callbacks.add(asked(camille.id, "open", state="trying", claimed_until=NOON + 60))
        await records.callbacks.forget(NOON)
        assert await records.callbacks.find("over") is not None
        await records.callbacks.forget(NOON + 3600)
        assert await records.callbacks.find("over") is None and await records.callbacks.find("open") is not None
