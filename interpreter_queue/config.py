"""What can be tuned in the queue: unit, default and reason on each field."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueConfig:
    domain: str = "passerelle"
    """Hash tag shared by every key of this queue: two domains on one Redis never meet, one domain fits one slot."""

    alert_s: float = 20.0
    """Seconds to accept. Long enough to notice a visual alert, and no answer by voice is needed (PRODUCT)."""

    wrap_up_s: float = 60.0
    """Seconds of wrap-up after a call, time-boxed: ends by itself."""

    wrap_up_extension_s: float = 60.0
    """Seconds that each extension adds."""

    wrap_up_extensions: int = 3
    """How many times one wrap-up can be extended."""

    agent_lease_s: float = 15.0
    """Seconds without ``keep_alive`` after which an agent is gone. Beat every third of it."""

    owner_lease_s: float = 90.0
    """Seconds without ``keep_calls`` after which a request or an engagement is freed. Generous: a call of a dead
    process is first taken over by another one, and must find its place again."""

    break_min_s: float = 300.0
    """Seconds of pause, training or absence that count as a break: shorter ones rest neither eyes nor hands."""

    break_proposed_s: float = 1800.0
    """Seconds in calls since the last break from which one is proposed (PRODUCT: 30 min; own choice, after AFILS)."""

    break_due_s: float = 3600.0
    """Seconds in calls since the last break from which the queue itself plans a pause after the call (PRODUCT)."""

    shift_gap_s: float = 14_400.0
    """Seconds offline after which a sign-in begins another shift: less is a lost network, a meal, a reload."""

    missed_window_s: float = 1800.0
    """Seconds that an alert not answered counts."""

    missed_warning: int = 3
    """Alerts not answered within ``missed_window_s`` from which a supervisor is warned."""

    max_waiting: int = 500
    """Requests waiting at once for agents that could serve the same ones, emergencies apart: beyond, nobody would be
    served within the hour. Visitors of brands (advisers) never fill the line of relay calls (interpreters)."""

    max_waiting_per_brand: int = 100
    """Requests of one brand waiting at once: its crowd, or its flood, leaves room for the other brands."""

    emergency_priority: int = 100
    """From this priority on a request is taken even when the queue is full."""

    command_deadline_s: float = 5.0
    """Seconds that one command may take, Redis included, before ``QueueUnavailableError``."""

    commit_attempts: int = 20
    """How often a command that lost a race is decided again. Each loss means that another one went through."""

    poll_s: float = 0.5
    """Longest sleep of the dispatcher, seconds; changes wake it at once, this bounds timers set elsewhere."""

    lead_s: float = 2.0
    """Seconds for which a dispatcher leads from its last heartbeat on. The leader decides at once, so that several
    dispatchers do not lose their commits to each other."""

    standby_s: float = 0.1
    """Seconds after which the other dispatchers do what the leader has left undone: killed, or slow."""

    positions_s: float = 1.0
    """Least seconds between two looks at the positions to be told: people read them, nobody needs each step."""

    sweep_s: float = 1.0
    """Seconds between two looks for leases that ran out."""

    outage_gap_s: float = 3.0
    """Redis time between two rounds from which the dispatcher takes Redis (or itself) to have been away: leases
    and alerts then get one full period more."""

    backoff_s: tuple[float, float] = (0.1, 2.0)
    """First and longest wait before the dispatcher tries Redis again, seconds."""

    feed_length: int = 10_000
    """Changes kept in the stream. A dispatcher further behind than this reads everything anew."""

    events_bound: int = 10_000
    """Events a slow subscriber may have before it; beyond, they are dropped for one ``Resynced``."""

    handle_samples: int = 200
    """Handle times kept for the estimate: the recent ones count."""

    handle_window_s: float = 3600.0
    """Seconds that a handle time counts for (DMT of the last 60 minutes)."""

    min_samples: int = 5
    """Below this many handle times no wait is shown: it would be a guess."""

    def __post_init__(self) -> None:
        positive = ("alert_s", "agent_lease_s", "owner_lease_s", "poll_s", "sweep_s", "command_deadline_s")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.outage_gap_s <= self.poll_s:
            raise ValueError("outage_gap_s must be above poll_s, or every quiet moment would count as an outage")
        if not 0 < self.break_proposed_s <= self.break_due_s:
            raise ValueError("break_proposed_s must be above 0 and not above break_due_s")
        if not self.domain or set("{}:") & set(self.domain):
            raise ValueError("domain is part of every key: not empty, without '{', '}' and ':'")
