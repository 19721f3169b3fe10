"""The contract's JSON: what the networks say of one image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.engine import Scores
from models.ensemble import ENSEMBLE, together
from models.labels import Label
from models.question import Question
from models.road import Opinion
from models.served import ServedModel
from models.top_k import top_k


def reply(question: Question, opinion: Opinion, request_id: str) -> dict[str, Any]:
    """Return the answer for one image: that of one model, or each model's and their mean."""
    if question.is_compared:
        return _comparison(question, opinion, request_id)
    ((name, model),) = question.models.items()
    return _of_one(name, model, opinion.scores[name], question.top) | {"request_id": request_id}


def _of_one(name: str, model: ServedModel, scores: Scores, top: int) -> dict[str, Any]:
    return {
        "results": _results(scores, model.classifier.labels, top),
        "model": name,
        "version": model.version,
        "precision": model.precision.value,
        "weights": model.weights.value,
    }


def _comparison(question: Question, opinion: Opinion, request_id: str) -> dict[str, Any]:
    models, own = question.models, {"request_id": request_id}
    each = {name: _of_one(name, model, opinion.scores[name], question.top) | own for name, model in models.items()}
    whole = each[next(iter(each))] if len(each) == 1 else _mean(models, opinion, question.top)
    return whole | {"models": each} | own


def _mean(models: Mapping[str, ServedModel], opinion: Opinion, top: int) -> dict[str, Any]:
    """Return what the ensemble says; nothing where there is none."""
    voters = together(tuple(models.values()))
    if not voters:
        return {}
    scores: Scores = np.mean([opinion.scores[name] for name, model in models.items() if model in voters], axis=0)
    return {"results": _results(scores, voters[0].classifier.labels, top), "model": ENSEMBLE}


def _results(scores: Scores, labels: Sequence[Label], top: int) -> list[dict[str, Any]]:
    return [{"class": p.name, "prob": round(p.prob, 6), "id": p.id} for p in top_k(scores, labels, top)]
