"""
How every process logs: one event per line, JSON for machines, colours for a terminal, and nothing that was said.

The leaves log through the standard library; both ways end in the same chain. The last link before rendering is
:func:`redact`: keys that hold content are emptied, and what looks like a telephone number or an SDP inside a sentence
(a driver's exception, say) is replaced. It is the net below the rule, not the rule: nobody
logs content in the first place.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from signaling.config import LogFormat

HIDDEN = "[…]"
#: keys that hold what a person said, typed or is called; whole keys, and any key that ends in _<one of these>
CONTENT_KEYS = frozenset(
    {"number", "name", "text", "sdp", "target", "caller_id", "digits", "digit", "note", "subject", "parameters"}
    | {"password", "token", "secret", "email", "login"}
)
_PHONE_NUMBER = re.compile(
    r"(?<![\w.:-])(?:\+|00)[1-9](?:[ .-]?\d){6,14}(?![\w-])|(?<![\w.:-])0[1-9](?:[ .-]?\d{2}){4}(?![\w-])"
)
_SDP = re.compile(r"v=0\r?\n.*", re.DOTALL)
_SIP_USER = re.compile(r"\b(sips?|tel):[^@\s>]+(@)?")
_CHATTER = re.compile(r"(?:INFO|WARNING): |[IW]\d{4} \d\d:")  # LiteRT and absl, below ERROR
#: libraries whose INFO is another project's debugging, or whose DEBUG shows content (aiosqlite: every value of a query)
_QUIET = (
    *("aioice", "aiortc", "aiohttp.access", "sqlalchemy", "alembic", "asyncio", "PIL", "absl", "matplotlib"),
    *("aiosqlite", "asyncpg", "redis", "dns", "websockets", "libav"),
)


def configure_logging(process: str, log_format: LogFormat, level: str, stream: TextIO = sys.stderr) -> None:
    """
    :param process: goes on every line (``signaling``, ``worker-0``…).
    :param log_format: ``auto``: text when ``stream`` is a terminal, JSON elsewhere.
    """
    shared = _shared_processors(process)
    handler = logging.StreamHandler(stream)
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format, stream)]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    server = logging.getLogger("aiohttp.server")
    server.filters[:] = [_WithoutClients()]
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _WithoutClients(logging.Filter):
    """
    aiohttp names the client's address, and repeats a request that it could not read: path, header, whatever was sent.
    Our own faults keep their traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None or record.args:
            record.msg, record.args = "request not served: %s", (type(error).__name__ if error else "-",)
        if any(kind.__module__ == "aiohttp.http_exceptions" for kind in type(error).__mro__):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Empty what could be content. Applies to structured fields and to sentences alike."""
    for key, value in event.items():
        if is_content_key(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = redact_sentence(value)
        elif isinstance(value, (list, tuple, dict, BaseException)):
            event[key] = redact_sentence(str(value))
    return event


def is_content_key(key: str) -> bool:
    return key in CONTENT_KEYS or key.rsplit("_", 1)[-1] in CONTENT_KEYS


def redact_sentence(sentence: str) -> str:
    """A sentence without telephone numbers, SIP users and SDP."""
    return _PHONE_NUMBER.sub(HIDDEN, _SIP_USER.sub(rf"\1:{HIDDEN}\2", _SDP.sub(HIDDEN, sentence)))


@contextmanager
def without_native_chatter() -> Iterator[None]:
    """C libraries write to file descriptor 2: lost inside the block; ``sys.stderr`` still reaches the person."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    ours, sys.stderr = sys.stderr, os.fdopen(os.dup(kept), "w", buffering=1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.close()
        sys.stderr = ours
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class ChildOutput:
    """
    What a supervised process wrote, put into the supervisor's own stream.

    Children log JSON. A JSON line passes as it is, or is rendered for a terminal; any other line (a C library’s
    warning, an interpreter’s traceback) becomes an event of its own, MediaPipe's chatter apart.
    """

    def __init__(self, log_format: LogFormat, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._renderer = None if _is_json(log_format, stream) else _console(stream)

    def line(self, process: str, line: str) -> None:
        event = _parse(line)
        if event is None and (not line or _CHATTER.match(line)):
            return
        if event is None:
            event = {"event": redact_sentence(line), "process": process, "level": "info", "raw": True}
        rendered = self._renderer(None, "", event) if self._renderer else json.dumps(event, ensure_ascii=False)
        self._stream.write(f"{rendered}\n")
        self._stream.flush()


def _parse(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _shared_processors(process: str) -> list[Processor]:
    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
        add_process,
    ]


def _rendering(log_format: LogFormat, stream: TextIO) -> Iterable[Processor]:
    if _is_json(log_format, stream):
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [_console(stream)]


def _console(stream: TextIO) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=36
    )


def _is_json(log_format: LogFormat, stream: TextIO) -> bool:
    return log_format == "json" or (log_format == "auto" and not stream.isatty())
