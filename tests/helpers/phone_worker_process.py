"""
The process of ``tests.helpers.phone_process``: ``python -m … DIRECTORY SETTINGS``, the second JSON.

SIGUSR1 writes into the file ``counts`` how much of each kind the process holds. Faults that the SIP stack swallows are
logged as errors, unless a message could just not be read. No name is looked up: nothing asks a real DNS server.
"""

import asyncio
import json
import logging
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from relay.phone.config import PhoneWorkerConfig, TrunkConfig

TUPLES = ("known_hosts", "codecs", "prefixes")
_look_up = socket.getaddrinfo
ENTRANCES = ("_readable", "handleIncoming", "incomingRequest", "fire_timers", "_received")


def config_of(directory: Path, settings: dict[str, Any]) -> PhoneWorkerConfig:
    given = {"worker_id": "phone-test", **settings}
    trunks = [_trunk(trunk) for trunk in given.pop("trunks")]
    given["rtp_ports"] = tuple(given["rtp_ports"])
    given |= {name: Path(given[name]) for name in ("sip_certificate", "sip_key") if name in given}
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


def tell_swallowed_faults() -> None:
    """
    Once for each place of our own code. What sippy itself raises on a message that it cannot read is no fault: the
    message is dropped before anything has begun.
    """
    from relay.phone import sippy_transactions

    told = set[str]()

    def swallowed(message: str, *_: Any, **__: Any) -> None:
        error = sys.exc_info()[1]
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        ours = [frame for frame in frames if "/relay/" in frame.filename and frame.name not in ENTRANCES]
        where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        if ours and not message.startswith("can't parse") and where not in told:
            told.add(where)
            logging.error("swallowed: %s at %s", type(error).__name__, where)

    for module in sippy_transactions.TELLING:
        module.dump_exception = swallowed


def _look_nothing_up(host: Any, *rest: Any, **more: Any) -> Any:
    return _look_up(host, *rest, **{**more, "flags": socket.AI_NUMERICHOST})


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
    socket.getaddrinfo = _look_nothing_up
    tell_swallowed_faults()
    asyncio.run(_serve(config_of(Path(sys.argv[1]), json.loads(sys.argv[2])), Path(sys.argv[1]) / "counts"))
