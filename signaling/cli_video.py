"""``passerelle check-video``: a film through the same eyes as a call."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class WatchChoice(StrEnum):
    """``relay.model.WatchFor``, for the command line."""

    signing = "signing"
    cued_speech = "cued_speech"
    lips = "lips"
    camera_check = "camera_check"


def register(app: typer.Typer) -> None:
    app.command("check-video")(check_video_command)


def check_video_command(
    file: Annotated[Path, typer.Argument(help="Une vidéo.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Un objet JSON par seconde, puis le résumé.")] = False,
    watch_for: Annotated[
        WatchChoice,
        typer.Option(help="Ce qui doit se voir : signes, parole complétée, lèvres, ou tout l’espace avant un appel."),
    ] = WatchChoice.signing,
    report: Annotated[Path | None, typer.Option(help="Écrit aussi une page HTML : frise, conseils, mesures.")] = None,
    with_pictures: Annotated[
        bool, typer.Option("--with-pictures", help="Avec de petites images de la personne dans la page.")
    ] = False,
    english: Annotated[bool, typer.Option("--english", help="En anglais : ce qui s’affiche, et la page.")] = False,
) -> None:
    """Mesure la lisibilité des signes d’une vidéo, comme pendant un appel."""
    from relay.visibility.check_video import check_video
    from relay.visibility.model_files import ModelsUnavailableError, ensure_models
    from relay.visibility.thresholds import ThresholdsError, rules_of
    from relay.visibility.thumbnails import Thumbnails
    from relay.visibility.video_file import VideoUnreadableError
    from signaling.config import ConfigError, load_config, process_environ
    from signaling.log import without_native_chatter
    from signaling.processes import visibility_worker_config
    from signaling.video_page import Locale, page
    from signaling.video_report import in_words

    if with_pictures and report is None:
        raise _refuse("--with-pictures demande --report FICHIER.html : ailleurs, aucune image n’est gardée.")
    pictures = Thumbnails() if with_pictures else None
    locale: Locale = "en" if english else "fr"
    lines: list[dict[str, Any]] = []
    try:
        config = load_config(process_environ())
        rules = rules_of(visibility_worker_config(config, 0).thresholds)
        files = ensure_models(config.service.model_dir)
        with without_native_chatter():
            for line in check_video(file, files, watch_for.value, pictures, rules):
                print(json.dumps(line, ensure_ascii=False) if as_json else in_words(line, locale), flush=True)
                lines.append(line)
    except ConfigError as error:
        raise _refuse(str(error)) from None
    except (ModelsUnavailableError, ThresholdsError, VideoUnreadableError) as error:
        raise _refuse(f"{error.message_fr}\n  {error.message_en}") from None
    if report is not None:
        *seconds, last = lines
        jpegs = pictures.jpegs if pictures is not None else None
        _write(report, page(file.name, seconds, last["summary"], jpegs, locale))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _refuse(f"{path} : impossible d’y écrire ({error.strerror}).") from None
    typer.echo(f"Rapport : {path}", err=True)


def _refuse(why: str) -> typer.Exit:
    typer.echo(f"✗ {why}", err=True)
    return typer.Exit(1)
