"""What the phone worker lends to its calls."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.control_messages import AnyEvent
from relay.phone.announcements import Announcements
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.leg import PhoneStack
from relay.phone.recording_store import RecordingStore
from relay.phone.rtp import RtpPorts
from relay.phone.trunk_routes import Routes


@dataclass(frozen=True)
class Services:
    """
    :param send: a datagram (``relay.datagram``) to the media worker at this address; never blocks.
    """

    config: PhoneWorkerConfig
    stack: PhoneStack
    ports: RtpPorts
    routes: Routes
    farewells: Farewells
    announcements: Announcements
    recordings: RecordingStore
    emit: Callable[[AnyEvent], None]
    send: Callable[[str, bytes], object]
