"""The ledger as workers use it: a chunk is claimed, its results are kept, or it is given back."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import redis

from jobs import store
from jobs.job import Asked, Chunk, Result
from jobs.wire import pack_result, unpack_asked

MOST_TRIES = 3  # without a result in between; then the image that it stopped at is given up
_GIVEN_UP = Result(code="internal_error", detail="The service failed on this image several times, and gave it up.")


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to work on *chunk* until its lease is over. *missing*: indices of images without a result.

    *open_chunks*: of all jobs, when this was claimed.
    """

    chunk: Chunk
    holder: str
    asked: Asked
    request_id: str
    missing: Sequence[int]
    open_chunks: int


class Kept(NamedTuple):
    """*open_chunks*: of all jobs; 0: this one is over, with its last result or with its job. *following*: an image."""

    open_chunks: int
    following: bytes | None


class Claims:
    """*lease_s*: of silence, after which others may claim what this worker has.

    Claims are for sparing work and not for safety: the first result of an image that a worker brings is kept. Every
    method raises StoreUnreachable.
    """

    def __init__(self, client: redis.Redis, lease_s: float) -> None:
        self._client = client
        self._lease_s = lease_s
        self._claim = store.script(client, "claim")
        self._give_back = store.script(client, "give_back")
        self._lost = store.script(client, "lost")

    def claim(self, chunk: Chunk, holder: str) -> Claim | None:
        """Take a chunk for *holder*; None: it is done, of a job that has ended, or somebody else's."""
        job_id, number, sent = chunk
        given_up, call = pack_result(_GIVEN_UP), secrets.token_hex(8)
        with store.reached():
            answer = self._claim(args=[job_id, number, holder, self._lease_s, MOST_TRIES, given_up, call, sent])
        if not answer:
            return None
        asked, request_id, open_chunks, *missing = answer
        return Claim(chunk, holder, unpack_asked(asked), request_id.decode(), missing, open_chunks)

    def image(self, chunk: Chunk, index: int) -> bytes | None:
        """Return an encoded image, or None where it is no longer kept."""
        with store.reached():
            return cast("bytes | None", self._client.hget(store.images_key(chunk.id), str(index)))

    def keep(self, claim: Claim, index: int, result: Result, following: int | None) -> Kept:
        """Keep a result and renew the lease; on the same way fetch the image *following*."""
        job_id, number, _ = claim.chunk
        args: list[str | float] = [job_id, number, claim.holder, self._lease_s, index, pack_result(result)]
        with store.reached(), self._client.pipeline(transaction=False) as pipe:
            pipe.eval(store.text("keep"), 0, *args)
            if following is not None:
                pipe.hget(store.images_key(job_id), str(following))
            open_chunks, *image = pipe.execute()
        return Kept(int(open_chunks or 0), image[0] if image else None)

    def give_back(self, claim: Claim, rest_s: float) -> None:
        """Let another try it, *rest_s* from now: it failed here, which may happen MOST_TRIES times."""
        job_id, number, _ = claim.chunk
        with store.reached():
            self._give_back(args=[job_id, number, claim.holder, rest_s, 0])

    def hand_on(self, claim: Claim) -> Chunk | None:
        """Let another have it now; return the message that the caller sends, where there is something left to do."""
        job_id, number, _ = claim.chunk
        with store.reached():
            sent = self._give_back(args=[job_id, number, claim.holder, 0, 1])
        return claim.chunk._replace(sent=sent.decode()) if sent else None

    def lost(self, claim: Claim, index: int) -> None:
        """End the job as expired, of which an image is not there; unless its result is: another has this chunk too."""
        with store.reached():
            self._lost(args=[claim.chunk.id, index])
