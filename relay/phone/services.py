"""What the phone worker lends to its calls."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.control_messages import AnyEvent
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.leg import PhoneStack
from relay.phone.rtp import RtpPorts


@dataclass(frozen=True)
class Services:
    """
    :param send: a datagram (``relay.datagram``) to the media worker at this address; never blocks.
    """

    config: PhoneWorkerConfig
    stack: PhoneStack
    ports: RtpPorts
    farewells: Farewells
    emit: Callable[[AnyEvent], None]
    send: Callable[[str, bytes], object]
