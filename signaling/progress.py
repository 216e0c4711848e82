"""A progress bar where people wait; a line from time to time where nobody looks (a log, a build)."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


class DownloadBar:
    """Use as a context manager; feed ``update``."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._title = title
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task(title, total=None)

    def update(self, done: int, total: int) -> None:
        """:param done: bytes. :param total: bytes expected."""
        self._progress.update(self._task, completed=done, total=total)

    def __enter__(self) -> Self:
        if not self._console.is_terminal:
            self._console.print(f"· {self._title}", highlight=False)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
