"""compose.yaml: no engine is at hand, so what it says is held against the files it names and the settings it gives."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings, load_settings
from tests.conftest import ROOT
from tests.deploy.proxy import NGINX, SETTINGS

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "${IMAGE:?}"}
WEB = {name: service for name, service in OURS.items() if "command" not in service}
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?]([^}]*))?\}")


def settings_of(service: Mapping[str, Any]) -> Settings:
    """What the service reads: the file of settings, and what compose.yaml adds."""
    given = {name: value for name, value in SETTINGS.items() if name.startswith("TRIPTYCH_")}
    return load_settings(given | service["environment"])


def test_there_are_two_of_each_and_all_that_they_need() -> None:
    assert sorted(SERVICES) == ["grafana", "nginx", "prometheus", "redis", "web-a", "web-b", "worker"]
    assert sorted(WEB) == ["web-a", "web-b"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", OURS)
def test_the_settings_are_such_as_the_service_accepts(name: str) -> None:
    settings = settings_of(OURS[name])
    assert settings.trusted_proxies == 1
    assert settings.redis_url is not None
    grace = settings.grace_s + 5  # DRAIN_S of the image
    assert int(OURS[name]["stop_grace_period"].removesuffix("s")) > grace


def test_what_compose_and_nginx_name_stands_in_the_example_of_settings() -> None:
    named = {found[1] for found in _VARIABLE.finditer((DEPLOY / "compose.yaml").read_text())}
    templates = [path.read_text() for path in NGINX.rglob("*.template")]
    in_templates = {name for text in templates for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    assert named <= SETTINGS.keys()
    assert in_templates == SERVICES["nginx"]["environment"].keys()
    assert all(_VARIABLE.fullmatch(value)[1] == name for name, value in SERVICES["nginx"]["environment"].items())  # type: ignore[index]


def test_nginx_takes_as_much_and_waits_as_long_as_the_service_does_by_default() -> None:
    defaults = load_settings({})
    assert int(SETTINGS["TRIPTYCH_MAX_REQUEST_MB"]) == defaults.max_request_mb
    assert float(SETTINGS["TRIPTYCH_DEADLINE_S"]) == defaults.deadline_s


def test_nginx_asks_the_web_services_where_they_are() -> None:
    lines = (NGINX / "web-hosts.conf").read_text().splitlines()
    asked = {line.split()[1] for line in lines if line.startswith("server")}
    given = {service["networks"]["hosts"]["ipv4_address"] for service in WEB.values()}
    assert asked == {f"{address}:5000" for address in given}
    ours, others = (
        ip_network(COMPOSE["networks"]["hosts"]["ipam"]["config"][0][key]) for key in ("subnet", "ip_range")
    )
    for address in map(ip_address, given):
        assert address in ours
        assert address not in others, "Docker may give it to another"


def test_every_file_that_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./") and source != "./keys":  # that one is the operator's
                assert (DEPLOY / source).exists(), source
    mounted = {Path(volume.partition(":")[0]).name for volume in SERVICES["nginx"]["volumes"]}
    assert {path.name for path in NGINX.iterdir()} <= mounted


@pytest.mark.parametrize("name", SERVICES)
def test_none_may_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    published = service.get("ports", [])
    if name != "nginx":
        assert all(port.startswith("127.0.0.1:") for port in published)
    if name not in OURS:
        assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+[\w.-]*", service["image"]), "one version, not the newest"


def test_redis_keeps_what_was_accepted() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in command
    given = int(re.search(r"--maxmemory (\d+)gb", command)[1]) << 10  # type: ignore[index]
    assert given >= 1.5 * settings_of(SERVICES["worker"]).max_jobs_mb
