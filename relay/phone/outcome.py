"""
What a final SIP response means to the people in the call. Pure.

Codes of RFC 3261 §21 and later registrations; causes of ITU-T Q.850 as gateways tell them in a Reason header
(RFC 3326), mapped in the spirit of RFC 3398 §8.2.6.1.
"""

import re
from collections.abc import Iterable

from relay.model import PhoneOutcome

REQUEST_TIMEOUT = 408

_BY_CODE: dict[int, PhoneOutcome] = {
    300: "trunk_failed",  # several choices: a redirection that was not followed
    301: "wrong_number",  # moved for good, to where we may not follow
    302: "unreachable",  # forwarded to where we may not follow
    305: "trunk_failed",  # use a proxy
    380: "unreachable",  # another service, e.g. an announcement that says why
    400: "trunk_failed",
    401: "trunk_failed",  # the trunk's password
    402: "trunk_failed",  # payment required
    403: "trunk_failed",  # forbidden: by the trunk, unless a cause says otherwise
    404: "wrong_number",  # not found
    405: "trunk_failed",
    406: "trunk_failed",
    407: "trunk_failed",
    410: "wrong_number",  # gone
    416: "trunk_failed",  # URI scheme: our trunk's configuration
    420: "trunk_failed",
    421: "trunk_failed",
    422: "trunk_failed",  # session timer too short, also after we asked for more
    430: "unreachable",  # flow failed (RFC 5626)
    433: "declined",  # anonymous calls not taken (RFC 5079)
    480: "unreachable",  # temporarily unavailable
    481: "trunk_failed",
    482: "trunk_failed",  # loop
    483: "trunk_failed",  # too many hops
    484: "wrong_number",  # address incomplete
    485: "wrong_number",  # ambiguous
    486: "busy",
    487: "unreachable",  # terminated, and not by our CANCEL
    488: "trunk_failed",  # no codec in common
    489: "trunk_failed",
    491: "trunk_failed",
    493: "trunk_failed",
    500: "trunk_failed",
    501: "trunk_failed",
    502: "trunk_failed",
    503: "trunk_failed",
    504: "trunk_failed",
    505: "trunk_failed",
    513: "trunk_failed",
    580: "trunk_failed",
    600: "busy",  # busy everywhere
    603: "declined",
    604: "wrong_number",  # does not exist anywhere
    606: "trunk_failed",
    607: "declined",  # unwanted (RFC 8197)
    608: "declined",  # rejected by a call filter (RFC 8688)
}

#: ITU-T Q.850 §2.2.7. Causes that say nothing (16 normal clearing, 31, 127) leave it to the code.
_BY_CAUSE: dict[int, PhoneOutcome] = {
    1: "wrong_number",  # unallocated number
    2: "trunk_failed",  # no route to transit network
    3: "wrong_number",  # no route to destination
    4: "wrong_number",  # special information tone
    5: "wrong_number",  # misdialled trunk prefix
    14: "unreachable",  # number ported, not found there
    17: "busy",
    18: "no_answer",  # no user responding
    19: "no_answer",  # alerted, no answer
    20: "unreachable",  # subscriber absent: phone off or without network
    21: "declined",  # call rejected
    22: "wrong_number",  # number changed
    23: "unreachable",  # redirected to a new destination
    24: "declined",  # rejected by a feature at the destination
    25: "trunk_failed",  # routing error
    26: "unreachable",  # non-selected user clearing
    27: "unreachable",  # destination out of order
    28: "wrong_number",  # invalid number format
    29: "trunk_failed",  # facility rejected
    34: "trunk_failed",  # no circuit available
    38: "trunk_failed",  # network out of order
    41: "trunk_failed",  # temporary failure
    42: "trunk_failed",  # congestion
    43: "trunk_failed",
    44: "trunk_failed",
    46: "trunk_failed",
    47: "trunk_failed",  # resource unavailable
    50: "trunk_failed",
    52: "trunk_failed",  # outgoing calls barred
    53: "trunk_failed",
    54: "declined",  # incoming calls barred
    55: "declined",  # incoming calls barred within the closed user group
    57: "trunk_failed",
    58: "trunk_failed",
    63: "trunk_failed",
    65: "trunk_failed",
    69: "trunk_failed",
    79: "trunk_failed",
    87: "declined",  # user is no member of the closed user group
    88: "trunk_failed",  # incompatible destination
    102: "trunk_failed",  # recovery on timer expiry
    111: "trunk_failed",  # protocol error
}
_Q850 = re.compile(r"Q\.850\s*;[^,]*?\bcause\s*=\s*(\d{1,3})", re.IGNORECASE)


def outcome_of(sip_code: int, *, rang: bool, cause: int | None = None) -> PhoneOutcome:
    """
    :param sip_code: 300…699; a call that was answered has no failure code and never comes here.
    :param rang: a 18x was received, so that a time-out means nobody picked up and not a dead trunk.
    :param cause: of Q.850. It is the called person's network that speaks: more exact than the code a gateway made of
        it; only 6xx, the person's own will, comes first.
    :returns: ``trunk_failed`` for everything that is neither the number's nor the person's doing.
    """
    if cause in _BY_CAUSE and not 600 <= sip_code < 700:
        return _BY_CAUSE[cause]
    if sip_code == REQUEST_TIMEOUT:
        return "no_answer" if rang else "trunk_failed"
    return _BY_CODE.get(sip_code, "trunk_failed")


def q850_cause(reasons: Iterable[str]) -> int | None:
    """:param reasons: values of Reason headers. :returns: the Q.850 cause 1…127 among them."""
    for value in reasons:
        found = _Q850.search(value)
        if found is not None and 1 <= int(found[1]) <= 127:
            return int(found[1])
    return None
