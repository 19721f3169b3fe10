"""The settings of asynchronous jobs: a part of config.py's table."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from setting_types import RedisUrl

NO_STORE = "set REDIS_URL: jobs are kept there"


class JobSettings(BaseModel):
    """Mixed into Settings."""

    redis_url: RedisUrl | None = Field(
        None,
        description="redis:// or rediss:// address; with it there are jobs, and all workers count RATE_LIMIT together",
    )
    max_job_files: int = Field(256, ge=1, le=900, description="Images in one job")
    max_jobs_mb: int = Field(
        1024,
        ge=1,
        description="Images of unfinished jobs in Redis, MB of 2^20 bytes; more are refused with 503",
    )
    job_image_ttl_s: int = Field(
        3600, ge=60, description="Seconds within which a job is done, or expires; its images are kept no longer"
    )
    job_result_ttl_s: int = Field(3600, ge=60, description="Seconds that the results of a job are kept after its end")
    job_lease_s: float = Field(
        20, ge=2, description="Seconds of silence of a job worker after which its images are given to another"
    )

    @model_validator(mode="after")
    def _lease_within_ttl(self) -> Self:
        if self.job_lease_s >= self.job_image_ttl_s:  # what a dead worker held would expire before another may try
            raise ValueError(f"JOB_LEASE_S={self.job_lease_s:g} is not below JOB_IMAGE_TTL_S={self.job_image_ttl_s}")
        return self
