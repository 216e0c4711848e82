import re
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from signaling import auth as auth_module
from signaling.auth import LOGIN_SHARE, Auth, ResumeTokens, SignInError, normal_origin, origin_allowed
from signaling.config import SignalingConfig
from signaling.passwords import NOBODY, generate_password, hash_password, password_matches
from signaling.records import Records
from signaling.records.model import Brand
from tests.signaling.records.samples import Clock, opened, sqlite_url

PASSWORD = "une phrase assez longue"


async def signed_up(records: Records, login: str = "camille") -> None:
    await records.people.add(login=login, name="C", role="signer", password_hash=await hash_password(PASSWORD))


async def test_passwords_are_argon2id_and_match_only_themselves() -> None:
    hashed = await hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert await password_matches(hashed, PASSWORD)
    assert not await password_matches(hashed, PASSWORD + " ")
    assert not await password_matches("no hash", PASSWORD)


def test_generated_passwords_can_be_copied_by_hand() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"([a-km-np-z2-8]{4}-){3}[a-km-np-z2-8]{4}", password) for password in made)


async def test_sign_in_gives_a_session_that_sign_out_ends(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path), Clock())
        person, token = await auth.sign_in("Camille ", PASSWORD, address="::1", role="signer")
        found = await records.sessions.find(token)
        assert found is not None and found.person == person
        await auth.sign_out(token)
        assert await records.sessions.find(token) is None


async def test_wrong_password_unknown_login_and_disabled_person_are_told_alike(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        await signed_up(records, "gone")
        await records.people.set_disabled("gone", True)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path), Clock())
        for login, password in (("camille", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("camille", "x" * 300)):
            with pytest.raises(SignInError, match="wrong_credentials"):
                await auth.sign_in(login, password, address="::1")


async def test_an_unknown_login_costs_one_hash_like_a_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    async def counting(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return await password_matches(password_hash, password)

    monkeypatch.setattr(auth_module, "password_matches", counting)
    async with opened(sqlite_url(tmp_path)) as records:
        auth = Auth(records, SignalingConfig(data_dir=tmp_path), Clock())
        with pytest.raises(SignInError):
            await auth.sign_in("nobody", PASSWORD, address="::1")
    assert checked == [NOBODY]


async def test_a_page_turns_away_people_of_another_role(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path), Clock())
        with pytest.raises(SignInError, match="wrong_role"):
            await auth.sign_in("camille", PASSWORD, address="::1", role="agent")


async def test_guessing_from_one_address_is_stopped_and_the_others_go_on(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path, sign_in_attempts=2, sign_in_window_s=100), clock)
        for _ in range(2):
            with pytest.raises(SignInError, match="wrong_credentials"):
                await auth.sign_in("camille", "wrong", address="192.0.2.1")
        with pytest.raises(SignInError, match="too_many_attempts") as caught:
            await auth.sign_in("camille", PASSWORD, address="192.0.2.1")
        assert caught.value.retry_after_s == pytest.approx(50)
        await auth.sign_in("camille", PASSWORD, address="192.0.2.2")
        clock.now += 50
        await auth.sign_in("camille", PASSWORD, address="192.0.2.1")


async def test_guessing_one_login_from_many_addresses_is_stopped_and_locks_nobody_out(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path, sign_in_attempts=3), Clock())
        for host in range(3 * LOGIN_SHARE // 2):
            for _ in range(2):
                with pytest.raises(SignInError, match="wrong_credentials"):
                    await auth.sign_in("camille", "wrong", address=f"192.0.2.{host}")
        with pytest.raises(SignInError, match="too_many_attempts"):
            await auth.sign_in("camille", PASSWORD, address="192.0.2.1")
        person, _ = await auth.sign_in("camille", PASSWORD, address="198.51.100.1")
        assert person.login == "camille"


async def test_a_floor_behind_one_address_signs_in_without_limit(tmp_path: Path) -> None:
    async with opened(sqlite_url(tmp_path)) as records:
        await signed_up(records)
        auth = Auth(records, SignalingConfig(data_dir=tmp_path, sign_in_attempts=1), Clock())
        for _ in range(3):
            await auth.sign_in("camille", PASSWORD, address="192.0.2.1")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://Mairie.example:443", "https://mairie.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("null", None),
        ("https://mairie.example/page", None),
        ("https://*.example", None),
        ("https://user@mairie.example", None),
        ("https://a.example;script-src *", None),
        ("https://a.example https://b.example", None),
        ("ftp://mairie.example", None),
        ("https://mairie.example:port", None),
        ("https://", None),
    ],
)
def test_origins_are_compared_in_one_form(origin: str, expected: str | None) -> None:
    assert normal_origin(origin) == expected


def test_only_our_own_the_configured_and_the_brands_origins_may_talk_to_us(tmp_path: Path) -> None:
    config = SignalingConfig(
        data_dir=tmp_path, public_url="https://relais.example", allowed_origins=("https://autre.example",)
    )
    brand = Brand(id="b", slug="b", name="B", allowed_origins=("https://mairie.example",))
    assert origin_allowed("https://relais.example", config)
    assert origin_allowed("https://autre.example:443", config)
    assert origin_allowed("https://mairie.example", config, brand)
    assert not origin_allowed("https://mairie.example", config)
    for foreign in (None, "", "null", "http://relais.example", "https://relais.example.evil.example"):
        assert not origin_allowed(foreign, config, brand)


def test_a_resume_token_gives_its_subject_back_until_it_expires() -> None:
    clock = Clock()
    tokens = ResumeTokens("secret", clock)
    token = tokens.issue({"call_id": "c", "role": "signer"}, 60)
    assert tokens.read(token) == {"call_id": "c", "role": "signer"}
    clock.now += 60
    assert tokens.read(token) is None


def forged(claims: dict[str, Any], header: dict[str, Any], key: bytes) -> str:
    return jwt.encode(header, claims, OctKey.import_key(key))


def test_forged_tokens_are_refused() -> None:
    clock = Clock()
    tokens = ResumeTokens("secret", clock)
    good = tokens.issue({"call_id": "c"}, 60)
    head, body, signature = good.split(".")
    claims = {"aud": "passerelle.resume", "exp": int(clock.now) + 60, "subject": {"call_id": "x"}}
    wrong = [
        "",
        "a.b.c",
        "é",
        f"{head}.{body}.",
        f"{head}.{body[:-2]}AA.{signature}",
        "eyJhbGciOiJub25lIn0." + body + ".",
        ResumeTokens("another", clock).issue({"call_id": "c"}, 60),
        forged(claims, {"alg": "HS256"}, b"secret" * 6),
    ]
    for token in wrong:
        assert tokens.read(token) is None
