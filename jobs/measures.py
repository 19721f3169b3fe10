"""What a new job comes to in the ledger: how large it is, and what tells it from another."""

import hashlib
import json

from jobs.job import NewJob
from jobs.store import PREFIX
from jobs.wire import pack_asked

_OVERHEAD_BYTES = 1024  # of Redis, for an image and for a job, besides the image itself


def size(new: NewJob) -> int:
    """Return the bytes that it takes in Redis, about."""
    return sum(map(len, new.images)) + sum(map(len, new.files)) + _OVERHEAD_BYTES * (len(new.images) + 1)


def digest(new: NewJob) -> str:
    """Return the SHA-256 of what was asked, where somebody will want to compare it: 3 ms for 32 photos."""
    if not new.idempotency_key:
        return ""
    found = hashlib.sha256(json.dumps([pack_asked(new.asked), new.files, list(map(len, new.images))]).encode())
    for image in new.images:
        found.update(image)
    return found.hexdigest()


def idempotency_key(new: NewJob) -> str:
    """Return the name of the key that a caller gave his request; each caller has his own."""
    if not new.idempotency_key:
        return ""
    own = hashlib.sha256(json.dumps([new.owner, new.idempotency_key]).encode()).hexdigest()
    return f"{PREFIX}idempotency:{own}"
