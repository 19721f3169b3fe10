"""One process's part: it claims a chunk, takes its images down the road, and keeps each result as it comes."""

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from jobs.claims import Claim, Claims
from jobs.errors import StoreUnreachable
from jobs.job import ID_SHOWN, Chunk, Result
from models.errors import ModelError
from models.question import Question
from models.registry import Registry
from models.reply import reply
from models.road import Road
from models.told import told
from preprocessing.errors import ImageError

log = logging.getLogger(__name__)

_AGAIN_S = 2.0  # until another try of an image that failed
# Before a process hands on what it has no model for: it would take all messages from those that have it.
_PAUSE_S = 1.0


class Ended(NamedTuple):
    """How the work on a chunk ended. *again*: its message, where there is more to do for whoever comes first.

    *is_broken*: this process fails at what it should know.
    """

    again: Chunk | None = None
    is_broken: bool = False


class Work:
    """*slice_s*: after which it hands on what is left of a chunk. *crowd*: is told how many chunks are open."""

    def __init__(
        self,
        claims: Claims,
        registry: Registry,
        road: Road,
        slice_s: float,
        crowd: Callable[[int], None],
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._claims = claims
        self._registry = registry
        self._road = road
        self._slice_s = slice_s
        self._crowd = crowd
        self._pause = pause

    def do(self, chunk: Chunk, holder: str) -> Ended:
        """Work on a chunk until it is done, or ends otherwise, or *slice_s* are over."""
        start = time.monotonic()
        try:
            claim = self._claims.claim(chunk, holder)
            return self._tried(claim, start + self._slice_s) if claim else Ended()
        except StoreUnreachable as error:  # its lease will be over, and the reaper gives it to another
            log.error("job %s: Redis can't be reached, and its images wait: %s", chunk.id[:ID_SHOWN], error.__cause__)
            return Ended()

    def _tried(self, claim: Claim, until: float) -> Ended:
        """Go through a chunk; what fails on our side is given back."""
        try:
            question = self._question(claim)
        except ModelError as error:
            log.warning("job %s is left to other workers: %s", claim.chunk.id[:ID_SHOWN], error)
            self._pause(_PAUSE_S)
            return Ended(self._claims.hand_on(claim))
        try:
            return self._gone_through(claim, question, until)
        except ModelError as error:
            told(error, claim.request_id)  # the log
            is_broken = not all(map(self._registry.self_test, question.models))
            self._claims.give_back(claim, _AGAIN_S)
            return Ended(is_broken=is_broken)  # by itself or by this image, whose try it was

    def _gone_through(self, claim: Claim, question: Question, until: float) -> Ended:
        self._crowd(claim.open_chunks)
        upload, start = self._claims.image(claim.chunk, claim.missing[0]), time.monotonic()
        for number, index in enumerate(claim.missing, 1):
            if upload is None:
                self._claims.lost(claim, index)
                return Ended()
            result = self._result(upload, question, claim.request_id)
            following = claim.missing[number] if number < len(claim.missing) else None
            kept = self._claims.keep(claim, index, result, following)
            if not kept.open_chunks:
                _note(claim, number, time.monotonic() - start)
                return Ended()
            self._crowd(kept.open_chunks)
            if following is not None and time.monotonic() > until:
                _note(claim, number, time.monotonic() - start)
                return Ended(self._claims.hand_on(claim))
            upload = kept.following
        return Ended()

    def _question(self, claim: Claim) -> Question:
        asked = claim.asked
        models = {name: self._registry.get(name) for name in asked.models}
        return Question(models, asked.is_compared, asked.top, asked.resize)

    def _result(self, upload: bytes, question: Question, request_id: str) -> Result:
        """Return what becomes of one image.  Raises: ModelError: we are at fault."""
        networks = {name: model.classifier for name, model in question.models.items()}
        (opinion,) = self._road.classify([upload], networks, question.resize)
        if isinstance(opinion.error, ImageError):
            what = told(opinion.error, request_id)
            return Result(code=what.code, detail=what.detail)
        if opinion.error:
            raise opinion.error
        return Result(reply(question, opinion, request_id))


def _note(claim: Claim, images: int, took_s: float) -> None:
    facts = {"request_id": claim.request_id, "job": claim.chunk.id[:ID_SHOWN], "images": images}
    log.info("chunk", extra=facts | {"models": claim.asked.models, "total_ms": round(took_s * 1e3, 1)})
