#!/usr/bin/env python3
"""
Executes the Dockerfile without Docker: each stage is a bare Debian in a directory, each RUN a command in it.

    tests/fresh_machine/docker_steps.py        root only; FRESH_DIR as in run.sh

Covers what our Dockerfile uses (FROM, WORKDIR, COPY, RUN, ENV, USER, HEALTHCHECK, ENTRYPOINT, CMD), refuses the rest.
At the end the image's own command runs as its own user, without network, until its health check says yes; every file of
the packages must have arrived in it, and what was compiled must fit. ``python:3.11-slim`` is Debian's own Python 3.11
here, by the same name.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PLACE = Path(os.environ.get("FRESH_DIR", "/var/tmp/passerelle-fresh"))
HEALTHY_DEADLINE_S = 120
STOP_DEADLINE_S = 40
IGNORED = {"VOLUME", "EXPOSE", "STOPSIGNAL"}
PYTHON = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends"
    " python3 python3-venv python3-pip libpython3-dev >/dev/null"  # that image has Python's headers
    " && ln -sf /usr/bin/python3 /usr/local/bin/python"
)


@dataclass
class Stage:
    """One FROM. :param root: its file system."""

    root: Path
    directory: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(default_factory=dict)
    health: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), comments gone, continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def machine(root: Path, function: str, *words: str) -> "subprocess.Popen[str]":
    """:param function: of machine.sh."""
    call = '. tests/fresh_machine/machine.sh; function=$1; shift; "$function" "$@"'
    return subprocess.Popen(["sh", "-c", call, "sh", function, str(root), *words], cwd=REPOSITORY, text=True)


def must(process: "subprocess.Popen[str]", what: str) -> None:
    if process.wait() != 0:
        sys.exit(f"== {what}: FAILED ({process.returncode})")


def in_stage(stage: Stage, shell_line: str, *, offline: bool = False) -> "subprocess.Popen[str]":
    words = ["env", "-C", stage.directory, *(f"{name}={value}" for name, value in stage.environment.items())]
    if stage.user != "root":
        words = ["setpriv", f"--reuid={stage.user}", f"--regid={stage.user}", "--clear-groups", *words]
    return machine(stage.root, "in_machine_offline" if offline else "in_machine", *words, "sh", "-c", shell_line)


class Build:
    """:param context: a clone, with what ``.dockerignore`` lets through."""

    def __init__(self, context: Path) -> None:
        self._context = context
        self._named: dict[str, Stage] = {}
        self.stage = Stage(PLACE)

    def step(self, word: str, rest: str) -> None:
        print(f"== {word} {rest[:100]}", file=sys.stderr, flush=True)
        if word in IGNORED:
            return
        handler = getattr(self, f"do_{word.lower()}", None)
        if handler is None:
            sys.exit(f"== {word}: this script does not know it")
        handler(rest)

    def do_from(self, rest: str) -> None:
        image, _, name = rest.partition(" AS ")
        if not image.startswith("python:3.11-slim-bookworm"):
            sys.exit(f"== FROM {image}: only Debian bookworm with Python 3.11 is known here")
        self.stage = Stage(PLACE / f"docker-{len(self._named)}")
        self._named[name or str(len(self._named))] = self.stage
        base = PLACE / "machine.base"
        if base.exists() and not Path(f"{self.stage.root}.base").exists():
            Path(f"{self.stage.root}.base").symlink_to(base)
        must(machine(self.stage.root, "make_machine"), "debootstrap")
        must(in_stage(self.stage, PYTHON), "python")

    def do_workdir(self, rest: str) -> None:
        self.stage.directory = rest
        self._inside(rest).mkdir(parents=True, exist_ok=True)

    def do_run(self, rest: str) -> None:
        must(in_stage(self.stage, rest), "RUN")

    def do_env(self, rest: str) -> None:
        self.stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def do_user(self, rest: str) -> None:
        self.stage.user = rest

    def do_copy(self, rest: str) -> None:
        words = shlex.split(rest)
        source_root = self._context
        if words[0].startswith("--from="):
            source_root = self._named[words.pop(0).removeprefix("--from=")].root
        *sources, target = words
        for name in sources:
            source = source_root / name.lstrip("/")
            destination = self._inside(target) / ("" if source.is_dir() else source.name)
            if source.is_dir():
                shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, destination)

    def do_healthcheck(self, rest: str) -> None:
        self.stage.health = json.loads(rest.partition("CMD ")[2])

    def do_entrypoint(self, rest: str) -> None:
        self.stage.entry = json.loads(rest)

    def do_cmd(self, rest: str) -> None:
        self.stage.command = json.loads(rest)

    def _inside(self, path: str) -> Path:
        return self.stage.root / str(Path(self.stage.directory, path)).lstrip("/")


def make_context() -> Path:
    context = PLACE / "docker-context"
    must(machine(PLACE, "copy_repository", context.name), "git clone")
    allowed = {
        line[1:].split("/")[0] for line in (context / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for entry in context.iterdir():
        if entry.name not in allowed | {"Dockerfile"}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return context


def missing_files(stage: Stage, context: Path) -> list[str]:
    """Files of the packages that are not in the installed image."""
    (site,) = stage.root.glob("opt/passerelle/lib/python3*/site-packages")
    sources = [path for name in ("relay", "signaling", "interpreter_queue") for path in (context / name).rglob("*")]
    names = [str(path.relative_to(context)) for path in sources if path.is_file() and "__pycache__" not in path.parts]
    return [name for name in names if not (site / name).exists()]


def runs_compiled(stage: Stage) -> bool:
    """The image's own Python takes the compiled forwarding from where its settings say."""
    script = "import os, pathlib; from relay import compiled"
    script += "; assert compiled.use(pathlib.Path(os.environ['PASSERELLE_COMPILED_DIR']))"
    return in_stage(stage, f'/opt/passerelle/bin/python -c "{script}"', offline=True).wait() == 0


def becomes_healthy(stage: Stage) -> bool:
    """The image's command, and inside the same machine its health check until it says yes; then SIGTERM."""
    check, command = shlex.join(stage.health), shlex.join([*stage.entry, *stage.command])
    script = f"""
        {command} & service=$!
        left={HEALTHY_DEADLINE_S}
        until {check} >/dev/null 2>&1; do
            left=$((left - 1)); [ $left -gt 0 ] && kill -0 $service || exit 1
            sleep 1
        done
        echo "== healthy; user $(id -un), $(python --version)"
        kill -TERM $service; wait $service
    """
    process = in_stage(stage, script, offline=True)
    try:
        return process.wait(HEALTHY_DEADLINE_S + STOP_DEADLINE_S) == 0
    except subprocess.TimeoutExpired:
        process.terminate()
        return False


def main() -> None:
    begin = time.monotonic()
    PLACE.mkdir(parents=True, exist_ok=True)
    context = make_context()
    build = Build(context)
    for word, rest in instructions((context / "Dockerfile").read_text()):
        build.step(word, rest)
    if missing := missing_files(build.stage, context):
        sys.exit("== not in the image: " + ", ".join(missing))
    if not runs_compiled(build.stage):
        sys.exit("== the compiled forwarding does not fit the image")
    if not becomes_healthy(build.stage):
        sys.exit("== the image's command did not become healthy, or did not end well")
    print(f"== all steps: {time.monotonic() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
