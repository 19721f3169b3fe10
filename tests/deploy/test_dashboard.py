"""The dashboard, and every query of it and of the alerts, asked of a real Prometheus that watches a real service."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests
import yaml

from tests.conftest import ROOT
from tests.deploy.prometheus import RULES, Prometheus, needs, prometheus, rules_of
from tests.e2e.job_parts import parts
from tests.e2e.server import until
from tests.pictures import encode, photo_like

FOLDER = ROOT / "deploy/grafana"
DASHBOARD = json.loads((FOLDER / "dashboards/triptych.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
WIDTH = 24
JPEG = encode(photo_like(60, 60), "JPEG")
COMPARISON = re.compile(r"(\{[^}]*\})|([<>=!]=|[<>])")  # and what looks like one among labels
IS_EMPTY_WHEN_ALL_IS_WELL = "ALERTS"


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """What a panel covers of the grid."""
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def queries() -> dict[str, str]:
    """Every one, by where it stands, as Prometheus is asked: with values in place of Grafana's variables."""
    variables = {each["name"]: each.get("allValue") or each["query"] for each in DASHBOARD["templating"]["list"]}
    found = {}
    for panel in PANELS:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", "10s")
            for name, value in variables.items():
                asked = asked.replace(f"${name}", value)
            found[f"panel {panel['title']} {target['refId']}"] = asked
    for rule in (rule for file in RULES for rule in rules_of(file)):
        if "alert" in rule:
            found[f"{rule['alert']} {rule['labels']['severity']}"] = always(rule["expr"])
        else:
            found[rule["record"]] = rule["record"]
    return found


def always(expression: str) -> str:
    """The same with comparisons that say 0 or 1, where an alert's own say nothing unless it fires."""
    return COMPARISON.sub(lambda match: match[1] or f"{match[2]} bool", expression)


def without_stand_ins(expression: str) -> str:
    """What stands in for a series that is not there would hide that its name is wrong."""
    return expression if IS_EMPTY_WHEN_ALL_IS_WELL in expression else expression.replace("or vector(0)", "")


@contextmanager
def load(url: str) -> Iterator[None]:
    """Callers who come all the while: with photos, with what is none, and with jobs."""
    enough, failures = Event(), list[str]()

    def call() -> None:
        while not enough.wait(0.1):
            for path, upload, expected in (
                ("/predict", JPEG, 200), ("/v1/predict", b"text", 415), ("/jobs", JPEG, 202)
            ):  # fmt: skip
                answer = requests.post(url + path, files={"file": ("x.jpg", upload)}, timeout=60)
                failures.extend([answer.text] * (answer.status_code != expected))

    caller = Thread(target=call)
    caller.start()
    try:
        yield
    finally:
        enough.set()
        caller.join()
    assert not failures


@pytest.fixture
def watcher(random_cache: Path, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that watches two web workers under load, and a job worker's work."""
    needs("prometheus")
    with (
        parts(tmp_path, random_cache, hosts=((),)) as service,
        load(service.url),
        prometheus(service.url.removeprefix("http://"), tmp_path) as started,
    ):
        yield started


def test_every_panel_alert_and_rule_has_data_and_none_fires_while_all_is_well(watcher: Prometheus) -> None:
    silent = queries()

    def all_answered() -> bool:
        for where, asked in list(silent.items()):
            if watcher.values(without_stand_ins(asked)):
                del silent[where]
        return not silent

    with suppress(AssertionError):  # what never came is told by name
        until(all_answered, "", patience_s=30)
    assert not silent, f"no data: {', '.join(silent)}"
    assert not watcher.values("triptych_no_such_metric")

    until(lambda: all(rule["health"] == "ok" for rule in watcher.rules()), "a rule can't be evaluated")
    until(lambda: {rule.get("state", "inactive") for rule in watcher.rules()} == {"inactive"}, "an alert is pending")
    assert not watcher.values('last_over_time(ALERTS{alertstate="firing"}[10m])')


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
    for name in ("id", "title"):
        assert len({panel[name] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    variables = [each for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    for asker in [*PANELS, *variables, *DASHBOARD["annotations"]["list"]]:
        assert asker["datasource"] == {"type": source["type"], "uid": source["uid"]}
