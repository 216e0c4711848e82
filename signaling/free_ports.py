"""Which ports are free, asked before anything starts: a clear sentence, not a process that ends again and again."""

import errno
import socket
from typing import Literal

Transport = Literal["tcp", "udp"]
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class PortTakenError(Exception):
    """The message is for the operator."""


def check_port(host: str, port: int, transport: Transport, advice: str) -> None:
    """
    :param advice: what to type instead.
    :raises PortTakenError: somebody listens there, or this user or machine may not.
    """
    problem = bind_problem(host, port, transport)
    if problem is not None:
        raise PortTakenError(f"Impossible d’écouter sur {host}:{port} ({transport}) : {problem}. {advice}")


def bind_problem(host: str, port: int, transport: Transport) -> str | None:
    """None: it is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, _KINDS[transport]) as probe:
            if transport == "tcp":  # as the servers do: a port in TIME_WAIT is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            if transport == "tcp":
                probe.listen(1)
    except OSError as error:
        return _in_words(error)
    return None


def first_free(host: str, wanted: int, transport: Transport, tries: int = 50, *, step: int = 1, count: int = 1) -> int:
    """
    ``wanted`` or the next free port after it.

    :param step: to the next one looked at. :param count: so many, ``step`` apart, are to be free.
    :raises PortTakenError: none in ``tries``.
    """
    for port in range(wanted, min(wanted + tries, 65536), step):
        needed = range(port, port + count * step, step)
        if needed[-1] < 65536 and all(bind_problem(host, each, transport) is None for each in needed):
            return port
    raise PortTakenError(f"Aucun port libre de {wanted} à {wanted + tries - 1} sur {host} ({transport}).")


def _in_words(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "un autre programme l’occupe déjà"
    if error.errno == errno.EACCES:
        return "un port inférieur à 1024 demande d’être root"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return "cette adresse n’est pas celle de cette machine"
    return error.strerror or str(error)
