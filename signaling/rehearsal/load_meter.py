"""How busy the rehearsal itself is: figures of a client that cannot keep up say nothing about the service."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from signaling.rehearsal.model import Load

PERIOD_S = 0.05
KEPT = 2_400  # two minutes


class LoadMeter:
    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.monotonic()
        self._lags_ms: list[float] = []

    def read(self) -> Load:
        wall = time.monotonic() - self._wall
        return Load((time.process_time() - self._cpu) / wall if wall > 0 else 0.0, tuple(self._lags_ms))

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            due = time.monotonic() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            if len(self._lags_ms) < KEPT:
                self._lags_ms.append((time.monotonic() - due) * 1000)


@asynccontextmanager
async def load_meter() -> AsyncIterator[LoadMeter]:
    meter = LoadMeter()
    task = asyncio.create_task(meter.watch(), name="rehearsal-load")
    try:
        yield meter
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
