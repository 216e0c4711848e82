"""
The built pages, read once and kept compressed. What a page names below ``/static/`` gets the file's content hash,
so that browsers may keep it for good and an update shows at once.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from relay.visibility.advice_texts import ADVICE
from signaling.http_api.problem import ProblemError

WEB_DIR = Path(__file__).parent.parent / "web"
MEMORY_LIMIT = 4 * 1024 * 1024  # bytes; larger files (clips, models) are streamed from disk
GZIP_FROM = 1_000  # bytes; below, the headers weigh more than the gain
HASH_LENGTH = 12
CLIPS = "static/advice/"
FILMS = (".webm", ".mp4")  # answered in parts where a browser asks for them (Safari plays nothing else)
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
_NAMED = re.compile(rb"""(["'])/(static/[A-Za-z0-9_./-]+)\1""")
_TEXT = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")


@dataclass(frozen=True)
class StaticFile:
    """:param version: modification time (ns) and size, as read."""

    body: bytes
    compressed: bytes | None
    content_type: str
    content_hash: str
    version: tuple[int, int]


class StaticFiles:
    """
    Files of one directory by relative path. Nothing outside it is reachable, whatever the path says.

    :param clips: what is asked for below ``static/advice/`` lies here: advice in sign language, filmed by the centre,
        ``<code>.webm`` or ``<code>.mp4``. None: no films.
    """

    def __init__(self, root: Path = WEB_DIR, clips: Path | None = None) -> None:
        self._root, self._clips = root.resolve(), None if clips is None else clips.resolve()
        self._files: dict[str, StaticFile] = {}

    def find(self, name: str) -> Path | None:
        """:param name: relative, ``static/caller.js``. None: there is no such file."""
        root = self._root
        if name.startswith(CLIPS):
            if self._clips is None or not name.endswith(FILMS):  # whatever else was put there is nobody's business
                return None
            root, name = self._clips, name.removeprefix(CLIPS)
        try:
            path = (root / name).resolve()
        except (OSError, ValueError):  # too long, or a null byte
            return None
        hidden = any(part.startswith(".") for part in Path(name).parts)  # ".." too
        return path if path.is_relative_to(root) and path.is_file() and not hidden else None

    def films(self) -> list[str]:
        """The advice that is filmed: names below ``static/advice/``."""
        names = (f"{code}{suffix}" for code in ADVICE for suffix in FILMS)
        return [name for name in names if self.find(CLIPS + name) is not None]

    def load(self, name: str) -> StaticFile | None:
        """The file, read again when it changed on disk. Pages come with hashed names in them."""
        path = self.find(name)
        if path is None:
            return None
        stat = path.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        known = self._files.get(name)
        if known is None or known.version != version or name.endswith(".html"):
            known = self._files[name] = self._read(path, version)
        return known

    def _read(self, path: Path, version: tuple[int, int]) -> StaticFile:
        body, content_type = path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if path.suffix == ".html":
            body = _NAMED.sub(self._with_hash, body)
        is_text = content_type.startswith(_TEXT)
        compressed = gzip.compress(body, mtime=0) if is_text and len(body) >= GZIP_FROM else None
        return StaticFile(body, compressed, content_type, _hash(body), version)

    def _with_hash(self, match: re.Match[bytes]) -> bytes:
        file = self.load(match[2].decode())
        if file is None:
            return match[0]
        return b"%s/%s?v=%s%s" % (match[1], match[2], file.content_hash.encode(), match[1])


STATIC: web.AppKey[StaticFiles] = web.AppKey("static", StaticFiles)


async def static_file(request: web.Request) -> web.StreamResponse:
    """``/static/{path}``."""
    return await serve(request, f"static/{request.match_info['path']}")


async def films(request: web.Request) -> web.Response:
    """``GET /api/v1/films``: a page asks for those that are there, and for no other."""
    return web.json_response({"films": request.app[STATIC].films()})


async def serve(request: web.Request, name: str, *, cache: str | None = None) -> web.StreamResponse:
    """
    :param cache: ``Cache-Control``; None: for good when the URL carries the right hash, else with revalidation.
    :raises ProblemError: ``not_found``.
    """
    files = request.app[STATIC]
    path = files.find(name)
    if path is None:
        raise ProblemError("not_found")
    if path.suffix in FILMS or path.stat().st_size > MEMORY_LIMIT:
        return web.FileResponse(path, headers={"Cache-Control": cache or REVALIDATE})
    file = files.load(name)
    if file is None:
        raise ProblemError("not_found")
    return file_response(request, file, cache or _cache_of(request, file))


def file_response(request: web.Request, file: StaticFile, cache: str) -> web.Response:
    headers = {"Cache-Control": cache, "ETag": f'"{file.content_hash}"', "Vary": "Accept-Encoding"}
    if any(tag.value == file.content_hash for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = file.body
    if file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "").lower():
        headers["Content-Encoding"], body = "gzip", file.compressed
    charset = "utf-8" if file.content_type.startswith(_TEXT) else None
    return web.Response(body=body, headers=headers, content_type=file.content_type, charset=charset)


def _cache_of(request: web.Request, file: StaticFile) -> str:
    return IMMUTABLE if request.query.get("v") == file.content_hash else REVALIDATE


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:HASH_LENGTH]
