"""The 20 ms clock of the phone processes."""

import asyncio
from collections.abc import Callable

from relay.audio import PTIME_S

STALL_S = 0.1  # a longer pause of the process is skipped, not caught up in a burst


async def every_20_ms(step: Callable[[], None]) -> None:
    """Call ``step`` fifty times a second until cancelled, without drift. ``step`` handles its own errors."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += PTIME_S
        if loop.time() - due > STALL_S:
            due = loop.time()
        await asyncio.sleep(max(0.0, due - loop.time()))
        step()
