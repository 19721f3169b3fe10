"""What is promised and when somebody is woken: the rules are valid, and each alert is shown to fire and not to."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.deploy.prometheus import FOLDER, RULES, needs, rules_of

TESTS = sorted((FOLDER / "tests").glob("*.yml"))
ALERTS = [rule for file in RULES for rule in rules_of(file) if "alert" in rule]
OPERATIONS = ROOT / "docs/operations.md"


def promtool(*arguments: str | Path) -> None:
    needs("promtool")
    result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def checks() -> Iterator[dict[str, Any]]:
    """What the tests of alerts look at, one time each."""
    for file in TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            yield from test["alert_rule_test"]


def test_the_configuration_is_valid() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")


def test_the_rules_are_valid_and_none_is_there_twice() -> None:
    promtool("check", "rules", "--lint-fatal", *RULES)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.stem))
def test_the_rules_say_what_their_tests_expect(file: Path) -> None:
    promtool("test", "rules", file)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_an_alert_says_how_urgent_it_is_what_it_saw_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert "$value" in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"] == f"docs/operations.md#{alert['alert'].lower()}"


def test_each_alert_is_seen_to_fire_with_its_severity() -> None:
    fired = {(check["alertname"], each["exp_labels"]["severity"]) for check in checks() for each in check["exp_alerts"]}
    assert fired == {(alert["alert"], alert["labels"]["severity"]) for alert in ALERTS}


def test_each_alert_is_seen_not_to_fire() -> None:
    assert {check["alertname"] for check in checks() if not check["exp_alerts"]} == {rule["alert"] for rule in ALERTS}


@pytest.mark.skipif(not OPERATIONS.exists(), reason="needs docs/operations.md")
def test_the_runbook_has_a_heading_for_each_alert() -> None:
    headings = [line.removeprefix("### ") for line in OPERATIONS.read_text().splitlines() if line.startswith("### ")]
    assert {alert["alert"] for alert in ALERTS} <= set(headings)
