"""The protocol against its golden messages, one file for each type, and the TypeScript types made from it."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from relay.visibility.advice_texts import ADVICE
from signaling.messages import AnyClientMessage, AnyServerMessage, ClientMessageAdapter, ServerMessageAdapter
from signaling.messages.base import TEXT_LIMIT, Message
from signaling.typescript import DEFAULT_PATH, main, protocol_declarations

GOLDEN = Path(__file__).parent.parent / "data" / "messages"
LOCALES = DEFAULT_PATH.parent.parent / "locales"


def types_of(union: Any) -> dict[str, type[Message]]:
    models = get_args(get_args(union)[0])
    return {model.model_fields["type"].default: model for model in models}


CLIENT, SERVER = types_of(AnyClientMessage), types_of(AnyServerMessage)
ALL = {**CLIENT, **SERVER}


def adapter_of(kind: str) -> TypeAdapter[Any]:
    return ClientMessageAdapter if kind in CLIENT else ServerMessageAdapter


def golden(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{kind}.json").read_text(encoding="utf-8"))
    return found


def test_no_type_is_used_in_both_directions() -> None:
    assert not CLIENT.keys() & SERVER.keys()


def test_every_message_type_has_a_golden_file_and_every_file_a_type() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(ALL)


@pytest.mark.parametrize("kind", sorted(ALL))
def test_a_golden_message_comes_through_unchanged(kind: str) -> None:
    written = golden(kind)
    message = adapter_of(kind).validate_python(written)
    assert type(message) is ALL[kind]
    assert json.loads(message.model_dump_json()) == written


@pytest.mark.parametrize("kind", sorted(ALL))
def test_a_golden_message_shows_every_field_of_its_type(kind: str) -> None:
    assert set(golden(kind)) == set(ALL[kind].model_fields)


@pytest.mark.parametrize("kind", sorted(ALL))
def test_a_field_nobody_knows_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError):
        adapter_of(kind).validate_python({**golden(kind), "surprise": 1})


@pytest.mark.parametrize("kind", sorted(CLIENT))
def test_what_a_page_sends_is_refused_as_a_message_of_the_service(kind: str) -> None:
    with pytest.raises(ValidationError):
        ServerMessageAdapter.validate_python(golden(kind))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type": null}',
        '{"type": "call.teleport"}',
        '{"type": "ping"',
        '{"type": "hello", "v": 2, "role": "signer"}',
        '{"type": "hello", "role": "operator"}',
        '{"type": "call.request", "kind": "relay", "mode": "SMS"}',
        '{"type": "call.act", "call_id": "c", "action": "explode"}',
        '{"type": "call.act", "call_id": "c", "action": "dtmf", "digits": "1a"}',
        '{"type": "call.rate", "call_id": "c", "stars": 6}',
        '{"type": "media.answer", "call_id": "c", "generation": 0, "sdp": ""}',
        '{"type": "presence.set", "presence": "sleeping"}',
    ],
)
def test_an_unknown_or_malformed_message_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ClientMessageAdapter.validate_json(text)


def test_texts_have_a_limit() -> None:
    note = {**golden("wrap_up.submit"), "note": "x" * TEXT_LIMIT}
    ClientMessageAdapter.validate_python(note)
    with pytest.raises(ValidationError):
        ClientMessageAdapter.validate_python({**note, "note": "x" * (TEXT_LIMIT + 1)})


def test_the_typescript_types_are_those_of_the_models() -> None:
    assert DEFAULT_PATH.read_text(encoding="utf-8") == protocol_declarations(), "run python -m signaling.typescript"


def test_the_check_of_the_typescript_types_fails_when_they_are_out_of_date(tmp_path: Path) -> None:
    target = tmp_path / "protocol.d.ts"
    assert main(["--out", str(target), "--check"]) == 1
    assert main(["--out", str(target)]) == 0
    assert main(["--out", str(target), "--check"]) == 0
    target.write_text(target.read_text(encoding="utf-8").replace('"ping"', '"pink"'), encoding="utf-8")
    assert main(["--out", str(target), "--check"]) == 1


def test_what_pages_write_may_leave_defaults_out_and_what_they_read_is_complete() -> None:
    text = protocol_declarations()
    request = text.split("export interface CallRequest {")[1].split("}")[0]
    state = text.split("export interface CallStateMessage {")[1].split("}")[0]
    assert "  voice?: boolean;" in request
    assert "?:" not in state


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_the_pages_have_words_for_every_piece_of_advice(locale: str) -> None:
    catalogue = json.loads((LOCALES / f"{locale}.json").read_text(encoding="utf-8"))
    assert set(ADVICE) <= set(catalogue["advice"])
