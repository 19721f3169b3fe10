"""What finds the jobs that nobody works on: their message was lost, or their worker. Any number may run."""

import logging

import redis

from jobs import store
from jobs.errors import StoreUnreachable
from jobs.job import ID_SHOWN, Chunk
from jobs.ledger import Publish

log = logging.getLogger(__name__)

PAUSE_S = 5.0  # between two passes
_MOST_CHUNKS = 200  # of one pass: a quarter of a second of a worker's parent
_MESSAGE_S = (
    10.0  # that a message may take to be sent, once the ledger has it: two patiences with a connection, and more
)


class Reaper:
    """Sends chunks again. What one that is killed has asked for and not sent is found at the next check."""

    def __init__(self, client: redis.Redis, publish: Publish) -> None:
        self._publish = publish
        self._reap = store.script(client, "reap")

    def run_once(self) -> int:
        """Make one pass; return how many chunks were sent. Where Redis can't be reached, the log says so."""
        try:
            with store.reached():
                sent, *members = self._reap(args=[_MOST_CHUNKS, _MESSAGE_S, store.QUEUE_KEY])
        except StoreUnreachable as error:
            log.error("the reaper can't reach Redis: %s", error.__cause__)
            return 0
        due = [Chunk.of(member, sent) for member in members]
        if due:
            log.warning(
                "%d chunks lost their message or their worker, one of job %s: sent again",
                len(due),
                due[0].id[:ID_SHOWN],
            )
            self._publish(due)
        return len(due)
