"""Two text endpoints without a network."""

import secrets
from dataclasses import replace

from relay.phone import rtp_packets as packets
from relay.phone.sdp import NegotiatedText
from relay.phone.sdp_crypto import SrtpKeys
from relay.phone.text_endpoint import TextEndpoint
from tests.helpers.rtp_wire import Clock, Wire

ONE, TWO = ("192.0.2.1", 20_010), ("192.0.2.2", 20_020)


def pair(clock: Clock, keys: SrtpKeys | None = None) -> tuple[TextEndpoint, Wire, TextEndpoint, list[str]]:
    one, two, heard = TextEndpoint(*ONE, clock), TextEndpoint(*TWO, clock), list[str]()
    wire = Wire()
    one.link.attach(wire, Wire())  # type: ignore[arg-type]
    two.link.attach(Wire(), Wire())  # type: ignore[arg-type]
    two.on_text = heard.append
    turned = keys and replace(keys, local=keys.remote, remote=keys.local)
    one.connect(NegotiatedText(*TWO, 98, 99, srtp=keys))
    two.connect(NegotiatedText(*ONE, 98, 99, srtp=turned))
    return one, wire, two, heard


def run(one: TextEndpoint, wire: Wire, two: TextEndpoint, clock: Clock, ticks: int) -> None:
    for _ in range(ticks):
        one.tick(clock.now)
        sent, wire.sent = wire.sent, []
        for data, _ in sent:
            two.link.rtp_received(data, ONE)
        clock.now += 0.1


def test_text_is_heard_as_typed() -> None:
    clock = Clock()
    one, wire, two, heard = pair(clock)
    for word in ("Allô", " ", "bonjour\b", "🙂"):
        assert one.send_text(word)
        run(one, wire, two, clock, 4)
    run(one, wire, two, clock, 20)
    assert "".join(heard) == "Allô bonjour\b🙂"


def test_encrypted_text_is_heard_by_the_owner_of_the_key_alone() -> None:
    clock = Clock()
    keys = SrtpKeys(1, "AES_CM_128_HMAC_SHA1_80", secrets.token_bytes(30), secrets.token_bytes(30))
    one, wire, two, heard = pair(clock, keys)
    thief = TextEndpoint(*TWO, clock)
    thief.connect(NegotiatedText(*ONE, 98, 99, srtp=keys))
    stolen: list[str] = []
    thief.on_text = stolen.append
    one.send_text("secret")
    one.tick(clock.now)
    assert b"secret" not in wire.sent[0][0]
    thief.link.rtp_received(wire.sent[0][0], ONE)
    run(one, wire, two, clock, 10)
    assert "".join(heard) == "secret"
    assert stolen == []
    assert thief.statistics.undecipherable == 1


def test_strangers_text_is_not_heard() -> None:
    clock = Clock()
    one, wire, two, heard = pair(clock)
    one.send_text("x")
    one.tick(clock.now)
    two.link.rtp_received(wire.sent[0][0], ("203.0.113.66", ONE[1]))
    assert heard == []


def test_silent_line_is_kept_open_without_a_word() -> None:
    clock = Clock()
    one, wire, two, heard = pair(clock)
    run(one, wire, two, clock, 10)
    before = two.statistics.packets_received
    run(one, wire, two, clock, 400)
    assert two.statistics.packets_received - before == 2
    assert heard == []


def test_text_without_a_listener_is_refused() -> None:
    endpoint = TextEndpoint(*ONE, Clock())
    assert not endpoint.send_text("x")
    endpoint.connect(NegotiatedText(*TWO, 98, None, we_send=False))
    assert not endpoint.send_text("x")


def test_end_is_said() -> None:
    clock = Clock()
    one, wire, two, _ = pair(clock)
    reports = Wire()
    one.link.attach(wire, reports)  # type: ignore[arg-type]
    one.send_text("x")
    run(one, wire, two, clock, 1)
    one.close()
    assert any(data[-7] == packets.GOODBYE for data, _ in reports.sent if len(data) > 8)
    assert not one.send_text("y")
