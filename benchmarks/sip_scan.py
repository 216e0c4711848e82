"""
What a scan of the SIP port costs: ``python -m benchmarks.sip_scan [--json] [--quick]``.

Processor time of a phone worker for each datagram of a stranger, and for each of the configured peer beyond its rate,
both dropped before parsing, beside one that is read and answered (OPTIONS), in one run. The last line of ``--json`` is
one JSON object; times in µs.
"""

import argparse
import asyncio
import json
import secrets
import socket
import statistics

from tests.helpers.hostile_phone import STRANGER
from tests.helpers.phone_process import PhoneProcess, phone_process
from tests.helpers.sip_legs import HOST

BURST = 50  # what the worker's socket buffer surely holds
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="2,000 datagrams a round instead of 10,000")
    options = parser.parse_args()
    result = asyncio.run(measure(2_000 if options.quick else 10_000))
    print(json.dumps(result) if options.json else "\n".join(f"{name:28} {value}" for name, value in result.items()))


async def measure(count: int) -> dict[str, float]:
    """:param count: datagrams of each kind in a round."""
    unknown, limited, parsed = list[float](), list[float](), list[float]()
    trunk = {"name": "trunk", "keep_alive_s": 0}
    async with (
        phone_process(trunk, sip_messages_per_s=0.01) as strict,
        phone_process(trunk, sip_messages_per_s=1_000_000) as open_,
    ):
        for _ in range(ROUNDS):
            unknown.append(await _cost_us(strict, STRANGER, count))
            limited.append(await _cost_us(strict, HOST, count))
            parsed.append(await _cost_us(open_, HOST, count))
        dropped = (await strict.held())["dropped"]
    middle = [statistics.median(found) for found in (unknown, limited, parsed)]
    return {
        "stranger_us": round(middle[0], 1),
        "beyond_rate_us": round(middle[1], 1),
        "answered_us": round(middle[2], 1),
        "answered_to_stranger": round(middle[2] / middle[0], 1),
        "dropped_share": round(dropped / (2 * ROUNDS * count), 3),
    }


async def _cost_us(worker: PhoneProcess, host: str, count: int) -> float:
    """:returns: processor time for each datagram, without what the worker uses anyway."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        idle_s = await _idle_share(worker)
        loop = asyncio.get_running_loop()
        began, began_cpu = loop.time(), worker.cpu_s
        for number in range(count):
            sock.sendto(_options(host, sock.getsockname()[1]), ("127.0.0.1", worker.config.sip_port))
            if number % BURST == BURST - 1:
                await asyncio.sleep(0.01 if worker.config.sip_messages_per_s < 1 else 0.06)
        await asyncio.sleep(0.3)
        return (worker.cpu_s - began_cpu - idle_s * (loop.time() - began)) / count * 1e6


async def _idle_share(worker: PhoneProcess) -> float:
    before = worker.cpu_s
    await asyncio.sleep(1.0)
    return worker.cpu_s - before


def _options(host: str, port: int) -> bytes:
    call = secrets.token_hex(6)
    return (
        f"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call};rport\r\n"
        f"From: <sip:100@{host}>;tag={call}\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: {call}\r\nCSeq: 1 OPTIONS\r\n"
        f"Contact: <sip:100@{host}:{port}>\r\nMax-Forwards: 70\r\nUser-Agent: friendly-scanner\r\n"
        "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    ).encode()


if __name__ == "__main__":
    main()
