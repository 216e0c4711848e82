"""
Who may serve a call, in which order, and how its waiting counts: from the call's facts and its queue's rules. Pure.

One function for each rule. What becomes of it is the queue's (``interpreter_queue.policy``); emergencies and resumed
calls are absolute there (``Call.priority``), and no rule here narrows an emergency.
"""

from collections.abc import Mapping

from interpreter_queue.model import HEARING_SKILL, REHEARSAL_SKILL, Target, Trade
from relay.model import Frozen
from signaling.call_model import Line
from signaling.call_terms import CallKind, Mode
from signaling.queue_rules import QueueRules, RelaxStep, queue_name

HEAD_START_S = 1800.0  # a hearing caller waits on the telephone and may hang up: as if they had waited this long
TARGETS_LIMIT = 10  # of one request (``interpreter_queue.model.Request.targets``)


class CallFacts(Frozen):
    """
    What routing knows of a call: no number, no name.

    :param brand: slug. :param trades: that serve its mode, the preferred first.
    :param skills: of the brand. :param known_agent: adviser who served this signer for this brand before.
    :param domain: asked for by the signer, a skill (``medical``); relaxed as the wait grows.
    :param language: the signer's, a skill (``asl``): nobody else would understand, so it is never relaxed.
    :param gender: of the interpreter, as best effort.
    :param is_incoming: somebody waits on the telephone. :param is_emergency: served by whoever can.
    """

    kind: CallKind
    mode: Mode
    trades: tuple[Trade, ...]
    brand: str | None = None
    skills: dict[str, int] = {}
    known_agent: str | None = None
    domain: str | None = None
    language: str | None = None
    gender: str | None = None
    is_incoming: bool = False
    is_emergency: bool = False
    is_rehearsal: bool = False

    @property
    def queue(self) -> str:
        return queue_name(self.kind, self.mode, self.brand)


def line_of(facts: CallFacts, rules: QueueRules, overflow: QueueRules | None = None) -> Line:
    """:param overflow: rules of ``rules.overflow_queue``; None: there is none."""
    return Line(
        queue=facts.queue,
        targets=targets(facts, rules, overflow),
        preferred=preferred_skills(facts, rules),
        head_start_s=HEAD_START_S if facts.is_incoming else 0.0,
        weight=rules.weight,
        strategy=rules.strategy,
        room=None if facts.is_emergency else rules.room,
        callback=rules.callback,
    )


def targets(facts: CallFacts, rules: QueueRules, overflow: QueueRules | None) -> tuple[Target, ...]:
    """The known adviser, whoever has all that is asked for, less of it in steps, then others."""
    known = known_adviser(facts, rules)
    begin = rules.known_adviser_s if known else 0.0
    found = [
        *known,
        *relaxed(facts, rules, begin),
        *overflow_to_skills(facts, rules, begin),
        *overflow_to_queue(facts, rules, overflow, begin),
    ]
    return tuple(sorted(found, key=lambda target: target.after_s)[:TARGETS_LIMIT])


def required_skills(facts: CallFacts, rules: QueueRules) -> dict[str, int]:
    """
    Never given up: hearing, where somebody must hear a telephone; the signer's language; the brand's; the queue's. An
    emergency asks for hearing and language alone.
    """
    found: dict[str, int] = {}
    if facts.kind == "relay":
        found[HEARING_SKILL] = 1
    if facts.language is not None:
        found[facts.language] = 1
    if facts.is_rehearsal:
        return found | {REHEARSAL_SKILL: 1}
    return found if facts.is_emergency else found | facts.skills | rules.required


def asked_skills(facts: CallFacts, rules: QueueRules) -> dict[str, int]:
    """Asked for first, then less: the queue's, and the domain that the signer named."""
    if facts.is_emergency or facts.is_rehearsal:
        return {}
    return rules.asked | ({facts.domain: rules.domain_level} if facts.domain is not None else {})


def preferred_skills(facts: CallFacts, rules: QueueRules) -> dict[str, int]:
    """
    Nobody waits for these: the interpreter's gender, the queue's, and what is asked for, so that of those who may
    serve once it is relaxed the one who has it is still the better one.
    """
    gender = {f"gender:{facts.gender}": 1} if facts.gender is not None else {}
    return {} if facts.is_rehearsal else asked_skills(facts, rules) | rules.preferred | gender


def known_adviser(facts: CallFacts, rules: QueueRules) -> list[Target]:
    """Direct calls only, the person whom the signer knows first; passed over by the queue while that one is away."""
    if facts.kind != "direct" or facts.known_agent is None or rules.known_adviser_s <= 0 or facts.is_rehearsal:
        return []
    return [Target(trades=facts.trades, skills=required_skills(facts, rules), agents=(facts.known_agent,))]


def relaxed(facts: CallFacts, rules: QueueRules, begin: float) -> list[Target]:
    """
    :param begin: seconds from which anybody may serve. A step that comes before is taken at once, and one that changes
        nothing is left out.
    """
    required, asked = required_skills(facts, rules), asked_skills(facts, rules)
    found = [Target(after_s=begin, trades=facts.trades, skills=_both(required, asked))]
    for step in rules.relax if asked else ():
        skills = _both(required, at_most(asked, step))
        if skills != found[-1].skills:
            found.append(Target(after_s=max(begin, step.after_s), trades=facts.trades, skills=skills))
    return found


def at_most(asked: Mapping[str, int], step: RelaxStep) -> dict[str, int]:
    """What is still asked for after this step."""
    return {name: min(level, step.level) for name, level in asked.items() if step.level > 0}


def overflow_to_skills(facts: CallFacts, rules: QueueRules, begin: float) -> list[Target]:
    """Whoever has the trade and the skills of the overflow, in place of the brand's and the queue's."""
    if rules.overflow_after_s is None or not rules.overflow_skills or facts.is_rehearsal:
        return []
    skills = _always(facts) | rules.overflow_skills
    return [Target(after_s=max(begin, rules.overflow_after_s), trades=facts.trades, skills=skills)]


def overflow_to_queue(facts: CallFacts, rules: QueueRules, other: QueueRules | None, begin: float) -> list[Target]:
    """
    Whoever serves the other queue: its required skills, and its brand. The trades stay this call's own: nobody relays
    what they are not qualified for.
    """
    if rules.overflow_after_s is None or rules.overflow_queue is None or other is None or facts.is_rehearsal:
        return []
    first = rules.overflow_queue.partition("/")[0]
    brand = {f"brand:{first}": 1} if first not in ("relay", "direct") else {}
    skills = _always(facts) | brand | other.required
    return [Target(after_s=max(begin, rules.overflow_after_s), trades=facts.trades, skills=skills)]


def _always(facts: CallFacts) -> dict[str, int]:
    """What no overflow replaces: hearing and language."""
    found = {HEARING_SKILL: 1} if facts.kind == "relay" else {}
    return found | ({facts.language: 1} if facts.language is not None else {})


def _both(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Of a skill in both the higher level."""
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}
