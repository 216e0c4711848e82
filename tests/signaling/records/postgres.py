"""A real PostgreSQL of one test's own, on a Unix socket in a temporary directory; None where none is installed."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

START_DEADLINE_S = 30.0


def is_installed() -> bool:
    """Server and driver (the extra ``postgresql``)."""
    return binaries() is not None and importlib.util.find_spec("asyncpg") is not None


def binaries() -> Path | None:
    """The directory with ``initdb`` and ``postgres``; Debian keeps it out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """:returns: the URL of an empty database."""
    directory, programs = Path(tempfile.mkdtemp(prefix="psr-pg-", dir="/tmp")), binaries()
    assert programs is not None
    user, who = _unprivileged(directory)
    data = directory / "data"
    await _run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "-U", user, "--no-sync", **who)
    arguments = ("-D", str(data), "-k", str(directory), "-c", "listen_addresses=", "-c", "fsync=off")
    server = await asyncio.create_subprocess_exec(
        str(programs / "postgres"), *arguments, stderr=asyncio.subprocess.DEVNULL, cwd=directory, **who
    )
    try:
        async with asyncio.timeout(START_DEADLINE_S):
            while not await _is_ready(f"postgresql://{user}@/postgres?host={directory}"):
                assert server.returncode is None
                await asyncio.sleep(0.05)
        yield f"postgresql+asyncpg://{user}@/postgres?host={directory}"
    finally:
        if server.returncode is None:
            server.terminate()
            await server.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _unprivileged(directory: Path) -> tuple[str, dict[str, Any]]:
    """PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name, {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return "nobody", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


async def _run(*command: str, **options: Any) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd="/tmp", **options
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def _is_ready(url: str) -> bool:
    import asyncpg  # type: ignore[import-untyped]

    try:
        await (await asyncpg.connect(url)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True
