"""``passerelle simulate`` and ``passerelle staff`` as they are typed."""

import asyncio
import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from interpreter_queue.erlang import Load, outlook, service_level
from signaling import cli_planning
from signaling.config import SignalingConfig
from signaling.planning_demand import half_hours_of, measured_patience_s, typical_day
from signaling.planning_files import HalfHour
from signaling.records import Records
from signaling.records.load_rows import RecordedLoad
from tests.signaling.records.samples import NOON, direct_call, relay_call

PROFILE = "heure;part\n9:00;2\n9:30;3\n10:00;3\n10:30;2\n14:00;1,5\n14:30;1\n"
FORECAST = "hour,calls,handling_s\n9:00,20,420\n9:30,30,420\n10:00,30,420\n10:30,20,420\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PASSERELLE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jour.csv").write_text(PROFILE)
    (tmp_path / "attendu.csv").write_text(FORECAST)
    return tmp_path


def run(*words: str) -> Result:
    app = typer.Typer()
    cli_planning.register(app)
    return CliRunner().invoke(app, words)


def printed(*words: str) -> dict[str, Any]:
    """The last line as JSON."""
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def refused(code: int, *words: str) -> str:
    """What it says, without the frame that folds it."""
    done = run(*words)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return re.sub(r"[\s│]+", " ", done.output)


# simulate


def test_the_simplest_form_prints_figures_that_agree_with_erlang_c() -> None:
    words = "simulate --arrivals-per-hour 60 --handling-s 240 --interpreters 6 --calls 20000 --seed 1 --no-patience"
    found = printed(*words.split())
    load = Load(60 / 3600, 240, 6)
    margin = found["margin_95"]
    assert found["mean_wait_s"] == pytest.approx(outlook(load).mean_wait_s, abs=margin["mean_wait_s"])
    assert found["occupancy"] == pytest.approx(4 / 6, abs=margin["occupancy"])
    for seconds in (120, 180):
        name = f"service_level_{seconds}s"
        assert found[name] == pytest.approx(service_level(load, seconds), abs=margin[name])
    assert found["abandoned_share"] == 0
    assert found["wait_p95_s"] > found["mean_wait_s"]
    assert (found["calls"], found["answered"]) == (20_000, 20_000)
    assert found["theory"]["model"] == "erlang_c"


def test_the_same_seed_prints_the_same_and_another_one_does_not() -> None:
    words = ("simulate", "--calls", "400", "--patience-s", "120", "--interpreters", "4")
    first, again, other = (printed(*words, "--seed", seed) for seed in ("7", "7", "8"))
    for each in (first, again, other):
        del each["wall_s"], each["seed"]
    assert first == again != other
    assert first["theory"]["model"] == "erlang_a"
    assert 0 < first["abandoned_share"] < 1


def test_people_get_a_table_theory_beside_it_and_a_chart() -> None:
    shown = run("simulate", "--calls", "500").output
    assert "attente moyenne des appels pris" in shown
    assert "théorie" in shown and "34,2 s" in shown
    assert "sans attente █" in shown


def test_more_load_than_people_is_said_in_words_and_has_no_number_in_json() -> None:
    words = ("simulate", "--calls", "300", "--interpreters", "3")
    assert "La charge dépasse l’équipe" in run(*words).output
    found = printed(*words)
    assert found["mean_wait_s"] > 600 and found["theory"]["mean_wait_s"] is None


def test_a_day_with_a_profile_is_shown_by_half_hour_and_drawn(here: Path) -> None:
    done = run("simulate", "--profile", "jour.csv", "--calls", "300", "--interpreters", "9", "--svg", "jour.svg")
    assert done.exit_code == 0, done.output
    assert re.search(r"^09:30 .* appels +9,0 pers\.", done.output, re.MULTILINE)
    assert ElementTree.parse(here / "jour.svg").getroot().get("role") == "img"
    found = printed("simulate", "--profile", "jour.csv", "--calls", "300", "--days", "3", "--interpreters", "9")
    assert found["calls"] == pytest.approx(900, abs=120)
    assert len(found["half_hours"]) == 48 and found["theory"] is None


def test_people_who_take_time_and_breaks_make_others_wait() -> None:
    steady = ("simulate", "--calls", "800", "--interpreters", "7")
    plain = printed(*steady)
    slow = printed(*steady, "--accept-s", "6", "--missed", "5", "--wrap-up-s", "30", "--breaks", "due")
    assert slow["mean_wait_s"] > plain["mean_wait_s"] + 5
    assert slow["breaks"] > 0 and slow["missed"] > 0
    assert slow["theory"] is None  # none of its assumptions holds


