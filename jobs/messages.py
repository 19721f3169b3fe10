"""The messages by which workers hear of work: Celery's, through the same Redis. Losing one costs time, no more."""

import logging
import os
import ssl
from collections.abc import Iterable
from typing import Any

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from jobs.job import Chunk
from jobs.store import PREFIX, QUEUE

log = logging.getLogger(__name__)

TASK = "triptych.chunk"
SLICE_S = 20.0  # a worker that is at a chunk for longer gives back what is left after the image at hand
# Of one task, then its process is killed: a slice, and an image that hangs.
TASK_LIMIT_S = SLICE_S + 30
_VISIBILITY_S = 120  # after which kombu sends again what nobody has acknowledged: above the limit of a task
_TRANSPORT: dict[str, Any] = {
    "global_keyprefix": PREFIX,
    "visibility_timeout": _VISIBILITY_S,
    "unacked_restore_interval": 10,  # seconds, and each time: a sweep of an index that is nearly always empty
    "unacked_restore_throttle": 1,
    "socket_timeout": 2.0,  # the default is to wait for ever
    "socket_connect_timeout": 1.0,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# Celery would send to what these name, while the ledger is at REDIS_URL.
_OVERRULING = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")
_AGAIN_ONCE = {"max_retries": 1, "interval_start": 0}  # a connection that has gone stale; the reaper does the rest


def make_celery(redis_url: str) -> Celery:
    """Return the Celery application, of which nobody but its owner knows; nothing is connected yet.

    Takes from the environment what would send its messages elsewhere.
    """
    for name in _OVERRULING:
        os.environ.pop(name, None)
    made = Celery("triptych", broker=redis_url, set_as_current=False)
    made.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,  # the ledger has the results
        task_acks_late=True,  # a worker that dies leaves the message for another, which asks the ledger
        task_reject_on_worker_lost=True,
        task_time_limit=TASK_LIMIT_S,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,  # what waits in Redis can be taken by whoever is free
        worker_cancel_long_running_tasks_on_connection_loss=False,  # what is computed is kept by the ledger, once
        worker_proc_alive_timeout=120,  # models are loaded meanwhile
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_TRANSPORT,
    )
    if redis_url.startswith("rediss:"):
        made.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return made


class Publisher:
    """Sends messages of *app*, from one process."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def __call__(self, chunks: Iterable[Chunk]) -> None:
        """Send one for each of *chunks*. Where that fails, the reaper does it later."""
        try:
            with self._app.producer_or_acquire() as producer:
                for chunk in chunks:
                    self._app.send_task(TASK, args=[*chunk], producer=producer, retry_policy=_AGAIN_ONCE)
        except (OperationalError, redis.RedisError) as error:
            log.warning("a message for workers could not be sent, and will be: %s", error)
