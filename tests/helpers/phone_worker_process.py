"""
The process of ``tests.helpers.phone_process``: ``python -m … DIRECTORY SETTINGS``, the second JSON.

SIGUSR1 writes into the file ``counts`` how much of each kind the process holds.
"""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from relay.phone.config import PhoneWorkerConfig, TrunkConfig

TUPLES = ("known_hosts", "codecs", "prefixes")


def config_of(directory: Path, settings: dict[str, Any]) -> PhoneWorkerConfig:
    given = {"worker_id": "phone-test", **settings}
    trunks = [_trunk(trunk) for trunk in given.pop("trunks")]
    given["rtp_ports"] = tuple(given["rtp_ports"])
    return PhoneWorkerConfig(
        control_socket=directory / "control.sock", audio_socket=directory / "audio.sock", trunks=tuple(trunks), **given
    )


def _trunk(settings: dict[str, Any]) -> TrunkConfig:
    given: dict[str, Any] = {name: tuple(value) if name in TUPLES else value for name, value in settings.items()}
    return TrunkConfig(**given)


async def _serve(config: PhoneWorkerConfig, counts: Path) -> None:
    from relay.phone.worker import PhoneWorker

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    worker = PhoneWorker(config)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: _write(counts, _held(worker)))
    await worker.start()
    try:
        await stop.wait()
    finally:
        await worker.close()


def _held(worker: Any) -> dict[str, int]:
    from sippy.Core.EventDispatcher import ED2

    transactions = worker._stack.transactions
    return {
        "calls": len(worker._calls),
        "incoming": len(worker._incoming),
        "clients": len(transactions.tclient),
        "servers": len(transactions.tserver),
        "dialogs": sum(map(len, transactions.req_consumers.values())),
        "retransmissions": len(transactions.l1rcache) + len(transactions.l2rcache),
        "timers": sum(1 for timer in ED2.tlisteners if timer.cb_func is not None),
        "dropped": worker._stack.peers.dropped,
    }


def _write(path: Path, held: dict[str, int]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(held))
    draft.replace(path)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
    asyncio.run(_serve(config_of(Path(sys.argv[1]), json.loads(sys.argv[2])), Path(sys.argv[1]) / "counts"))
