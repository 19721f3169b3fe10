"""GET /models, /models/<name>: what is served, and what is known about it."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify

from models.catalog import CATALOG
from models.registry import Entry
from models.variants import Variant
from web.errors import RequestError
from web.service import current_service

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
def list_models() -> Response:
    """Answer with every configured model."""
    service = current_service()
    models = [describe(name, entry) for name, entry in service.registry.entries.items()]
    return jsonify(default=service.asker.default_model, models=models, accepts=asdict(service.accepts))


@blueprint.get("/models/<name>")
def one_model(name: str) -> Response:
    """Answer with one configured model."""
    entry = current_service().registry.entries.get(name.lower())
    if entry is None:
        raise RequestError("not_found", "No model of that name is configured.")
    return jsonify(describe(name.lower(), entry))


def describe(name: str, entry: Entry) -> dict[str, Any]:
    """Return what is known about a model and the state of the one served here."""
    model = entry.model
    architecture = CATALOG.get(name) or (model.architecture if model else None)
    if architecture is None:
        return {"name": name, "title": name, "state": entry.state.value, "reason": entry.reason}
    spec = architecture.input
    facts: dict[str, Any] = {
        "name": name,
        "title": architecture.title,
        "state": entry.state.value,
        "input": {"height": spec.height, "width": spec.width, "preprocessing": spec.normalisation.value},
        "parameters": architecture.parameters,
        "published_accuracy": {"top1": architecture.top1, "top5": architecture.top5} if architecture.top1 else None,
    }
    if taught := architecture.taught:
        facts["taught"] = asdict(taught)
    if model is None:
        return facts | {"reason": entry.reason}
    reason = {"reason": entry.reason} if entry.reason else {}
    return (
        facts
        | reason
        | {
            "weights": {"source": model.weights.value, "sha256": model.weights_sha256},
            "version": model.version,
            "precision": model.precision.value,
            "classes": model.classes,
            "gate": model.gate.value,
            "precisions": {variant.precision.value: _measured(variant) for variant in model.variants},
        }
    )


def _measured(variant: Variant) -> dict[str, Any]:
    """Return what is known of one precision; what was not measured is left out."""
    facts: dict[str, Any] = {"bytes": variant.size, "max_change": variant.max_change, "passed": variant.passed}
    if variant.speed:
        facts["milliseconds"] = {"one_thread": variant.speed.one_thread_ms, "all": variant.speed.all_threads_ms}
    if variant.agreement:
        facts["agreement"] = variant.agreement.model_dump()
    return facts
