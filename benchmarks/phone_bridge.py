"""
The bridge between a page's sound and a telephone: ``python -m benchmarks.phone_bridge [--json] [--quick]``.

Ours as the phone worker has it, against the plain way (aiortc's jitter buffer as a receiver sets it,
``av.AudioResampler``, aiortc's codecs), over the same sockets in one run. The peers run in this process and are not
counted. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median

import numpy as np

from benchmarks.load.phone_bridge_process import Kind
from benchmarks.load.phone_peers import Bridge, bridged
from benchmarks.load.phone_sound import Delay, recovery, worse
from relay.phone.sdp import CodecName

WAYS: tuple[tuple[str, Kind, CodecName], ...] = (
    ("", "ours", "PCMA"),
    ("plain_", "plain", "PCMA"),
    ("opus_passthrough_", "ours", "opus"),
    ("vco_", "vco", "PCMA"),
)
DISTURBED = WAYS[:3]
CPU_CALLS = 8
AROUND_S = 4.0  # before and after what disturbs a line
Values = dict[str, float | None]


async def _burst(bridge: Bridge) -> None:
    await bridge.stand_still(0.2)


async def _loss(bridge: Bridge) -> None:
    await bridge.lose(0.3, lambda: True)


async def _random_loss(bridge: Bridge) -> None:
    dice = random.Random(7)
    await bridge.lose(3.0, lambda: dice.random() < 0.1)


DISTURBANCES: dict[str, Callable[[Bridge], Awaitable[None]]] = {
    "burst": _burst,
    "loss": _loss,
    "random_loss": _random_loss,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="one short round instead of three long ones")
    options = parser.parse_args()
    rounds, seconds = (1, 10.0) if options.quick else (3, 30.0)
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # bridge and peers alike: a busy machine's scheduling is not what is measured
    result = asyncio.run(measure(rounds, seconds))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:48} {value}")


async def measure(rounds: int, seconds: float) -> dict[str, object]:
    result: dict[str, object] = {"rounds": rounds, "seconds": seconds, "calls": CPU_CALLS}
    runs = [await one_round(seconds) for _ in range(rounds)]
    for name in runs[0]:
        values = [run[name] for run in runs]
        known = [value for value in values if value is not None]
        result[name] = round(median(known), 4) if len(known) == len(values) else None
    return result


async def one_round(seconds: float) -> Values:
    found: Values = {}
    for prefix, kind, codec in WAYS:
        measured = await undisturbed(kind, codec, seconds) | {"cpu_share_per_call": await cpu(kind, codec, seconds / 2)}
        found |= {prefix + name: value for name, value in measured.items()}
    return found | await disturbances()


async def disturbances() -> Values:
    """All at once, as none of them takes much of the machine."""
    cases = [(way, name) for way in DISTURBED for name in DISTURBANCES]
    async with contextlib.AsyncExitStack() as stack:
        bridges = [await stack.enter_async_context(bridged(kind, codec)) for (_, kind, codec), _ in cases]
        pairs = zip(bridges, cases, strict=True)
        times = await asyncio.gather(*(disturbed(bridge, name) for bridge, (_, name) in pairs))
    found: Values = {}
    for bridge, (began, ended), ((prefix, _, _), name) in zip(bridges, times, cases, strict=True):
        around = zip(bridge.delays(until=began), bridge.delays(since=ended), strict=True)
        each = worse([recovery(before, after, ended) for before, after in around])
        found[f"{prefix}recovery_after_{name}_s"] = each.seconds
        found[f"{prefix}delay_left_by_{name}_ms"] = each.left_s * 1000
    return found


async def undisturbed(kind: Kind, codec: CodecName, seconds: float) -> Values:
    async with bridged(kind, codec, in_turns=kind == "vco") as bridge:
        await bridge.talk(seconds)
        ways = [milliseconds(found) for found in bridge.delays()]
    return {
        "added_delay_p50_ms": max(median(found) for found in ways),
        "added_delay_p99_ms": max(float(np.percentile(found, 99)) for found in ways),
        "added_delay_to_phone_p50_ms": median(ways[0]),
        "added_delay_from_phone_p50_ms": median(ways[1]),
        "delay_growth_ms": max(growth_ms(found) for found in ways),
    }


async def cpu(kind: Kind, codec: CodecName, seconds: float) -> float:
    """:returns: of one core, for one of several calls in which everybody speaks without a pause."""
    async with bridged(kind, codec, CPU_CALLS) as bridge:
        await bridge.talk(1.0)
        before, began = bridge.cpu_s(), time.monotonic()
        await bridge.talk(seconds)
        return (bridge.cpu_s() - before) / (time.monotonic() - began) / CPU_CALLS


async def disturbed(bridge: Bridge, disturbance: str) -> tuple[float, float]:
    """:returns: when it began and ended, s."""
    await bridge.talk(AROUND_S)
    began = time.monotonic()
    await DISTURBANCES[disturbance](bridge)
    ended = time.monotonic()
    await bridge.talk(AROUND_S)
    return began, ended


def milliseconds(found: list[Delay]) -> list[float]:
    return [delay.seconds * 1000 for delay in found[len(found) // 10 :]]


def growth_ms(found: list[float]) -> float:
    fifth = max(1, len(found) // 5)
    return median(found[-fifth:]) - median(found[:fifth])


if __name__ == "__main__":
    main()
