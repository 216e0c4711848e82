"""``passerelle queue``."""

import asyncio
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from signaling.cli_queue import TOGETHER
from signaling.config import SignalingConfig
from signaling.queue_rules import QueueRules
from signaling.records import Records
from signaling.settings_french import FRENCH
from tests.signaling.test_cli_people import data_dir, refused, run

__all__ = ["data_dir"]


@pytest.fixture
def mairie(data_dir: Path) -> Path:
    assert run("brand", "add", "mairie", "--name", "Mairie").exit_code == 0
    return data_dir


def stored(data_dir: Path) -> dict[str, dict[str, Any]]:
    async def read() -> dict[str, dict[str, Any]]:
        async with Records(SignalingConfig(data_dir=data_dir).database_url) as records:
            return await records.queue_rules.all()

    return asyncio.run(read())


def test_rules_are_set_shown_and_given_back(mairie: Path) -> None:
    assert "défaut" in run("queue", "list").output
    changes = ("weight=2", "room=50", "required=medical:3", "relax=45:2,90:0", "callback=non", "overflow_after_s=-")
    assert run("queue", "set", "relay/LSF", *changes).exit_code == 0
    assert "room=50" in run("queue", "list").output
    shown = run("queue", "show", "relay/LSF").output
    assert "medical:3" in shown and "45:2" in shown
    assert run("queue", "set", "relay/LSF", "weight=", "room=").exit_code == 0
    assert "weight" not in stored(mairie)["relay/LSF"]
    rest = ("required=", "relax=", "callback=", "overflow_after_s=")
    assert run("queue", "set", "relay/LSF", *rest).exit_code == 0
    assert stored(mairie) == {}


def test_every_rule_is_shown_with_its_meaning(mairie: Path) -> None:
    assert all(field.description for field in QueueRules.model_fields.values())
    assert FRENCH["QueueRules"].keys() == QueueRules.model_fields.keys()
    shown = run("queue", "show", "relay/LSF").output
    assert shown.index("Heures") < shown.index("Opening")
    assert run("queue", "show", "mairie/LSF").exit_code == 0


def test_the_examples_of_the_manual_work_as_they_are_written(data_dir: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    chapter = manual.partition("<!-- examples:")[2].partition("<!-- end of examples -->")[0]
    lines = [line for line in chapter.splitlines() if line.startswith("./run ")]
    assert len(lines) > 15
    for line in lines:
        result = run(*shlex.split(line, comments=True)[1:])
        assert result.exit_code == 0, (line, result.output)
    assert stored(data_dir)["mairie"]["overflow_queue"] == "prefecture/LSF"
    assert "weight" not in stored(data_dir).get("relay/LSF", {})


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("relay/XYZ", "room=1"), "n’est pas une file"),
        (("unknown", "room=1"), "n’est pas une file"),
        (("relay", "room=many"), "room"),
        (("relay", "rooms=1"), "règle=valeur"),
        (("relay", "relax=soon"), "relax"),
        (("relay", "required=Médical"), "compétence"),
        (("mairie", "hours=24/7"), "passerelle brand"),
        (("relay", "overflow_after_s=60"), "overflow_after_s"),
        (("relay", "overflow_after_s=60", "overflow_queue=nowhere/LSF"), "n’est pas une file"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(mairie: Path, arguments: tuple[str, ...], why: str) -> None:
    assert why in refused(run("queue", "set", *arguments))
    assert stored(mairie) == {}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("room=many", "room : attendu un nombre entier ; lu « many »."),
        ("room=-1", "room : attendu 0 au moins ; lu « -1 »."),
        ("weight=0", "weight : attendu plus de 0 ; lu « 0 »."),
        ("weight=1000", "weight : attendu 100 au plus ; lu « 1000 »."),
        ("wait_target_s=soon", "wait_target_s : attendu un nombre ; lu « soon »."),
        ("callback=maybe", "callback : attendu oui ou non ; lu « maybe »."),
        ("when_full=no", "when_full : attendu 'refuse' ou 'callback' ; lu « no »."),
        ("partner_url=http://voisin.example", "attendu une adresse https:// ; lu « http://voisin.example »."),
        ("relax=90:2,45:0", "les étapes de relax vont de la plus courte à la plus longue."),
        ("partner_name=Voisin", "partner_name et partner_url vont ensemble."),
        ("overflow_after_s=60", "overflow_after_s va avec overflow_queue ou overflow_skills."),
        ("timezone=Mars/Cydonia", "timezone : ce fuseau n’existe pas, exemple Europe/Paris."),
        ("hours=toujours", "« toujours » : écrivez par exemple lun-ven 9:00-18:00, fériés FR ou FR-57."),
    ],
)
def test_why_a_value_is_refused_is_said_in_french(mairie: Path, rule: str, why: str) -> None:
    assert why in " ".join(refused(run("queue", "set", "relay", rule)).split())


def test_no_sentence_of_the_rules_is_left_in_english() -> None:
    source = (Path(__file__).parents[2] / "signaling" / "queue_rules.py").read_text()
    assert set(re.findall(r'raise ValueError\("([^"]+)"\)', source)) == TOGETHER.keys()


def test_a_rule_for_all_modes_must_go_with_those_of_each(mairie: Path) -> None:
    pair = ("partner_name=Voisin", "partner_url=https://voisin.example")
    assert run("queue", "set", "relay", *pair).exit_code == 0
    assert run("queue", "set", "relay/LSF", "partner_name=Autre").exit_code == 0
    assert "partner" in refused(run("queue", "set", "relay", "partner_name=-"))
