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

PLAIN = "plain"  # setting: what comes goes on, whatever the lines carry, for comparison


def config_of(directory: Path, settings: dict[str, Any]) -> MediaWorkerConfig:
    own = {name: value for name, value in settings.items() if name != PLAIN}
    return MediaWorkerConfig("test", directory / "control", directory / "audio", **own)


def forward_plainly() -> None:
    """No bitrate, no size and no layer follows a line any more; losses are repaired as ever."""
    from relay.forwarding.relief import ALL_LAYERS, LayerRelief, Pause
    from relay.session import MediaSession

    changes: dict[type, dict[str, Any]] = {
        MediaSession: {"_adapt": lambda *_: None, "pass_bitrate": lambda *_: None},
        LayerRelief: {"decide": lambda *_, **__: ALL_LAYERS},
        Pause: {"decide": lambda *_: False},
    }
    for kind, methods in changes.items():
        for name, method in methods.items():
            assert hasattr(kind, name)
            setattr(kind, name, method)


async def _serve(config: MediaWorkerConfig) -> None:
    from relay.worker import run

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(config, stop)


def main(directory: Path, settings: dict[str, Any], roots: list[str]) -> None:
    for root in roots:
        assert compiled.use(Path(root)), "nothing there fits these sources"
    if settings.get(PLAIN):
        forward_plainly()
    from relay.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(config_of(directory, settings)))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:])
