"""The planners' files: what is read, and what is wrong with one, with its line."""

from datetime import date
from pathlib import Path

import pytest

from interpreter_queue.model import Target
from interpreter_queue.simulation_model import ALL_DAY, Duration
from signaling.planning_files import (
    HalfHour,
    PlanningFileError,
    read_crew_sizes,
    read_half_hours,
    read_profile,
)
from signaling.planning_scenario import read_scenario


def written(folder: Path, text: str, name: str = "fichier.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_profile_of_hours_is_spread_over_their_half_hours(tmp_path: Path) -> None:
    profile = read_profile(written(tmp_path, "hour,calls\n8,10\n9,30\n"), None)
    assert profile.calls[16:20] == (5, 5, 15, 15)
    assert profile.total == 40


def test_a_french_spreadsheet_is_read_as_it_comes(tmp_path: Path) -> None:
    text = "Heure;Part\r\n08:00;1,5\r\n8h30;0,5\r\n\r\n"
    profile = read_profile(written(tmp_path, text, encoding="utf-8-sig"), 1_000)
    assert profile.calls[16:18] == (750, 250)


def test_shares_need_a_number_of_calls(tmp_path: Path) -> None:
    with pytest.raises(PlanningFileError, match="dites aussi combien d’appels"):
        read_profile(written(tmp_path, "hour,share\n8,1\n"), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hour,calls\n8,10\n9,dix\n", "ligne 3 : colonne « calls » : attendu un nombre de 0 ou plus ; lu « dix »"),
        ("hour,calls\n8,-1\n", "ligne 2 : colonne « calls » : attendu un nombre de 0 ou plus ; lu « -1 »"),
        ("hour,calls\n8,nan\n", "ligne 2 : colonne « calls »"),
        ("hour,calls\n8:15,1\n", "ligne 2 : colonne « hour » : attendu une heure de 0 à 23 ou une demi-heure"),
        ("hour,calls\n24,1\n", "ligne 2 : colonne « hour »"),
        ("hour,calls\n8,1\n\n9,1\n8:00,2\n", "ligne 5 : l’heure 8:00 y est deux fois"),
        ("hour,calls\n8,0\n", "ne contient que des zéros"),
        ("hour,calls\n", "aucune ligne de chiffres"),
        ("", "la colonne « hour » manque"),
        ("hour,appel\n8,1\n", "il faut une colonne « calls » ou « share »"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PlanningFileError) as raised:
        read_profile(written(tmp_path, text), None)
    assert str(raised.value).startswith("fichier.csv")
    assert said in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanningFileError, match=r"absent\.csv : illisible \(ce fichier n’existe pas\)"):
        read_profile(tmp_path / "absent.csv", None)
    with pytest.raises(PlanningFileError, match="ligne 2 : ce n’est pas de l’UTF-8"):
        read_profile(written(tmp_path, "hour,calls\né,1\n", encoding="latin-1"), None)


def test_a_history_has_days_and_a_forecast_has_none(tmp_path: Path) -> None:
    text = "date;hour;calls;handling_s\n23/11/2026;8:30;12;300\n2026-11-24;8:30;14;\n"
    assert read_half_hours(written(tmp_path, text)) == [
        HalfHour(date(2026, 11, 23), 17, 12, 300),
        HalfHour(date(2026, 11, 24), 17, 14, None),
    ]
    assert read_half_hours(written(tmp_path, "hour,calls\n8,10\n")) == [HalfHour(None, 16, 5), HalfHour(None, 17, 5)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,hour,calls\nhier,8,1\n", "ligne 2 : colonne « date » : attendu AAAA-MM-JJ ou JJ/MM/AAAA ; lu « hier »"),
        ("date,hour,calls\n2026-11-23,8,1\n2026-11-23,8,1\n", "ligne 3 : l’heure 8 y est deux fois le 23/11/2026"),
        ("date,hour,calls,handling_s\n2026-11-23,8,1,long\n", "ligne 2 : colonne « handling_s »"),
    ],
)
def test_a_wrong_history_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PlanningFileError) as raised:
        read_half_hours(written(tmp_path, text))
    assert said in str(raised.value)


