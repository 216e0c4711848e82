"""
``labels.json``: what each second of a video should say, as people who looked at it wrote it down.

The format is described in ``docs/visibility-labels.md``. The reader is tolerant (one code instead of a list, spans in
any order, more keys than it knows) and says what it cannot understand, with the video and the span.
"""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from relay.errors import RelayError
from relay.model import AdviceCode, WatchFor

LABELS_FILE = "labels.json"
SETTLING_S = 3  # after a change of what is right, left out: nobody can be told sooner without flicker
CODES: tuple[AdviceCode, ...] = get_args(AdviceCode)
WATCHED: tuple[WatchFor, ...] = get_args(WatchFor)
#: Of films that PyAV reads; photographs are none, though it opens them too.
SUFFIXES = (
    ".3gp, .asf, .avi, .dv, .flv, .gif, .h264, .ivf, .m2ts, .m4v, .mjpeg, .mjpg, .mkv, .mov, .mp4, .mpeg, .mpg, .mts, "
    ".mxf, .nut, .ogg, .ogv, .ts, .vob, .webm, .wmv, .y4m"
)
VIDEO_SUFFIXES = tuple(SUFFIXES.split(", "))
NOTES = (".json", ".md", ".txt")  # beside the videos, and nobody takes them for some


class LabelsError(RelayError):
    """Labels that cannot be understood. ``message_fr`` and ``message_en`` are for people."""

    def __init__(self, where: str, reason_fr: str, reason_en: str) -> None:
        self.message_fr, self.message_en = f"{where} : {reason_fr}", f"{where}: {reason_en}"
        super().__init__("labels_unreadable", self.message_fr)


@dataclass(frozen=True, slots=True)
class Span:
    """
    :param start, end: s from the beginning of the video.
    :param advice: the codes that are right, the best first; empty: nothing is expected, the span is left out.
    """

    start: float
    end: float
    advice: tuple[AdviceCode, ...]


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """
    :param group: by which rates are compared (a skin tone, a kind of camera); empty for none.
    :param held_out: reported apart: its like was kept aside while thresholds were chosen.
    """

    path: Path
    watch_for: WatchFor
    spans: tuple[Span, ...]
    group: str = ""
    held_out: bool = False

    def expected(self, second: int) -> tuple[AdviceCode, ...]:
        """:returns: what is right from ``second`` to the next; empty when nothing is expected or it changes between."""
        for span in self.spans:
            if span.start <= second and second + 1 <= span.end:
                return span.advice
        return ()


def read_folder(folder: Path) -> tuple[LabelledVideo, ...]:
    """
    The labelled videos of a folder: those of its ``labels.json``; without one, those in sub-folders named by a code,
    of which every second but the first three is expected to say that code.

    :raises LabelsError: when neither is there, or something cannot be understood.
    """
    if (folder / LABELS_FILE).is_file():
        return read_labels(folder / LABELS_FILE)
    found = tuple(
        LabelledVideo(path, "signing", (Span(SETTLING_S, float("inf"), (code,)),))
        for code in CODES
        for path in videos_in(folder / code)
    )
    if not found:
        raise LabelsError(
            folder.name,
            f"ni {LABELS_FILE}, ni sous-dossier nommé par un code ({', '.join(CODES)}) avec une vidéo ({SUFFIXES}).",
            f"neither {LABELS_FILE} nor a sub-folder named by a code ({', '.join(CODES)}) with a video ({SUFFIXES}).",
        )
    return found


def ignored_in(folder: Path) -> tuple[str, ...]:
    """
    What :func:`read_folder` passes over, by name, a folder with a slash: sub-folders that no code names, and files
    beside the videos that are neither some nor notes. Nothing with a ``labels.json``, which names what counts.
    """
    if (folder / LABELS_FILE).is_file() or not folder.is_dir():
        return ()
    strangers = [f"{path.name}/" for path in _shown_in(folder) if path.is_dir() and path.name not in CODES]
    files = [path for code in CODES if (folder / code).is_dir() for path in _shown_in(folder / code)]
    known = (*VIDEO_SUFFIXES, *NOTES)
    return (*strangers, *(f"{path.parent.name}/{path.name}" for path in files if path.suffix.lower() not in known))


