"""
Thresholds for a centre, from seconds of its own videos of which people wrote what they should say.

For each rule, its first limit: moved away where it alarms in more than 2 % of the good seconds; moved closer where
fewer than 9 in 10 of the seconds that it is for break any rule of that advice, as far as the good seconds allow. The
advice with the new thresholds is found by playing the same measures through the same policy again.

Pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from relay.model import AdviceCode, WatchFor
from relay.visibility.accuracy import Tally
from relay.visibility.advice import AdvicePolicy
from relay.visibility.rules import RULES, SIGNING_SHARE, Limit, Measures, Rule

FALSE_ALARMS = 0.02  # of the good seconds, at most, for each rule
DETECTED = 0.9  # of the seconds that an advice is for, at least
FEWEST_GOOD, FEWEST_IMPAIRED = 100, 15  # seconds, below which nothing is proposed


@dataclass(frozen=True, slots=True)
class WatchedSeconds:
    """One video. :param expected: of each second; empty where nothing is. :param measures: of the same seconds."""

    watch_for: WatchFor
    expected: Sequence[tuple[AdviceCode, ...]]
    measures: Sequence[Measures]


class Proposal(NamedTuple):
    """
    :param alarms: share of the good seconds that broke it, and would. :param caught: of those it is for.
    """

    rule: Rule
    limit: Limit
    enter: float
    leave: float
    alarms: tuple[float, float]
    caught: tuple[float, float]


class _Second(NamedTuple):
    expected: tuple[AdviceCode, ...]
    watch_for: WatchFor
    measures: Measures


def played(videos: Sequence[WatchedSeconds], rules: tuple[Rule, ...] = RULES) -> Tally:
    """What would have been said of the videos with these rules, counted."""
    tally = Tally(videos=len(videos))
    for video in videos:
        policy = AdvicePolicy(video.watch_for, rules)
        for expected, measures in zip(video.expected, video.measures, strict=True):
            tally.add(expected, policy.update(measures).advice)
    return tally


def too_few(videos: Sequence[WatchedSeconds]) -> dict[AdviceCode, int]:
    """
    :returns: seconds noted for each code of which there are fewer than proposals need: without those of ``good`` there
        is none at all, without those of an advice none that would say it sooner.
    """
    counted: Counter[AdviceCode] = Counter({"good": 0})
    for expected in (expected for video in videos for expected in video.expected):
        counted.update(expected if expected == ("good",) else [code for code in expected if code != "good"])
    return {
        code: seconds
        for code, seconds in counted.items()
        if seconds < (FEWEST_GOOD if code == "good" else FEWEST_IMPAIRED)
    }


def proposals(videos: Sequence[WatchedSeconds], rules: tuple[Rule, ...] = RULES) -> tuple[Proposal, ...]:
    """:returns: one for each limit that should move; none when there are too few good seconds to tell."""
    seconds = [
        _Second(expected, video.watch_for, measures)
        for video in videos
        for expected, measures in zip(video.expected, video.measures, strict=True)
        if expected
    ]
    good = [second for second in seconds if second.expected == ("good",)]
    if len(good) < FEWEST_GOOD:
        return ()
    found = (_proposal(rule, rules, good, seconds) for rule in rules)
    return tuple(proposal for proposal in found if proposal is not None)


def _proposal(
    rule: Rule, rules: Sequence[Rule], good: Sequence[_Second], seconds: Sequence[_Second]
) -> Proposal | None:
    limit = rule.limits[0]
    impaired = [second for second in seconds if rule.code in second.expected]
    alarming = _values(rule, good)
    bound = _bound(limit, alarming, int(FALSE_ALARMS * len(good)))
    if _broken(limit, alarming, limit.enter) > FALSE_ALARMS * len(good):
        enter = bound
    elif (
        _is_laxest(rule, rules)
        and len(impaired) >= FEWEST_IMPAIRED
        and _caught_by_any(rule, rules, impaired) < DETECTED
    ):
        enter = _stricter(limit, bound, _bound(limit, _values(rule, impaired), int(DETECTED * len(impaired))))
        enter = _looser(limit, limit.enter, enter)
        if enter is None or not _catches_more(rule, impaired, enter):
            return None
    else:
        return None
    if enter is None or round(enter, 3) == round(limit.enter, 3):
        return None

    def share(of: Sequence[_Second], threshold: float) -> float:
        return round(_broken(limit, _values(rule, of), threshold) / len(of), 4) if of else 0.0

    return Proposal(
        rule,
        limit,
        round(enter, 3),
        round(_leave(limit, enter), 3),
        (share(good, limit.enter), share(good, enter)),
        (share(impaired, limit.enter), share(impaired, enter)),
    )


def _values(rule: Rule, seconds: Sequence[_Second]) -> list[float]:
    """The first limit's measure in the seconds in which all that the rule needs besides is given."""
    limit, *others = rule.limits
    return [
        value
        for second in seconds
        if (value := second.measures.get(limit.measure)) is not None
        and second.watch_for in rule.watch
        and (not rule.while_signing or (second.measures.get("signing") or 0.0) >= SIGNING_SHARE)
        and all(other.is_broken(second.measures, active=False) for other in others)
    ]


def _broken(limit: Limit, values: Sequence[float], threshold: float) -> int:
    return sum(value < threshold if limit.side == "below" else value > threshold for value in values)


def _bound(limit: Limit, values: Sequence[float], allowed: int) -> float | None:
    """:returns: the threshold beyond which not more than ``allowed`` values lie; None when any will do."""
    ordered = sorted(values, reverse=limit.side == "above")
    return ordered[allowed] if allowed < len(ordered) else None


def _catches_more(rule: Rule, impaired: Sequence[_Second], enter: float) -> bool:
    limit, values = rule.limits[0], _values(rule, impaired)
    return _broken(limit, values, round(enter, 3)) > _broken(limit, values, limit.enter)


def _leave(limit: Limit, enter: float) -> float:
    """
    As far from ``enter`` as before; where that is below 0, or above 1 of what is a share, it would hold for ever: then
    half as far as there is room.
    """
    leave = enter + limit.leave - limit.enter
    if limit.side == "above" and limit.leave >= 0 > leave:
        return enter / 2
    if limit.side == "below" and limit.leave <= 1 < leave and enter < 1:
        return (enter + 1) / 2
    return leave


def _caught_by_any(rule: Rule, rules: Sequence[Rule], impaired: Sequence[_Second]) -> float:
    same = [other for other in rules if other.code == rule.code]
    caught = sum(
        any(second.watch_for in other.watch and other.speaks(second.measures, active=False) for other in same)
        for second in impaired
    )
    return caught / len(impaired)


def _is_laxest(rule: Rule, rules: Sequence[Rule]) -> bool:
    """Whether no other rule speaks sooner for the same from the same measure: of two levels the milder moves closer."""
    limit = rule.limits[0]
    return not any(
        other.code == rule.code
        and other.watch == rule.watch
        and (other.limits[0].measure, other.limits[0].side) == (limit.measure, limit.side)
        and _broken(limit, [limit.enter], other.limits[0].enter)
        for other in rules
    )


def _stricter(limit: Limit, one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other) if limit.side == "below" else max(one, other)


def _looser(limit: Limit, one: float, other: float | None) -> float | None:
    if other is None:
        return None
    return max(one, other) if limit.side == "below" else min(one, other)
