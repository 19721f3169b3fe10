"""One worker's part: it claims a chunk, takes its images down the road, and keeps each result as it comes."""

import logging
import time
from collections.abc import Callable
from enum import Enum, auto

from jobs.claims import Claim, Claims
from jobs.errors import StoreUnreachable
from jobs.job import Chunk, Result
from models.errors import ModelError
from models.question import Question
from models.registry import Registry
from models.reply import reply
from models.road import Road
from models.told import told
from preprocessing.errors import ImageError

log = logging.getLogger(__name__)

_ELSEWHERE_S = 5.0  # until another worker is told of what this one has no model for
_AGAIN_S = 2.0  # and of what failed here


class After(Enum):
    """What is to be done when a worker lets go of a chunk."""

    NOTHING = auto()
    SEND_AGAIN = auto()  # there is more to do


class Work:
    """*slice_s*: after which it gives back what is left of a chunk. *crowd*: is told how many chunks are open."""

    def __init__(
        self, claims: Claims, registry: Registry, road: Road, slice_s: float, crowd: Callable[[int], None]
    ) -> None:
        self._claims = claims
        self._registry = registry
        self._road = road
        self._slice_s = slice_s
        self._crowd = crowd

    def do(self, chunk: Chunk, holder: str) -> After:
        """Work on a chunk until it is done, or ends otherwise, or *slice_s* are over."""
        start = time.monotonic()
        try:
            claim = self._claims.claim(chunk, holder)
            if claim is None:
                return After.NOTHING
            after = self._tried(claim, start + self._slice_s)
        except StoreUnreachable as error:  # its lease will be over, and the reaper gives it to another
            log.error("job %s: Redis can't be reached, and its images wait: %s", chunk.id, error.__cause__)
            return After.NOTHING
        _note(claim, time.monotonic() - start)
        return after

    def _tried(self, claim: Claim, until: float) -> After:
        """Go through a chunk; what fails on our side is given back."""
        try:
            question = self._question(claim)
        except ModelError as error:
            log.warning("job %s is left to other workers: %s", claim.chunk.id, error)
            self._claims.give_back(claim, _ELSEWHERE_S, is_try=False)
            return After.NOTHING
        try:
            return self._gone_through(claim, question, until)
        except ModelError as error:
            told(error, claim.request_id)  # the log
            self._claims.give_back(claim, _AGAIN_S, is_try=True)
            return After.NOTHING

    def _gone_through(self, claim: Claim, question: Question, until: float) -> After:
        self._crowd(claim.open_chunks)
        upload = self._claims.image(claim.chunk, claim.missing[0])
        for index, following in zip(claim.missing, [*claim.missing[1:], None], strict=True):
            if upload is None:
                self._claims.lost(claim, index)
                return After.NOTHING
            result = self._result(upload, question, claim.request_id)
            open_chunks, upload = self._claims.keep(claim, index, result, following)
            if not open_chunks:
                return After.NOTHING
            self._crowd(open_chunks)
            if following is not None and time.monotonic() > until:
                self._claims.give_back(claim, 0, is_try=False)
                return After.SEND_AGAIN
        return After.NOTHING

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


def _note(claim: Claim, took_s: float) -> None:
    facts = {"request_id": claim.request_id, "job": claim.chunk.id, "images": len(claim.missing)}
    log.info("chunk", extra=facts | {"models": claim.asked.models, "total_ms": round(took_s * 1e3, 1)})