def _shown_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def videos_in(folder: Path) -> list[Path]:
    """Its files with the suffix of a video, by name; none when there is no such folder."""
    if not folder.is_dir():
        return []
    return [path for path in _shown_in(folder) if path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES]


def read_labels(file: Path) -> tuple[LabelledVideo, ...]:
    """:raises LabelsError: naming the video and the span that cannot be understood."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise LabelsError(
            file.name, f"ce n'est pas du JSON lisible ({error}).", f"no readable JSON ({error})."
        ) from error
    videos = content.get("videos") if isinstance(content, dict) else None
    if not isinstance(videos, list) or not videos:
        raise LabelsError(file.name, "il manque la liste « videos ».", 'the list "videos" is missing.')
    return tuple(_video(file, number, entry) for number, entry in enumerate(videos, 1))


def write_labels(file: Path, videos: tuple[LabelledVideo, ...]) -> None:
    """What :func:`read_labels` reads, with paths relative to the file."""
    entries = []
    for video in videos:
        entry: dict[str, Any] = {"file": str(video.path.relative_to(file.parent)), "watch_for": video.watch_for}
        entry |= {"group": video.group} if video.group else {}
        entry |= {"held_out": True} if video.held_out else {}
        entry["seconds"] = [
            {"from": span.start, "to": span.end, "advice": list(span.advice) or None} for span in video.spans
        ]
        entries.append(entry)
    file.write_text(json.dumps({"videos": entries}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _video(file: Path, number: int, entry: Any) -> LabelledVideo:
    name = entry.get("file") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        where = f"{file.name}, video {number}"
        raise LabelsError(where, "il manque le nom du fichier (« file »).", 'the name of the file ("file") is missing.')
    where = f"{file.name}, {name}"
    path = file.parent / name
    if not path.is_file():
        raise LabelsError(where, "ce fichier n'existe pas.", "there is no such file.")
    watch_for = entry.get("watch_for", "signing")
    if watch_for not in WATCHED:
        known = ", ".join(WATCHED)
        raise LabelsError(where, f"« watch_for » inconnu ; connus : {known}.", f'unknown "watch_for"; known: {known}.')
    seconds = entry.get("seconds")
    if not isinstance(seconds, list):
        raise LabelsError(where, "il manque la liste « seconds ».", 'the list "seconds" is missing.')
    spans = tuple(sorted((_span(where, span) for span in seconds), key=lambda span: span.start))
    for before, after in itertools.pairwise(spans):
        if after.start < before.end:
            at = f"{after.start:g} s"
            raise LabelsError(where, f"deux passages se recouvrent à {at}.", f"two spans overlap at {at}.")
    return LabelledVideo(path, watch_for, spans, str(entry.get("group") or ""), entry.get("held_out") is True)


def _span(where: str, span: Any) -> Span:
    if not isinstance(span, dict):
        raise LabelsError(where, "un passage n'est pas un objet.", "a span is no object.")
    start, end = _time(where, span, "from"), _time(where, span, "to")
    if end <= start:
        raise LabelsError(where, f"le passage {start:g}–{end:g} s est vide.", f"the span {start:g}–{end:g} s is empty.")
    given = span.get("advice")
    codes: list[Any] = given if isinstance(given, list) else [given] if given is not None else []
    known = ", ".join(CODES)
    for code in codes:
        if code not in CODES:
            raise LabelsError(
                f"{where}, {start:g}–{end:g} s",
                f"code inconnu « {code} » ; connus : {known}.",
                f'unknown code "{code}"; known: {known}.',
            )
    return Span(start, end, tuple(codes))


def _time(where: str, span: dict[str, Any], key: str) -> float:
    value = span.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise LabelsError(
            where,
            f"« {key} » doit être un nombre de secondes, 0 ou plus.",
            f'"{key}" must be a number of seconds, 0 or more.',
        )
    return float(value)
