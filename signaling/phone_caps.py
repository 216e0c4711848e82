"""
How much may be dialled, and what looks like fraud: decisions over one payer's :class:`Tally`. Pure.

A payer is a signer (relay calls), a brand (direct calls) or the whole service, which has alarms and no caps. Where
tallies are kept, so that all processes agree, is ``signaling.phone_tallies``'. Emergencies and rehearsals never come
here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from relay.model import Frozen
from signaling.settings import setting

#: Codes of ``signaling.page_errors``.
CapCode = Literal["too_many_lines", "calls_used_up", "minutes_used_up", "dialling_braked"]
#: Many different numbers; many calls over in seconds; many abroad or costly ones; many numbers of one hundred block.
AlarmKind = Literal["numbers", "short_calls", "abroad", "neighbours"]
PayerKind = Literal["signer", "brand", "service"]
ZONE = ZoneInfo("Europe/Paris")  # whose days are counted
KEPT_S = 90.0  # a leg whose owner does not say so again is over: six times the period in which it does
SHARED_BLOCK = 4  # many people call one town hall's extensions: so many times more than one of them alone
RECENT_LIMIT = 600  # dialled numbers remembered for one payer; above every threshold


class Payer(NamedTuple):
    """:param key: person or brand id; empty for the service."""

    kind: PayerKind
    key: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.key}"


SERVICE = Payer("service", "")


@dataclass(frozen=True)
class CapsConfig:
    """Section ``[caps]``: how much signers and brands may dial, and from when it is looked at."""

    signer_lines: int = setting(3, "legs at once", "a call has two telephones, and one being replaced", at_least=1)
    signer_calls_per_day: int = setting(150, "numbers dialled", "one in 6 min for 15 h: nobody's day", at_least=1)
    signer_minutes_per_day: int = setting(600, "min", "10 h on the telephone; the law grants 5 h a month", at_least=1)
    brand_lines: int = setting(60, "legs at once", "a floor of advisers, each with one call", at_least=1)
    brand_calls_per_day: int = setting(3_000, "numbers dialled", "60 advisers, 50 calls each", at_least=1)
    brand_minutes_per_day: int = setting(20_000, "min", "60 advisers, 5.5 h each", at_least=1)
    window_s: float = setting(600.0, "s", "what alarms look back on", at_least=60, at_most=3600)
    short_call_s: float = setting(10.0, "s", "answered and over by then: nobody was talked to", at_least=1)
    signer_numbers: int = setting(12, "numbers in window_s", "different ones: one a minute", at_least=2, at_most=500)
    brand_numbers: int = setting(120, "numbers in window_s", "60 advisers, two each", at_least=2, at_most=500)
    service_numbers: int = setting(400, "numbers in window_s", "200 calls under way, two each", at_least=2, at_most=500)
    signer_short_calls: int = setting(8, "calls in window_s", "answered, and over in seconds", at_least=2, at_most=500)
    brand_short_calls: int = setting(40, "calls in window_s", "one in three of brand_numbers", at_least=2, at_most=500)
    service_short_calls: int = setting(130, "calls in window_s", "one in three", at_least=2, at_most=500)
    signer_abroad: int = setting(5, "calls in window_s", "abroad, surcharged, by satellite", at_least=2, at_most=500)
    brand_abroad: int = setting(20, "calls in window_s", "abroad, surcharged, by satellite", at_least=2, at_most=500)
    service_abroad: int = setting(60, "calls in window_s", "abroad, surcharged, by satellite", at_least=2, at_most=500)
    neighbours: int = setting(
        8, "numbers in window_s", "of one block of a hundred: somebody tries them one by one", at_least=3, at_most=100
    )
    brake: bool = setting(True, "yes/no", "after an alarm its payer dials no abroad, surcharged or satellite number")
    brake_s: float = setting(3_600.0, "s", "so long; an operator may lift it before", at_least=60)


@dataclass(frozen=True)
class Limits:
    """Of one payer. None: no cap."""

    lines: int | None
    calls: int | None
    minutes: int | None
    numbers: int
    short_calls: int
    abroad: int
    neighbours: int


def limits_of(payer: Payer, caps: CapsConfig) -> Limits:
    match payer.kind:
        case "signer":
            cap = (caps.signer_lines, caps.signer_calls_per_day, caps.signer_minutes_per_day)
            return Limits(*cap, caps.signer_numbers, caps.signer_short_calls, caps.signer_abroad, caps.neighbours)
        case "brand":
            cap = (caps.brand_lines, caps.brand_calls_per_day, caps.brand_minutes_per_day)
            return Limits(*cap, caps.brand_numbers, caps.brand_short_calls, caps.brand_abroad, caps.neighbours)
        case _:
            many = SHARED_BLOCK * caps.neighbours
            alarm = (caps.service_numbers, caps.service_short_calls, caps.service_abroad, many)
            return Limits(None, None, None, *alarm)


class Dialled(NamedTuple):
    """
    What is known of a number: enough to tell numbers apart, not to dial them.

    :param number: digest. :param block: digest of all but its last two digits.
    :param is_costly: abroad, surcharged or by satellite.
    """

    number: str
    block: str
    is_costly: bool


class LiveLeg(NamedTuple):
    """:param answered_at: Unix seconds. :param kept_until: Unix seconds; then it counts as over."""

    answered_at: float | None
    kept_until: float


class Recent(NamedTuple):
    at: float
    attempt: str
    number: str
    block: str
    is_costly: bool
    is_short: bool = False


class Tally(Frozen):
    """
    What one payer has dialled: today, now, and lately.

    :param day: ISO 8601, in Paris. :param seconds: of telephone legs that are over.
    :param alarms: kind -> Unix seconds until which its brake is on.
    """

    day: str = ""
    calls: int = 0
    seconds: float = 0.0
    legs: dict[str, LiveLeg] = {}
    recent: tuple[Recent, ...] = ()
    alarms: dict[AlarmKind, float] = {}

    def at(self, now: float, window_s: float) -> "Tally":
        """The same, without what is past; a new day begins with nothing but the legs under way."""
        day = datetime.fromtimestamp(now, ZONE).date().isoformat()
        is_new = day != self.day
        live = {attempt: leg for attempt, leg in self.legs.items() if leg.kept_until > now}
        lost = sum(_seconds(leg, leg.kept_until) for name, leg in self.legs.items() if name not in live)
        return Tally(
            day=day,
            calls=0 if is_new else self.calls,
            seconds=lost + (0.0 if is_new else self.seconds),
            legs=live,
            recent=tuple(each for each in self.recent if each.at > now - window_s)[-RECENT_LIMIT:],
            alarms={kind: until for kind, until in self.alarms.items() if until > now},
        )

    def minutes(self, now: float) -> float:
        """Today's, with those of the legs under way."""
        return (self.seconds + sum(_seconds(leg, now) for leg in self.legs.values())) / 60


