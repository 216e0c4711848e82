import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.report import (
    COLUMNS,
    HEADINGS,
    Masked,
    ReportedCall,
    by_mode,
    figures,
    harmless,
    percentile,
    report_rows,
    to_csv,
)

DOCS = Path(__file__).parents[2] / "docs" / "reports.md"


def answered(wait_s: float, **more: object) -> ReportedCall:
    return ReportedCall("LSF", True, False, wait_s, **more)  # type: ignore[arg-type]


def abandoned(wait_s: float) -> ReportedCall:
    return ReportedCall("LSF", False, True, wait_s)


def unserved() -> ReportedCall:
    return ReportedCall("LSF", False, False, 600.0, end_reason="no_agent")


def one_row(calls: list[ReportedCall]) -> dict[str, object]:
    (row, *_) = report_rows("mairie", "2026-11-01", "2026-11-30", calls)
    return dict(zip(HEADINGS, row, strict=True))


def test_every_column_is_defined_in_the_docs_and_the_docs_define_no_other() -> None:
    table = DOCS.read_text().split("## Columns")[1].split("##")[0]
    defined = re.findall(r"^\| `(\w+)` \|[^|]*\| *(\S.*?) *\|$", table, re.MULTILINE)
    assert [name for name, _ in defined] == list(HEADINGS)
    assert all(len(definition) > 5 for _, definition in defined)


def test_a_day_is_counted_as_the_definitions_say() -> None:
    calls = [
        *(answered(10.0 * tens, talk_s=60.0, stars=4, signing_s=20.0, readable_s=10.0) for tens in range(1, 13)),
        *(answered(150.0, talk_s=120.0, stars=5, signing_s=60.0, readable_s=60.0) for _ in range(6)),
        *(answered(200.0, talk_s=60.0) for _ in range(6)),
        *(abandoned(5.0) for _ in range(5)),
        *(abandoned(65.0) for _ in range(6)),
        *(unserved() for _ in range(5)),
    ]
    row = one_row(calls)
    assert (row["appels"], row["pris_en_charge"], row["abandons"], row["abandons_courts"]) == (40, 24, 11, 5)
    assert row["attente_moyenne_s"] == pytest.approx((780 + 900 + 1200) / 24)
    assert (row["attente_mediane_s"], row["attente_p90_s"]) == (120.0, 200.0)
    assert row["ns_120_s"] == pytest.approx(12 / 24)
    assert row["ns_120_s_abandons"] == pytest.approx(12 / 30)
    assert row["ns_180_s"] == pytest.approx(18 / 24)
    assert row["ns_180_s_abandons"] == pytest.approx(18 / 30)
    assert row["taux_abandon"] == pytest.approx(11 / 40)
    assert row["attente_abandons_s"] == pytest.approx((25 + 390) / 11)
    assert row["conversation_totale_s"] == pytest.approx(720 + 720 + 360)
    assert row["dmc_s"] == pytest.approx(1800 / 24)
    assert row["notes"] == 18
    assert row["note_moyenne"] == pytest.approx((48 + 30) / 18)
    assert row["part_lisible"] == pytest.approx((12 * 10 + 6 * 60) / (12 * 20 + 6 * 60))


def test_readable_signing_is_told_for_each_kind_of_device_unless_few_calls_were_on_it() -> None:
    seen = {"phone": 3.0, "computer": 9.0}
    calls = [answered(1.0, signing_s=10.0, readable_s=seen[kind], device_type=kind) for kind in seen for _ in range(5)]
    calls += [answered(1.0, signing_s=10.0, readable_s=0.0, device_type="tablet") for _ in range(4)]
    calls += [answered(1.0, signing_s=0.0, device_type="phone") for _ in range(9)]
    row = one_row([*calls, answered(1.0, signing_s=20.0, readable_s=20.0)])
    assert (row["part_lisible_telephone"], row["part_lisible_ordinateur"]) == (0.3, 0.9)
    assert row["part_lisible_tablette"] == Masked()
    assert row["part_lisible"] == pytest.approx(80 / 160)


def test_call_backs_are_counted_apart_and_weigh_on_no_wait() -> None:
    line = [*(answered(200.0, talk_s=60.0) for _ in range(5)), *(abandoned(65.0) for _ in range(5))]
    asked = [ReportedCall("LSF", False, False, 90.0, end_reason="callback_asked") for _ in range(6)]
    reached = [answered(0.0, talk_s=120.0, is_callback=True) for _ in range(5)]
    missed = [ReportedCall("LSF", False, False, 0.0, is_callback=True, end_reason="callback_unanswered")] * 9
    before, row = one_row([*line, *asked]), one_row([*line, *asked, *reached, *missed])
    talk = {"rappels", "conversation_totale_s", "dmc_s"}
    assert {name: value for name, value in row.items() if name not in talk} == {
        name: value for name, value in before.items() if name not in talk
    }
    assert (row["appels"], row["abandons"], row["rappels_demandes"], row["rappels"]) == (16, 5, 6, 5)
    assert (row["conversation_totale_s"], row["dmc_s"]) == (900.0, 90.0)


