import pytest
from sippy.SipResponse import SipResponse

from relay.phone.registration import RETRY_LIMIT_S, granted_expires, refresh_after, retry_after


def low(one: float, _: float) -> float:
    return one


def high(_: float, other: float) -> float:
    return other


def test_registration_is_refreshed_well_before_it_ends() -> None:
    assert (refresh_after(300, low), refresh_after(300, high)) == (150, 270)
    assert (refresh_after(3600, low), refresh_after(3600, high)) == (3300, 3000)


def test_failing_registrations_are_tried_again_ever_more_seldom() -> None:
    waits = [retry_after(failures, high) for failures in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert retry_after(1, low) == 2.5
    assert retry_after(10_000, high) == RETRY_LIMIT_S


def answer(*lines: str) -> SipResponse:
    head = ("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa", "From: <sip:a@b.example>;tag=1")
    tail = ("To: <sip:a@b.example>;tag=2", "Call-ID: x", "CSeq: 1 REGISTER", *lines, "Content-Length: 0", "", "")
    return SipResponse("\r\n".join((*head, *tail)))


@pytest.mark.parametrize(
    ("lines", "granted"),
    [
        (("Contact: <sip:us@192.0.2.1>;expires=120",), 120),
        (("Contact: <sip:other@192.0.2.9>;expires=7", "Contact: <sip:us@192.0.2.1>;expires=90", "Expires: 50"), 90),
        (("Contact: <sip:us@192.0.2.1>", "Expires: 500"), 500),
        (("Expires: 600",), 600),
        ((), 300),
        (("Contact: <sip:us@192.0.2.1>;expires=1",), 10),
        (("Contact: <sip:us@192.0.2.1>;expires=99999999",), 86_400),
    ],
)
def test_trunk_decides_how_long_it_keeps_us(lines: tuple[str, ...], granted: int) -> None:
    assert granted_expires(answer(*lines), "us", 300) == granted
