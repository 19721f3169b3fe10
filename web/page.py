"""GET /: the page for people. It asks the routes that everybody asks, and no other host."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response

from web.asset import Asset
from web.errors import RequestError

blueprint = Blueprint("page", __name__)

_FOLDER = Path(__file__).parent / "page"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_VERSION = b"{version}"  # in the document: where its assets are
_FOR_EVER = "public, max-age=31536000, immutable"
# No inline script or style, no other host, and nothing that makes script of text. Thumbnails are blobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Page(NamedTuple):
    """The document, and its assets by name. *version* is that of all of them: 12 hex digits of a SHA-256."""

    document: Asset
    assets: dict[str, Asset]
    version: str


@cache
def _page() -> Page:
    """Return what the folder held when it was first asked for."""
    files = sorted(path for path in _FOLDER.iterdir() if path.suffix in _KINDS)
    assets = {path.name: Asset.read(path, _KINDS[path.suffix]) for path in files}
    named = "".join(f"{name} {asset.digest}\n" for name, asset in assets.items())
    version = hashlib.sha256(named.encode()).hexdigest()[:12]
    document = (_FOLDER / "index.html").read_bytes().replace(_VERSION, version.encode())
    return Page(Asset.of(document, "text/html"), assets, version)


@blueprint.get("/", strict_slashes=False)
def page() -> Response:
    """Answer with the document; browsers ask each time whether it has changed."""
    response = _page().document.answer("no-cache")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/page/<version>/<asset>")
def page_asset(version: str, asset: str) -> Response:
    """Answer with a script, style or picture of it, for ever the same under that address.

    While a new version is rolled out, a page of one may ask a host of the other: it gets what there is, to keep for no
    time.
    """
    current = _page()
    if asset not in current.assets:
        raise RequestError("not_found", "The page has no such file.")
    return current.assets[asset].answer(_FOR_EVER if version == current.version else "no-store")
