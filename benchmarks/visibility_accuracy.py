"""
How often the advice is right: ``python -m benchmarks.visibility_accuracy [--clips DIR] [--json] [--quick]``.

A folder with a ``labels.json`` (``docs/visibility-labels.md``) is judged as it is labelled. Of a folder without one the
clips are impaired in some forty ways and in a dozen that hinder nobody, into a temporary folder, and judged; one of the
clips is held out and reported apart. Besides, and then as the main figures, drawn signers of seeds that nobody looked
at while thresholds were chosen. ``--tones`` draws the same scenes in all ten skin tones instead and tells how far each
tone is from all. The last line of ``--json`` is one JSON object.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.visibility_material.building import HELD_OUT, NOT_GOOD, SHORT, WHOLE, Parts, build, is_judged
from benchmarks.visibility_material.cases import CASES
from benchmarks.visibility_material.drawn_scenes import GOOD, IMPAIRMENTS, good_scene, impaired_scene
from benchmarks.visibility_material.evaluation import Result, evaluate_file, evaluate_scene
from benchmarks.visibility_material.moments import Clip
from benchmarks.visibility_material.tones import tones_json, tones_table
from benchmarks.visibility_material.truth import measured
from relay.drawn.person import MONK_TONES
from relay.visibility.accuracy import Tally, merged, table
from relay.visibility.labels import LABELS_FILE, LabelledVideo, LabelsError, read_labels, videos_in, write_labels
from relay.visibility.model_files import ModelFiles, ensure_models

REPOSITORY = Path(__file__).resolve().parents[1]
CLIPS = REPOSITORY.parent / "shared" / "clips"
SEEDS = (9, 11, 13, 15, 21, 23)  # looked at by nobody who chose thresholds; 5 minutes on two cores
WHOLE_SCENE_S, SHORT_SCENE_S = 30, 20
PROCESSES = 2


class Task(NamedTuple):
    """One video: labelled, or to be built of a clip, or drawn."""

    labelled: LabelledVideo | None = None
    clip: Clip | None = None
    case: str = ""
    drawn: tuple[int, int] | None = None  # seed and number of the scene
    tone: int | None = None  # in which it is drawn, in place of its own


def main() -> None:
    options = _options()
    began = time.monotonic()
    models = ensure_models(REPOSITORY / "var" / "models")
    try:
        results = list(run(options, models))
    except LabelsError as error:
        sys.exit(f"✗ {error.message_fr}\n  {error.message_en}")
    report = report_of(results)
    if options.tones:
        report["tones"] = tones_json(results)
    report["seconds_taken"] = round(time.monotonic() - began)
    if options.verbose:
        for result in results:
            if result.wrong:
                print(f"{result.name} ({result.group}): {_runs(result.wrong)}")
    for title, part in parts_of(results).items():
        print(f"\n{title}", *table(merged(result.tally for result in part)), sep="\n")
    for group, rates in report["groups"].items():
        print(
            f"{group:16} detected {rates['detection']['interval95']}, false alarms {rates['false_alarm']['interval95']}"
        )
    if options.tones:
        print("\nthe same scenes in all tones", *tones_table(results), sep="\n")
    if options.json:
        print(json.dumps(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="folder of clips, or of videos with labels.json")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="some of it, in shorter videos: two minutes on two cores")
    parser.add_argument("--drawn", type=int, nargs="*", metavar="SEED", help="seeds of drawn signers; none: leave out")
    parser.add_argument("--tones", type=int, nargs="+", metavar="SEED", help="these seeds in all skin tones, alone")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the videos built and their labels.json there")
    parser.add_argument("--verbose", action="store_true", help="say what was wrong in which second")
    parser.add_argument("--only", default="", help="only videos whose name holds this")
    return parser.parse_args()


def run(options: argparse.Namespace, models: ModelFiles) -> Iterator[Result]:
    """:raises LabelsError: a labels.json that cannot be understood."""
    is_labelled = (options.clips / LABELS_FILE).is_file()
    seeds = options.drawn if options.drawn is not None else () if is_labelled else SEEDS[: 1 if options.quick else None]
    parts = SHORT if options.quick else WHOLE
    context = multiprocessing.get_context("spawn")  # MediaPipe's threads do not survive a fork
    with (
        tempfile.TemporaryDirectory(prefix="psr-") as temporary,
        ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_quiet) as pool,
    ):
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.tones:
            tasks = _of_seeds(options.tones, range(len(MONK_TONES)), quick=options.quick)
        elif is_labelled:
            tasks = [Task(labelled=video) for video in read_labels(options.clips / LABELS_FILE)]
        else:
            tasks = list(_of_clips(pool, videos_in(options.clips), models, quick=options.quick))
        if not options.tones:
            tasks += _of_seeds(seeds, (None,), quick=options.quick)
        tasks = [task for task in tasks if options.only in _name(task)]
        judge = partial(judged, folder=folder, models=models, parts=parts, keep=options.keep is not None)
        built: list[LabelledVideo] = []
        for number, (result, video) in enumerate(pool.map(judge, tasks), 1):
            print(f"\r{number}/{len(tasks)} {result.name:50}", end="", file=sys.stderr, flush=True)
            built += [video] if video else []
            yield result
        print(f"\r{'':70}\r", end="", file=sys.stderr)
        if options.keep and built:
            write_labels(folder / LABELS_FILE, tuple(built))


def _of_clips(pool: ProcessPoolExecutor, paths: Sequence[Path], models: ModelFiles, *, quick: bool) -> Iterator[Task]:
    for clip in pool.map(partial(measured, models=models), paths):
        for case in CASES:
            if is_judged(clip.name, case) and (not quick or (case.quick and clip.name not in NOT_GOOD)):
                yield Task(clip=clip, case=case.name)


def _of_seeds(seeds: Iterable[int], tones: Sequence[int | None], *, quick: bool) -> list[Task]:
    numbers = range(0, len(IMPAIRMENTS) + len(GOOD), 2 if quick else 1)
    return [Task(drawn=(seed, number), tone=tone) for seed in seeds for number in numbers for tone in tones]


def _name(task: Task) -> str:
    if task.labelled:
        return task.labelled.path.name
    if task.clip:
        return f"{task.clip.name}-{task.case}"
    assert task.drawn is not None
    seed, number = task.drawn
    return f"drawn {seed} {(*IMPAIRMENTS, *GOOD)[number]}"


def judged(
    task: Task, folder: Path, models: ModelFiles, parts: Parts, *, keep: bool
) -> tuple[Result, LabelledVideo | None]:
    """In a process of its own: build or draw the video, watch it, compare."""
    if task.drawn is not None:
        seed, number = task.drawn
        code_count = len(IMPAIRMENTS)
        if number < code_count:
            scene = impaired_scene(list(IMPAIRMENTS)[number], seed, number, task.tone)
        else:
            scene = good_scene(list(GOOD)[number - code_count], seed, number, task.tone)
        result = evaluate_scene(scene, models, SHORT_SCENE_S if parts == SHORT else WHOLE_SCENE_S)
        return Result(f"drawn {seed} {result.name}", result.group, False, result.tally, result.wrong), None
    if task.labelled is not None:
        return evaluate_file(task.labelled, models), None
    assert task.clip is not None
    video = build(folder, task.clip, task.case, parts)
    try:
        return evaluate_file(video, models), video if keep else None
    finally:
        if not keep:
            video.path.unlink()


def parts_of(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results that are told apart, those that are there."""
    parts = {
        "drawn signers": [result for result in results if result.group.startswith("tone ")],
        "clips": [r for r in results if not r.group.startswith("tone ") and not r.held_out],
        f"held out ({', '.join(HELD_OUT)})": [result for result in results if result.held_out],
    }
    return {title: part for title, part in parts.items() if part}