def test_a_scenario_has_figures_for_each_queue(here: Path) -> None:
    queue = '[[queue]]\nname = "{}"\ncalls_per_day = 240\nhandling_s = 240\n'
    crew = '[[crew]]\ncount = 3\nshifts = ["00:00-24:00"]\n'
    (here / "centre.toml").write_text(queue.format("a") + queue.format("b") + crew)
    found = printed("simulate", "--scenario", "centre.toml")
    assert set(found["queues"]) == {"a", "b"}
    assert sum(each["calls"] for each in found["queues"].values()) == found["calls"]
    assert "file" in run("simulate", "--scenario", "centre.toml").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--calls abc", "attendu un nombre entier de 1 à 5000000 ; reçu « abc »"),
        ("--calls 0", "attendu un nombre entier de 1 à 5000000 ; reçu « 0 »"),
        ("--handling-s 0", "attendu un nombre, plus de 0 et au plus 86400 ; reçu « 0 »"),
        ("--handling-s inf", "reçu « inf »"),
        ("--interpreters 1.5", "attendu un nombre entier"),
        ("--seed -1", "attendu un nombre entier de 0"),
        ("--breaks always", "attendu none, due, proposed ; reçu « always »"),
        ("--patience-s 60 --no-patience", "ne va pas avec --patience-s : l’un ou l’autre"),
        ("--profile jour.csv --arrivals-per-hour 60", "ne va pas avec --arrivals-per-hour"),
        ("--crew a.csv --interpreters 3", "ne va pas avec --interpreters"),
        ("--scenario a.toml --calls 3", "le fichier dit tout"),
        ("--missed 60 --declined 60", "99 % au plus"),
    ],
)
def test_a_wrong_option_is_refused_in_french_with_what_was_expected(words: str, said: str) -> None:
    assert said in refused(2, "simulate", *words.split())


def test_a_wrong_file_is_one_sentence_with_its_line_and_exit_code_1(here: Path) -> None:
    (here / "faux.csv").write_text("hour,calls\n8,10\n9,beaucoup\n")
    said = refused(1, "simulate", "--profile", "faux.csv")
    assert "✗ faux.csv, ligne 3 : colonne « calls » : attendu un nombre de 0 ou plus ; lu « beaucoup »" in said
    assert "absent.toml : illisible" in refused(1, "simulate", "--scenario", "absent.toml")
    assert "impossible d’y écrire" in refused(1, "simulate", "--calls", "50", "--svg", "nulle/part.svg")


# staff


def test_staff_prints_writes_and_draws_the_smallest_crew(here: Path) -> None:
    words = "staff --forecast attendu.csv --patience-s 300 --csv plan.csv --plain-csv plain.csv --svg plan.svg"
    shown = run(*words.split())
    assert shown.exit_code == 0, shown.output
    assert "80 % en 120 s et 70 % en 180 s" in shown.output
    french = (here / "plan.csv").read_bytes()
    assert french.startswith(b"\xef\xbb\xbfhour;calls;") and b"20,00" in french
    rows = list(csv.DictReader((here / "plain.csv").read_text().splitlines()))
    assert len(rows) == 48 and rows[18]["hour"] == "09:00"
    assert all(float(row["service_level_120s"]) >= 0.8 for row in rows if row["interpreters"] != "0")
    assert all(int(row["planned"]) >= int(row["interpreters"]) for row in rows)
    assert ElementTree.parse(here / "plan.svg").getroot().find("{http://www.w3.org/2000/svg}desc") is not None


@pytest.mark.parametrize("kind", ["--csv", "--plain-csv"])
def test_the_crew_found_by_staff_is_what_simulate_reads(kind: str) -> None:
    assert run("staff", "--forecast", "attendu.csv", "--patience-s", "300", kind, "plan.csv").exit_code == 0
    words = "simulate --profile attendu.csv --handling-s 420 --patience-s 300 --crew plan.csv --days 10"
    assert printed(*words.split())["service_level_120s_with_abandons"] >= 0.78


def test_staff_checks_its_answer_by_simulation() -> None:
    found = printed("staff", "--forecast", "attendu.csv", "--patience-s", "300", "--check")
    simulated = [row["simulated_service_level_120s"] for row in found["half_hours"] if row["interpreters"]]
    assert len(simulated) == 4 and min(simulated) >= 0.75


def test_goals_growth_and_shrinkage_change_the_answer() -> None:
    def most(*words: str) -> tuple[int, int]:
        rows = printed("staff", "--forecast", "attendu.csv", *words)["half_hours"]
        return max(row["interpreters"] for row in rows), max(row["planned"] for row in rows)

    plain = most()
    assert most("--goal", "95/20")[0] > plain[0]
    assert most("--growth", "50")[0] > plain[0]
    assert most("--shrinkage", "50") == (plain[0], 2 * plain[0])


