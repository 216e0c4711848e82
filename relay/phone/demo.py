"""
The demonstration phone: a real SIP endpoint on loopback, in a process of its own.

Each number behaves by itself (``relay.phone.demo_numbers``) or rings on a page where a person answers
(``relay.phone.demo_web``). Loopback only: it never calls anybody and nobody from outside reaches it.
"""

import asyncio

from relay.phone.config import DemoPhoneConfig
from relay.phone.demo_calls import DemoPhone
from relay.phone.demo_web import DemoPage


async def run(config: DemoPhoneConfig, stop: asyncio.Event) -> None:
    """
    Serve until ``stop`` is set.

    :raises OSError: the SIP or the HTTP port is taken.
    """
    phone = DemoPhone(config)
    page = DemoPage(phone)
    await phone.start()
    try:
        await page.start()
        await stop.wait()
    finally:
        await page.close()
        await phone.close()
