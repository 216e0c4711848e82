"""A real call on a whole service: what operators see while it lasts, and what its record keeps of its network."""

import asyncio
import re

import aiohttp
import pytest

from signaling.call_terms import CallState
from signaling.records import Records
from signaling.records.call_records import LegSeries, QualitySeries
from signaling.rehearsal.service import Service
from tests.helpers.scene import DEADLINE_S, relay_call, whole_service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
NAMES = (
    'relay_leg_frames_per_second_count{direction="received",leg="%s"}',
    'relay_leg_bitrate_bits_per_second_count{direction="sent",leg="%s"}',
)
EXPECTED = [name % leg for name in NAMES for leg in ("signer", "agent")]


async def test_call_shows_in_the_metrics_and_its_network_stays_in_the_record() -> None:
    async with whole_service() as service:
        async with relay_call(service) as scene:
            figures = await measured(service)
            assert scene.call_id not in figures
            assert value(figures, 'relay_workers{kind="media"}') >= 1
            assert re.search(r'relay_worker_calls_placed_total\{kind="media",worker="[^"]+"\} 1', figures)
            await scene.act(scene.signer, "hang_up")
            await scene.state(CallState.ENDED)
            call_id = scene.call_id
        series = await recorded(service, call_id)
    for leg in (series.signer, series.agent):
        assert isinstance(leg, LegSeries)
        assert max(rate or 0 for rate in leg.frames_per_second) > 0
        assert max(rate or 0 for rate in leg.received_bps) > 0


async def measured(service: Service) -> str:
    """/metrics, once both legs were read twice: what was lost is known from then on."""
    text = ""
    async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession() as http:
        while not all(value(text, name) >= 2 for name in EXPECTED):
            await asyncio.sleep(0.5)
            async with http.get(f"{service.url}/metrics") as answer:
                assert answer.status == 200
                text = await answer.text()
    return text


def value(text: str, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def recorded(service: Service, call_id: str) -> QualitySeries:
    assert service.database_url is not None
    async with asyncio.timeout(DEADLINE_S), Records(service.database_url) as records:
        while True:
            call = await records.calls.find(call_id)
            if call is not None and call.ended_at is not None:
                assert call.kind == "relay" and call.quality is not None
                return call.quality
            await asyncio.sleep(0.2)
