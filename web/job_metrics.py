"""The metrics of jobs: of the whole ledger, so of several hosts that are scraped take one (`max`)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from jobs.figures import Figures


def job_metrics(figures: "Figures | None") -> Iterable[Metric]:
    """Return each; for None only that the store can't be reached."""
    yield GaugeMetricFamily("triptych_jobs_store_up", "1: Redis answered", figures is not None)
    if figures is None:
        return
    now = GaugeMetricFamily("triptych_jobs_open", "Jobs that have not ended, by state", labels=["state"])
    ended = CounterMetricFamily("triptych_jobs_ended", "Jobs that have ended, by state", labels=["state"])
    for state, number in figures.jobs.items():
        (ended if state.is_final else now).add_metric([state.value], number)
    yield now
    yield ended
    yield CounterMetricFamily("triptych_jobs_submitted", "Jobs that were accepted", figures.submitted)
    yield GaugeMetricFamily("triptych_job_queue_depth", "Chunks of jobs that wait for a worker", figures.waiting)
    yield GaugeMetricFamily("triptych_job_chunks_running", "Chunks of jobs that a worker has", figures.claimed)
    yield GaugeMetricFamily("triptych_job_oldest_age_seconds", "Of the oldest open job", figures.oldest_s)
    yield CounterMetricFamily("triptych_job_images", "Images of jobs with a result", figures.images)
    yield CounterMetricFamily("triptych_job_chunks_retried", "Chunks whose worker was silent", figures.retried)
    yield CounterMetricFamily("triptych_job_images_given_up", "Images that failed three times", figures.given_up)
    yield GaugeMetricFamily("triptych_jobs_dead", "Failed jobs that can be looked at and retried", figures.dead)
    yield GaugeMetricFamily("triptych_jobs_image_bytes", "Memory of images in open jobs", figures.image_bytes)
