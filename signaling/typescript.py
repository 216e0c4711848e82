"""
From the pydantic models of the protocol to TypeScript: ``python -m signaling.typescript`` writes the pages' types.

Pure but for :func:`main`. Decides only how JSON schema reads in TypeScript; the protocol itself is
``signaling.messages``. Client messages are described as they are written (defaults may be left out), server messages
as they arrive (every field is there).
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from interpreter_queue.model import PauseReason, Presence, Trade
from relay.model import AdviceCode, OffReason, PhoneOutcome, PhoneProgress, VisibilityLevel
from signaling.call_terms import Action, CallKind, EndFault, EndReason, Mode, PageRole, Party
from signaling.messages import ClientMessageAdapter, ServerMessageAdapter
from signaling.messages.records import Disposition

DEFAULT_PATH = Path(__file__).parent.parent / "web_client" / "shared" / "protocol.d.ts"
_HEADER = "// Generated from signaling/messages by `python -m signaling.typescript`. Do not edit.\n"
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_REF = "#/$defs/"

#: Literals that deserve a name of their own on the pages; JSON schema forgets it.
_NAMED: dict[str, tuple[str, ...]] = {
    name: get_args(literal)
    for name, literal in (
        ("Action", Action),
        ("AdviceCode", AdviceCode),
        ("CallKind", CallKind),
        ("Disposition", Disposition),
        ("EndFault", EndFault),
        ("EndReason", EndReason),
        ("Mode", Mode),
        ("OffReason", OffReason),
        ("PageRole", PageRole),
        ("Party", Party),
        ("PauseReason", PauseReason),
        ("PhoneOutcome", PhoneOutcome),
        ("PhoneProgress", PhoneProgress),
        ("Presence", Presence),
        ("Trade", Trade),
        ("VisibilityLevel", VisibilityLevel),
    )
}

Schema = Mapping[str, Any]


def protocol_declarations() -> str:
    """The whole ``protocol.d.ts``, deterministic: definitions in alphabetical order."""
    roots, schema = TypeAdapter.json_schemas(
        [("client", "validation", ClientMessageAdapter), ("server", "serialization", ServerMessageAdapter)]
    )
    definitions = schema["$defs"]
    written = _reachable(roots["client", "validation"], definitions)
    parts = [_HEADER]
    parts += [f"export type {name} = {_union_of(values)};" for name, values in sorted(_NAMED.items())]
    parts += [_declaration(name, body, name in written) for name, body in sorted(definitions.items())]
    parts.append(f"export type ClientMessage = {_type(roots['client', 'validation'])};")
    parts.append(f"export type ServerMessage = {_type(roots['server', 'serialization'])};")
    return "\n".join(parts) + "\n"


def _reachable(schema: Any, definitions: Schema) -> set[str]:
    """Names of the definitions that ``schema`` refers to, directly or not. None of the protocol's refers to itself."""
    if isinstance(schema, list):
        return set().union(*(_reachable(item, definitions) for item in schema))
    if not isinstance(schema, dict):
        return set()
    names = {schema["$ref"].removeprefix(_REF)} if "$ref" in schema else set()
    inner = [definitions[name] for name in names]
    return names.union(*(_reachable(item, definitions) for item in [*schema.values(), *inner]))


def _declaration(name: str, schema: Schema, is_written_by_pages: bool) -> str:
    """An interface for an object, a type alias for anything else."""
    title = _identifier(name)
    if schema.get("type") != "object" or "properties" not in schema:
        return f"export type {title} = {_type(schema)};"
    required = set(schema.get("required", ())) if is_written_by_pages else set(schema["properties"])
    fields = [_field(field, body, required) for field, body in schema["properties"].items()]
    return "\n".join([f"export interface {title} {{", *fields, "}"])


def _field(name: str, schema: Schema, required: set[str]) -> str:
    """The discriminator stays required: a message without its type is none."""
    mark = "" if name in required or (name == "type" and "const" in schema) else "?"
    return f"  {name}{mark}: {_type(schema)};"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _identifier(schema["$ref"].removeprefix(_REF))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _enumeration(tuple(schema["enum"]))
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(_type(choice) for choice in schema[key]))
    if schema.get("type") == "array":
        item = _type(schema["items"])
        return f"readonly ({item})[]" if "|" in item else f"readonly {item}[]"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return _SCALARS[schema["type"]]


def _enumeration(values: tuple[str, ...]) -> str:
    return next((name for name, named in _NAMED.items() if named == values), _union_of(values))


def _union_of(values: tuple[str, ...]) -> str:
    return " | ".join(json.dumps(value) for value in values)


def _identifier(name: str) -> str:
    """``ContactForm-Input`` → ``ContactFormInput``."""
    return re.sub(r"\W", "", name)


def main(argv: list[str] | None = None) -> int:
    """:returns: 1 with ``--check`` when the file does not match the models."""
    parser = argparse.ArgumentParser(description="Write the TypeScript types of the WebSocket protocol.")
    parser.add_argument("--out", type=Path, default=DEFAULT_PATH)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the file is out of date")
    arguments = parser.parse_args(argv)
    declarations = protocol_declarations()
    if not arguments.check:
        arguments.out.write_text(declarations, encoding="utf-8")
        return 0
    if arguments.out.exists() and arguments.out.read_text(encoding="utf-8") == declarations:
        return 0
    sys.stderr.write(f"{arguments.out.name} is out of date: run `python -m signaling.typescript`\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
