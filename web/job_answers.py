"""The contract's JSON of a job."""

from datetime import UTC, datetime
from typing import Any

from jobs.job import Job, Result
from models.told import Told
from web.errors import entry


def job_answer(job: Job, request_id: str, *, is_durable: bool | None = None) -> dict[str, Any]:
    """Return what a job is and has; *is_durable* is told of one that was just made."""
    durable = {} if is_durable is None else {"durable": is_durable}
    return {
        "id": job.id,
        "state": job.state.value,
        "images": len(job.files),
        "done": len(job.results),
        "created": _time(job.created),
        "expires": _time(job.expires),
        **durable,
        "predictions": [
            {"index": index, "file": job.files[index]} | _entry(result) for index, result in job.results.items()
        ],
        "request_id": request_id,
    }


def _entry(result: Result) -> dict[str, Any]:
    return result.reply if result.reply is not None else entry(Told(result.code, result.detail))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