def test_crew_sizes_are_whole_numbers_of_people(tmp_path: Path) -> None:
    assert read_crew_sizes(written(tmp_path, "hour,interpreters\n8,3\n"))[15:19] == (0, 3, 3, 0)
    with pytest.raises(PlanningFileError, match="ligne 2 : colonne « interpreters » : attendu un nombre entier"):
        read_crew_sizes(written(tmp_path, "hour,interpreters\n8,2.5\n"))
    with pytest.raises(PlanningFileError, match="personne n’y travaille"):
        read_crew_sizes(written(tmp_path, "hour,interpreters\n8,0\n"))


CENTRE = """
accept_s = 5
missed_share = 0.02

[[queue]]
name = "relay/LSF"
profile = "jour.csv"
calls_per_day = 800
handling_s = 420
handling_shape = "lognormal"
handling_variation = 0.8
patience_s = 300
skills = { lsf = 3 }

[[queue]]
name = "mairie/LSF"
calls_per_day = 48
handling_s = 300
trades = ["adviser"]
weight = 2
opens = ["09:00-12:00", "13:30-17:00"]
callback_share = 0.5

  [[queue.target]]
  after_s = 90
  trades = ["interpreter"]
  skills = { lsf = 3 }

[[crew]]
count = 2
skills = { lsf = 5 }
shifts = ["20:00-04:00"]
pauses = ["23:00-23:30"]
"""


def test_a_scenario_says_queues_people_and_habits(tmp_path: Path) -> None:
    written(tmp_path, "hour,share\n8,1\n9,1\n", "jour.csv")
    centre = read_scenario(written(tmp_path, CENTRE, "centre.toml"))
    relay, mairie = centre.streams
    assert (relay.name, relay.arrivals.total, relay.handling) == ("relay/LSF", 800, Duration(420, "lognormal", 0.8))
    assert relay.opens == ALL_DAY
    assert mairie.request.targets == (
        Target(trades=("adviser",)),
        Target(after_s=90, trades=("interpreter",), skills={"lsf": 3}),
    )
    assert (mairie.request.weight, mairie.opens) == (2, ((9 * 3600, 12 * 3600), (13.5 * 3600, 17 * 3600)))
    assert mairie.call_backs is not None and mairie.call_backs.asked_share == 0.5
    assert [worker.shifts for worker in centre.crew] == [((20 * 3600, 28 * 3600),)] * 2
    assert len({worker.agent.agent_id for worker in centre.crew}) == 2
    assert (centre.habits.accept_s, centre.habits.missed_share, centre.habits.breaks) == (5, 0.02, "due")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("weight = 2", "wieght = 2", "ligne 20 : queue.wieght : clé inconnue"),
        ("weight = 2", "weight = 0", "ligne 20 : queue.weight : attendu plus de 0"),
        ("weight = 2", 'weight = "deux"', "ligne 20 : queue.weight : attendu un nombre ; reçu « deux »"),
        ("handling_s = 300\n", "", "ligne 15 : queue.handling_s : manque"),
        ("skills = { lsf = 5 }", "skills = { lsf = 6 }", "ligne 31 : crew.skills.lsf : attendu 5 au plus ; reçu « 6 »"),
        ('"20:00-04:00"', '"20h"', "ligne 32 : crew.shifts : attendu HH:MM-HH:MM ; reçu « 20h »"),
        ('trades = ["adviser"]', 'trades = ["advisor"]', "ligne 19 : queue.trades : attendu 'interpreter'"),
        ('handling_shape = "lognormal"', "handling_shape = lognormal", "ligne 10 : ce n’est pas du TOML"),
        ('name = "mairie/LSF"', 'name = "relay/LSF"', "deux files ont le même nom"),
        ("accept_s = 5", "accept_s = 25", "ligne 2 : accept_s dépasse alert_s"),
        ("calls_per_day = 48\n", "", "ligne 15 : il faut calls_per_day, profile, ou les deux"),
        ("after_s = 90", "after_s = -1", "queue.target.after_s : attendu 0.0 ou plus"),
        ('profile = "jour.csv"', 'profile = "autre.csv"', "autre.csv : illisible"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    written(tmp_path, "hour,share\n8,1\n", "jour.csv")
    assert before in CENTRE
    with pytest.raises(PlanningFileError) as raised:
        read_scenario(written(tmp_path, CENTRE.replace(before, after), "centre.toml"))
    assert said in str(raised.value)
