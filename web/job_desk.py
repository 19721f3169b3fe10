"""What the routes of jobs need, gathered by `wiring_jobs`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from web.uploads import UploadReader

if TYPE_CHECKING:  # redis-py and Celery come only where there are jobs
    from jobs.figures import Figures
    from jobs.ledger import Ledger


@dataclass(frozen=True, slots=True)
class JobDesk:
    """*ledger* is made when first needed; *figures* raises StoreUnreachable; *reader* reads the uploads of a job."""

    ledger: "Callable[[], Ledger]"
    figures: "Callable[[], Figures]"
    reader: UploadReader
