"""
A media worker process as the service runs it:
``python -m benchmarks.load.worker_process FOLDER INDEX CAPACITY [COMPILED]``; the last is for ``relay.compiled.use``.
"""

import asyncio
import signal
import sys
from pathlib import Path

from relay import compiled
from relay.config import MediaWorkerConfig


def control_socket(folder: Path, index: int) -> Path:
    return folder / f"worker-{index}.sock"


async def main(folder: Path, index: int, capacity: int) -> None:
    from relay.worker import run

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(
        MediaWorkerConfig(
            worker_id=f"load-{index}",
            control_socket=control_socket(folder, index),
            audio_socket=folder / f"audio-{index}.sock",
            capacity=capacity,
            drain_s=0.0,
        ),
        stop,
    )


if __name__ == "__main__":
    for root in sys.argv[4:]:
        if not compiled.use(Path(root)):
            sys.exit(f"nothing below {root} fits these sources")
    from relay.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
