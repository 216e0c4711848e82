"""Errors of the queue: broken rules and resources. A normal day's outcome (lost, declined) is never one."""


class QueueError(Exception):
    """
    :param code: stable, for programs.
    :param message: for people reading a log; holds identifiers only.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class QueueUnavailableError(QueueError):
    """Redis did not answer within the deadline. Every command is idempotent: the caller may try again."""

    def __init__(self, command: str) -> None:
        super().__init__("queue_unavailable", f"{command}: Redis did not answer")
        self.command = command


class QueueFullError(QueueError):
    """As many requests wait as the configuration allows; emergencies are taken all the same."""

    def __init__(self, limit: int) -> None:
        super().__init__("queue_full", f"{limit} requests wait already")
        self.limit = limit


class UnknownAgentError(QueueError):
    """The agent is not signed in (or no longer: the lease ran out); sign in again."""

    def __init__(self, agent_id: str) -> None:
        super().__init__("unknown_agent", f"agent {agent_id} is not signed in")
        self.agent_id = agent_id


class ContentionError(QueueError):
    """Every attempt to commit found that somebody else had changed the same records. The caller may try again."""

    def __init__(self, command: str, attempts: int) -> None:
        super().__init__("contention", f"{command}: lost {attempts} times in a row")
        self.attempts = attempts
