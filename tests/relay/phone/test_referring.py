import pytest

from relay.phone.referring import (
    DialogId,
    Wish,
    read_refer_to,
    read_replaces,
    read_sipfrag,
    refer_to,
    refer_to_dialog,
    sipfrag,
)

OWN = {"relay.example", "127.0.0.1"}


@pytest.mark.parametrize(
    ("value", "wish"),
    [
        ("<sip:+33199000001@relay.example;user=phone>", Wish("+33199000001", None)),
        ("sip:0199000001@RELAY.example:5060", Wish("+33199000001", None)),
        ("<tel:+33-199-000-001>", Wish("+33199000001", None)),
        ("<sip:3919@127.0.0.1>", Wish("3919", None)),
        ("<sip:+33199000001@relay.example;method=INVITE>", Wish("+33199000001", None)),
        (
            "<sip:+33199000001@relay.example?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>",
            Wish("+33199000001", "a@b;to-tag=1;from-tag=2"),
        ),
        ("<sip:+33199000001@relay.example?Replaces=nonsense&Subject=x>", Wish("+33199000001", None)),
        (
            "<sip:+33199000001@relay.example?Replaces=a%0D%0AX-Evil%3A1%3Bto-tag%3D1%3Bfrom-tag%3D2>",
            Wish("+33199000001", None),
        ),
        ("<sip:+33199000001@elsewhere.example>", None),
        ("<sip:alice@relay.example>", None),
        ("<sip:relay.example>", None),
        ("<sip:+33199000001@relay.example;method=BYE>", None),
        ("<http://relay.example/+33199000001>", None),
        ("", None),
    ],
)
def test_peer_may_be_sent_to_numbers_of_our_own_trunks_alone(value: str, wish: Wish | None) -> None:
    assert read_refer_to(value, OWN) == wish


def test_number_or_uri_becomes_a_refer_to() -> None:
    assert refer_to("+33199000001", "relay.example") == "<sip:+33199000001@relay.example;user=phone>"
    assert refer_to("sip:bob@127.0.0.1:5070", "relay.example") == "<sip:bob@127.0.0.1:5070>"
    for wrong in ("", "bob", "sip:bob", "sip:a@b>\r\nX: y", "+33199000001;x"):
        with pytest.raises(ValueError, match="neither"):
            refer_to(wrong, "relay.example")


def test_dialog_written_into_a_refer_to_is_read_again() -> None:
    dialog = DialogId("a+b@h", "to&1", "from=2")
    wish = read_refer_to(refer_to_dialog("sip:+33199000001@relay.example", dialog), OWN)
    assert wish is not None and wish.replaces is not None
    assert read_replaces(wish.replaces) == dialog


def test_replaces_needs_a_call_and_both_tags() -> None:
    assert read_replaces("a;from-tag=2;to-tag=1;early-only") == DialogId("a", "1", "2", early_only=True)
    assert read_replaces(" a@b ; To-Tag=1;FROM-TAG=2") == DialogId("a@b", "1", "2")
    for wrong in ("", "a", "a;to-tag=1", "a;to-tag=;from-tag=2", ";to-tag=1;from-tag=2"):
        assert read_replaces(wrong) is None


def test_replaces_that_holds_more_than_one_header_value_is_none() -> None:
    for added in ("\r\nP-Asserted-Identity: <sip:a@b>", "\n X", ",b;to-tag=3;from-tag=4", "\0", "é"):
        assert read_replaces(f"a{added};to-tag=1;from-tag=2") is None
        assert read_replaces(f"a;to-tag=1;from-tag=2;x={added}") is None


def test_report_is_read_as_it_was_written() -> None:
    for code in (100, 180, 200, 299, 404, 486, 503, 603):
        assert read_sipfrag(sipfrag(code)) == code
    assert read_sipfrag("SIP/2.0 200 OK\r\nTo: <sip:a@b>\r\n") == 200
    for wrong in ("", "200 OK", "SIP/2.0 2000 OK", "SIP/2.0 999 X", "HTTP/1.1 200 OK"):
        assert read_sipfrag(wrong) is None
