"""Jobs with images that were given up, for the operator."""

import json
import secrets
from typing import NamedTuple, cast

import redis

from jobs import store
from jobs.errors import UnknownJob
from jobs.job import Chunk
from jobs.ledger import Publish


class DeadLetter(NamedTuple):
    """A failed job: the names and indices of the *images* that were given up.

    *died*: when it ended, in seconds since the epoch. *is_kept*: whether they can be tried again.
    """

    id: str
    died: float
    images: dict[int, str]
    is_kept: bool


class DeadLetters:
    """*image_ttl_s*: how long images are kept that are tried again."""

    def __init__(self, client: redis.Redis, image_ttl_s: int, publish: Publish) -> None:
        self._client = client
        self._image_ttl_s = image_ttl_s
        self._publish = publish
        self._retry = store.script(client, "retry")

    def list(self) -> list[DeadLetter]:
        """Return them, the oldest first.  Raises: StoreUnreachable."""
        with store.reached():
            members = cast("list[tuple[bytes, float]]", self._client.zrange(store.DEAD, 0, -1, withscores=True))
            return [letter for job_id, died in members if (letter := self._letter(job_id.decode(), died))]

    def retry(self, job_id: str) -> int:
        """Open a failed job again; return how many chunks are tried.

        Raises: UnknownJob: it has not failed, or its images are no longer kept.  StoreUnreachable.
        """
        with store.reached():
            told = self._retry(args=[job_id, self._image_ttl_s, secrets.token_hex(8)])
        if not told:
            raise UnknownJob
        sent, *members = told
        self._publish(Chunk.of(member, sent) for member in members)
        return len(members)

    def _letter(self, job_id: str, died: float) -> DeadLetter | None:
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hget(store.record_key(job_id), "files")
            pipe.smembers(store.dead_images_key(job_id))
            pipe.exists(store.images_key(job_id))
            files, dead, is_kept = pipe.execute()
        if files is None:  # its results were kept as long as they are, and the reaper has not come by yet
            return None
        names = json.loads(files)
        return DeadLetter(job_id, died, {index: names[index] for index in sorted(map(int, dead))}, bool(is_kept))
