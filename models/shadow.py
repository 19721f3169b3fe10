"""A candidate behind a served model: shown a share of what that one answered, after the answer, while nobody waits."""

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from random import random
from typing import NamedTuple

from models.deadline import Deadline
from models.engine_watch import EngineWatch
from models.errors import CallerGone, DeadlineExceeded, ModelError
from models.registry import Load, ModelState, Registry
from models.road import Opinion, Road
from models.served import ServedModel
from preprocessing.spec import Resize

log = logging.getLogger(__name__)


class Sight(StrEnum):
    """What became of an image that was chosen for the candidate."""

    AGREED = "agreed"  # the same likeliest class
    DIFFERED = "differed"
    FAILED = "failed"  # no answer
    SKIPPED = "skipped"  # somebody waited, the same request brought another, or its engine was away


Told = Callable[[str, Sight, float], None]  # the candidate's version, the seconds of its inference or 0


class _Chosen(NamedTuple):
    upload: bytes
    resize: Resize
    likeliest: int


class Shadow:
    """Used by the one thread of a process.

    *share* (0 to 1) of the images that *beside* answered for is shown to *candidate*, for *patience_s* at the most. Its
    answer goes nowhere but to *told*; a caller who comes meanwhile waits for what is under way, as for a self-test.
    """

    def __init__(
        self,
        candidate: str,
        beside: str,
        share: float,
        told: Told,
        *,
        patience_s: float,
        draw: Callable[[], float] = random,
    ) -> None:
        self._name, self._beside, self._share, self._patience_s = candidate, beside, share, patience_s
        self._told, self._draw = told, draw
        self._candidates: Registry | None = None  # with the candidate
        self._registry: Registry | None = None
        self._watch: EngineWatch | None = None
        self._chosen: _Chosen | None = None
        self._complaint = ""

    def start(self, load: Load, registry: Registry) -> None:
        """Load the candidate. One that can't be loaded or compared is left out: the service serves all the same."""
        candidates = Registry([self._name], load)
        candidates.start(0)  # an engine elsewhere may come later: callers need not wait for this one
        candidate, beside = candidates.model(self._name), registry.model(self._beside)
        if candidate is None:
            reason = candidates.entries[self._name].reason
        else:
            reason = _incomparable(candidate, beside) if beside else ""
        if candidate is None or reason:
            log.error("%s is no candidate: %s", self._name, reason)
            return
        self._candidates, self._registry, self._watch = candidates, registry, EngineWatch(candidates)
        share = f"{self._share:.3g}"
        log.info(
            "%s, version %s, is shown %s of what %s answers for", self._name, candidate.version, share, self._beside
        )

    def look(self) -> None:
        """See, now and then, what became of the candidate's engine where that is in another process."""
        if self._watch and not self._watch.due_in_s():
            self._watch.run()

    def see(self, upload: bytes, opinion: Opinion, resize: Resize) -> None:
        """Keep, by chance, what the served model has answered for."""
        scores = opinion.scores.get(self._beside)
        if self._candidates is None or scores is None or self._draw() >= self._share:
            return
        if self._chosen:
            self._tell(Sight.SKIPPED)
        self._chosen = _Chosen(upload, resize, int(scores.argmax()))

    def run(self, road: Callable[[], Road], somebody_waits: Callable[[], object]) -> None:
        """Ask the candidate about what was kept, unless *somebody_waits*, which is asked again before it infers."""
        if self._chosen is None or self._candidates is None or self._registry is None:
            return
        chosen, self._chosen = self._chosen, None
        if self._candidates.entries[self._name].state is ModelState.LOADING:
            self._tell(Sight.SKIPPED)
            return
        try:
            candidate = self._candidates.get(self._name)
            if reason := _incomparable(candidate, self._registry.get(self._beside)):
                raise ModelError(reason)
            until = Deadline(time.monotonic() + self._patience_s, lambda: bool(somebody_waits()))
            networks = {self._name: candidate.classifier}
            (opinion,) = road().classify([chosen.upload], networks, chosen.resize, until)
            if opinion.error:
                raise opinion.error
        except (CallerGone, DeadlineExceeded):
            self._tell(Sight.SKIPPED)
        except Exception as error:  # a candidate's faults end no worker
            if (reason := str(error)) != self._complaint:  # once for each in a row: the metrics count them
                log.exception("%s can't be compared: %s", self._name, reason)
            self._complaint = reason
            self._tell(Sight.FAILED)
        else:
            agreed = int(opinion.scores[self._name].argmax()) == chosen.likeliest
            self._tell(Sight.AGREED if agreed else Sight.DIFFERED, opinion.inference_s[self._name])

    def _tell(self, sight: Sight, took_s: float = 0.0) -> None:
        if self._candidates and (candidate := self._candidates.model(self._name)):
            self._told(candidate.version, sight, took_s)


def _incomparable(candidate: ServedModel, beside: ServedModel) -> str:
    """Return why their answers can't be compared; empty where they can."""
    same = candidate.labels_sha256 == beside.labels_sha256
    return "" if same else f"its classes are not those of {beside.architecture.name}"
