"""
What a datagram between machines costs against one between neighbours: sound packets and tap frames, sent and received
in one process, so that the figures hold the work alone. Medians over rounds; both ways take turns in one run.

``python -m benchmarks.sealed_datagrams [--quick] [--json]``
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from relay.audio_exchange import DatagramSender
from relay.datagram_listener import DatagramListener
from relay.datagram_network import datagram_sender
from relay.network_config import NetworkConfig

SIZES = {"sound": 120, "tap_frame": 6_000, "tap_key_frame": 40_000}  # bytes
BATCH = 4  # messages between two turns of the receiver: less than a Unix socket's sender may have under way


async def microseconds(
    sender: DatagramSender, listener: DatagramListener, address: str, size: int, count: int
) -> float:
    """:returns: of processor time, one message sent and received."""
    message, received = b"x" * size, 0

    def take(_data: bytes) -> None:
        nonlocal received
        received += 1

    listener._on_datagram = take
    began = time.process_time()
    for sent in range(BATCH, count + 1, BATCH):
        for _ in range(BATCH):
            sender.send(message, address)
        for _ in range(50):
            await asyncio.sleep(0)
            if received >= sent:
                break
    assert received >= count * 0.99, f"{received} of {count} arrived"
    return (time.process_time() - began) / received * 1e6


async def measure(rounds: int, count: int) -> dict[str, float]:
    directory = Path(tempfile.mkdtemp(prefix="psr-"))
    nothing = Path("/nonexistent")
    network = NetworkConfig("m", nothing, nothing, nothing, listen="127.0.0.1", ports=(0, 0), datagram_key="k")
    listener = DatagramListener(directory / "l", lambda _: None, network=network, limit=65_536, burst=256)
    listener.start()
    plain, sealing = datagram_sender(None), datagram_sender(network)
    assert listener.network_address is not None
    found: dict[str, float] = {}
    for name, size in SIZES.items():
        times: dict[str, list[float]] = {"unix": [], "sealed": []}
        for _ in range(rounds):
            times["unix"].append(await microseconds(plain, listener, str(listener.path), size, count))
            times["sealed"].append(await microseconds(sealing, listener, listener.network_address, size, count))
        for way, measured in times.items():
            found[f"{name}_{way}_us"] = round(statistics.median(measured), 1)
    plain.close()
    sealing.close()
    listener.close()
    shutil.rmtree(directory)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    options = parser.parse_args()
    found = asyncio.run(measure(3 if options.quick else 9, 400 if options.quick else 2000))
    for name in SIZES:
        print(f"{name:14} {found[f'{name}_unix_us']:8.1f} µs by path {found[f'{name}_sealed_us']:8.1f} µs sealed")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
