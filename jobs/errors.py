"""Why a job can't be made, found or followed. Only `web.errors` knows the statuses of these codes."""

from typing import ClassVar


class JobError(Exception):
    """`str(error)` is for the caller. *retry_after_s*: when it is worth another try; None: it is not."""

    code: ClassVar[str]
    retry_after_s: int | None = None


class StoreUnreachable(JobError):
    """Redis does not answer, or refuses to write. What was asked may have been done all the same."""

    code = "not_ready"
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The store of jobs can't be reached at present.")


class StoreFull(JobError):
    """The images of unfinished jobs take all the memory that they may. *retry_after_s*: then there is room."""

    code = "overloaded"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("More images wait in jobs than may. Come again after Retry-After seconds.")
        self.retry_after_s = retry_after_s


class UnknownJob(JobError):
    """There is none of that id, or it is another caller's."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such job.")


class JobForgotten(JobError):
    """It has ended, and its results were kept as long as they are."""

    code = "expired"

    def __init__(self) -> None:
        super().__init__("The job has ended, and its results are no longer kept.")


class IdempotencyConflict(JobError):
    """The key was used before, for something else."""

    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before with other images or fields.")
