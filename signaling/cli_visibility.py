"""``passerelle calibrate-visibility``: thresholds of a centre, on videos of its own consenting users."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from relay.model import AdviceCode
    from relay.visibility.accuracy import Rate, Tally
    from relay.visibility.calibration import Proposal, WatchedSeconds
    from relay.visibility.labels import LabelledVideo
    from relay.visibility.model_files import ModelFiles
    from relay.visibility.rules import Rule

THRESHOLDS_FILE = "seuils-visibilite.json"
SETTING = "PASSERELLE_VISIBILITY_THRESHOLDS"


def register(app: typer.Typer) -> None:
    app.command("calibrate-visibility")(calibrate_visibility)


@dataclass(frozen=True)
class Outcome:
    """
    :param before, after: seconds counted with today's thresholds, and with those proposed.
    :param too_few: code -> seconds noted for it, where they are too few to propose anything.
    """

    before: "Tally"
    after: "Tally"
    proposals: "tuple[Proposal, ...]"
    too_few: "Mapping[AdviceCode, int]"


def calibrate_visibility(
    folder: Annotated[
        Path, typer.Argument(help="Vidéos et labels.json, ou sous-dossiers nommés par un code (good, too_dark…).")
    ],
    output: Annotated[
        Path | None, typer.Option(help=f"Fichier des seuils proposés ; par défaut {THRESHOLDS_FILE} dans le dossier.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les programmes.")] = False,
) -> None:
    """Compare les conseils à ce que vous avez noté de vos vidéos, et propose des seuils (2 % de fausses alertes)."""
    from relay.visibility.labels import LabelsError, read_folder
    from relay.visibility.model_files import ModelsUnavailableError, ensure_models
    from relay.visibility.thresholds import ThresholdsError, read_thresholds, rules_of, write_thresholds
    from relay.visibility.video_file import VideoUnreadableError
    from signaling.cli import load
    from signaling.log import without_native_chatter
    from signaling.processes import visibility_worker_config

    try:
        config = load()
        own = visibility_worker_config(config, 0).thresholds
        rules = rules_of(own)
        for line in _about_ignored(folder):
            typer.echo(line, err=True)
        videos = read_folder(folder)
        models = ensure_models(config.service.model_dir)
        with without_native_chatter():
            outcome = calibrated(videos, models, rules, quiet=as_json)
    except (LabelsError, ModelsUnavailableError, ThresholdsError, VideoUnreadableError) as error:
        typer.echo(f"✗ {error.message_fr}\n  {error.message_en}", err=True)
        raise typer.Exit(1) from None
    print(json.dumps(_as_json(outcome), ensure_ascii=False) if as_json else "\n".join(in_words(outcome)))
    if outcome.proposals:
        file = output or folder / THRESHOLDS_FILE
        kept = read_thresholds(own) if own else {}  # those of before that stay: one file holds all
        proposed = {p.limit.name: (p.enter, p.leave) for p in outcome.proposals}
        try:
            write_thresholds(file, {**kept, **proposed}, _about(outcome))
        except OSError as error:
            typer.echo(f"✗ {file} : impossible d’y écrire ({error.strerror}).", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"Seuils écrits : {file}\nPour les employer : {SETTING}={file.resolve()}", err=as_json)


def _about_ignored(folder: Path) -> list[str]:
    """What somebody may have meant to be counted and is not, in both languages."""
    from relay.visibility.labels import CODES, SUFFIXES, ignored_in

    if not (ignored := ", ".join(ignored_in(folder))):
        return []
    codes = ", ".join(CODES)
    return [
        f"! Ignoré : {ignored}.\n  Sous-dossiers connus : {codes}.\n  Vidéos : {SUFFIXES}.",
        f"! Ignored: {ignored}. The sub-folders and the suffixes of videos that are known are those above.",
    ]


def calibrated(
    videos: "tuple[LabelledVideo, ...]",
    models: "ModelFiles",
    rules: "tuple[Rule, ...] | None" = None,
    *,
    quiet: bool = True,
) -> Outcome:
    """:raises VideoUnreadableError: a video cannot be read."""
    watched: list[WatchedSeconds] = []
    for video in videos:
        if not quiet:
            typer.echo(f"… {video.path.parent.name}/{video.path.name}")
        watched.append(_watched(video, models))
    return outcome_of(watched, rules)


def outcome_of(watched: "list[WatchedSeconds]", rules: "tuple[Rule, ...] | None" = None) -> Outcome:
    """:param rules: today's; None: those that come with the service."""
    from relay.visibility.calibration import played, proposals, too_few
    from relay.visibility.rules import RULES
    from relay.visibility.thresholds import with_limits

    today = rules or RULES
    found = proposals(watched, today)
    after = with_limits({p.limit.name: (p.enter, p.leave) for p in found}, today)
    return Outcome(played(watched, today), played(watched, after), found, too_few(watched))


