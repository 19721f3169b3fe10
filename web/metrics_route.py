"""GET /metrics: for Prometheus."""

from flask import Blueprint, Response, request
from prometheus_client.exposition import choose_encoder

from web.service import current_service

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer in Prometheus's text format, or OpenMetrics where it is asked for."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(current_service().scrape.registry()), content_type=content_type)
