"""
What two Chromium pages see of each other over good and bad lines.

``python -m benchmarks.browser_lines [--json] [--quick] [--only SCENARIO]``, a scenario being ``good``, ``loss``,
``slow``, ``outage``, or for comparison ``slow_plain_pages`` and ``slow_plain``. Both pages send a 1280×720 camera at 30
pictures a second through one media worker (own process) and lines that are own processes too. Besides medians it prints
what every second brought: the series show what adapts to what. The last line of ``--json`` is one JSON object.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from statistics import median
from typing import Any

from playwright.async_api import Browser

from relay.model import WebLeg
from tests.helpers.browser_call import CALL, LEGS, BrowserCall, Sample, browser_call, chromium
from tests.helpers.line import Line, line
from tests.helpers.shaping import Way

CAMERA = {"width": 1280, "height": 720}
GOOD = Way()
LOSSY = Way(loss=0.03)
SLOW_DOWN, SLOW_UP = Way(rate_kbps=250, loss=0.02, delay_ms=40), Way(loss=0.02, delay_ms=40)
FLUENT_FPS = 20.0
BACK_PICTURES, BACK_WITHIN_S = 8, 0.5  # that many pictures in that time: the picture is back
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="each scenario once instead of three times")
    parser.add_argument("--only", choices=list(SCENARIOS), help="one scenario")
    options = parser.parse_args()
    result = asyncio.run(measure(1 if options.quick else 3, [options.only] if options.only else list(SCENARIOS)))
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:36} {value}")


async def measure(runs: int, names: list[str]) -> Figures:
    result: Figures = {"runs": runs, "load_before": round(os.getloadavg()[0], 2)}
    async with chromium() as browser:
        for name in names:
            found = [await SCENARIOS[name](browser, run) for run in range(runs)]
            result |= {f"{name}_{key}": _middle([each[key] for each in found]) for key in found[0]}
            result[f"{name}_each_run"] = [_single_figures(each) for each in found]
    result["load_after"] = round(os.getloadavg()[0], 2)
    return result


def _middle(values: list[Any]) -> Any:
    """The median of figures; of a series, the first run's."""
    if isinstance(values[0], list | dict):
        return values[0]
    known = [value for value in values if value is not None]
    return round(median(known), 2) if len(known) == len(values) else None


def _single_figures(found: Figures) -> Figures:
    return {key: value for key, value in found.items() if not isinstance(value, list | dict)}


# --- scenarios --------------------------------------------------------------------------------------------


async def good(browser: Browser, run: int) -> Figures:
    """First picture after bridging at both, and time from connecting to 1280×720."""
    async with _call(browser, GOOD, GOOD, run) as (call, _):
        await call.bridge()
        both = asyncio.gather(*(_watch(call, leg, 30) for leg in LEGS))
        from_signer, samples = await both
        joined = (await call.measure("signer"))["connectedAt"] / 1000
        first = [1000 * ((await call.pictures(leg))[0] - call.bridged_at) for leg in LEGS]
        full = next((each.at_s for each in samples if each.width == CAMERA["width"]), None)
        return {
            "first_picture_ms": round(max(first), 1),
            "full_size_after_s": None if full is None else round(full - joined, 1),
            "fps": round(median(each.fps for each in samples), 1),
            "series": _series(samples),
            "sender": {
                "available_bps": [each.available_bps for each in from_signer],
                "width": [each.sent_width for each in from_signer],
                "limited": [each.limited for each in from_signer],
            },
            "asked": _asked(call),
        }


async def loss(browser: Browser, run: int) -> Figures:
    """3 % lost in both directions of both hops, for 24 s after the first 6 s."""
    async with _call(browser, LOSSY, LOSSY, run) as (call, _):
        await call.bridge()
        await asyncio.gather(*(_watch(call, leg, 6) for leg in LEGS))
        seen = await asyncio.gather(*(_watch(call, leg, 24) for leg in LEGS))
        return {
            "fps": round(min(median(each.fps for each in samples) for samples in seen), 1),
            "freezes": sum(each.freezes for samples in seen for each in samples),
            "frozen_s": round(sum(each.frozen_s for samples in seen for each in samples), 2),
            "series": _series(seen[1]),
        }


