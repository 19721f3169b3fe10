"""A real Prometheus on a free port, with the configuration that is deployed, in a hurry; and what it says."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from cli.service_process import free_port, process
from tests.conftest import ROOT
from tests.e2e.server import until
from tests.needed import needs

FOLDER = ROOT / "deploy/prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
# That rates are recorded of, in minutes.
WINDOWS = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "1d": 1440, "3d": 4320}
INTERVAL_S = 2  # also what a scrape may take: it waits its turn among the requests


def rules_of(file: Path) -> list[dict[str, Any]]:
    """What a file of rules says, without its groups."""
    return [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


@dataclass(frozen=True)
class Prometheus:
    url: str

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", parameters, timeout=30)
        assert answer.ok, f"{path} {parameters}: {answer.text}"
        return answer.json()["data"]

    def values(self, expression: str) -> list[float]:
        """What a query returns now and is a number."""
        found = [float(sample["value"][1]) for sample in self.get("query", query=expression)["result"]]
        return [value for value in found if math.isfinite(value)]

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, with its health and its state."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]


@contextmanager
def prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """Start it; it scrapes *target*, a host and port, and keeps all in *folder*. Skip the test where there is none."""
    needs("prometheus")
    address = f"127.0.0.1:{free_port()}"
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_in_a_hurry({"triptych": target, "prometheus": address}, folder)))
    command = (
        "prometheus",
        f"--config.file={config}",
        f"--web.listen-address={address}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
    )
    log = folder / "prometheus.log"
    with process(command, os.environ, log) as child:
        until(lambda: _is_ready(address) or child.poll() is not None, "Prometheus did not start")
        assert child.poll() is None, log.read_text()
        yield Prometheus(f"http://{address}")


def _in_a_hurry(targets: dict[str, str], folder: Path) -> Any:
    """The deployed configuration and its rules with other targets, paths and intervals, and nothing else."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(config["global"], f"{INTERVAL_S}s")
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    for file in [file for pattern in config["rule_files"] for file in FOLDER.glob(pattern)]:
        rules = yaml.safe_load(file.read_text())
        for group in rules["groups"]:
            group["interval"] = f"{INTERVAL_S}s"
        (folder / f"rules-{file.name}").write_text(yaml.safe_dump(rules))
    config["rule_files"] = ["rules-*.yml"]
    return config


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False
