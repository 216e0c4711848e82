"""
The configured address of Redis, understood. Pure.

``redis://host:port/0``, ``rediss://…`` (TLS), ``unix:///path``           one server
``redis+sentinel://:password@h1:26379,h2:26379,h3:26379/mymaster``         whoever the sentinels call master
``redis+cluster://:password@h1:6379,h2:6379,h3:6379``                     a cluster, any of its nodes

``rediss+sentinel`` and ``rediss+cluster`` speak TLS. Sentinels with a password of their own:
``?sentinel_username=…&sentinel_password=…``; a numbered database behind sentinels: ``?db=…``.
"""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

Kind = Literal["server", "sentinel", "cluster"]
DEFAULT_PORT: dict[Kind, int] = {"server": 6379, "sentinel": 26379, "cluster": 6379}
FORMS = "redis://, rediss://, unix://, redis+sentinel://h1:p1,h2:p2/mymaster ou redis+cluster://h1:p1,h2:p2"


class RedisUrlError(ValueError):
    """:param expected: what would be right. The address itself may hold a password: it is not told."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"{expected}; got: {got}")
        self.expected, self.got = expected, got


@dataclass(frozen=True)
class RedisPlace:
    """
    A configured address, understood.

    :param nodes: host and port of sentinels or cluster nodes. :param master: its name, as the sentinels know it.
    """

    kind: Kind
    url: str = field(repr=False)  # it and what follows may hold a password
    nodes: tuple[tuple[str, int], ...] = ()
    master: str = ""
    tls: bool = False
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    sentinel_credentials: dict[str, str] = field(default_factory=dict, repr=False)
    db: int = 0


def parse(url: str) -> RedisPlace:
    """:raises RedisUrlError: nothing that a client could be made from."""
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss", "unix"):
        if not rest or (scheme == "unix" and not rest.startswith(("/", "%2F"))):
            raise RedisUrlError("unix:///chemin ou redis://nom:port", f"{scheme}://")
        return RedisPlace("server", url)
    kinds: dict[str, Kind] = {"sentinel": "sentinel", "cluster": "cluster"}
    secure, _, name = scheme.partition("+")
    if secure not in ("redis", "rediss") or name not in kinds:
        raise RedisUrlError(FORMS, f"{scheme}://…" if "://" in url else "pas d’adresse")
    return _of_several(kinds[name], url, tls=secure == "rediss")


def _of_several(kind: Kind, url: str, *, tls: bool) -> RedisPlace:
    scheme, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    parts = urlsplit(f"{scheme}://several{rest[len(authority) :]}")  # newer Pythons refuse "[::1]" beside other hosts
    user, _, hosts = authority.rpartition("@")
    nodes = tuple(_node(one, DEFAULT_PORT[kind]) for one in hosts.split(",") if one)
    if not nodes:
        raise RedisUrlError(f"{parts.scheme}://h1:p1,h2:p2,h3:p3", "aucune machine")
    master = unquote(parts.path.strip("/"))
    if kind == "sentinel" and (not master or "/" in master):
        raise RedisUrlError(f"{parts.scheme}://h1:p1,h2:p2,h3:p3/nom-du-maître", "pas de nom de maître")
    if kind == "cluster" and master not in ("", "0"):
        raise RedisUrlError(f"{parts.scheme}://h1:p1,h2:p2 sans chemin : un cluster n’a que la base 0", "un chemin")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    known = {"db", "sentinel_username", "sentinel_password"} if kind == "sentinel" else set()
    if unknown := sorted(query.keys() - known):
        raise RedisUrlError("des paramètres parmi " + (", ".join(sorted(known)) or "aucun"), ", ".join(unknown))
    if not query.get("db", "0").isdecimal():
        raise RedisUrlError("db=0…15", "un autre db")
    of_sentinels = {"username": query.get("sentinel_username"), "password": query.get("sentinel_password")}
    return RedisPlace(
        kind,
        url,
        nodes,
        master,
        tls,
        _credentials(user),
        {key: value for key, value in of_sentinels.items() if value},
        int(query.get("db", "0")),
    )


def _node(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise RedisUrlError("h1:p1,h2:p2,h3:p3", "une machine ou un port qui n’en est pas un")
    return host, port or default_port


def _credentials(user: str) -> dict[str, str]:
    name, _, password = user.partition(":")
    found = {"username": unquote(name), "password": unquote(password)}
    return {key: value for key, value in found.items() if value}