async def slow(browser: Browser, run: int, *, plain_pages: bool = False, plain_worker: bool = False) -> Figures:
    """
    The agent's downlink: 250 kbit/s, 2 % loss, 80 ms round trip. Settled: 20 pictures a second for 5 s.

    :param plain_pages: they send as a browser does by itself. :param plain_worker: it passes on what comes.
    """
    plain = {"plain_pages": plain_pages, "plain_worker": plain_worker}
    async with _call(browser, SLOW_UP, SLOW_DOWN, run, only="agent", **plain) as (call, lines):
        await call.bridge()
        samples = await _watch(call, "agent", 40)
        settled = next(
            (i for i in range(len(samples) - 4) if all(each.fps >= FLUENT_FPS for each in samples[i : i + 5])), None
        )
        window = samples[settled : settled + 20] if settled is not None else samples[-20:]
        return {
            "fps": round(median(each.fps for each in window), 1),
            "settled_after_s": None if settled is None else round(samples[settled].at_s - call.bridged_at, 1),
            "freezes_in_window": sum(each.freezes for each in window),
            "width": window[-1].width,
            "series": _series(samples),
            "available_bps": _available(call, "agent"),
            "asked": _asked(call),
            "line": (await lines["agent"].counts())["down"],
        }


async def outage(browser: Browser, run: int) -> Figures:
    """The agent's line passes nothing for 3 s."""
    async with _call(browser, GOOD, GOOD, run, only="agent") as (call, lines):
        await call.bridge()
        await _watch(call, "agent", 8)
        await lines["agent"].down()
        await asyncio.sleep(3.0)
        await lines["agent"].up()
        up_at = time.time()
        samples = await _watch(call, "agent", 10)
        return {
            "picture_after_s": _back_after(await call.pictures("agent"), up_at),
            "picture_at_other_after_s": _back_after(await call.pictures("signer"), up_at),
            "fluent_after_s": next((round(e.at_s - up_at, 1) for e in samples if e.fps >= FLUENT_FPS), None),
            "series": _series(samples),
            "asked": _asked(call),
        }


SCENARIOS: dict[str, Callable[[Browser, int], Coroutine[Any, Any, Figures]]] = {
    "good": good,
    "loss": loss,
    "slow": slow,
    "slow_plain_pages": functools.partial(slow, plain_pages=True),
    "slow_plain": functools.partial(slow, plain_pages=True, plain_worker=True),
    "outage": outage,
}


# --- measuring --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _call(
    browser: Browser,
    up: Way,
    down: Way,
    run: int,
    only: WebLeg | None = None,
    *,
    plain_pages: bool = False,
    plain_worker: bool = False,
) -> AsyncIterator[tuple[BrowserCall, dict[WebLeg, Line]]]:
    """:param only: this leg's line is the bad one; the other's is good."""
    async with contextlib.AsyncExitStack() as stack:
        settings = {"plain": True} if plain_worker else {}
        call = await stack.enter_async_context(browser_call(browser, **settings))
        lines: dict[WebLeg, Line] = {}
        for number, leg in enumerate(LEGS):
            ways = (up, down) if only in (None, leg) else (GOOD, GOOD)
            lines[leg] = await stack.enter_async_context(line(*ways, seed=10 * run + number))
            await call.join(leg, lines[leg], **CAMERA, plain=plain_pages)
        yield call, lines
        if call.worker.log:
            print(call.worker.log)


async def _watch(
    call: BrowserCall, leg: WebLeg, seconds: int, enough: Callable[[list[Sample]], bool] | None = None
) -> list[Sample]:
    found: list[Sample] = []
    async for sample in call.samples(leg):
        found.append(sample)
        if len(found) >= seconds or (enough is not None and enough(found)):
            break
    return found


def _back_after(shown: list[float], up_at: float) -> float | None:
    """
    :param shown: when pictures were. :returns: seconds from ``up_at`` to the first picture that others follow at once:
        what was still on its way when the line went down counts for nothing.
    """
    after = [moment for moment in shown if moment >= up_at]
    runs = zip(after, after[BACK_PICTURES - 1 :], strict=False)
    return next((round(first - up_at, 2) for first, last in runs if last - first < BACK_WITHIN_S), None)


def _series(samples: list[Sample]) -> dict[str, list[Any]]:
    """What each second brought."""
    return {name: [getattr(each, name) for each in samples] for name in ("fps", "kbps", "width", "freezes")}


def _available(call: BrowserCall, leg: WebLeg) -> list[int | None]:
    """What the worker thought the line to ``leg`` carries, each second."""
    return [each.available_outgoing_bitrate_bps for each in call.worker.stats_of(CALL, leg)]


def _asked(call: BrowserCall) -> list[list[Any]]:
    """When (s after bridging) who was asked for how much (bit/s), how small (divisor) and how fast (pictures/s)."""
    return [
        [
            round(at - call.bridged_at, 1),
            event.leg,
            event.encoding.max_bitrate_bps,
            event.encoding.scale_resolution_down_by,
            event.encoding.max_framerate,
        ]
        for at, event in call.encodings
    ]


if __name__ == "__main__":
    main()
