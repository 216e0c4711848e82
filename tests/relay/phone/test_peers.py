import pytest

from relay.phone.peers import EXPECTED_FOR_S, EXPECTED_LIMIT, PeerLimits, Peers

INVITE = b"INVITE sip:bob@192.0.2.1 SIP/2.0\r\n"
RESPONSE = b"SIP/2.0 200 OK\r\n"


def test_only_configured_addresses_and_networks_are_read() -> None:
    peers = Peers(["127.0.0.1"])
    peers.know(["192.0.2.0/28", "2001:db8::/64"], "carrier")
    peers.learn("pbx", ["198.51.100.7"])
    assert peers.trunk_of("127.0.0.1") == ""
    assert peers.trunk_of("192.0.2.3") == "carrier"
    assert peers.trunk_of("[2001:db8::5]") == "carrier"
    assert peers.trunk_of("198.51.100.7") == "pbx"
    for stranger in ("192.0.2.16", "127.0.0.2", "2001:db8:1::5", "pbx.example"):
        assert peers.trunk_of(stranger) is None
        assert not peers.admits(stranger, INVITE, 0)
    assert peers.dropped == 4


def test_trunk_that_moves_takes_its_admission_along() -> None:
    peers = Peers()
    peers.learn("pbx", ["192.0.2.1", "192.0.2.2"])
    peers.learn("other", ["192.0.2.9"])
    peers.learn("pbx", ["192.0.2.2", "192.0.2.3"])
    assert [peers.trunk_of(f"192.0.2.{n}") for n in (1, 2, 3, 9)] == [None, "pbx", "pbx", "other"]


def test_whom_we_wrote_to_is_read_for_a_while_but_belongs_to_no_trunk() -> None:
    peers = Peers()
    peers.expect("[2001:DB8::1]", 100.0)
    assert peers.admits("2001:db8::1", RESPONSE, 100.0)
    assert peers.trunk_of("2001:db8::1") is None
    assert not peers.admits("2001:db8::1", RESPONSE, 101.0 + EXPECTED_FOR_S)
    for n in range(EXPECTED_LIMIT):
        peers.expect(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", 100.0)
    assert not peers.knows("2001:db8::1", 100.0)


def test_flood_from_a_known_peer_is_cut_and_others_are_not_concerned() -> None:
    peers = Peers(["192.0.2.0/24"], PeerLimits(openings_per_s=10, openings_burst=5))
    assert [peers.admits("192.0.2.1", INVITE, 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert peers.admits("192.0.2.1", RESPONSE, 0.0), "the answers of calls under way still pass"
    assert peers.admits("192.0.2.2", INVITE, 0.0)
    assert peers.admits("192.0.2.1", INVITE, 0.15)
    assert not peers.admits("192.0.2.1", INVITE, 0.15)


def test_limits_follow_the_one_that_is_set() -> None:
    assert PeerLimits.of(200) == PeerLimits()


def test_every_kind_of_message_has_its_limit() -> None:
    peers = Peers(["192.0.2.1"], PeerLimits(messages_per_s=1, messages_burst=3))
    assert sum(peers.admits("192.0.2.1", b"\xff garbage", 0.0) for _ in range(50)) == 3


def test_peer_must_be_an_address() -> None:
    with pytest.raises(ValueError):
        Peers(["pbx.example"])