def test_a_share_of_a_day_becomes_calls() -> None:
    words = "staff --forecast jour.csv --calls 260 --handling-s 300"
    assert sum(row["calls"] for row in printed(*words.split())["half_hours"]) == pytest.approx(260)


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (2, "", "un seul des trois"),
        (2, "--forecast attendu.csv --from-records", "un seul des trois"),
        (2, "--forecast attendu.csv --goal 80", "attendu POURCENT/SECONDES, par exemple 80/120 (80 % en 120 s)"),
        (2, "--forecast attendu.csv --goal 100/20", "attendu POURCENT/SECONDES"),
        (2, "--forecast attendu.csv --day hier", "attendu tous, semaine, week-end, lun"),
        (2, "--from-records --from demain", "attendu un jour, AAAA-MM-JJ ; reçu « demain »"),
        (2, "--from-records --from 2026-11-20 --to 2026-11-10", "le dernier jour vient après le premier"),
        (2, "--from-records --tz Mars/Olympus", "fuseau inconnu « Mars/Olympus »"),
        (1, "--forecast jour.csv", "dites aussi combien d’appels par jour"),
        (1, "--from-records", "aucun appel"),
        (1, "--from-records --brand personne", "Aucun service ne s’appelle « personne »"),
    ],
)
def test_what_staff_cannot_use_is_said_in_french(code: int, words: str, said: str) -> None:
    assert said in refused(code, "staff", *words.split())


def test_a_history_without_handling_times_asks_for_one(here: Path) -> None:
    (here / "passe.csv").write_text("date,hour,calls\n2026-11-23,9,10\n")
    assert "--handling-s" in refused(1, "staff", "--history", "passe.csv")
    assert printed("staff", "--history", "passe.csv", "--handling-s", "300")["half_hours"][18]["calls"] == 5


def test_the_services_own_calls_are_planned_from(here: Path) -> None:
    async def fill() -> None:
        async with Records(SignalingConfig(data_dir=here).database_url) as records:
            for number in range(12):
                at = NOON - 60 * number
                call = relay_call(f"r{number}", queued_at=at, together_at=at + 30, ended_at=at + 270)
                await records.calls.record(call)
            await records.calls.record(direct_call("d", queued_at=NOON, together_at=NOON + 9, ended_at=NOON + 60))
            await records.calls.record(relay_call("test", queued_at=NOON, rehearsal=True))
            await records.calls.record(relay_call("v", kind="video", queued_at=NOON, trade=None, phone_legs=()))

    asyncio.run(fill())
    period = ("--from", "2026-11-21", "--to", "2026-11-22")
    words = ("staff", "--from-records", "--kind", "relay", *period, "--wrap-up-s", "60")
    found = printed(*words)
    assert found["days"] == 2
    half_hours = {row["hour"]: row for row in found["half_hours"]}
    assert half_hours["12:30"]["calls"] + half_hours["13:00"]["calls"] == 6  # 12 on one of two days, Paris time
    assert half_hours["12:30"]["handling_s"] == 300
    assert sum(row["calls"] for row in printed(*words[:2], *period)["half_hours"]) == 6.5


# The typical day


def test_a_typical_day_is_the_mean_of_the_days_asked_for() -> None:
    monday, tuesday, sunday = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 29)
    rows = [HalfHour(monday, 18, 10, 300), HalfHour(tuesday, 18, 30, 500), HalfHour(sunday, 18, 2, 100)]
    week = typical_day(rows, "semaine", None)
    assert (week.days, week.demands[18].calls, week.demands[18].handling_s) == (2, 20, 450)
    assert typical_day(rows, "dim", None).demands[18].calls == 2
    assert typical_day(rows, "lun", None, growth=0.5).demands[18].calls == 15


def test_patience_is_all_time_waited_over_those_who_gave_up() -> None:
    calls = [RecordedLoad(0, 30, 200, False)] * 20 + [RecordedLoad(0, 60, None, True)] * 10
    assert measured_patience_s(calls) == (20 * 30 + 10 * 60) / 10
    assert measured_patience_s(calls[:24]) is None  # four are too few


def test_days_without_a_call_count() -> None:
    paris = ZoneInfo("Europe/Paris")
    calls = [RecordedLoad(NOON, 10, 240, False), RecordedLoad(NOON, 10, None, True)]
    rows = half_hours_of(calls, paris, date(2026, 11, 21), date(2026, 11, 24), 60)
    assert {row.day for row in rows} == {date(2026, 11, day) for day in (21, 22, 23, 24)}
    day = typical_day(rows, "tous", None)
    assert (day.calls, day.demands[26].handling_s) == (0.5, 300)
