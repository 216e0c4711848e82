"""
Web Push: rings a signer's devices although no page is open, and says that a call was missed.

A push says what happened and which call, never who: the page reads that, signed in. Sending never waits: what does
not go out in time is worth nothing any more. Addresses come from browsers: ``signaling.public_hosts`` says which ones
are asked.
"""

import asyncio
import hashlib
import json
import logging
import ssl
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

import aiohttp

from signaling.call_model import Call
from signaling.config import SignalingConfig
from signaling.messages.session import PushSubscribe
from signaling.page_errors import PageError
from signaling.public_hosts import PublicResolver, may_ask
from signaling.push_encryption import BrowserKeys, Vapid, encrypt
from signaling.records.push_subscriptions import PushSubscriptions
from signaling.sealing import Sealer

PushType = Literal["incoming", "callback", "missed"]
PushResult = Literal["taken", "refused", "gone", "unreachable", "not_sent"]
#: a push service keeps it for a device that is off
TTL_S: dict[PushType, int] = {"incoming": 60, "callback": 60, "missed": 24 * 3600}
URGENCY: dict[PushType, str] = {"incoming": "high", "callback": "high", "missed": "normal"}  # RFC 8030 §5.3
WAITING_LIMIT = 1_000  # people to be rung; more wait only when everything is away, and ringing late is no use
SENDERS = 8
DEADLINE_S = 8.0
GONE = (404, 410)  # RFC 8030 §7.3: the browser has taken it back
log = logging.getLogger(__name__)


class _Ring(NamedTuple):
    person_id: str
    call_id: str
    type_: PushType


class Push:
    """
    ``run`` sends; the rest may be called at any time.

    :param count: told what became of each push. :param tls: for tests. :param clock: Unix seconds.
    """

    def __init__(
        self,
        config: SignalingConfig,
        subscriptions: PushSubscriptions,
        *,
        count: Callable[[PushType, PushResult], None] = lambda type_, result: None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret, self._allowed = config.secret_key, config.push_allowed_hosts
        self._subscriptions, self._tls, self._clock, self._count = subscriptions, tls, clock, count
        self._vapid = Vapid(config.push_secret, config.push_contact or config.public_url)
        self._waiting: asyncio.Queue[_Ring] = asyncio.Queue(WAITING_LIMIT)

    @property
    def public_key(self) -> str:
        """For ``PushManager.subscribe``, base64url."""
        return self._vapid.public_key

    async def subscribe(self, person_id: str, message: PushSubscribe) -> None:
        """:raises PageError: not an address that is asked, or no keys."""
        keys = BrowserKeys(message.keys.p256dh, message.keys.auth)
        if not may_ask(message.endpoint, self._allowed):
            raise PageError("push_refused")
        try:
            encrypt(b"", keys)
        except ValueError:
            raise PageError("push_refused") from None
        sealed = self._sealer(person_id).seal(json.dumps([message.endpoint, *keys]))
        await self._subscriptions.add(person_id, _id_of(message.endpoint), sealed)

    async def unsubscribe(self, person_id: str, endpoint: str) -> None:
        await self._subscriptions.remove(person_id, _id_of(endpoint))

    def send(self, person_id: str, call_id: str, type_: PushType) -> None:
        """To all of the person's browsers, soon."""
        try:
            self._waiting.put_nowait(_Ring(person_id, call_id, type_))
        except asyncio.QueueFull:
            log.warning("push not sent: too many wait", extra={"call_id": call_id})
            self._count(type_, "not_sent")

    def ring(self, call: Call, person: str) -> None:
        """:param person: id."""
        self.send(person, call.call_id, "incoming" if call.callback_id is None else "callback")

    async def run(self) -> None:
        """Until cancelled."""
        connector = aiohttp.TCPConnector(limit=SENDERS, resolver=PublicResolver(self._allowed), ssl=self._tls or True)
        timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http, asyncio.TaskGroup() as senders:
            for _ in range(SENDERS):
                senders.create_task(self._send_forever(http))

    async def _send_forever(self, http: aiohttp.ClientSession) -> None:
        while True:
            ring = await self._waiting.get()
            try:
                for subscription_id, sealed in (await self._subscriptions.of(ring.person_id)).items():
                    await self._send(http, ring, subscription_id, sealed)
            except Exception as error:  # the database is away: the next ring is tried again
                log.warning("push not sent: %s", type(error).__name__, extra={"call_id": ring.call_id})
                self._count(ring.type_, "not_sent")

    async def _send(self, http: aiohttp.ClientSession, ring: _Ring, subscription_id: str, sealed: str) -> None:
        opened = self._sealer(ring.person_id).open(sealed)
        if opened is None:  # of an earlier secret
            return await self._subscriptions.remove(ring.person_id, subscription_id)
        endpoint, *keys = json.loads(opened)
        try:
            async with http.post(
                endpoint,
                data=encrypt(_payload(ring), BrowserKeys(*keys)),
                headers={
                    "Authorization": self._vapid.authorization(endpoint, self._clock()),
                    "Content-Encoding": "aes128gcm",
                    "Content-Type": "application/octet-stream",
                    "TTL": str(TTL_S[ring.type_]),
                    "Urgency": URGENCY[ring.type_],
                    "Topic": _id_of(ring.call_id)[:32],  # a missed call takes the place of its ringing
                },
                allow_redirects=False,
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("push not sent: %s", type(error).__name__, extra={"call_id": ring.call_id})
            return self._count(ring.type_, "unreachable")
        self._count(ring.type_, "gone" if status in GONE else "taken" if status < 300 else "refused")
        if status in GONE:
            await self._subscriptions.remove(ring.person_id, subscription_id)
        elif status >= 300:
            log.warning("push not taken: %d", status, extra={"call_id": ring.call_id})
        return None

    def _sealer(self, person_id: str) -> Sealer:
        return Sealer(self._secret, f"passerelle.push:{person_id}")


def _payload(ring: _Ring) -> bytes:
    return json.dumps({"type": ring.type_, "call_id": ring.call_id}).encode()


def _id_of(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
