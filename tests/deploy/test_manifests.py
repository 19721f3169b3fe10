"""deploy/k8s: valid by Kubernetes's own schemas, and sound by what the service says of itself. No cluster is asked."""

import os
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from app import create_app
from cli.service_process import free_port
from config import SettingsError, load_settings
from tests.conftest import ROOT
from tests.deploy import sound_objects, sound_pods
from tests.deploy.manifests import COMPONENTS, K8S, SETTINGS_FILE, Check, Manifests, Object, base, built, object_files
from tests.fakes import served

NEWEST = kubernetes_validate.latest_version().removesuffix(".0")
VERSIONS = ("1.29", NEWEST)
OVERLAYS = ("cpu", "gpu")
ALWAYS = (*sound_objects.ALWAYS, *sound_pods.ALWAYS)
each_check = pytest.mark.parametrize("check", ALWAYS, ids=lambda check: check.__name__)


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Manifests:
    return built(K8S / "overlays" / request.param)


@pytest.fixture(scope="module")
def with_components(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """The overlay for CPUs, and every component."""
    folder = tmp_path_factory.mktemp("installation")
    here = {"resources": [K8S / "overlays/cpu"], "components": sorted(each for each in COMPONENTS.iterdir())}
    named = {key: [os.path.relpath(each, folder) for each in paths] for key, paths in here.items()}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(named))
    return built(folder)


def validate(each: Object, version: str) -> None:
    assert each["metadata"].get("namespace") is None  # it is named when it is applied
    assert kubernetes_validate.validate(each, version, strict=True) == version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [*object_files()], ids=lambda path: str(path.relative_to(K8S)))
def test_a_file_is_one_object_that_kubernetes_takes(path: Path, version: str) -> None:
    (found,) = yaml.safe_load_all(path.read_text())
    validate(found, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_overlay_builds_kubernetes_takes(overlay: Manifests, version: str) -> None:
    for each in overlay.objects:
        validate(each, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_components_build_kubernetes_takes(with_components: Manifests, version: str) -> None:
    for each in with_components.objects:
        validate(each, version)


@each_check
def test_base_is_sound(check: Check) -> None:
    check(base())


@each_check
def test_an_overlay_is_sound(overlay: Manifests, check: Check) -> None:
    check(overlay)


@each_check
def test_an_overlay_with_components_is_sound(with_components: Manifests, check: Check) -> None:
    check(with_components)


def test_some_pods_stay_whatever_is_done(overlay: Manifests) -> None:
    sound_objects.some_pods_stay(overlay)


def test_the_settings_are_also_good_as_a_settings_file() -> None:
    load_settings({"TRIPTYCH_SETTINGS_FILE": str(SETTINGS_FILE)})


def test_the_addresses_that_kubernetes_would_inject_stop_the_start() -> None:
    name = base().one("Service", "web")["metadata"]["name"].upper().replace("-", "_")
    with pytest.raises(SettingsError, match=f"{name}_PORT is no setting"):
        load_settings({f"{name}_PORT": "tcp://10.0.0.7:80"})


def test_the_probes_need_no_redis() -> None:
    settings = load_settings(base().variables("web") | {"TRIPTYCH_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    app = create_app(settings, lambda _: served())
    app.extensions["triptych"].start()
    for probe in sound_objects.probes(base()).values():
        assert app.test_client().get(probe["httpGet"]["path"]).status_code == 200


def test_the_uid_is_the_image_s() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    if "10001" not in dockerfile:
        pytest.skip("the Dockerfile names no uid yet")
    assert base().pod("web")["securityContext"]["runAsUser"] == 10001


def test_the_ingress_leads_to_all_that_callers_need_and_not_to_metrics(with_components: Manifests) -> None:
    (rule,) = with_components.one("Ingress", "web")["spec"]["rules"]
    paths = [(each["path"], each["pathType"]) for each in rule["http"]["paths"]]

    def leads_to(route: str) -> bool:
        below = [path for path, kind in paths if kind == "Prefix"]
        return (route, "Exact") in paths or any(route == path or route.startswith(path + "/") for path in below)

    rules = {each.rule for each in create_app(load_settings({})).url_map.iter_rules()}
    inner = {f"{prefix}/{name}" for prefix in ("", "/v1") for name in ("metrics", "readyz", "healthz")}
    assert {each for each in rules if not leads_to(each)} == inner


def test_the_ingress_has_the_service_s_limits(with_components: Manifests) -> None:
    settings, ingress = with_components.settings("web"), with_components.one("Ingress", "web")
    said = {key.rpartition("/")[2]: value for key, value in ingress["metadata"]["annotations"].items()}
    assert said["proxy-body-size"] == f"{settings.max_request_mb}m"
    assert float(said["proxy-read-timeout"]) > settings.deadline_s
    assert said["proxy-request-buffering"] == said["proxy-buffering"] == "on"
    assert {*said["proxy-next-upstream"].split()} == {"error", "timeout"}
    assert settings.trusted_proxies == 1
