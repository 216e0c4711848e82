"""
Everything that the forwarding sends, as one number: ``python -m tests.helpers.forwarding_digest COUNT [COMPILED]``.

A call on a bad line in virtual time, then COUNT packets into another one, most of them damaged. Chance is seeded: the
Python and the compiled code have to say the same. One JSON object.
"""

import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from relay import compiled


def main(count: int) -> None:
    from relay.forwarding import rtp

    digests = {"call": _call(), "garbage": _garbage(count)}
    sys.stdout.write(json.dumps(digests | {"file": rtp.__file__}))


def _call() -> dict[str, Any]:
    from tests.helpers.shaping import Way
    from tests.helpers.simulated_call import SimulatedCall

    sent = hashlib.blake2s()

    class Watched(SimulatedCall):
        def _to_viewer(self, data: bytes) -> None:
            sent.update(data)
            super()._to_viewer(data)

        def _to_sender(self, data: bytes) -> None:
            sent.update(data)
            super()._to_sender(data)

    random.seed(1)
    call = Watched(Way(rate_kbps=400, delay_ms=40, loss=0.02, jitter_ms=10))
    call.run(20.0)
    return {"pictures": len(call.played), "digest": sent.hexdigest()}


def _garbage(count: int) -> dict[str, Any]:
    """Both legs send real packets, damaged ones and damaged feedback; what escapes is counted by its type."""
    from tests.helpers import malformed
    from tests.helpers.packets import rtp, vp8_payload
    from tests.helpers.shaping import Way
    from tests.helpers.simulated_call import SENDER, SENDER_RTX, SimulatedCall

    sent, escaped = hashlib.blake2s(), Counter[str]()

    class Fed(SimulatedCall):
        def _to_viewer(self, data: bytes) -> None:
            sent.update(data)

        _to_sender = _to_viewer

    random.seed(2)
    chance = random.Random(2)
    call = Fed(Way())
    real = [
        rtp(
            payload_type=96,
            sequence=number,
            timestamp=number // 4 * 3000,
            ssrc=SENDER,
            payload=vp8_payload(number // 4, tl0=number // 16, temporal_id=0, key=number == 0) + bytes(600),
            marker=number % 4 == 3,
        )
        for number in range(100)
    ]
    target = malformed.Target((SENDER, SENDER_RTX), (1001, 2001, 1051, 2051))
    for number in range(count):
        match number % 5:
            case 0:
                data = malformed.rtcp(chance, target)
            case 1:
                data = malformed.rtp(chance, real)
            case 2:
                data = malformed.rtx(chance, real, SENDER_RTX, number)
            case 3:
                data = malformed.datagram(chance)
            case _:
                data = chance.choice(real)
        leg = chance.choice((call.sender, call.viewer))
        now = 100.0 + number / 500
        try:
            leg.path.receive(data, now)
            if number % 50 == 0:
                leg.path.tick(now)
        except Exception as error:
            escaped[type(error).__name__] += 1
    return {"escaped": dict(escaped), "digest": sent.hexdigest()}


if __name__ == "__main__":
    for root in sys.argv[2:]:
        assert compiled.use(Path(root)), "nothing there fits these sources"
    main(int(sys.argv[1]))
