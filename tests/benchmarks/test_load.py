"""The load generator against a real media worker process: that the figures are of what they say."""

import pytest

from benchmarks.load.bench import Window, bench
from benchmarks.load.native import compiler
from benchmarks.load.systems import start_workers

pytestmark = [pytest.mark.integration, pytest.mark.skipif(compiler() is None, reason="needs a C compiler")]
WINDOWS = 20  # of a second each, on a machine however busy


async def test_a_load_call_passes_media_feedback_and_retransmissions_both_ways() -> None:
    async with bench() as run:
        worker = run.add(await start_workers(run.folder, compiled=False))
        opened = await run.open(worker, 1)
        assert (opened["calls"], opened["srtp_profile"]) == (1, "SRTP_AEAD_AES_256_GCM")
        seen: list[Window] = []
        while len(seen) < WINDOWS and not _is_whole(seen):
            seen.append(await run.window(worker, 0.5, 1.0, keep_on=True))
        assert _is_whole(seen), seen[-1]["counters"]
        assert all(each["counters"]["refused"] == 0 for each in seen)


def _is_whole(windows: list[Window]) -> bool:
    """Packets with a delay, an answer to a NACK, transport-wide feedback and CPU time were all seen."""
    return (
        any(each["delay_p50_ms"] is not None and each["cpu_share"] > 0 for each in windows)
        and any(each["counters"]["retransmitted"] for each in windows)
        and any(each["counters"]["feedbacks"] for each in windows)
    )
