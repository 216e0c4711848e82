"""Records to test with: an own database, and calls of both kinds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from signaling.records import Records
from signaling.records.call_records import CallRecord, LegSeries, PhoneLegRecord, QualitySeries, Readability
from signaling.records.model import Brand, Person, Qualification

NOON = 1795348800.0  # 2026-11-22 12:00 UTC, 13:00 in Paris

LEG_SERIES = LegSeries(
    frames_per_second=(25.0, 12.5, None),
    frames_per_second_min=(24.0, 3.0, None),
    freezes=(0, 2, None),
    loss_received=(0.0, 0.04, None),
    loss_sent=(0.0, 0.0, None),
    round_trip_s=(0.05, 0.06, None),
    received_bps=(1_200_000, 300_000, None),
    sent_bps=(1_100_000, 1_100_000, None),
    signing_s=(6, 0, None),
    readable_s=(5, 0, None),
)
QUALITY = QualitySeries(began_at=NOON - 100, step_s=10, signer=LEG_SERIES, agent=None)


class Clock:
    """Unix seconds, moved by hand."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def sqlite_url(directory: Path) -> str:
    return f"sqlite+aiosqlite:///{directory}/records.sqlite3"


@asynccontextmanager
async def opened(url: str, clock: Clock | None = None) -> AsyncIterator[Records]:
    records = Records(url, clock or Clock())
    await records.open()
    try:
        yield records
    finally:
        await records.close()


async def interpreter(records: Records, login: str = "ines") -> Person:
    return await records.people.add(
        login=login,
        name="Inès",
        role="agent",
        password_hash="-",
        qualifications=[Qualification("interpreter", "Master")],
    )


async def signer(records: Records, login: str = "camille") -> Person:
    return await records.people.add(login=login, name="Camille", role="signer", password_hash="-")


async def mairie(records: Records) -> Brand:
    return await records.brands.add(Brand(id="", slug="mairie", name="Mairie", skills=("brand:mairie",)))


def relay_call(call_id: str = "relay-1", **changes: Any) -> CallRecord:
    call = CallRecord(
        call_id=call_id,
        kind="relay",
        mode="LSF",
        queued_at=NOON - 120,
        alerted_at=NOON - 110,
        together_at=NOON - 100,
        ended_at=NOON,
        end_reason="completed",
        end_fault="nobody",
        trade="interpreter",
        wait_s=20.0,
        talk_s=100.0,
        phone_s=60.0,
        readable_share=0.9,
        readability={"signer": Readability(signing_s=50.0, readable_s=45.0, advice_s={"good": 80.0, "too_far": 9.0})},
        signer_device_type="phone",
        network={"signer_fps_mean": 24.5, "signer_fps_p5": 21.0, "agent_fps_p5": 18.0, "reconnects": 1},
        quality=QUALITY,
        phone_legs=(
            PhoneLegRecord("+33199000002", NOON - 90, outcome="busy", sip_code=486, ended_at=NOON - 85),
            PhoneLegRecord("+33199000001", NOON - 80, NOON - 70, NOON - 10, "hung_up", 200),
        ),
    )
    return replace(call, **changes)


def direct_call(call_id: str = "direct-1", **changes: Any) -> CallRecord:
    return relay_call(call_id, **({"kind": "direct", "trade": "adviser", "phone_legs": (), "phone_s": 0.0} | changes))
