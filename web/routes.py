"""Every route of the service, at / and under /v1."""

from flask import Flask, Response

from web import health, models, predict
from web.access import Access, register_access
from web.auth import needed_scope
from web.errors import register_errors
from web.request import InMemoryRequest, drain, request_id
from web.security import secure

_BLUEPRINTS = (predict.blueprint, models.blueprint, health.blueprint)


def register_routes(app: Flask, max_request_bytes: int, access: Access) -> None:
    """Add routes, error answers, limits, and the headers that every answer carries."""
    app.request_class = InMemoryRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract shows an order
    app.config.update(MAX_CONTENT_LENGTH=max_request_bytes)
    register_access(app, access)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name=f"v1_{blueprint.name}", url_prefix="/v1")
    register_errors(app)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        secure(response, private=needed_scope() is not None)
        if response.status_code >= 400:
            drain()
        return response