def test_a_call_is_fluid_from_twenty_pictures_per_second_on_and_unmeasured_ones_do_not_count() -> None:
    calls = [
        *(answered(1.0, fps_p5=rate) for rate in (20.0, 25.0, 30.0, 19.9, 0.0)),
        *(answered(1.0) for _ in range(9)),
    ]
    assert one_row(calls)["part_fluide"] == pytest.approx(3 / 5)
    assert one_row(calls[1:])["part_fluide"] == Masked()


def test_a_wait_of_exactly_the_limit_is_within_it() -> None:
    assert one_row([answered(120.0) for _ in range(5)])["ns_120_s"] == 1.0


def test_an_abandonment_after_exactly_ten_seconds_is_not_short() -> None:
    assert figures([abandoned(10.0)]).short_abandoned == 0
    assert figures([abandoned(9.999)]).short_abandoned == 1


def test_no_calls_give_counts_of_zero_and_nothing_to_divide() -> None:
    row = one_row([])
    assert row["appels"] == 0 and row["conversation_totale_s"] == 0
    assert row["ns_120_s"] is None and row["taux_abandon"] is None and row["note_moyenne"] is None


@pytest.mark.parametrize("count", [1, 4])
def test_what_was_made_from_one_to_four_calls_is_masked(count: int) -> None:
    row = one_row([answered(10.0, stars=5, signing_s=9.0, readable_s=9.0) for _ in range(count)])
    for heading in ("appels", "pris_en_charge", "attente_moyenne_s", "ns_120_s", "notes", "part_lisible", "dmc_s"):
        assert row[heading] == Masked(), heading
    assert row["abandons"] == 0


def test_a_rate_that_would_give_a_masked_count_away_is_masked_with_it() -> None:
    row = one_row([*(answered(10.0) for _ in range(20)), *(abandoned(20.0) for _ in range(3))])
    assert row["appels"] == 23
    assert row["abandons"] == row["taux_abandon"] == row["attente_abandons_s"] == Masked()


def test_five_are_shown() -> None:
    assert one_row([answered(10.0) for _ in range(5)])["appels"] == 5


def of_modes(**counts: int) -> list[ReportedCall]:
    return [ReportedCall(mode, True, False, 1.0) for mode, count in counts.items() for _ in range(count)]  # type: ignore[arg-type]


def sizes(calls: list[ReportedCall]) -> dict[str, int]:
    return {mode: len(group) for mode, group in by_mode(calls)}


def test_modes_with_few_calls_are_put_together_so_that_no_difference_tells_them() -> None:
    assert sizes(of_modes(LSF=20, TTH=8)) == {"LSF": 20, "TTH": 8}
    assert sizes(of_modes(LSF=20, TTH=3, CAS=2)) == {"LSF": 20, "autres": 5}
    assert sizes(of_modes(LSF=20, TTH=8, CAS=2)) == {"LSF": 20, "autres": 10}
    assert sizes(of_modes(LSF=20, CAS=2)) == {}
    assert sizes(of_modes(CAS=2)) == {}


@given(st.dictionaries(st.sampled_from(["LSF", "TTH", "CAS", "CAA", "LfPC"]), st.integers(1, 12)))
def test_no_row_of_a_mode_has_fewer_than_five_calls_and_none_is_lost(counts: dict[str, int]) -> None:
    found = sizes(of_modes(**counts))
    assert all(size >= 5 for size in found.values())
    assert not found or sum(found.values()) == sum(counts.values())


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.9, None), ([7.0], 0.9, 7.0), ([1.0, 2.0], 0.5, 1.0), ([float(n) for n in range(1, 11)], 0.9, 9.0)],
)
def test_percentiles_are_by_nearest_rank(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_the_csv_opens_in_a_french_spreadsheet() -> None:
    calls = [answered(12.34, talk_s=61.26, stars=4) for _ in range(5)]
    data = to_csv(report_rows("mairie", "2026-11-01", "2026-11-30", calls))
    assert data.startswith(b"\xef\xbb\xbfmarque;du;au;mode;appels;")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert [row["mode"] for row in rows] == ["tous", "LSF"]
    first = rows[0]
    assert first["attente_moyenne_s"] == "12,3" and first["ns_120_s"] == "1,000" and first["note_moyenne"] == "4,00"
    assert first["appels"] == "5" and first["part_lisible"] == "" and first["conversation_totale_s"] == "306,3"


@pytest.mark.parametrize("text", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_that_begins_like_a_formula_is_not_run(text: str) -> None:
    assert harmless(text) == "'" + text
    cells = next(
        csv.reader(io.StringIO(to_csv(report_rows(text, "a", "b", [])).decode().split("\r\n", 1)[1]), delimiter=";")
    )
    assert cells[0] == "'" + text


def test_the_columns_have_different_names() -> None:
    assert len(set(HEADINGS)) == len(HEADINGS) == 4 + len(COLUMNS)
