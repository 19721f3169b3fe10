"""GET /openapi.yaml, /docs: what can be asked, for programs and for people; every asset is local."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response

from web.asset import Asset
from web.errors import RequestError

blueprint = Blueprint("docs", __name__)

_HERE = Path(__file__).parent
_PAGE = _HERE / "docs_page"
_SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"
_ASSETS = {
    "start.js": (_PAGE / "start.js", "text/javascript"),
    "swagger-ui-bundle.js": (_SWAGGER_UI / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (_SWAGGER_UI / "swagger-ui.css", "text/css"),
}
# No inline script and no other host; Swagger UI draws its arrows as data: images, and its previews of blobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/openapi.yaml")
def openapi() -> Response:
    """Answer with the OpenAPI document."""
    return _answer(_HERE / "openapi.yaml", "application/yaml")


@blueprint.get("/docs")
def docs() -> Response:
    """Answer with the page to try the service from."""
    response = _answer(_PAGE / "index.html", "text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/docs/<asset>")
def docs_asset(asset: str) -> Response:
    """Answer with a script or style of that page."""
    if asset not in _ASSETS:
        raise RequestError("not_found", "The page has no such file.")
    path, kind = _ASSETS[asset]
    return _answer(path, kind)


def _answer(path: Path, kind: str) -> Response:
    return _asset(path, kind).answer("no-cache")


@cache  # 2 MB, in workers where somebody looks
def _asset(path: Path, kind: str) -> Asset:
    return Asset.read(path, kind)
