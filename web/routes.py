"""Every route of the service, at / and under /v1."""

from flask import Flask, Response, request

from web import docs, health, jobs, metrics_route, models, page, predict
from web.access import Access, register_access
from web.auth import needed_scope
from web.errors import register_errors
from web.record import record
from web.request import InMemoryRequest, request_id
from web.security import secure

_BLUEPRINTS = tuple(each.blueprint for each in (page, predict, jobs, models, health, metrics_route, docs))


def register_routes(app: Flask, max_request_bytes: int, access: Access) -> None:
    """Add routes, error answers, limits, and the headers that every answer carries."""
    app.request_class = InMemoryRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract shows an order
    app.config.update(MAX_CONTENT_LENGTH=max_request_bytes + 1)  # Werkzeug refuses a form that just reaches its limit

    @app.before_request
    def begin() -> None:
        record().route = request.url_rule.rule if request.url_rule else ""

    register_access(app, access)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name=f"v1_{blueprint.name}", url_prefix="/v1")
    register_errors(app)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        secure(response, private=needed_scope() is not None)
        return response
