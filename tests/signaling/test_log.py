"""No log line holds what was said, typed or dialled, whoever wrote it."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage

from signaling.log import HIDDEN, configure_logging, redact_sentence

SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A JSON log of its own; the root logger is given back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logging("worker-0", "json", "debug", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def last(stream: io.StringIO) -> dict[str, object]:
    event = json.loads(stream.getvalue().splitlines()[-1])
    assert isinstance(event, dict)
    return event


def test_both_ways_of_logging_make_the_same_line(stream: io.StringIO) -> None:
    logging.getLogger("relay.worker").info("leg %s", "connected", extra={"call_id": "c1", "leg": "signer"})
    from_leaf = last(stream)
    structlog.get_logger("signaling.app").info("leg connected", call_id="c1", leg="signer")
    from_signaling = last(stream)
    for event in (from_leaf, from_signaling):
        assert (event["event"], event["call_id"], event["leg"]) == ("leg connected", "c1", "signer")
        assert (event["level"], event["process"]) == ("info", "worker-0")


@pytest.mark.parametrize("library", ["aiosqlite", "asyncpg.pool", "redis.asyncio", "dns.resolver", "aiortc"])
def test_libraries_do_not_show_what_passes_through_them(stream: io.StringIO, library: str) -> None:
    logging.getLogger(library).debug("executing %s", ("SELECT … WHERE code = ?", ["840800"]))
    assert stream.getvalue() == ""
    logging.getLogger(library).warning("connection lost")
    assert last(stream)["event"] == "connection lost"


@pytest.mark.parametrize(
    "key", ["number", "name", "text", "sdp", "display_name", "caller_id", "password", "resume_token"]
)
def test_keys_that_hold_content_are_emptied(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("event", **{key: "content"})
    assert last(stream)[key] == HIDDEN


@pytest.mark.parametrize(
    "sentence",
    [
        "dialling +33199000001 failed",
        "dialling +33 1 99 00 00 01 failed",
        "dialling 0033199000001 failed",
        "dialling 0199000001 failed",
        "dialling 01 99 00 00 01 failed",
        "dialling 01.99.00.00.01 failed",
        "no route to sip:0199000001@192.0.2.1",
        "no route to tel:+33199000001",
    ],
)
def test_numbers_inside_sentences_are_replaced(sentence: str) -> None:
    assert "99" not in redact_sentence(sentence)
    assert HIDDEN in redact_sentence(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "listens on 127.0.0.1:8080, process 31337",
        "2026-11-22T03:46:23.123456Z",
        "call 3f2b8c1e-0123-4567-89ab-0123456789ab ended after 12.5 s",
        "worker vm-media-0 took 0.033 s of 1000 ms",
    ],
)
def test_addresses_times_and_ids_are_left_alone(sentence: str) -> None:
    assert redact_sentence(sentence) == sentence


def test_session_description_in_a_traceback_is_replaced(stream: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(f"cannot parse {SDP}")

    try:
        fail()
    except ValueError:
        logging.getLogger("relay.peer").exception("answer refused")
    assert "IN IP4" not in stream.getvalue()
    assert "answer refused" in stream.getvalue()


def test_number_inside_a_structure_is_replaced(stream: io.StringIO) -> None:
    structlog.get_logger().info("event", legs={"phone": "+33199000001"}, error=ValueError("no +33199000001"))
    assert "99000001" not in stream.getvalue()


def test_libraries_debug_lines_stay_out(stream: io.StringIO) -> None:
    logging.getLogger("aioice.ice").info("Check CandidatePair")
    logging.getLogger("aiohttp.access").info("GET /api/people?name=x")
    assert stream.getvalue() == ""


def test_c_library_chatter_is_lost_and_our_own_words_are_not() -> None:
    program = """
import os, sys
from signaling.log import without_native_chatter
with without_native_chatter():
    os.write(2, b"W0000 native\\n")
    print("inside", file=sys.stderr)
os.write(2, b"after\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == ["inside", "after"]


def bad_request() -> BadHttpMessage:
    return BadHttpMessage("Invalid header: X-Number: +33199000001 /b/secret-path")


@pytest.mark.parametrize("chained", [False, True])
def test_a_bad_request_shows_neither_address_nor_path_nor_header(stream: io.StringIO, chained: bool) -> None:
    error = bad_request()
    error.__cause__ = ValueError("secret-path") if chained else None
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "192.0.2.77", exc_info=error)
    shown = stream.getvalue()
    assert "request not served: BadHttpMessage" in shown
    for hidden in ("192.0.2.77", "X-Number", "99000001", "secret-path"):
        assert hidden not in shown


def test_our_own_fault_keeps_its_traceback_without_the_clients_address(stream: io.StringIO) -> None:
    try:
        raise KeyError("ours")
    except KeyError as error:
        logging.getLogger("aiohttp.server").error("Error handling request from %s", "192.0.2.77", exc_info=error)
    assert "KeyError" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert "192.0.2.77" not in stream.getvalue()
