"""What is refused before any transaction begins."""

import pytest
from sippy.SipRequest import SipRequest

from relay.phone.sippy_reading import has_target, is_readable, may_be_answered

WHOLE = {
    "Via": "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa",
    "From": "<sip:a@127.0.0.1>;tag=1",
    "To": "<sip:b@127.0.0.1>",
    "Call-ID": "1",
    "CSeq": "1 INVITE",
    "Contact": "<sip:a@127.0.0.1>",
    "Max-Forwards": "70",
}


def invite(**changed: str | None) -> SipRequest:
    fields = {name: changed.get(name.replace("-", "_"), value) for name, value in WHOLE.items()}
    fields |= {name.replace("_", "-"): value for name, value in changed.items() if name.replace("_", "-") not in fields}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return SipRequest("\r\n".join(("INVITE sip:b@127.0.0.1 SIP/2.0", *lines, "", "")))


def test_whole_request_stays_as_it_is() -> None:
    request = invite()
    before = str(request)
    assert is_readable(request) and has_target(request, "INVITE") and may_be_answered(request)
    assert str(request) == before


@pytest.mark.parametrize("name", ["To", "Contact"])
def test_header_that_is_needed_and_cannot_be_read_refuses_the_message(name: str) -> None:
    assert not is_readable(invite(**{name: "<sip:a@127.0.0.1:x"}))


@pytest.mark.parametrize("changed", [{"Contact": None}, {"Contact": "*"}])
def test_call_that_does_not_say_where_its_requests_go_is_refused_with_an_answer(changed: dict[str, str | None]) -> None:
    request = invite(**changed)
    assert is_readable(request)
    assert not has_target(request, "INVITE")
    assert may_be_answered(request)


def test_without_its_core_headers_a_request_cannot_even_be_answered() -> None:
    assert not may_be_answered(invite(To="<sip:b@127.0.0.1:x"))


def test_second_header_of_those_that_there_is_one_of_refuses_the_message() -> None:
    request = invite()
    request.appendHeaders([header.getCopy() for header in request.headers if header.name == "from"])
    assert not is_readable(request)


def test_other_header_that_cannot_be_read_is_left_out() -> None:
    request = invite(Authorization="Digest", Expires="soon")
    assert is_readable(request)
    assert not request.countHFs("authorization") and not request.countHFs("expires")
