import pytest

from relay.errors import RelayError
from relay.phone.config import DemoPhoneConfig, PhoneWorkerConfig, TrunkConfig
from relay.phone.target import Target, is_on_own_network, read_target

TRUNK = TrunkConfig(host="trunk.example", port=5061, transport="tls", username="u", password="secret")


def test_number_goes_through_the_trunk() -> None:
    assert read_target("+33199000001") == Target("+33199000001", by_trunk=True)


def test_sip_address_is_dialled_directly() -> None:
    target = read_target("sip:+33199000020@127.0.0.1:5070")
    assert target == Target("+33199000020", "127.0.0.1", 5070, "udp")
    assert target.domain == "127.0.0.1:5070"
    assert read_target("sip:bob@pbx.example;transport=TCP") == Target("bob", "pbx.example", 5060, "tcp")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bonjour",
        "+",
        "sip:",
        "sip:bob",
        "sip:bob@host:99999",
        "sip:a\r\nb@host",
        "sip:a@h;x=1",
        "+33 1",
        "tel:15",
        "+331\n",
        "sip:a@h\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RelayError) as refused:
        read_target(text)
    assert refused.value.code == "bad_target"


def test_password_is_not_in_what_a_configuration_prints() -> None:
    assert "secret" not in repr(TRUNK)


def test_worker_needs_an_address_that_peers_can_answer_to() -> None:
    from pathlib import Path

    with pytest.raises(ValueError, match="concrete"):
        PhoneWorkerConfig("p", Path("c"), Path("a"), sip_host="0.0.0.0")


def test_demonstration_phone_stays_on_this_machine() -> None:
    with pytest.raises(ValueError, match="loopback"):
        DemoPhoneConfig(sip_host="192.0.2.1")
    with pytest.raises(ValueError, match="loopback"):
        DemoPhoneConfig(http_host="192.0.2.1")


@pytest.mark.parametrize(
    ("target", "here"),
    [
        ("sip:bob@127.0.0.1:5070", True),
        ("sip:bob@LOCALHOST", True),
        ("sip:bob@[::1]", True),
        ("sip:bob@192.0.2.1", False),
        ("sip:bob@localhost.example", False),
        ("sip:bob@127.0.0.1\n", False),
        ("sip:bob@127.1", False),
        ("+33199000001", False),
    ],
)
def test_address_of_this_machine_is_told_from_every_other(target: str, here: bool) -> None:
    assert is_on_own_network(target) is here
