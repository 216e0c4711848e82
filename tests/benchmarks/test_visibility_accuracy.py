"""The report of the accuracy benchmark: main figures, what is told apart, and groups."""

from benchmarks.visibility_accuracy import parts_of, report_of
from benchmarks.visibility_material.evaluation import Result
from relay.visibility.accuracy import Tally


def result(group: str, said: str, *, held_out: bool = False) -> Result:
    tally = Tally(videos=1)
    tally.add(("too_far",), said)  # type: ignore[arg-type]
    tally.add(("good",), "good")
    return Result("video", group, held_out, tally)


def test_drawn_signers_are_the_main_figures_and_the_held_out_clip_is_told_apart() -> None:
    results = [
        result("tone 0", "too_far"),
        result("tone 9", "good"),
        result("", "too_far"),
        result("", "good", held_out=True),
    ]
    report = report_of(results)
    assert report["main"] == "drawn"
    assert (report["detection"], report["false_alarm"], report["videos"]) == (0.5, 0.0, 2)
    assert report["per_advice"]["too_far"]["detection"]["seconds"] == 2
    assert (report["clips"]["detection"], report["clips"]["videos"]) == (1.0, 1)
    assert (report["held_out"]["detection"], report["held_out"]["videos"]) == (0.0, 1)
    assert {group: rates["detection"]["rate"] for group, rates in report["groups"].items()} == {
        "tone 0": 1.0,
        "tone 9": 0.0,
    }
    assert [len(part) for part in parts_of(results).values()] == [2, 1, 1]


def test_labelled_folder_has_its_own_figures() -> None:
    report = report_of([result("tablet", "too_far"), result("phone", "too_far")])
    assert report["main"] == "clips"
    assert (report["detection"], report["videos"]) == (1.0, 2)
    assert set(report["groups"]) == {"tablet", "phone"}
    assert report["held_out"]["detection"] is None
