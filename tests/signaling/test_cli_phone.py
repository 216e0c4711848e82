"""``passerelle phone``: block lists, rules of brands, alarms."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from relay.phone.dialling import DiallingOverride
from signaling import cli_brand, cli_people, cli_phone
from signaling.block_list import ANONYMOUS, BlockList
from signaling.config import load_config, process_environ
from signaling.phone_caps import SERVICE, Payer, Tally
from signaling.phone_tallies import Tallies
from signaling.records import Records
from signaling.records.model import BrandRules
from tests.helpers.redis_server import redis_server


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    yield tmp_path


def run(*words: str) -> Result:
    app = typer.Typer()
    for module in (cli_people, cli_brand, cli_phone):
        module.register(app)
    return CliRunner().invoke(app, words)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 1 and "Traceback" not in result.output
    return result.output


def is_blocked(direction: str, number: str | None, login: str | None = None, slug: str | None = None) -> bool:
    async def ask() -> bool:
        config = load_config(process_environ()).signaling
        async with Records(config.database_url) as records:
            person = await records.people.by_login(login) if login else None
            brand = await records.brands.by_slug(slug) if slug else None
            return await BlockList(config.secret_key, records.blocks).is_blocked(
                direction,  # type: ignore[arg-type]
                number,
                person_id=person.id if person else None,
                brand_id=brand.id if brand else None,
            )

    return asyncio.run(ask())


def people() -> None:
    for login in ("camille", "sacha"):
        done("user", "add", "--role", "signer", "--login", login, "--name", login)
    done("brand", "add", "mairie", "--name", "Mairie")


def test_numbers_and_their_beginnings_are_blocked_for_those_who_are_named(data_dir: Path) -> None:
    people()
    done("phone", "block", "add", "01 99 00 00 66", "--direction", "out")
    done("phone", "block", "add", "+44 *", "--direction", "out", "--brand", "mairie")
    done("phone", "block", "add", "01 99 00 00 07", "--direction", "in", "--person", "camille")
    done("phone", "block", "add", "anonyme", "--direction", "in", "--person", "camille")
    assert is_blocked("out", "+33199000066") and is_blocked("out", "+33199000066", "camille", "mairie")
    assert not is_blocked("in", "+33199000066") and not is_blocked("out", "+33199000067")
    assert is_blocked("out", "+442079460000", slug="mairie") and not is_blocked("out", "+442079460000")
    assert is_blocked("in", "+33199000007", "camille") and not is_blocked("in", "+33199000007", "sacha")
    assert is_blocked("in", None, "camille") and not is_blocked("in", None, "sacha")
    shown = done("phone", "block", "list")
    assert "01 99 00 00 66" in shown and "+44*" in shown and "mairie" in shown and "00 00 07" not in shown
    assert "01 99 00 00 07" in done("phone", "block", "list", "--person", "camille")
    done("phone", "block", "remove", "0199000066", "--direction", "out")
    assert not is_blocked("out", "+33199000066")
    assert "pas dans cette liste" in refused("phone", "block", "remove", "0199000066", "--direction", "out")


def test_the_database_does_not_tell_who_blocks_whom(data_dir: Path) -> None:
    people()
    done("phone", "block", "add", "01 99 00 00 07", "--direction", "in", "--person", "camille")
    done("phone", "block", "add", "01 99 00 00 07", "--direction", "in", "--person", "sacha")
    with sqlite3.connect(data_dir / "passerelle.sqlite3") as database:
        rows = database.execute("SELECT digest, sealed FROM blocked_numbers").fetchall()
    assert len({digest for digest, _ in rows}) == 2
    assert not any("99000007" in str(row) or ANONYMOUS in str(row) for row in rows)


@pytest.mark.parametrize("number", ["112", "15", "+33 17", "1 1 5", "114*", "116 000"])
def test_an_emergency_number_is_never_blocked(data_dir: Path, number: str) -> None:
    assert "urgence" in refused("phone", "block", "add", number, "--direction", "out")


@pytest.mark.parametrize("words", [("bonjour", "in"), ("*", "out"), ("anonyme", "out"), ("0*", "in")])
def test_what_is_no_number_is_refused(data_dir: Path, words: tuple[str, str]) -> None:
    refused("phone", "block", "add", words[0], "--direction", words[1])


def test_a_brand_has_rules_of_its_own_until_they_are_reset(data_dir: Path) -> None:
    people()
    done("phone", "rules", "mairie", "--country", "33", "--premium", "--lines", "5")
    shown = done("phone", "rules", "mairie", "--calls", "40")
    assert "+33" in shown and "40" in shown and "comme tout le monde" in shown

    async def stored() -> BrandRules:
        async with Records(load_config(process_environ()).signaling.database_url) as records:
            brand = await records.brands.by_slug("mairie")
            assert brand is not None
            return await records.brand_rules.of(brand.id)

    dialling = DiallingOverride(countries=frozenset({33}), premium_allowed=True)
    assert asyncio.run(stored()) == BrandRules(dialling, lines=5, calls_per_day=40)
    done("phone", "rules", "mairie", "--reset")
    assert asyncio.run(stored()) == BrandRules()
    refused("phone", "rules", "nobody")


@pytest.mark.integration
def test_alarms_are_shown_by_login_and_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    people()

    async def scene() -> None:
        async with redis_server() as server, server.client() as redis:
            monkeypatch.setenv("PASSERELLE_REDIS_URL", server.url)
            assert "Aucune alarme" in await asyncio.to_thread(done, "phone", "alarms")
            tallies = Tallies(redis, 600.0)
            async with Records(load_config(process_environ()).signaling.database_url) as records:
                camille = await records.people.by_login("camille")
            assert camille is not None
            payer, until = Payer("signer", camille.id), tallies.clock() + 1800
            await tallies.change(payer, lambda tally: (tally.model_copy(update={"alarms": {"abroad": until}}), None))
            await tallies.raise_alarm(payer, "abroad", until)
            await tallies.raise_alarm(SERVICE, "numbers", until)
            shown = await asyncio.to_thread(done, "phone", "alarms")
            assert "camille" in shown and "étranger" in shown and "service" in shown
            shown = await asyncio.to_thread(done, "phone", "alarms", "--lift", "camille")
            assert "camille" not in shown and "service" in shown
            left: Tally = await tallies.change(payer, lambda tally: (tally, tally))
            assert not left.alarms
            assert "Aucune alarme" in await asyncio.to_thread(done, "phone", "alarms", "--lift", "service")

    asyncio.run(scene())
