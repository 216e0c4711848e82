import pytest

from relay.phone.identities import Uri, called_number, caller_number, read_number, read_uri


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+33199000001", "+33199000001"),
        ("0033199000001", "+33199000001"),
        ("33199000001", "+33199000001"),
        ("0199000001", "+33199000001"),
        ("01.99.00.00.01", "+33199000001"),
        ("+33-1-99-00-00-01", "+33199000001"),
        ("+33 (1) 99 00 00 01", "+33199000001"),
        ("+33199000001;isub=1", "+33199000001"),
        ("+441632960001", "+441632960001"),
        ("00441632960001", "+441632960001"),
        ("1234", None),  # an extension
        ("114", None),
        ("15", None),
        ("bob", None),
        ("", None),
        ("+", None),
        ("+33", None),
        ("0199000001x", None),
        ("٠١٩٩٠٠٠٠٠١", None),
        ("0" * 40, None),
        ("+99999999999999", None),
    ],
)
def test_number_of_any_form_becomes_e164(written: str, number: str | None) -> None:
    assert read_number(written) == number


def test_number_without_country_code_belongs_to_the_region() -> None:
    assert read_number("02079460001", "GB") == "+442079460001"
    assert read_number("442079460001", "GB") == "+442079460001"
    assert read_number("0199000001", "GB", context="+33") == "+33199000001"
    assert read_number("199000001", context="+33") == "+33199000001"
    assert read_number("0199000001", context="relay.example") == "+33199000001"


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("sip:alice@relay.example", Uri("sip", "alice", "relay.example")),
        ("SIP:alice@Relay.Example:5070;transport=tcp", Uri("sip", "alice", "relay.example", 5070)),
        ('"Bob, the <first>" <sips:bob:secret@[::1]:5061;lr>;tag=9', Uri("sips", "bob", "[::1]", 5061)),
        ("<sip:%2B33199000001@h;user=phone>", Uri("sip", "+33199000001", "h")),
        ("<sip:0199000001;phone-context=+33@h>", Uri("sip", "0199000001", "h", context="+33")),
        ("<sip:relay.example>", Uri("sip", "", "relay.example")),
        ("tel:+33-199-000-001;x=y", Uri("tel", "+33-199-000-001")),
        ("<tel:0199000001;phone-context=+33>", Uri("tel", "0199000001", context="+33")),
        ("<sip:a@h?Replaces=x%3B1&b=c>", Uri("sip", "a", "h", headers="Replaces=x%3B1&b=c")),
    ],
)
def test_uri_is_read_out_of_a_header(value: str, uri: Uri) -> None:
    assert read_uri(value) == uri


@pytest.mark.parametrize(
    "value", ["", "bob", "<>", "http://x", "mailto:a@b", "sip:", "sip:a@", "sip:a@h:99999", "sip:" + "a" * 600]
)
def test_what_is_no_uri_of_a_telephone_is_none(value: str) -> None:
    assert read_uri(value) is None


def test_called_number_is_the_request_uris_else_that_of_to() -> None:
    assert called_number("sip:+33199000010@h", "<sip:+33199000011@h>") == "+33199000010"
    assert called_number("sip:passerelle@10.0.0.1:5060", "<sip:0199000011@h>;tag=1") == "+33199000011"
    assert called_number("tel:0199000010", "") == "+33199000010"
    assert called_number("sip:114@h", "<sip:bob@h>") == "114"
    assert called_number("sip:h", "<sip:bob@h>") == "bob"
    assert called_number("nonsense", "nonsense") == ""


SIP, ANONYMOUS = "<sip:0199000001@h>;tag=1", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'
ASSERTED = ['"Alice" <sip:+33199000002@h;user=phone>', "<tel:+33199000003>"]


def test_caller_is_who_the_trunk_says_else_who_calls_itself_so() -> None:
    assert caller_number(SIP, [], "") == "+33199000001"
    assert caller_number(SIP, ASSERTED, "none") == "+33199000002"
    assert caller_number(SIP, ["<sip:alice@h>", ASSERTED[1]], "") == "+33199000003"
    assert caller_number("<sip:alice@h>", [], "") is None
    assert caller_number("<sip:alice@h>", ASSERTED, "") == "+33199000002"
    assert caller_number("<sip:1234@h>", [], "") is None


@pytest.mark.parametrize("privacy", ["id", "user;id", "header", "ID;critical", "none, id"])
def test_caller_that_asks_for_privacy_is_nobody(privacy: str) -> None:
    assert caller_number(SIP, ASSERTED, privacy) is None


@pytest.mark.parametrize(
    "from_", [ANONYMOUS, "<sip:unavailable@h>", "<sip:Restricted@h>", "<sip:+33199000001@anonymous.invalid>", ""]
)
def test_anonymous_caller_is_nobody_also_when_the_trunk_knows_it(from_: str) -> None:
    assert caller_number(from_, ASSERTED, "") is None
