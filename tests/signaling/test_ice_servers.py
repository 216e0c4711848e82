"""Which STUN and TURN servers an offer names, with which credential."""

import base64
import hashlib
import hmac

from relay.model import IceServer
from signaling.config import SignalingConfig
from signaling.ice_servers import IceServers, turn_credential

STATIC = IceServer(urls=("stun:stun.example:3478", "turn:old.example:3478"), username="u", credential="c")
TURN = ("turn:turn.example:3478?transport=tcp", "turns:turn.example:443")


def servers(*, server_uses_turn: bool = False, lifetime_s: float = 3600.0) -> IceServers:
    settings = SignalingConfig(
        ice_servers=(STATIC,),
        turn_urls=TURN,
        turn_secret="north",
        turn_lifetime_s=lifetime_s,
        server_uses_turn=server_uses_turn,
    )
    return IceServers(settings, clock=lambda: 1_000_000.9)


def test_credential_is_the_one_that_the_turn_server_works_out_from_the_user_name() -> None:
    _, made = servers().for_page()
    assert made.urls == TURN
    assert made.username is not None
    expected = base64.b64encode(hmac.new(b"north", made.username.encode(), hashlib.sha1).digest()).decode()
    assert made.credential == turn_credential("north", made.username) == expected


def test_user_name_begins_with_its_expiry_and_is_new_for_each_offer() -> None:
    ice = servers(lifetime_s=3600)
    names = [ice.for_page()[-1].username or "" for _ in range(20)]
    assert {name.partition(":")[0] for name in names} == {"1003600"}
    assert len(set(names)) == 20


def test_static_servers_are_named_beside_the_ones_with_a_fresh_credential() -> None:
    assert servers().for_page()[0] == STATIC


def test_worker_asks_no_relay_unless_the_operator_says_so() -> None:
    (stun,) = servers().for_worker()
    assert stun.urls == ("stun:stun.example:3478",)
    assert [server.urls for server in servers(server_uses_turn=True).for_worker()] == [STATIC.urls, TURN]


def test_nothing_is_named_when_nothing_is_configured() -> None:
    ice = IceServers(SignalingConfig())
    assert ice.for_page() == ice.for_worker() == ()


def test_secret_does_not_show_where_the_settings_are_printed() -> None:
    assert "north" not in repr(SignalingConfig(turn_urls=TURN, turn_secret="north"))
