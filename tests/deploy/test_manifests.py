"""deploy/k8s: valid by Kubernetes's own schemas, and sound by what the service says of itself. No cluster is asked."""

import re
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from app import create_app
from cli.service_process import free_port
from config import SettingsError, load_settings
from tests.deploy import sound_objects, sound_pods
from tests.deploy.image import our_stages
from tests.deploy.manifests import (
    K8S,
    NAMES,
    SETTINGS_FILE,
    Check,
    Manifests,
    Object,
    base,
    built,
    built_with_components,
    object_files,
)
from tests.fakes import served

NEWEST = kubernetes_validate.latest_version().removesuffix(".0")
VERSIONS = ("1.27", NEWEST)  # the least that base/kustomization.yaml names
OVERLAYS = ("cpu", "gpu")
ALWAYS = (*sound_objects.ALWAYS, *sound_pods.ALWAYS)
each_check = pytest.mark.parametrize("check", ALWAYS, ids=lambda check: check.__name__)
each_check_of_overlays = pytest.mark.parametrize(
    "check", [*ALWAYS, *sound_objects.OF_OVERLAYS], ids=lambda check: check.__name__
)


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Manifests:
    return built(K8S / "overlays" / request.param)


@pytest.fixture(scope="module", params=OVERLAYS)
def with_components(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return built_with_components(request.param, tmp_path_factory.mktemp("installation"))


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


@each_check_of_overlays
def test_an_overlay_is_sound(overlay: Manifests, check: Check) -> None:
    check(overlay)


@each_check_of_overlays
def test_an_overlay_with_components_is_sound(with_components: Manifests, check: Check) -> None:
    check(with_components)


def test_what_is_to_be_typed_names_the_namespace() -> None:
    typed = [each for path in K8S.rglob("*.yaml") for each in re.findall(r"kubectl [a-z-][^|`\n]*", path.read_text())]
    assert [each for each in typed if "-n triptych" not in each] == ["kubectl create namespace triptych"]


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


@pytest.mark.parametrize("stage", ["serve", "gpu"])
def test_the_uid_is_the_image_s(stage: str) -> None:
    for name in NAMES:
        context = base().pod(name)["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == our_stages()[stage].user
