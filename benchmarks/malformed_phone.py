"""
Garbage by the hundred thousand at the phone worker, while a call goes on:
``python -m benchmarks.malformed_phone [--json] [--quick] [--seed N]``.

SIP from a stranger, from the trunk outside and inside dialogs, and as answers to our own calls; RTP, RTCP and real-time
text, plain and encrypted with the session's own keys. The call must go on both ways, the worker must log no fault, and
when its transactions have run out it must hold no more than before. Exits with 1 when it does not. The last line of
``--json`` is one JSON object.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from tests.integration.test_malformed_phone import KINDS, SOUNDS, PhoneUnderFire, under_fire

ROUND = 5_000  # then the call is looked at
UNCOUNTED = ("dropped", "timers")
SETTLED_S = 150.0  # transactions, dialogs and remembered answers last some 64 s at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="5,000 of each kind instead of 30,000 and 60,000")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other garbage")
    options = parser.parse_args()
    result = asyncio.run(measure(*((5_000, 5_000) if options.quick else (30_000, 60_000)), options.seed))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:36} {value}")
    sys.exit(0 if result["call_went_on"] and not result["log"] and not result["left_over"] else 1)


async def measure(messages: int, packets: int, seed: int) -> dict[str, Any]:
    """:param messages: of each of the four kinds of SIP. :param packets: of sound, plain and encrypted each."""
    result: dict[str, Any] = {"seed": seed, "sip": messages * len(KINDS), "rtp": packets * len(SOUNDS)}
    async with under_fire(seed) as fire:
        await fire.call_goes_on()
        before = await fire.worker.held()
        result["resident_before_mb"] = round(fire.worker.resident_mb, 1)
        for kinds, count in ((KINDS, messages), (SOUNDS, packets)):
            for kind in kinds:
                try:
                    await _rounds(fire, kind, count, result)
                except BaseException:
                    print(fire.worker.log[-6_000:], flush=True)
                    raise
        first = await _rested_mb(fire, before)
        for kind in KINDS:
            await _rounds(fire, kind, messages, {})
        second = await _rested_mb(fire, before)
        result |= {"resident_after_first_pass_mb": first, "resident_after_second_pass_mb": second}
        result["call_went_on"] = fire.went_on and await fire.ends_well()
        left = await _settled(fire, before)
        result["resident_settled_mb"] = round(fire.worker.resident_mb, 1)
        result["left_over"] = {name: left[name] for name in left if left[name] > before[name] and name not in UNCOUNTED}
        result["dropped_before_parsing"] = left["dropped"] - before["dropped"]
        result["log"] = fire.faults[:50]
    return result


async def _rested_mb(fire: PhoneUnderFire, before: dict[str, int]) -> float:
    """What a process has once had it keeps for itself: only the second pass tells whether memory grows."""
    await _settled(fire, before)
    return round(fire.worker.resident_mb, 1)


async def _rounds(fire: PhoneUnderFire, kind: str, count: int, result: dict[str, Any]) -> None:
    began = time.monotonic()
    for _ in range(count // ROUND):
        await fire.fire(kind, ROUND)
        await fire.call_goes_on()
    result[f"{kind}_s"] = round(time.monotonic() - began, 1)
    result[f"resident_after_{kind}_mb"] = round(fire.worker.resident_mb, 1)
    print(f"{kind}: {result[f'{kind}_s']} s, {result[f'resident_after_{kind}_mb']} MB", flush=True)


async def _settled(fire: PhoneUnderFire, before: dict[str, int]) -> dict[str, int]:
    """:returns: what the worker holds once it is no more than before, or at the deadline."""
    deadline = time.monotonic() + SETTLED_S
    while True:
        held = await fire.worker.held()
        counted = [name for name in held if name not in UNCOUNTED]
        if all(held[name] <= before[name] for name in counted) or time.monotonic() > deadline:
            return held
        await asyncio.sleep(2)


if __name__ == "__main__":
    main()
