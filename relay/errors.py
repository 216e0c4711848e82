"""Errors of the media plane: each has a code that travels to the page and the operator."""


class RelayError(Exception):
    """
    A broken rule or resource in a worker.

    :param code: stable, for programs (``stale_epoch``, ``unknown_call``…).
    :param message: for people reading a log; never holds SDP, a number or a name.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class StaleEpochError(RelayError):
    """A command from a runner that no longer owns the call (fencing, ARCHITECTURE)."""

    def __init__(self, got: int, current: int) -> None:
        super().__init__("stale_epoch", f"epoch {got} is older than {current}")


class UnknownCallError(RelayError):
    def __init__(self, call_id: str) -> None:
        super().__init__("unknown_call", f"no call {call_id} here")


class UnknownLegError(RelayError):
    def __init__(self, leg: str, generation: int | None = None) -> None:
        super().__init__("unknown_leg", f"no leg {leg}" + (f" of generation {generation}" if generation else ""))


class BadDescriptionError(RelayError):
    """An SDP answer that cannot be used: no video, unparsable, wrong m-lines."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_sdp", message)
