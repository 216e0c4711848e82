"""A media worker process as the service runs it: ``python -m benchmarks.load.worker_process FOLDER INDEX CAPACITY``."""

import asyncio
import signal
import sys
from pathlib import Path

from relay.config import MediaWorkerConfig
from relay.worker import new_event_loop, run


def control_socket(folder: Path, index: int) -> Path:
    return folder / f"worker-{index}.sock"


async def main(folder: Path, index: int, capacity: int) -> None:
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
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
