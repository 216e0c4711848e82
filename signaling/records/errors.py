"""Errors of the records: each has a code that travels to the page and the operator, never content."""


class RecordsError(Exception):
    """
    A broken rule or resource of the records.

    :param code: stable, for programs.
    :param message: for people reading a log; never holds a number, a name or a text.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NotInRelayError(RecordsError):
    """Something written about a relay call: professional secrecy forbids it (PRODUCT, two trades)."""

    def __init__(self, call_id: str) -> None:
        super().__init__("not_in_relay", f"call {call_id} is a relay call: nothing is written about it")


class UnknownRecordError(RecordsError):
    """:param kind: ``call``, ``person`` or ``brand``."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"unknown_{kind}", f"no {kind} {key}")


class TakenError(RecordsError):
    """A name that must be unique is in use. :param what: ``login``, ``number`` or ``slug``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}_taken", f"this {what} is in use")


class NewerSchemaError(RecordsError):
    """The database was migrated by a newer version than this one."""

    def __init__(self) -> None:
        super().__init__("newer_schema", "the database belongs to a newer version of the service")


class UnreachableError(RecordsError):
    """The database's server or file does not answer now."""

    def __init__(self) -> None:
        super().__init__("unreachable", "the database does not answer")


class OutboxFullError(RecordsError):
    def __init__(self, limit: int) -> None:
        super().__init__("outbox_full", f"more than {limit} writes wait for the database")
