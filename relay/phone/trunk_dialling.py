"""
One call's search for a way that works: the trunks are tried one after the other until one of them takes the call.

Decides when a way counts as failed. Left to others: which ways there are (``relay.phone.trunk_routes``), what goes out
by one (``relay.phone.party``).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from relay.phone.leg import EarlyMedia, Ended, LegEvent, LegListener, PhoneLeg, Ringing, Trying
from relay.phone.outcome import REQUEST_TIMEOUT
from relay.phone.trunk_routes import Route, Routes
from relay.phone.trunks import may_fail_over

NO_WAY = 503
Place = Callable[[Route, LegListener], Awaitable[PhoneLeg | None]]
log = logging.getLogger(__name__)


class Dialling:
    """
    :param ways: from :meth:`Routes.find`.
    :param place: dials by one way; None: the call was ended meanwhile. :raises OSError, ValueError, RuntimeError: it
        cannot be dialled by this one.
    :param tell: hears all events but the failures after which another way is tried. The last one is its Ended.
    :param no_response_s: after which a way that says nothing, not even 100, counts as dead.
    """

    def __init__(
        self, ways: AsyncIterator[Route], routes: Routes, place: Place, tell: LegListener, *, no_response_s: float
    ) -> None:
        self.leg: PhoneLeg | None = None
        self._ways, self._routes, self._place, self._tell = ways, routes, place, tell
        self._no_response_s = no_response_s
        self._number = 0
        self._rang = self._is_over = False
        self._last_code = NO_WAY
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """By the first way. ``leg`` is None until it is found, and while the next one is looked for."""
        await self._try_next()

    def stop(self) -> None:
        """The call is ended: no further way is tried. The leg is the owner's to hang up."""
        self._is_over = True
        self._stop_timer()

    async def _try_next(self) -> None:
        async for route in self._ways:
            if self._is_over:
                return
            self._number += 1
            try:
                leg = await self._place(route, partial(self._heard, self._number, route))
            except (OSError, ValueError, RuntimeError) as error:  # no port, or nothing that the stack can write
                log.warning("a way to the telephone network cannot be used: %s", type(error).__name__)
                continue
            if leg is not None and not self._is_over:
                self.leg = leg
                self._timer = asyncio.get_running_loop().call_later(self._no_response_s, self._nothing_heard, route)
            return
        if not self._is_over:
            self._tell(Ended(self._last_code, by_us=False))

    def _heard(self, number: int, route: Route, event: LegEvent) -> None:
        if number != self._number:
            return  # a way that was given up
        self._stop_timer()
        if isinstance(event, Ringing | EarlyMedia):
            self._rang = True
        if not self._is_over and isinstance(event, Ended) and may_fail_over(event.sip_code, rang=self._rang):
            self._give_up(route, event.sip_code)
            return
        if not isinstance(event, Trying):
            self._is_over = self._is_over or not isinstance(event, Ringing | EarlyMedia)
            self._routes.worked(route)
        self._tell(event)

    def _nothing_heard(self, route: Route) -> None:
        silent = self.leg
        self._give_up(route, None)
        if silent is not None:
            silent.hang_up()

    def _give_up(self, route: Route, code: int | None) -> None:
        self._number += 1
        self.leg = None
        self._last_code = REQUEST_TIMEOUT if code is None else code
        self._routes.failed(route, code)
        task = asyncio.get_running_loop().create_task(self._try_next())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
