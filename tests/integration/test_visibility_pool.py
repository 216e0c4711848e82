"""Analysis processes that die or hang, and workers that do: legs are watched again, nobody else notices."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay.control_messages import Watch
from relay.visibility.model_files import ModelFiles
from relay.visibility.pool_messages import FromProcess, LogLine, Setup, Share
from relay.visibility.pool_process import AnalysisProcess
from tests.helpers import clips
from tests.helpers.visibility_worker import (
    DEADLINE_S,
    Signaling,
    config_of,
    filming,
    serving,
    short_folder,
)

pytestmark = pytest.mark.integration

WORKER = """
import asyncio, sys
from pathlib import Path
from relay.visibility.config import VisibilityWorkerConfig
from relay.visibility.worker import run
folder, models = map(Path, sys.argv[1:])
asyncio.run(run(VisibilityWorkerConfig("v", folder / "control", folder / "tap", models), asyncio.Event()))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


def analysing(parent: int) -> list[int]:
    """Analysis processes of a worker, the oldest first; those that ended and were not waited for too."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            command = (entry / "cmdline").read_bytes()
            if int(stat[1]) == parent and (b"relay.visibility.analysis" in command or not command):
                found.append((int(stat[19]), int(entry.name)))  # since when, proc(5): starttime
    return [pid for _, pid in sorted(found)]


def is_watched(signaling: Signaling, call_id: str) -> Callable[[], bool]:
    """Somebody in the picture was seen in a reading from now on."""
    before = len(signaling.readings_of(call_id))
    return lambda: any(each.level != "off" for each in signaling.readings_of(call_id)[before:])


def is_unmeasured(signaling: Signaling, call_id: str) -> Callable[[], bool]:
    """So it was told from now on; a reading later it may be over."""
    before = len(signaling.readings_of(call_id))
    return lambda: any(each.advice == "not_measured" for each in signaling.readings_of(call_id)[before:])


async def until_replaced(gone: int) -> None:
    """Not to be seen from the readings: one that is killed may be replaced before any is overdue."""
    async with asyncio.timeout(DEADLINE_S):
        while gone in (there := analysing(os.getpid())) or len(there) < 2:
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def two_calls(folder: Path) -> AsyncIterator[Signaling]:
    """Each with an analysis process of its own; both are seen."""
    config = replace(config_of(folder, clips.MODELS), processes=2, legs_per_process=1, silence_s=9.0)
    async with serving(config) as signaling:
        for call_id in ("one", "two"):
            await signaling.client.request(Watch(call_id=call_id, epoch=1))
        async with filming(config, "signing", call_id="one"), filming(config, "signing", call_id="two"):
            for call_id in ("one", "two"):
                await signaling.until(is_watched(signaling, call_id))
            yield signaling


async def test_process_that_dies_or_hangs_is_replaced_and_only_its_own_calls_notice(folder: Path) -> None:
    clips.models()
    async with two_calls(folder) as signaling:
        first, second = analysing(os.getpid())
        os.kill(first, signal.SIGKILL)
        await until_replaced(first)
        await signaling.until(is_watched(signaling, "one"))
        await signaling.until(is_watched(signaling, "two"))
        left, third = analysing(os.getpid())  # no zombie either
        assert left == second
        os.kill(second, signal.SIGSTOP)
        await signaling.until(is_unmeasured(signaling, "two"))
        await signaling.until(is_watched(signaling, "two"))
        await signaling.until(is_watched(signaling, "one"))
        assert third in analysing(os.getpid())
        assert second not in analysing(os.getpid())
    assert analysing(os.getpid()) == []


def test_worker_that_is_killed_leaves_no_process_behind_even_one_that_hangs_and_no_dump_of_its_pictures(
    folder: Path,
) -> None:
    clips.models()
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(clips.MODELS)])
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not any(map(has_mediapipe, analysing(worker.pid))) and time.monotonic() < deadline:
            time.sleep(0.05)
        (child,) = analysing(worker.pid)
        assert resource.prlimit(child, resource.RLIMIT_CORE) == (0, 0)
        os.kill(child, signal.SIGSTOP)
    finally:
        worker.kill()
        worker.wait()
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


async def test_thresholds_that_cannot_be_used_are_one_line_of_the_log_with_its_level_and_logger(folder: Path) -> None:
    heard: list[FromProcess] = []
    async with AnalysisProcess(heard.append) as process, asyncio.timeout(DEADLINE_S):
        nowhere = ModelFiles(*[folder / "none"] * 3)
        process.tell(Setup(models=nowhere, thresholds=folder / "seuils.json", max_pending_frames=1))
        while not heard:
            await asyncio.sleep(0.02)
    assert heard[0] == LogLine(
        level=logging.ERROR,
        name="relay.visibility.analysis",
        message="the centre's own thresholds cannot be used: seuils.json: there is no such file.",
    )


async def test_process_that_cannot_load_mediapipe_says_so_and_stays_until_it_is_ended(folder: Path) -> None:
    async with AnalysisProcess(lambda _: None) as process, asyncio.timeout(DEADLINE_S):
        process.tell(Setup(models=ModelFiles(*[folder / "none"] * 3), thresholds=None, max_pending_frames=1))
        process.tell(Share(cores=0.5))  # told on its way: nothing that would end it
        assert (await process.lives(DEADLINE_S, 4.0)).startswith("MediaPipe cannot be loaded: ")


def has_mediapipe(pid: int) -> bool:
    """It is past its beginning."""
    with contextlib.suppress(OSError):
        return "mediapipe" in Path(f"/proc/{pid}/maps").read_text()
    return False


def is_running(pid: int) -> bool:
    """A zombie that nobody waits for (no init in this container) is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
