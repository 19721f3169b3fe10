"""compose.yaml: no engine is at hand, so what it says is held against the files it names and the settings it gives."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings, load_settings
from tests.conftest import ROOT
from tests.deploy.image import our_stages
from tests.deploy.proxy import NGINX, SETTINGS
from tests.needed import needs

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "${IMAGE:?}"}
WEB = {name: service for name, service in OURS.items() if "command" not in service}
YOURS = ("keys", "tls", "secrets")  # folders that an operator makes
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?]([^}]*))?\}")


def filled(value: Any) -> str:
    """With the example's settings in place of their names; a password where it has none."""
    return _VARIABLE.sub(lambda found: SETTINGS[found[1]] or "secret", str(value))


def settings_of(service: Mapping[str, Any]) -> Settings:
    """What the service reads: the image's environment, the file of settings, and what compose.yaml adds."""
    image = {name: value for name, value in our_stages()["serve"].env.items() if name.startswith("TRIPTYCH_")}
    given = {name: value for name, value in SETTINGS.items() if name.startswith("TRIPTYCH_")}
    return load_settings(image | given | {name: filled(value) for name, value in service["environment"].items()})


def test_it_is_a_file_that_compose_takes(tmp_path: Path) -> None:
    """The first generation's program knows all but the name."""
    needs("docker-compose")
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("keys", "tls", "secrets", ".env"))
    (tmp_path / "deploy/.env").write_text("".join(f"{name}={value or 'secret'}\n" for name, value in SETTINGS.items()))
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").replace("name: triptych\n", "")
    (tmp_path / "deploy/compose.yaml").write_text(text)
    command = ["docker-compose", "--file", "compose.yaml", "config"]
    told = subprocess.run(command, cwd=tmp_path / "deploy", capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert yaml.safe_load(told.stdout)["services"].keys() == SERVICES.keys()


def test_there_are_two_of_each_and_all_that_they_need() -> None:
    assert sorted(SERVICES) == ["grafana", "nginx", "prometheus", "redis", "web-a", "web-b", "worker"]
    assert sorted(WEB) == ["web-a", "web-b"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", OURS)
def test_the_settings_are_such_as_the_service_accepts(name: str) -> None:
    settings = settings_of(OURS[name])
    assert settings.trusted_proxies == 1
    assert settings.redis_url is not None
    assert settings.drain_s > 0
    assert int(OURS[name]["stop_grace_period"].removesuffix("s")) > settings.drain_s + settings.grace_s


def test_what_compose_and_nginx_name_stands_in_the_example_of_settings() -> None:
    named = {found[1] for found in _VARIABLE.finditer((DEPLOY / "compose.yaml").read_text())}
    templates = [path.read_text() for path in NGINX.rglob("*.template")]
    in_templates = {name for text in templates for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    given = SERVICES["nginx"]["environment"]
    assert named <= SETTINGS.keys()
    assert in_templates == {name for name in given if not name.startswith("NGINX_")}
    assert all(_VARIABLE.fullmatch(given[name])[1] == name for name in in_templates)  # type: ignore[index]


def test_nginx_takes_as_much_and_waits_as_long_as_the_service_does_by_default() -> None:
    defaults = load_settings({})
    assert int(SETTINGS["TRIPTYCH_MAX_REQUEST_MB"]) == defaults.max_request_mb
    assert float(SETTINGS["TRIPTYCH_DEADLINE_S"]) == defaults.deadline_s


def test_nginx_asks_the_web_services_where_they_are() -> None:
    lines = (NGINX / "web-hosts.conf").read_text().splitlines()
    asked = {line.split()[1] for line in lines if line.startswith("server")}
    given = {service["networks"]["front"]["ipv4_address"] for service in WEB.values()}
    assert asked == {f"{address}:5000" for address in given}
    ours, others = (
        ip_network(COMPOSE["networks"]["front"]["ipam"]["config"][0][key]) for key in ("subnet", "ip_range")
    )
    for address in map(ip_address, given):
        assert address in ours
        assert address not in others, "Docker may give it to another"


def test_folders_are_mounted_and_those_of_ours_are_there() -> None:
    """Never a file: one that is replaced stays the old one in the container."""
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, _, target = filled(volume).removesuffix(":ro").partition(":")
            if source.startswith("./") and source.split("/")[1] not in YOURS:
                assert (DEPLOY / source).is_dir(), source
            assert not Path(target).suffix or target.endswith(".d"), target


def test_who_decodes_what_strangers_send_has_no_password_but_redis_s() -> None:
    passwords = {name for name in SETTINGS if "PASSWORD" in name or "SECRET" in name}
    assert passwords == {"REDIS_PASSWORD"}
    assert all("secrets" not in volume for service in OURS.values() for volume in service["volumes"])


def test_only_who_needs_redis_can_reach_it() -> None:
    assert {name for name, service in SERVICES.items() if "jobs" in service["networks"]} == {*OURS, "redis"}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {
        *("nginx", "prometheus", "grafana")
    }
    assert all(network["internal"] for name, network in COMPOSE["networks"].items() if name != "outside")


def test_the_images_that_operators_carry_to_a_machine_without_internet_are_these() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (images,) = re.findall(r"docker save -o \S+ triptych:1 (.*)", text)
    assert set(images.split()) == {service["image"] for name, service in SERVICES.items() if name not in OURS}


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
    command = SERVICES["redis"]["command"]
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in command
    given = int(re.search(r"--maxmemory (\d+)gb", command)[1]) << 10  # type: ignore[index]
    assert given >= 1.5 * settings_of(SERVICES["worker"]).max_jobs_mb