def _seconds(leg: LiveLeg, until: float) -> float:
    return max(0.0, until - leg.answered_at) if leg.answered_at is not None else 0.0


def refusal(tally: Tally, limits: Limits, now: float) -> CapCode | None:
    """Why no further number is dialled. What is under way goes on."""
    if limits.lines is not None and len(tally.legs) >= limits.lines:
        return "too_many_lines"
    if limits.calls is not None and tally.calls >= limits.calls:
        return "calls_used_up"
    if limits.minutes is not None and tally.minutes(now) >= limits.minutes:
        return "minutes_used_up"
    return None


def is_braked(tally: Tally, dialled: Dialled, caps: CapsConfig, now: float) -> bool:
    return caps.brake and dialled.is_costly and any(until > now for until in tally.alarms.values())


def begun(tally: Tally, attempt: str, dialled: Dialled, now: float) -> Tally:
    recent = Recent(now, attempt, *dialled)
    legs = {**tally.legs, attempt: LiveLeg(None, now + KEPT_S)}
    return tally.model_copy(
        update={"calls": tally.calls + 1, "legs": legs, "recent": (*tally.recent, recent)[-RECENT_LIMIT:]}
    )


def undone(tally: Tally, attempt: str) -> Tally:
    """It was not dialled after all."""
    if attempt not in tally.legs:
        return tally
    return tally.model_copy(
        update={
            "calls": max(0, tally.calls - 1),
            "legs": _without(tally.legs, attempt),
            "recent": tuple(each for each in tally.recent if each.attempt != attempt),
        }
    )


def kept(tally: Tally, legs: Mapping[str, float | None], now: float) -> Tally:
    """:param legs: under way: attempt -> when it was answered."""
    live = {attempt: LiveLeg(answered_at, now + KEPT_S) for attempt, answered_at in legs.items()}
    return tally.model_copy(update={"legs": {**tally.legs, **live}})


def ended(tally: Tally, attempt: str, duration_s: float | None, short_call_s: float) -> Tally:
    """Counts once. :param duration_s: None: it was never answered."""
    if attempt not in tally.legs:
        return tally
    is_short = duration_s is not None and duration_s < short_call_s
    return tally.model_copy(
        update={
            "seconds": tally.seconds + (duration_s or 0.0),
            "legs": _without(tally.legs, attempt),
            "recent": tuple(
                each._replace(is_short=True) if is_short and each.attempt == attempt else each for each in tally.recent
            ),
        }
    )


def _without(legs: Mapping[str, LiveLeg], attempt: str) -> dict[str, LiveLeg]:
    return {name: leg for name, leg in legs.items() if name != attempt}


def alarming(tally: Tally, limits: Limits) -> frozenset[AlarmKind]:
    """What there is too much of in the window."""
    blocks: dict[str, set[str]] = {}
    for each in tally.recent:
        blocks.setdefault(each.block, set()).add(each.number)
    counts: dict[AlarmKind, tuple[int, int]] = {
        "numbers": (len({each.number for each in tally.recent}), limits.numbers),
        "short_calls": (sum(each.is_short for each in tally.recent), limits.short_calls),
        "abroad": (sum(each.is_costly for each in tally.recent), limits.abroad),
        "neighbours": (max(map(len, blocks.values()), default=0), limits.neighbours),
    }
    return frozenset(kind for kind, (count, limit) in counts.items() if count >= limit)


def alarmed(tally: Tally, limits: Limits, caps: CapsConfig, now: float) -> tuple[Tally, frozenset[AlarmKind]]:
    """:returns: the tally with its alarms, and those that are new; one goes on as long as its cause."""
    found = alarming(tally, limits)
    if not found:
        return tally, frozenset()
    until = dict.fromkeys(found, now + caps.brake_s)
    return tally.model_copy(update={"alarms": {**tally.alarms, **until}}), found - tally.alarms.keys()


def with_caps(limits: Limits, lines: int | None, calls: int | None, minutes: int | None) -> Limits:
    """What a brand has otherwise; None: as every brand."""
    return replace(
        limits,
        lines=limits.lines if lines is None else lines,
        calls=limits.calls if calls is None else calls,
        minutes=limits.minutes if minutes is None else minutes,
    )
