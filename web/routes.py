"""Every route of the service, at / and under /v1."""

from flask import Flask, Response

from web import health, models, predict
from web.errors import register_errors
from web.request import drain, request_id

_BLUEPRINTS = (predict.blueprint, models.blueprint, health.blueprint)


def register_routes(app: Flask) -> None:
    """Add routes, error answers and the headers that every answer carries."""
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name=f"v1_{blueprint.name}", url_prefix="/v1")
    register_errors(app)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        if response.status_code >= 400:
            drain()
        return response
