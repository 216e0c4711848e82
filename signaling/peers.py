"""
Links between the signaling processes of one centre: found in Redis, every process linked to every other, over a Unix
socket on one machine and TLS between machines.

Decides who connects, framing and when a link counts as dead. What a message does belongs to ``signaling.peer_desk``.
Key ``passerelle:signaling:<instance_id>`` -> JSON :class:`Whereabouts`, expiring. Without Redis the links stay.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from relay.addresses import reach
from relay.model import Frozen
from relay.network_config import NetworkConfig
from relay.secure_sockets import LINE_LIMIT, Dialer, LineServer, failure_code, place_of
from signaling.call_terms import DeviceType
from signaling.identity import Identity
from signaling.messages import AnyClientMessage
from signaling.peer_messages import AnyPeerMessage, Beat, Follow, Followed, Greeting, PeerMessageAdapter

LIFETIME_S = 6  # of the entry in Redis
BEAT_S = 1.0
SILENCE_S = 10.0  # a dead process closes its sockets at once; this is for one that hangs
GREETING_DEADLINE_S = 2.0
FOLLOW_DEADLINE_S = 25.0  # above every deadline that the owner has itself
BACKLOG_LIMIT = 4 * LINE_LIMIT  # bytes not yet read by the other side
_PREFIX = "passerelle:signaling"
log = logging.getLogger(__name__)


class Whereabouts(Frozen):
    """
    :param path: Unix socket, for processes of the same ``place``.
    :param network_address: ``tls://`` for other machines; None: there are none.
    """

    path: str
    place: str
    network_address: str | None = None

    def address_from(self, place: str) -> str:
        return reach(self.path, self.network_address, is_same_place=place == self.place)


class PeerLink:
    """
    One connected process.

    :param opened_by: instance id of the side that connected.
    """

    def __init__(self, instance_id: str, opened_by: str, writer: asyncio.StreamWriter) -> None:
        self.instance_id, self.opened_by = instance_id, opened_by
        self.synced = asyncio.Event()  # its pages and calls are known here
        self._writer = writer
        self._following: dict[int, asyncio.Future[str | None]] = {}
        self._next_id = 0

    def send(self, message: AnyPeerMessage) -> None:
        """Never waits. A process that does not read is dropped."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            log.warning("process does not read: %s", self.instance_id)
            self._writer.transport.abort()
        else:
            self._writer.write(_line(message))

    async def follow(
        self, identity: Identity, device: str, message: AnyClientMessage, device_type: DeviceType | None = None
    ) -> str | None:
        """:returns: the owner's error code, None when done; ``unavailable``: the owner is gone or silent."""
        if self._writer.is_closing():
            return "unavailable"
        self._next_id += 1
        reference = self._next_id
        done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._following[reference] = done
        self.send(Follow(id=reference, identity=identity, device=device, device_type=device_type, message=message))
        try:
            async with asyncio.timeout(FOLLOW_DEADLINE_S):
                return await done
        except TimeoutError:
            return "unavailable"
        finally:
            del self._following[reference]

    def settle(self, reply: Followed) -> None:
        done = self._following.get(reply.re)
        if done is not None and not done.done():
            done.set_result(reply.code)

    def close(self) -> None:
        for reference in list(self._following):
            self.settle(Followed(re=reference, code="unavailable"))
        self.synced.set()  # nothing more will come
        self._writer.close()


