"""The process of ``tests.helpers.media_worker``: ``python -m … DIRECTORY SETTINGS [COMPILED]``, the second JSON."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from relay import compiled
from relay.config import MediaWorkerConfig


def config_of(directory: Path, settings: dict[str, Any]) -> MediaWorkerConfig:
    return MediaWorkerConfig("test", directory / "control", directory / "audio", **settings)


async def _serve(config: MediaWorkerConfig) -> None:
    from relay.worker import run

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(config, stop)


def main(directory: Path, settings: dict[str, Any], roots: list[str]) -> None:
    for root in roots:
        assert compiled.use(Path(root)), "nothing there fits these sources"
    from relay.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(config_of(directory, settings)))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:])
