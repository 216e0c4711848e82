"""The operator's commands, each on a database of its own."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from signaling import cli_brand, cli_people, cli_queue
from signaling.config import SignalingConfig
from signaling.passwords import password_matches
from signaling.records import Records
from signaling.records.model import Brand, Person
from tests.signaling.records.samples import NOON, direct_call


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    yield tmp_path


def run(*words: str, typed: str | None = None) -> Result:
    app = typer.Typer()
    cli_people.register(app)
    cli_brand.register(app)
    cli_queue.register(app)
    return CliRunner().invoke(app, words, input=typed)


def refused(result: Result) -> str:
    assert result.exit_code == 1 and "Traceback" not in result.output
    return result.output


def stored(data_dir: Path, login: str) -> tuple[Person, str] | None:
    async def read() -> tuple[Person, str] | None:
        async with Records(SignalingConfig(data_dir=data_dir).database_url) as records:
            return await records.people.credentials(login)

    return asyncio.run(read())


def test_a_signer_gets_a_number_and_a_password_shown_once(data_dir: Path) -> None:
    result = run("user", "add", "--role", "signer", "--login", "x", "--name", "X", "--number", "01 99 00 00 42")
    assert result.exit_code == 0
    found = re.search(r"Mot de passe : (\S+)", result.output)
    kept = stored(data_dir, "x")
    assert found is not None and kept is not None
    assert asyncio.run(password_matches(kept[1], found[1]))
    assert kept[0].numbers == ("+33199000042",)


def test_a_relay_number_is_given_and_taken_and_comes_with_a_code(data_dir: Path) -> None:
    run("user", "add", "--role", "signer", "--login", "x", "--name", "X")
    assert "aucun" in run("user", "number", "x").output
    given = run("user", "number", "x", "--give", "01 99 00 90 01", "--give", "+33199009002")
    code = re.search(r": (\d{6})\n", given.output)
    assert code is not None and "+33199009001, +33199009002" in given.output
    assert run("user", "number", "x", "--give", "01 99 00 90 01").output == given.output, "given again it stays"
    assert code[1] in run("user", "number", "x", "--take", "01 99 00 90 01").output, "the code stays"
    kept = stored(data_dir, "x")
    assert kept is not None and kept[0].numbers == ("+33199009002",)
    shown = run("user", "add", "--role", "signer", "--login", "y", "--name", "Y", "--number", "01 99 00 90 03").output
    assert re.search(r": (\d{6})\n", shown) is not None
    assert "n’a pas ce numéro" in refused(run("user", "number", "y", "--take", "01 99 00 90 02"))
    assert "appartient déjà" in refused(run("user", "number", "y", "--give", "01 99 00 90 02"))
    assert "identifiant" in refused(run("user", "number", "z", "--give", "01 99 00 90 04"))


def test_a_password_can_come_from_the_input_and_is_not_shown(data_dir: Path) -> None:
    result = run(
        "user", "add", "--role", "signer", "--login", "x", "--name", "X", "--password-stdin", typed="phrase longue\n"
    )
    kept = stored(data_dir, "x")
    assert "phrase longue" not in result.output and kept is not None
    assert asyncio.run(password_matches(kept[1], "phrase longue"))


def test_an_agent_has_a_qualified_trade(data_dir: Path) -> None:
    agent = ("user", "add", "--role", "agent", "--login", "y", "--name", "Y")
    assert "métier" in refused(run(*agent))
    assert "--qualification" in refused(run(*agent, "--trade", "interpreter"))
    assert "AAAA-MM-JJ" in refused(
        run(*agent, "--trade", "adviser", "--qualification", "C1", "--valid-until", "demain")
    )
    assert run(*agent, "--trade", "interpreter", "--qualification", "Master LSF", "--skill", "medical").exit_code == 0
    kept = stored(data_dir, "y")
    assert kept is not None and kept[0].qualifications[0].text == "Master LSF"
    assert kept[0].skills == {"medical": 5, "hearing": 5}
    assert "Master LSF" in run("user", "list").output


def test_an_agent_hears_or_not_and_has_skills_with_levels(data_dir: Path) -> None:
    add = ("user", "add", "--role", "agent", "--name", "Z")
    given = run(
        *add, "--login", "z", "--trade", "adviser:LSF C1", "--trade", "interpreter", "--qualification", "Master LSF",
        "--skill", "medical:4", "--language", "asl:3", "--gender", "f", "--second-level",
    )  # fmt: skip
    kept = stored(data_dir, "z")
    assert given.exit_code == 0 and kept is not None
    assert {entry.trade: entry.text for entry in kept[0].qualifications} == {
        "adviser": "LSF C1",
        "interpreter": "Master LSF",
    }
    assert kept[0].skills == {"medical": 4, "asl": 3, "gender:f": 5, "second_level": 5, "hearing": 5}
    assert run(*add, "--login", "d", "--trade", "adviser:LSF C1", "--deaf").exit_code == 0
    deaf = stored(data_dir, "d")
    assert deaf is not None and deaf[0].skills == {}
    assert "entendre" in refused(run(*add, "--login", "e", "--trade", "interpreter:Master", "--deaf"))
    assert "compétence" in refused(run(*add, "--login", "e", "--trade", "adviser:C1", "--skill", "medical:9"))
    assert "métier" in refused(run(*add, "--login", "e", "--trade", "juggler:C1"))
    assert "medical:2" in run("user", "skills", "z", "--give", "medical:2", "--take", "asl").output
    kept = stored(data_dir, "z")
    assert kept is not None and kept[0].skills["medical"] == 2 and "asl" not in kept[0].skills


def test_what_cannot_be_is_refused_in_one_line() -> None:
    signer = ("user", "add", "--role", "signer", "--name", "X", "--login", "x")
    assert "numéro" in refused(run(*signer, "--number", "bonjour"))
    assert "métier" in refused(run(*signer, "--trade", "interpreter", "--qualification", "M"))
    assert "caractères" in refused(run(*signer, "--password-stdin", typed="court\n"))
    assert run(*signer).exit_code == 0
    assert "déjà pris" in refused(run(*signer))
    assert "identifiant" in refused(run("user", "disable", "nobody"))


def test_access_is_taken_and_given_back(data_dir: Path) -> None:
    run("user", "add", "--role", "signer", "--login", "x", "--name", "X")
    assert run("user", "disable", "x").exit_code == 0
    kept = stored(data_dir, "x")
    assert kept is not None and kept[0].disabled
    run("user", "disable", "x", "--undo")
    kept = stored(data_dir, "x")
    assert kept is not None and not kept[0].disabled


def test_a_brand_is_added_listed_and_its_hours_changed(data_dir: Path) -> None:
    add = ("brand", "add", "mairie-x", "--name", "Mairie X", "--hours", "lun-ven 9:00-18:00", "--tz", "Europe/Paris")
    assert run(*add, "--origin", "https://Mairie.example/", "--holidays", "FR-57").exit_code == 0
    listed = run("brand", "list").output
    assert "Du lundi au vendredi : 9 h – 18 h" in listed and "https://mairie.example" in listed and "FR-57" in listed
    assert run("brand", "hours", "mairie-x", "--hours", "24/7", "--holidays", "-").exit_code == 0
    listed = run("brand", "list").output
    assert "24 heures sur 24" in listed and "FR-57" not in listed and "https://mairie.example" in listed
    assert "déjà pris" in refused(run(*add))


def test_a_service_has_the_number_that_its_calls_will_dial(data_dir: Path) -> None:
    assert run("brand", "add", "x", "--name", "X", "--number", "01 99 00 00 01", "--number", "3919").exit_code == 0

    async def numbers() -> tuple[str, ...]:
        async with Records(SignalingConfig(data_dir=data_dir).database_url) as records:
            brand = await records.brands.by_slug("x")
            return brand.numbers if brand else ()

    assert asyncio.run(numbers()) == ("+33199000001", "3919")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hours", "lundi matin"), "lundi matin"),
        (("--tz", "Europe/Metz"), "fuseau"),
        (("--holidays", "ZZ"), "ZZ"),
        (("--origin", "mairie.example"), "origine"),
        (("--origin", "https://*.example"), "origine"),
        (("--background", "#ffff00", "--text", "#ffffff"), "se distinguent"),
        (("--background", "rouge"), "#rrggbb"),
        (("--number", "0 892 70 12 39"), "surtaxés"),
        (("--number", "01 99 00 00 01", "--number", "112"), "urgence"),
        (("--number", "+1 202 555 0143"), "pays"),
        (("--number", "bonjour"), "numéro"),
        (("--number", "sip:mairie@example.org"), "numéro"),
    ],
)
def test_a_brand_that_could_not_work_is_refused(words: tuple[str, ...], said: str) -> None:
    assert said in refused(run("brand", "add", "x", "--name", "X", *words))


def test_a_short_name_is_fit_for_an_address() -> None:
    assert "minuscules" in refused(run("brand", "add", "Mairie X", "--name", "X"))


@pytest.mark.parametrize("slug", ["relay", "direct", "video"])
def test_no_brand_is_named_like_the_queues_that_belong_to_none(slug: str) -> None:
    assert "nom d’une file" in refused(run("brand", "add", slug, "--name", "X"))


def test_contrast_is_that_of_wcag() -> None:
    assert cli_brand.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert cli_brand.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_report_counts_the_days_of_the_brands_own_time_zone(data_dir: Path) -> None:
    async def some_calls() -> None:
        async with Records(SignalingConfig(data_dir=data_dir).database_url) as records:
            brand = await records.brands.add(Brand(id="", slug="mairie", name="Mairie"))
            midnight_in_paris = NOON - 13 * 3600
            times = [midnight_in_paris - 1, *(midnight_in_paris + hour * 3600 for hour in range(6)), NOON + 11 * 3600]
            for index, queued_at in enumerate(times):
                await records.calls.record(direct_call(f"c{index}", brand_id=brand.id, queued_at=queued_at))
            rehearsal = direct_call("r", brand_id=brand.id, rehearsal=True)
            await records.calls.record(rehearsal)
            await records.calls.record(direct_call("under-way", brand_id=brand.id, ended_at=None, end_reason=None))

    asyncio.run(some_calls())
    report = ("report", "--brand", "mairie", "--from", "2026-11-22", "--to", "2026-11-22")
    lines = run(*report, "--csv").output.splitlines()
    assert lines[1].startswith("mairie;2026-11-22;2026-11-22;tous;6;6;20,0;")
    assert run(*report, "--output", str(data_dir / "report.csv")).exit_code == 0
    assert (data_dir / "report.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "ns_120_s_abandons" in run(*report).output
    assert "Aucun service" in refused(run("report", "--brand", "x", "--from", "2026-11-22", "--to", "2026-11-22"))
    assert "AAAA" in refused(run("report", "--brand", "mairie", "--from", "hier", "--to", "2026-11-22"))
    assert "après" in refused(run("report", "--brand", "mairie", "--from", "2026-11-23", "--to", "2026-11-22"))


def test_a_configuration_that_cannot_be_used_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", "mysql://x")
    assert "PASSERELLE_DATABASE_URL" in refused(run("user", "list"))
