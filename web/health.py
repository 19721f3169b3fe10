"""GET /livez, /readyz, /healthz: for probes. They speak for the worker that answers.

*Live* means that a worker's loop turns: it accepted, and came to answer. A worker serves one request at a time, so a
probe waits its turn: behind what its worker is computing (one request, at most `DEADLINE_S`), and behind those who came
before, of whom the queue holds few (`MAX_WAITING`). A worker that hangs answers nothing and accepts nothing; twice
`DEADLINE_S` after it began it is ended and replaced (`web.watchdog`), while its siblings answer. So a live service may
answer late and never wrongly: give liveness probes a timeout above `DEADLINE_S`, and let a failure of a single worker
be mended here rather than by a restart of all.

*Ready* means that this worker's models are loaded, warmed and gave their known answers when last asked (`SELF_TEST_S`),
that it has read its files of keys at some time, and that nobody told the service to stop.
"""

from flask import Blueprint, Response, jsonify

from web.errors import problem
from web.service import current_service

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Answer 200: a process that can answer is live."""
    return jsonify(status="live")


@blueprint.get("/readyz")
@blueprint.get("/healthz")
def readyz() -> Response:
    """Answer 200 when every served model gave its known answers and the service is to go on; else 503 with reasons."""
    service = current_service()
    failures = service.registry.failures()
    reasons = {name: entry.reason or entry.state.value for name, entry in failures.items()}
    if not service.has_keys():
        reasons["keys"] = "a file of keys was never read"
    detail = ", ".join(reasons)
    if service.is_ending():
        reasons["service"] = detail = "draining"
    if reasons:
        return problem("not_ready", f"Not ready: {detail}.", reasons=reasons)
    entries = service.registry.entries
    return jsonify(status="ready", models={name: entry.state.value for name, entry in entries.items()})
