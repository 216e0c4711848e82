"""
Firefox without a driver program: WebDriver BiDi, spoken directly (https://www.w3.org/TR/webdriver-bidi/).

A camera and a microphone that Firefox makes up itself, no questions asked, and addresses of this machine only.
"""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
START_S = 90.0  # a first start writes its profile; slow on a busy machine
REPLY_S = 60.0
FAKE_TONE_HZ = 1000.0  # of its made-up microphone
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES: dict[str, object] = {
    "app.update.auto": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.gmp-manager.updateEnabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,  # BiDi alone
    "services.settings.server": "data:,",  # nothing is fetched from the internet
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class FirefoxPage:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._lock = asyncio.Lock()
        self._context = ""

    async def start(self) -> None:
        await self._command("session.new", capabilities={})
        tree = await self._command("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def goto(self, url: str) -> None:
        await self._command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, function: str, *arguments: Any) -> Any:
        """
        :param function: JavaScript; may be async. :param arguments: and the result: what JSON can say.
        :raises RuntimeError: it threw.
        """
        given = ", ".join(json.dumps(each) for each in arguments)
        expression = f"Promise.resolve(({function})({given})).then(found => JSON.stringify(found ?? null))"
        target = {"context": self._context}
        reply = await self._command("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if reply["type"] != "success":
            raise RuntimeError(reply["exceptionDetails"]["text"])
        return json.loads(reply["result"]["value"])

    async def _command(self, method: str, **params: Any) -> dict[str, Any]:
        async with self._lock, asyncio.timeout(REPLY_S):
            id_ = next(self._ids)
            await self._socket.send_json({"id": id_, "method": method, "params": params})
            while (reply := await self._socket.receive_json()).get("id") != id_:
                pass  # events
        if reply["type"] == "error":
            raise RuntimeError(f"{method}: {reply['error']}: {reply['message']}")
        result: dict[str, Any] = reply["result"]
        return result


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[FirefoxPage]:
    """:raises AssertionError: it is not installed, or did not start."""
    assert FIREFOX is not None
    profile = Path(tempfile.mkdtemp(prefix="psr-firefox-"))
    lines = (f'user_pref("{name}", {json.dumps(value)});\n' for name, value in _PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    command = (FIREFOX, "--headless", "--remote-debugging-port=0", "--no-remote", "--profile", str(profile))
    environment = {"HOME": str(profile), "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environment
    )
    reading: asyncio.Task[None] | None = None
    try:
        assert process.stderr is not None
        address = await _address(process.stderr)
        reading = asyncio.create_task(_read_away(process.stderr))
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{address}/session", max_msg_size=0) as socket:
            page = FirefoxPage(socket)
            await page.start()
            yield page
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 15)
        if process.returncode is None:
            process.kill()
            await process.wait()
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        shutil.rmtree(profile, ignore_errors=True)


async def _address(stderr: asyncio.StreamReader) -> str:
    said = b""
    async with asyncio.timeout(START_S):
        while line := await stderr.readline():
            said += line
            if found := _LISTENING.search(line):
                return found[1].decode().rstrip("/")
    raise AssertionError(f"Firefox ended: {said.decode(errors='replace')}")


async def _read_away(stderr: asyncio.StreamReader) -> None:
    while await stderr.read(65_536):
        pass
