"""The headers that keep a browser from making more of an answer than it is."""

from flask import Response

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # For what is embedded without CORS (an <img>): nothing of ours is. What CORS_ORIGINS allows goes by CORS alone.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
NO_STORE = "no-store"


def secure(response: Response, *, private: bool) -> None:
    """Add the headers that the view has not set itself: a page has a Content-Security-Policy of its own.

    *private*: it depends on who asked, or on an upload, and no cache may keep it. Errors never may be kept.
    """
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if private or response.status_code >= 400:
        response.headers.setdefault("Cache-Control", NO_STORE)
