"""A candidate behind a served model: shown a share of what that one answered, after the answer, while nobody waits."""

import logging
from collections.abc import Callable
from enum import StrEnum
from random import random
from typing import NamedTuple

from models.errors import ModelError
from models.registry import Load, Registry
from models.road import Opinion, Road
from models.served import ServedModel
from preprocessing.spec import Resize

log = logging.getLogger(__name__)


class Sight(StrEnum):
    """What became of an image that was chosen for the candidate."""

    AGREED = "agreed"  # the same likeliest class
    DIFFERED = "differed"
    FAILED = "failed"  # no answer
    SKIPPED = "skipped"  # somebody waited, or the same request brought another


Told = Callable[[Sight, float], None]  # with the seconds of the inference; 0 where there was none


class _Chosen(NamedTuple):
    upload: bytes
    resize: Resize
    likeliest: int


class Shadow:
    """Used by the one thread of a process.

    *share* (0 to 1) of the images that *beside* answered for is shown to *candidate*. Its answer goes nowhere but to
    *told*: a caller may wait for one such inference, as for a self-test, and never gets its result.
    """

    def __init__(
        self, candidate: str, beside: str, share: float, told: Told, draw: Callable[[], float] = random
    ) -> None:
        self._name, self._beside, self._share, self._told, self._draw = candidate, beside, share, told, draw
        self._candidate: ServedModel | None = None
        self._chosen: _Chosen | None = None

    def start(self, load: Load, registry: Registry) -> None:
        """Load the candidate. One that can't be, or has other classes, is left out: the service serves all the same."""
        try:
            candidate, beside = load(self._name), registry.get(self._beside)
            if candidate.labels_sha256 != beside.labels_sha256:
                raise ModelError(f"its classes are not those of {self._beside}")
        except Exception as error:  # whatever a damaged candidate provokes is no caller's business
            log.exception("%s is no candidate beside %s: %s", self._name, self._beside, error)
            return
        self._candidate = candidate
        log.info(
            "%s, version %s, is shown %.3g of what %s answers", self._name, candidate.version, self._share, self._beside
        )

    def see(self, upload: bytes, opinion: Opinion, resize: Resize) -> None:
        """Keep, by chance, what the served model has answered for."""
        scores = opinion.scores.get(self._beside)
        if self._candidate is None or scores is None or self._draw() >= self._share:
            return
        if self._chosen:
            self._told(Sight.SKIPPED, 0.0)
        self._chosen = _Chosen(upload, resize, int(scores.argmax()))

    def run(self, road: Callable[[], Road], somebody_waits: Callable[[], object]) -> None:
        """Ask the candidate about what was kept, unless *somebody_waits*."""
        if self._chosen is None or self._candidate is None:
            return
        chosen, self._chosen = self._chosen, None
        if somebody_waits():
            self._told(Sight.SKIPPED, 0.0)
            return
        networks = {self._name: self._candidate.classifier}
        (opinion,) = road().classify([chosen.upload], networks, chosen.resize)
        if opinion.error:
            self._told(Sight.FAILED, 0.0)
            return
        agreed = int(opinion.scores[self._name].argmax()) == chosen.likeliest
        self._told(Sight.AGREED if agreed else Sight.DIFFERED, opinion.inference_s[self._name])