def report_of(results: Sequence[Result]) -> dict[str, Any]:
    """
    The main figures are those of the drawn signers, where there are any; else those of the clips. ``clips``,
    ``held_out`` and, for each skin tone or group, ``groups`` beside them.
    """
    drawn = [result for result in results if result.group.startswith("tone ")]
    seen = [result for result in results if result not in drawn and not result.held_out]
    main = drawn or seen or list(results)
    groups = sorted({result.group for result in results if result.group})
    return _figures(main) | {
        "main": "drawn" if drawn else "clips",
        "clips": _figures(seen),
        "held_out": _figures([result for result in results if result.held_out]),
        "groups": {group: _brief([result for result in results if result.group == group]) for group in groups},
    }


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    return merged(result.tally for result in results).as_json()


def _brief(results: Sequence[Result]) -> dict[str, Any]:
    tally: Tally = merged(result.tally for result in results)
    return {"detection": tally.detection.as_json(), "false_alarm": tally.false_alarm.as_json(), "videos": tally.videos}


def _runs(wrong: Sequence[tuple[int, str, str]]) -> str:
    return ", ".join(f"{second} s {right}: {said}" for second, right, said in wrong)


def _quiet() -> None:
    """MediaPipe and its libraries write to file descriptor 2."""
    import cv2

    cv2.setNumThreads(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


if __name__ == "__main__":
    main()
