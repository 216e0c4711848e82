"""
STUN and TURN servers for both ends of a leg, with time-limited TURN credentials.

The credential is what ``coturn --use-auth-secret`` checks (draft-uberti-behave-turn-rest-00 §2.2): the user name is the
second of its expiry and an opaque id, the password its HMAC-SHA1 under the secret that the service and the TURN server
share. The id is random for each offer: the TURN server's log names nobody and ties no two calls together.

Each offer carries new credentials, so that they need only outlive one peer connection: a TURN server that checks the
expiry again when an allocation is refreshed (RFC 8656 §8) would cut it, and the page would then ask for a new offer.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from relay.model import IceServer
from signaling.settings import ConfigError

if TYPE_CHECKING:
    from signaling.config import SignalingConfig

#: RFC 7064, RFC 7065: no user part, no path. TLS is for TCP alone, as browsers have it.
_URL = re.compile(
    r"(?P<scheme>stun|turns?):(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:/?@\s]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_DEFAULT_PORTS = {"stun": 3478, "turn": 3478, "turns": 5349}


class ServerUrl(NamedTuple):
    scheme: str
    host: str
    port: int
    transport: str


class IceServers:
    """
    What each offer names.

    :param clock: seconds since 1970, as the TURN server's clock counts them.
    """

    def __init__(self, settings: "SignalingConfig", clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock

    def for_page(self) -> tuple[IceServer, ...]:
        return (*self._settings.ice_servers, *self._with_fresh_credential())

    def for_worker(self) -> tuple[IceServer, ...]:
        """The worker's address is public or announced: it needs no relay of its own unless the operator says so."""
        if self._settings.server_uses_turn:
            return self.for_page()
        stun = (_without_turn(server) for server in self._settings.ice_servers)
        return tuple(server for server in stun if server.urls)

    def _with_fresh_credential(self) -> tuple[IceServer, ...]:
        if not self._settings.turn_urls or self._settings.turn_secret is None:
            return ()
        username = f"{int(self._clock() + self._settings.turn_lifetime_s)}:{secrets.token_hex(8)}"
        credential = turn_credential(self._settings.turn_secret, username)
        return (IceServer(urls=self._settings.turn_urls, username=username, credential=credential),)


def turn_credential(secret: str, username: str) -> str:
    """The password that goes with ``username``."""
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), hashlib.sha1)).decode()


def check_ice_settings(config: "SignalingConfig") -> None:
    """A URL that browsers refuse would cost every call its peer connections. :raises ConfigError:"""
    if bool(config.turn_urls) != (config.turn_secret is not None):
        raise ConfigError(
            "PASSERELLE_TURN_URLS", "les adresses et PASSERELLE_TURN_SECRET ensemble", "l’un sans l’autre"
        )
    static = tuple(url for server in config.ice_servers for url in server.urls)
    for name, urls in (("PASSERELLE_ICE_SERVERS", static), ("PASSERELLE_TURN_URLS", config.turn_urls)):
        for url in urls:
            try:
                read_url(url)
            except ValueError:
                expected = "stun:hôte[:port], turn:hôte[:port][?transport=tcp] ou turns:hôte[:port]"
                raise ConfigError(name, expected, url) from None
    for url in config.turn_urls:
        if not is_turn(url):
            raise ConfigError(
                "PASSERELLE_TURN_URLS", "des adresses turn: ou turns:", url, "Voir PASSERELLE_ICE_SERVERS."
            )


def read_url(url: str) -> ServerUrl:
    """:raises ValueError: browsers would refuse it, and the whole peer connection with it."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("malformed")
    scheme, transport = match["scheme"], match["transport"]
    if transport is not None and (scheme == "stun" or (scheme == "turns" and transport == "udp")):
        raise ValueError(f"no {transport} for {scheme}")
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    return ServerUrl(scheme, match["host"].strip("[]"), port, "tcp" if scheme == "turns" else transport or "udp")


def is_turn(url: str) -> bool:
    return url.startswith(("turn:", "turns:"))


def _without_turn(server: IceServer) -> IceServer:
    return server.model_copy(update={"urls": tuple(url for url in server.urls if not is_turn(url))})
