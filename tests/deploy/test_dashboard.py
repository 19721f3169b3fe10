"""The dashboard, and every query of it and of the alerts, asked of a real Prometheus that watches a real service."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest
import requests
import yaml

from tests.conftest import ROOT
from tests.deploy.prometheus import WINDOWS, Prometheus, prometheus
from tests.deploy.queries import DASHBOARD, PANELS, queries, without_stand_ins
from tests.e2e.job_parts import Parts, parts
from tests.e2e.server import until
from tests.needed import needs
from tests.pictures import encode, photo_like

WIDTH = 24
JPEG = encode(photo_like(60, 60), "JPEG")
WHEN_ALL_IS_WELL = {("/predict", 200), ("/v1/predict", 415), ("/jobs", 202)}


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """What a panel covers of the grid."""
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


class Watched(NamedTuple):
    """*answers*: paths and status that callers have been given so far."""

    service: Parts
    answers: set[tuple[str, int]]
    by: Prometheus


@contextmanager
def load(url: str) -> Iterator[set[tuple[str, int]]]:
    """Callers who come all the while: with photos, with what is none, and with jobs. Lend what they are answered."""
    enough, answers = Event(), set[tuple[str, int]]()

    def call() -> None:
        while not enough.wait(0.1):
            for path, upload in (("/predict", JPEG), ("/v1/predict", b"text"), ("/jobs", JPEG)):
                answer = requests.post(url + path, files={"file": ("x.jpg", upload)}, timeout=60)
                answers.add((path, answer.status_code))

    caller = Thread(target=call)
    caller.start()
    try:
        yield answers
    finally:
        enough.set()
        caller.join()


@pytest.fixture
def watched(small_cache: Path, tmp_path: Path) -> Iterator[Watched]:
    """Two web workers under load, a job worker, and a Prometheus that watches them."""
    needs("prometheus")
    with (
        parts(tmp_path, small_cache, hosts=((),)) as service,
        load(service.url) as answers,
        prometheus(service.url.removeprefix("http://"), tmp_path) as started,
    ):
        yield Watched(service, answers, started)


@pytest.mark.slow
def test_every_panel_alert_and_rule_has_data_none_fires_while_all_is_well_and_failures_show(watched: Watched) -> None:
    silent, watcher = queries(), watched.by

    def all_answered() -> bool:
        for where, asked in list(silent.items()):
            if watcher.values(without_stand_ins(asked)):
                del silent[where]
        return not silent

    with suppress(AssertionError):  # what never came is told by name
        until(all_answered, "")
    assert not silent, f"no data: {', '.join(silent)}"
    assert not watcher.values("triptych_no_such_metric")

    until(lambda: all(rule["health"] == "ok" for rule in watcher.rules()), "a rule can't be evaluated")
    until(lambda: {rule.get("state", "inactive") for rule in watcher.rules()} == {"inactive"}, "an alert is pending")
    assert not watcher.values('last_over_time(ALERTS{alertstate="firing"}[10m])')
    assert watched.answers == WHEN_ALL_IS_WELL

    failing = '{__name__=~"job:triptych_inference_errors:rate.*"} > 0'
    assert not watcher.values(failing)
    watched.service.redis.stop()
    try:
        until(lambda: len(watcher.values(failing)) == len(WINDOWS), "answers with 5xx are not seen")
    finally:
        watched.service.redis.start()
    assert watched.answers - WHEN_ALL_IS_WELL == {("/jobs", 503)}


def test_no_two_panels_overlap_and_all_stand_on_the_grid() -> None:
    covered: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        taken = cells(panel)
        assert not covered & taken, panel["title"]
        assert all(0 <= x < WIDTH for x, _ in taken), panel["title"]
        covered |= taken


def test_each_panel_says_what_it_shows_and_in_what_unit() -> None:
    for panel in PANELS:
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]
        if panel["fieldConfig"]["defaults"]["unit"] == "none":  # seconds a second are none
            rates = [each["expr"] for each in panel["targets"] if "rate(" in each["expr"]]
            assert all("_seconds_sum{" in rate for rate in rates), panel["title"]
    for name in ("id", "title"):
        assert len({panel[name] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    variables = [each for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    for asker in [*PANELS, *variables, *DASHBOARD["annotations"]["list"]]:
        assert asker["datasource"] == {"type": source["type"], "uid": source["uid"]}
