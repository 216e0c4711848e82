"""
Garbage by the hundred thousand on a live call: ``python -m benchmarks.malformed [--json] [--quick] [--seed N]``.

STUN, DTLS, RTP and RTCP that no honest peer sends: from strangers' addresses, from the participant's own, and protected
with its own SRTP session. The call and another one on the same worker must go on, and the worker must log no error.
Exits with 1 when they do not. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from typing import Any

from tests.helpers.media_worker import media_worker
from tests.helpers.peers import CodedPeer
from tests.integration.test_malformed_media import HostileCall, bystanders, gets

ROUND = 5_000  # then the calls are looked at
KINDS = ("stranger", "from_own_address", "protected")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="15,000 of each kind instead of 100,000")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other garbage")
    options = parser.parse_args()
    logging.getLogger("aiortc").setLevel(logging.CRITICAL)  # the viewer says what it cannot decode
    result = asyncio.run(measure(15_000 if options.quick else 100_000, options.seed))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:36} {value}")
    sys.exit(0 if result["calls_went_on"] and not result["log"] else 1)


async def measure(count: int, seed: int) -> dict[str, Any]:
    result: dict[str, Any] = {"seed": seed, "datagrams_each": count, "calls_went_on": True}
    async with media_worker() as worker:
        call = HostileCall(worker)
        hostile = await call.begin(seed)
        quiet = await bystanders(worker)
        await _both_go_on(call, quiet)
        result["resident_before_mb"] = round(worker.resident_mb, 1)
        for kind in KINDS:
            began = time.monotonic()
            for _ in range(count // ROUND):
                await getattr(hostile, kind)(ROUND)
                result["calls_went_on"] &= await _both_go_on(call, quiet)
            result[f"{kind}_s"] = round(time.monotonic() - began, 1)
            result[f"resident_after_{kind}_mb"] = round(worker.resident_mb, 1)
        result["refused_by_libsrtp"] = hostile.refused
        result["log"] = [text for text in worker.log.splitlines() if not text.startswith("WARNING:")][:20]
        result["calls_went_on"] &= worker.is_alive
    return result


async def _both_go_on(call: HostileCall, quiet: tuple[CodedPeer, CodedPeer]) -> bool:
    first, second = quiet
    try:
        await asyncio.gather(call.goes_on(), gets(first, second), gets(second, first))
    except AssertionError as error:
        print(error)
        return False
    return True


if __name__ == "__main__":
    main()
