"""What a push service and a browser need to find in a push: the standards' own examples."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from signaling.public_hosts import is_public, may_ask
from signaling.push_encryption import PAYLOAD_LIMIT, BrowserKeys, Vapid, base64url, encrypt, point, unpadded

# RFC 8291 §5 and appendix A
BROWSER = BrowserKeys(
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
)
OWN = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_rfc_8291_comes_out_to_the_byte() -> None:
    own = ec.derive_private_key(int.from_bytes(unpadded(OWN)), ec.SECP256R1())
    body = encrypt(b"When I grow up, I want to be a watermelon", BROWSER, salt=unpadded(SALT), own=own)
    assert base64url(body) == BODY


def test_no_two_messages_share_a_key() -> None:
    assert encrypt(b"same", BROWSER)[:86] != encrypt(b"same", BROWSER)[:86]


@pytest.mark.parametrize(
    "keys",
    [
        BROWSER._replace(auth="AAAA"),
        BROWSER._replace(auth="é"),
        BROWSER._replace(p256dh="AAAA"),
        BROWSER._replace(p256dh=base64url(b"\x04" + bytes(64))),
    ],
)
def test_keys_that_are_none_are_refused(keys: BrowserKeys) -> None:
    with pytest.raises(ValueError, match=r".*"):
        encrypt(b"x", keys)


def test_a_payload_that_a_push_service_need_not_take_is_refused() -> None:
    encrypt(b"x" * PAYLOAD_LIMIT, BROWSER)
    with pytest.raises(ValueError, match="too long"):
        encrypt(b"x" * (PAYLOAD_LIMIT + 1), BROWSER)


def test_the_sender_proves_itself_to_this_push_service_alone_and_all_processes_are_the_same_sender() -> None:
    one, other = Vapid("secret", "mailto:centre@example.org"), Vapid("secret", "mailto:centre@example.org")
    assert one.public_key == other.public_key != Vapid("another", "").public_key
    scheme, token, key = one.authorization("https://push.example.net/send/abc?d=1", 1000.0).replace(",", "").split(" ")
    assert (scheme, key) == ("vapid", f"k={one.public_key}")
    raw = unpadded(one.public_key)
    public: dict[str, str | list[str]] = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(raw[1:33]),
        "y": base64url(raw[33:]),
    }
    checked = jwt.decode(token.removeprefix("t="), ECKey.import_key(public), algorithms=["ES256"])
    assert checked.claims == {
        "aud": "https://push.example.net",
        "exp": 1000 + 12 * 3600,
        "sub": "mailto:centre@example.org",
    }
    assert json.loads(unpadded(token.removeprefix("t=").split(".")[0])) == {"typ": "JWT", "alg": "ES256"}


def test_a_public_key_is_the_uncompressed_point() -> None:
    raw = point(ec.generate_private_key(ec.SECP256R1()))
    assert (len(raw), raw[0]) == (65, 4)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "name.example", "",
    ],
)  # fmt: skip
def test_no_address_of_an_own_network_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["142.250.0.1", "2a00:1450:4007::1", "::ffff:142.250.0.1", "64:ff9b::8efa:1"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://push.example.net/x", True),
        ("https://push.example.net:443/x", True),
        ("https://[2a00:1450:4007::1]/x", True),
        ("http://push.example.net/x", False),
        ("https://push.example.net:8443/x", False),
        ("https://user:password@push.example.net/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1]/x", False),
        ("https://127。0。0。1/x", False),
        ("https://①27.0.0.1/x", False),
        ("https://127%2e0%2e0%2e1/x", False),
        ("https:///x", False),
        ("https://push.example.net:x/", False),
        ("https://inside.example:8443/x", True),
    ],
)
def test_only_usual_addresses_are_asked(url: str, asked: bool) -> None:
    assert may_ask(url, ("inside.example",)) == asked
