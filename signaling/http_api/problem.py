"""
Errors as people and programs read them: problem+json (RFC 9457) below ``/api``, a small page elsewhere.

``code`` is stable; ``title`` is a sentence in the visitor's language. What went wrong inside is logged, never told.
"""

import html
import json
import logging
import math
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Handler

from signaling.records.database import is_temporary

logger = logging.getLogger(__name__)
Language = Literal["fr", "en"]

#: code: (status, French, English)
PROBLEMS: dict[str, tuple[int, str, str]] = {
    "bad_request": (400, "La demande n’a pas pu être lue.", "The request could not be read."),
    "not_signed_in": (401, "Vous n’êtes pas connecté·e.", "You are not signed in."),
    "wrong_credentials": (
        401,
        "L’identifiant ou le mot de passe ne convient pas.",
        "The login or the password is not right.",
    ),
    "wrong_role": (403, "Ce compte n’ouvre pas cette page.", "This account does not open this page."),
    "foreign_origin": (403, "Cette demande vient d’un autre site.", "This request comes from another site."),
    "not_found": (404, "Cette page n’existe pas.", "This page does not exist."),
    "unknown_call": (404, "Rien n’est connu de cet appel.", "Nothing is known of this call."),
    "unknown_brand": (404, "Ce service n’existe pas.", "This service does not exist."),
    "wrong_method": (405, "Cette action n’existe pas ici.", "This action does not exist here."),
    "body_too_large": (413, "La demande est trop longue.", "The request is too long."),
    "not_json": (415, "La demande doit être en JSON.", "The request must be JSON."),
    "too_many_attempts": (
        429,
        "Trop d’essais. Attendez un peu, puis recommencez.",
        "Too many attempts. Wait a little, then try again.",
    ),
    "internal": (500, "Une erreur est survenue chez nous.", "Something went wrong on our side."),
    "records_unavailable": (
        503,
        "Le service est momentanément indisponible. Réessayez dans un instant.",
        "The service is unavailable for a moment. Try again shortly.",
    ),
    "pages_missing": (503, "Les pages du service ne sont pas installées.", "The pages are not installed."),
}
_BY_STATUS = {400: "bad_request", 404: "not_found", 405: "wrong_method", 413: "body_too_large", 415: "not_json"}


class ProblemError(Exception):
    """
    :param code: a key of ``PROBLEMS``.
    :param retry_after_s: told to the client in ``Retry-After``.
    :param fields: names of the fields that were wrong, never their values.
    """

    def __init__(self, code: str, *, retry_after_s: float | None = None, fields: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code, self.retry_after_s, self.fields = code, retry_after_s, fields


def language_of(request: web.Request) -> Language:
    """``?lang=`` of the page, else the browser's first choice, French if it is neither."""
    wanted = request.query.get("lang") or request.headers.get("Accept-Language") or "fr"
    return "en" if wanted.strip().lower().startswith("en") else "fr"


def problem_response(request: web.Request, error: ProblemError) -> web.Response:
    status, french, english = PROBLEMS[error.code]
    language = language_of(request)
    title = french if language == "fr" else english
    is_api = request.path.startswith("/api/")
    response = web.Response(status=status, headers={"Content-Language": language, "Cache-Control": "no-store"})
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if is_api:
        body = {"type": "about:blank", "title": title, "status": status, "code": error.code}
        response.text = json.dumps(body | ({"fields": error.fields} if error.fields else {}), ensure_ascii=False)
        response.content_type = "application/problem+json"
    else:
        response.text = _page(title, language)
        response.content_type = "text/html"
    return response


def _page(title: str, language: Language) -> str:
    home = "Retour à l’accueil" if language == "fr" else "Back to the home page"
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f'<main><h1>{html.escape(title)}</h1><p><a href="/">{home}</a></p></main></html>'
    )


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Translates every error at the edge. WebSockets answer for themselves: they have begun already."""
    try:
        return await handler(request)
    except ProblemError as error:
        return problem_response(request, error)
    except web.HTTPException as error:
        if error.status not in _BY_STATUS:
            raise
        response = problem_response(request, ProblemError(_BY_STATUS[error.status]))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception as error:
        if request.headers.get("Upgrade"):
            raise
        return problem_response(request, ProblemError(_code_of(request, error)))


def _code_of(request: web.Request, error: Exception) -> str:
    route = request.match_info.route.resource
    where = route.canonical if route else "-"
    if isinstance(error, ConnectionError):
        logger.debug("client hung up: route=%s", where)
        return "bad_request"  # reaches nobody
    if is_temporary(error):
        logger.warning("records unavailable: route=%s error=%s", where, type(error).__name__)
        return "records_unavailable"
    logger.error("request failed: route=%s", where, exc_info=error)
    return "internal"
