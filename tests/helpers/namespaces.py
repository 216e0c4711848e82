"""Machines that are network namespaces, joined by a bridge that the test stands on too. Root makes and removes them."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def can_make_namespaces() -> bool:
    """Root, iproute2, and a kernel or container that lets one make them."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"psr{secrets.token_hex(3)}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "exec", name, "ip", "link", "set", "lo", "up")
        _ip("link", "add", name, "type", "bridge")
    except (subprocess.SubprocessError, OSError):
        return False
    finally:
        for words in (("link", "del", name), ("netns", "del", name)):
            subprocess.run(["ip", *words], check=False, capture_output=True)
    return True


class Network:
    """:param tag: begins the names of its links, which hold 15 characters."""

    def __init__(self, tag: str, net: str) -> None:
        self._tag, self._net = tag, net
        self._names: list[str] = []

    def prefix(self, name: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", f"{self._tag}{name}")

    def address(self, name: str) -> str:
        return f"{self._net}.{self._names.index(name) + 2}"

    def add(self, name: str) -> None:
        self._names.append(name)
        space, outer = f"{self._tag}{name}", f"{self._tag}v{len(self._names)}"
        _ip("netns", "add", space)
        _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", outer, "master", self._tag, "up")
        for words in (
            ("addr", "add", f"{self.address(name)}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", space, *words)

    def cut(self, name: str) -> None:
        """The cable is pulled: nothing comes from this machine any more, not even a goodbye."""
        _ip("link", "set", f"{self._tag}v{self._names.index(name) + 1}", "down")

    def remove(self) -> None:
        for number, name in enumerate(self._names, 1):  # a namespace with unsent packets outlives its name by minutes
            for words in (("link", "del", f"{self._tag}v{number}"), ("netns", "del", f"{self._tag}{name}")):
                subprocess.run(["ip", *words], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._tag], check=False, capture_output=True)


@contextlib.contextmanager
def network(*names: str) -> Iterator[Network]:
    """Namespaces of these names, each with an address of its own; the test has the first one, ``.1``."""
    tag = f"psr{secrets.token_hex(2)}"
    made = Network(tag, f"10.{secrets.randbelow(100) + 100}.{secrets.randbelow(250)}")
    try:
        _ip("link", "add", tag, "type", "bridge")
        _ip("addr", "add", f"{made._net}.1/24", "dev", tag)
        _ip("link", "set", tag, "up")
        for name in names:
            made.add(name)
        yield made
    finally:
        made.remove()
