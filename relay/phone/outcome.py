"""What a final SIP response means to the people in the call. Pure; RFC 3261 §21 and its later codes."""

from relay.model import PhoneOutcome

REQUEST_TIMEOUT = 408
REQUEST_TERMINATED = 487

_BY_CODE: dict[int, PhoneOutcome] = {
    404: "wrong_number",  # not found
    410: "wrong_number",  # gone
    416: "trunk_failed",  # URI scheme: our trunk's configuration
    433: "declined",  # anonymous calls not taken (RFC 5079)
    480: "unreachable",  # temporarily unavailable
    430: "unreachable",  # flow failed (RFC 5626)
    484: "wrong_number",  # address incomplete
    485: "wrong_number",  # ambiguous
    486: "busy",
    487: "unreachable",  # terminated, and not by our CANCEL
    600: "busy",  # busy everywhere
    603: "declined",
    604: "wrong_number",  # does not exist anywhere
    607: "declined",  # unwanted (RFC 8197)
    608: "declined",  # rejected by a call filter (RFC 8688)
}


def outcome_of(sip_code: int, *, rang: bool) -> PhoneOutcome:
    """
    :param sip_code: 300…699; a call that was answered has no failure code and never comes here.
    :param rang: a 18x was received, so that a time-out means nobody picked up and not a dead trunk.
    :returns: ``trunk_failed`` for everything that is neither the number's nor the person's doing.
    """
    if sip_code == REQUEST_TIMEOUT:
        return "no_answer" if rang else "trunk_failed"
    return _BY_CODE.get(sip_code, "trunk_failed")