def _watched(video: "LabelledVideo", models: "ModelFiles") -> "WatchedSeconds":
    from relay.visibility.calibration import WatchedSeconds
    from relay.visibility.check_video import watch_file

    measures = [reading.measures for reading in watch_file(video.path, models, video.watch_for)]
    return WatchedSeconds(video.watch_for, [video.expected(second) for second in range(len(measures))], measures)


def in_words(outcome: Outcome) -> list[str]:
    from relay.visibility.accuracy import Rate

    before, after = outcome.before, outcome.after
    lines = [f"{before.videos} vidéos, {before.detection.of} s à signaler, {before.good} s sans rien à dire."]
    for code in before.codes():
        caught, alarms = Rate(before.detected[code], before.impaired[code]), Rate(before.alarms[code], before.good)
        lines.append(f"  {code:16} détecté {_percent(caught):30} fausses alertes {_percent(alarms)}")
    lines.append(
        f"  {'ensemble':16} détecté {_percent(before.detection):30} fausses alertes {_percent(before.false_alarm)}"
    )
    if not outcome.proposals:
        nothing = [] if "good" in outcome.too_few else ["Aucun seuil à changer."]
        return [*lines, *_too_few(outcome), *nothing, "Aucun fichier de seuils n’est écrit."]
    lines += [*_too_few(outcome), "Seuils proposés :"]
    lines += [_proposal(proposal) for proposal in outcome.proposals]
    lines.append(
        f"  {'avec eux':16} détecté {_percent(after.detection):30} fausses alertes {_percent(after.false_alarm)}"
    )
    return lines


def _too_few(outcome: Outcome) -> list[str]:
    from relay.visibility.calibration import FEWEST_GOOD, FEWEST_IMPAIRED

    rows = sorted(outcome.too_few.items(), key=lambda row: row[0] != "good")
    return [
        f"Trop peu de secondes notées « good » : {seconds}, il en faut {FEWEST_GOOD} pour proposer des seuils."
        if code == "good"
        else f"Trop peu de secondes notées « {code} » : {seconds}, il en faut {FEWEST_IMPAIRED} pour le dire plus tôt."
        for code, seconds in rows
    ]


def _proposal(proposal: "Proposal") -> str:
    (alarms, fewer), (caught, more) = proposal.alarms, proposal.caught
    return (
        f"  {proposal.limit.name:20} {proposal.rule.code:16} {proposal.limit.enter:g} → {proposal.enter:g}"
        f"   fausses alertes {100 * alarms:.1f} → {100 * fewer:.1f} %, détecté {100 * caught:.0f} → {100 * more:.0f} %"
    )


def _percent(rate: "Rate") -> str:
    if rate.value is None or rate.interval is None:
        return "–"
    low, high = rate.interval
    return f"{100 * rate.value:.1f} % [{100 * low:.1f} ; {100 * high:.1f}], {rate.of} s"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "before": outcome.before.as_json(),
        "after": outcome.after.as_json(),
        "too_few_seconds": dict(outcome.too_few),
        "thresholds": {
            p.limit.name: {
                "advice": p.rule.code,
                "today": p.limit.enter,
                "enter": p.enter,
                "leave": p.leave,
                "false_alarms": p.alarms,
                "detected": p.caught,
            }
            for p in outcome.proposals
        },
    }


def _about(outcome: Outcome) -> dict[str, Any]:
    return {
        "videos": outcome.before.videos,
        "good_seconds": outcome.before.good,
        "impaired_seconds": outcome.before.detection.of,
        "detection": {"before": outcome.before.detection.value, "after": outcome.after.detection.value},
        "false_alarm": {"before": outcome.before.false_alarm.value, "after": outcome.after.false_alarm.value},
    }
