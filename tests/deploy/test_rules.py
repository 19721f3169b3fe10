"""What is promised and when somebody is woken: the rules are valid, and each alert is shown to fire and not to."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.deploy.prometheus import FOLDER, RULES, WINDOWS, rules_of
from tests.needed import needs

TESTS = sorted((FOLDER / "tests").glob("*.yml"))
BURNS = [file for file in TESTS if file.stem.startswith("burn_")]
ALERTS = [rule for file in RULES for rule in rules_of(file) if "alert" in rule]
RECORDINGS = [file for file in RULES if file.stem.startswith("recording")]
PROMTOOL_S = 120  # its longest test takes 6
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def promtool(*arguments: str | Path) -> str:
    needs("promtool", "prometheus")
    result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=PROMTOOL_S)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def cases(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text())["tests"]
    return found


def checks() -> Iterator[dict[str, Any]]:
    """What the tests of alerts look at, one time each."""
    for file in TESTS:
        for test in cases(file):
            yield from test.get("alert_rule_test", ())


def seconds(duration: str) -> int:
    """What Prometheus means by 1457m30s."""
    return sum(int(number) * UNITS_S[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration))


def commented_jobs() -> list[dict[str, Any]]:
    """The jobs of the configuration that stand there for whoever needs them."""
    text = (FOLDER / "prometheus.yml").read_text()
    found: list[dict[str, Any]] = []
    for block in re.findall(r"^  # - job_name: .*\n(?:  #   .*\n)*", text, re.M):
        found += yaml.safe_load(re.sub(r"^  # ", "", block, flags=re.M))
    return found


def pods(component: str, phase: str) -> list[dict[str, Any]]:
    """A target for a port of each, as Prometheus hears of it; its labels are those of the Deployment."""
    deployment = yaml.safe_load((ROOT / f"deploy/k8s/base/{component}-deployment.yaml").read_text())
    pod, meta = deployment["spec"]["template"], "__meta_kubernetes_pod_"
    labels = {f"{meta}label_{re.sub('[^a-z]', '_', name)}": value for name, value in pod["metadata"]["labels"].items()}
    labels |= {f"{meta}phase": phase, f"{meta}name": f"{component}-{phase.lower()}"}
    ports = pod["spec"]["containers"][0].get("ports", [{"name": ""}])
    return [
        {"targets": ["10.0.0.1:5000"], "labels": labels | {f"{meta}container_port_name": port["name"]}}
        for port in ports
    ]  # fmt: skip


def test_the_configuration_is_valid() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")


def test_the_configuration_for_kubernetes_finds_the_pods_that_are_deployed_there(tmp_path: Path) -> None:
    (job,) = commented_jobs()
    # Debian's promtool is built without Kubernetes: pods as Kubernetes would name them stand in for it.
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["triptych"]}}]
    here = pods("web", "Running") + pods("worker", "Running") + pods("web", "Failed")
    config = tmp_path / "prometheus.yml"
    config.write_text(yaml.safe_dump({"scrape_configs": [job | {"static_configs": here}]}))
    found = json.loads(promtool("check", "service-discovery", "--timeout=2s", config, "triptych"))
    kept = [each["labels"] for each in found if each.get("labels")]
    assert [(labels["job"], labels["instance"]) for labels in kept] == [("triptych", "web-running")]


def test_the_rules_are_valid_and_none_is_there_twice() -> None:
    promtool("check", "rules", "--lint-fatal", *RULES)


def test_the_rules_say_what_their_tests_expect() -> None:
    """Each file a process of its own, two at a time: days of evaluations take seconds."""
    needs("promtool", "prometheus")
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(promtool, "test", "rules", file) for file in TESTS]:
            each.result()


@pytest.mark.parametrize("file", BURNS, ids=lambda file: str(file.stem))
def test_what_a_test_of_burn_rates_expects_is_the_same_for_every_prometheus(file: Path) -> None:
    for test in cases(file):
        for check in test["alert_rule_test"]:
            at, every = seconds(check["eval_time"]), seconds(test["interval"])
            on_edge = [name for name, minutes in WINDOWS.items() if (at - 60 * minutes) % every == 0]
            assert not (on_edge and check["exp_alerts"]), f"{test['name']}, {check['eval_time']}: {on_edge}"


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: str(file.stem))
def test_the_same_is_recorded_of_every_window(file: Path) -> None:
    of_window = defaultdict(set)
    for rule in rules_of(file):
        window = rule["record"].rpartition("rate")[2]
        said = rule["expr"].replace(f"[{window}]", "[WINDOW]")
        of_window[window].add((rule["record"].removesuffix(window), re.sub(rf"rate{window}\b", "rateWINDOW", said)))
    assert of_window.pop("30d"), "the budget that is left, from the recorded rates"
    assert of_window == dict.fromkeys(WINDOWS, of_window["5m"])


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


def test_the_runbook_has_a_heading_for_each_alert() -> None:
    lines = (ROOT / "docs/operations.md").read_text().splitlines()
    headings = {line.removeprefix("### ") for line in lines if line.startswith("### Triptych")}
    assert headings == {alert["alert"] for alert in ALERTS}