class Peers:
    """
    :param network: how other machines reach this process; None: this machine alone.
    :param on_found: a process greeted: tell it everything. :param on_lost: it is gone. :param on_message: it says.
    :raises OSError: a certificate file cannot be read.
    """

    def __init__(
        self,
        redis: Redis,
        instance_id: str,
        run_dir: Path,
        *,
        network: NetworkConfig | None = None,
        on_found: Callable[[PeerLink], None],
        on_lost: Callable[[PeerLink], None],
        on_message: Callable[[PeerLink, AnyPeerMessage], None],
    ) -> None:
        self._redis, self._instance_id = redis, instance_id
        self._on_found, self._on_lost, self._on_message = on_found, on_lost, on_message
        short = hashlib.blake2s(instance_id.encode(), digest_size=4).hexdigest()  # the id may hold a long host name
        self._path = run_dir / f"signaling-{short}.sock"
        self._server = LineServer(self._path, self._talk, network)
        self._dialer = Dialer(network)
        self._place = ""
        self._links: dict[str, PeerLink] = {}
        self._others: dict[str, Whereabouts] = {}
        self._failures: dict[str, str] = {}  # instance -> code of the last one
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_alone(self) -> bool:
        return not self._links

    def tell_all(self, message: AnyPeerMessage) -> None:
        for link in list(self._links.values()):
            link.send(message)

    async def start(self) -> None:
        """Linked to every process that is there already, and told of its pages and calls, when this returns."""
        await self._server.start()
        self._place = place_of(self._path.parent)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * GREETING_DEADLINE_S):
                await self._look()
                await asyncio.gather(*(link.synced.wait() for link in self._links.values()))

    async def run(self) -> None:
        """Stay registered, look for the others, beat; until cancelled."""
        while True:
            await asyncio.sleep(BEAT_S)
            self.tell_all(Beat())
            await self._look()

    async def close(self) -> None:
        """Leave the centre: the others take my pages for gone and my calls for orphans."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.delete(f"{_PREFIX}:{self._instance_id}")
        for link in list(self._links.values()):
            link.close()
        for task in self._tasks:
            task.cancel()
        await self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self) -> None:
        own = Whereabouts(path=str(self._path), place=self._place, network_address=self._server.network_address)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.set(f"{_PREFIX}:{self._instance_id}", own.model_dump_json(), ex=LIFETIME_S)
            self._others = await registered_processes(self._redis)
            self._failures = {name: code for name, code in self._failures.items() if name in self._others}
        missing = self._others.keys() - self._links.keys() - {self._instance_id}
        await asyncio.gather(*(self._connect(name, self._others[name]) for name in missing))

    async def _connect(self, name: str, where: Whereabouts) -> None:
        """Returns once the other side has greeted, or does not."""
        try:
            reader, writer = await self._dialer.connect(where.address_from(self._place), GREETING_DEADLINE_S)
        except OSError as error:
            if isinstance(error, ConnectionRefusedError) and where.place == self._place:
                self._clear_away(Path(where.path))
            self._tell_failure(name, failure_code(error))
            return
        greeted = asyncio.Event()
        self._keep(asyncio.create_task(self._talk(reader, writer, greeted)))
        await greeted.wait()

    def _clear_away(self, path: Path) -> None:
        """The socket of a process that was killed: registered means that it has listened."""
        if path.parent == self._path.parent and path.name.startswith("signaling-"):
            path.unlink(missing_ok=True)

    def _tell_failure(self, name: str, code: str) -> None:
        """Once, not every second. A process that was just killed is still registered: nobody listens."""
        if self._failures.get(name) != code and code != "nobody_listens":
            log.warning("process not reachable: %s (%s)", name, code)
        self._failures[name] = code

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeted: asyncio.Event | None = None
    ) -> None:
        """One connection from its greeting to its end. :param greeted: set then; given when this side connected."""
        link: PeerLink | None = None
        try:
            writer.write(_line(Greeting(instance_id=self._instance_id)))
            async with asyncio.timeout(GREETING_DEADLINE_S):
                other = _read(await reader.readline())
            if isinstance(other, Greeting):
                link = PeerLink(other.instance_id, self._instance_id if greeted else other.instance_id, writer)
                if self._adopt(link):
                    await self._listen(link, reader, greeted)
        except (OSError, ValueError) as error:  # gone, silent, or a line over the limit: this link only
            code = failure_code(error)
            log.warning("link broken: %s (%s)", link.instance_id if link else "no greeting", code)
        finally:
            if greeted is not None:
                greeted.set()
            writer.close()
            if link is not None:
                self._lose(link)

    async def _listen(self, link: PeerLink, reader: asyncio.StreamReader, greeted: asyncio.Event | None) -> None:
        log.info("process found: %s", link.instance_id)
        self._on_found(link)
        link.send(Beat())
        if greeted is not None:
            greeted.set()
        while True:
            async with asyncio.timeout(SILENCE_S):
                line = await reader.readline()
            if not line:
                return
            message = _read(line)
            if isinstance(message, Followed):
                link.settle(message)
            elif isinstance(message, Beat):
                link.synced.set()
            elif message is not None:
                self._hand_over(link, message)

    def _hand_over(self, link: PeerLink, message: AnyPeerMessage) -> None:
        try:
            self._on_message(link, message)
        except Exception:  # one message's fault must not end the link
            log.exception("message of another process failed", extra={"message_type": message.type})

    def _adopt(self, link: PeerLink) -> bool:
        """Two processes that connect to each other at once keep the same one of the two connections."""
        if link.instance_id == self._instance_id:
            return False
        other = self._links.get(link.instance_id)
        if other is not None and other.opened_by < link.opened_by:
            return False
        self._links[link.instance_id] = link
        if other is not None:
            other.close()
            self._on_lost(other)
        return True

    def _lose(self, link: PeerLink) -> None:
        link.close()
        if self._links.get(link.instance_id) is link:
            del self._links[link.instance_id]
            log.warning("process lost: %s", link.instance_id)
            self._on_lost(link)


async def registered_processes(redis: Redis) -> dict[str, Whereabouts]:
    """:returns: instance id -> where it listens. :raises RedisError: Redis cannot be asked."""
    found = {}
    async for key in redis.scan_iter(f"{_PREFIX}:*"):
        with contextlib.suppress(ValidationError):  # expired meanwhile, or of another version
            where = Whereabouts.model_validate_json(await redis.get(key) or "")
            found[_text(key).removeprefix(f"{_PREFIX}:")] = where
    return found


def _line(message: AnyPeerMessage) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _read(line: bytes) -> AnyPeerMessage | None:
    """:returns: None: not a message; it costs nothing but a line in the log."""
    try:
        return PeerMessageAdapter.validate_json(line)
    except ValidationError as error:
        if line:
            log.warning("line of another process not understood: %d invalid field(s)", error.error_count())
        return None
