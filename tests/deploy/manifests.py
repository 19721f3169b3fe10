"""The Kubernetes objects of deploy/k8s: as they lie in base, and as kustomize builds them."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings, load_settings
from tests.conftest import ROOT
from tests.deploy.env_file import variables

K8S = ROOT / "deploy/k8s"
BASE, COMPONENTS = K8S / "base", K8S / "components"
SETTINGS_FILE = BASE / "settings.env"
NAMES = ("web", "worker")
CONTAINER = "triptych"
Object = dict[str, Any]

_UNITS = {"": 1, "m": 1e-3, "Mi": 1 << 20, "Gi": 1 << 30}
_KUSTOMIZE = 5  # kustomize's `labels` with templates, `components` and `patches`; kubectl has it from 1.27 on


def amount(quantity: str) -> float:
    """What a quantity such as 500m or 64Mi comes to."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


class Manifests:
    """All objects of one installation; each a copy of its own, YAML's anchors resolved."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects: list[Object] = json.loads(json.dumps(objects))

    def of(self, kind: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str) -> Object:
        (found,) = [each for each in self.of(kind) if each["metadata"]["name"] == f"triptych-{name}"]
        return found

    def pod(self, name: str) -> Object:
        """The pod's spec of one Deployment."""
        spec: Object = self.one("Deployment", name)["spec"]["template"]["spec"]
        return spec

    def container(self, name: str) -> Object:
        (found,) = self.pod(name)["containers"]
        assert found["name"] == CONTAINER  # by it overlays find it
        result: Object = found
        return result

    def variables(self, name: str) -> dict[str, str]:
        """The environment of its container; the optional Secret is there."""
        container = self.container(name)
        (source,) = container["envFrom"]
        config = source["configMapRef"]["name"]
        (data,) = [each["data"] for each in self.of("ConfigMap") if each["metadata"]["name"] == config]
        return dict(data) | {each["name"]: self._value(each, container) for each in container["env"]}

    def _value(self, variable: Object, container: Object) -> str:
        if "value" in variable:
            assert "valueFrom" not in variable, variable
            return str(variable["value"])
        source = variable["valueFrom"]
        if "resourceFieldRef" in source:
            _, resource = source["resourceFieldRef"]["resource"].split(".")
            return str(-int(-amount(container["resources"]["limits"][resource]) // 1))  # Kubernetes rounds up
        return {"triptych-redis": "redis://redis.example:6379/0"}[source["secretKeyRef"]["name"]]

    def settings(self, name: str) -> Settings:
        """What the service reads there.  Raises: SettingsError."""
        return load_settings(self.variables(name))

    def floor(self, name: str) -> int:
        """The fewest replicas that are wanted of a Deployment."""
        scaled = [each["spec"] for each in self.of("HorizontalPodAutoscaler") if _target(each) == name]
        least: int = scaled[0]["minReplicas"] if scaled else self.one("Deployment", name)["spec"]["replicas"]
        return least


Check = Callable[[Manifests], None]


def _target(autoscaler: Object) -> str:
    return str(autoscaler["spec"]["scaleTargetRef"]["name"]).removeprefix("triptych-")


def object_files() -> Iterator[Path]:
    """Every file that is a whole object, none of kustomize's own and no patch."""
    for path in sorted(K8S.rglob("*.yaml")):
        folder = yaml.safe_load((path.parent / "kustomization.yaml").read_text())
        if path.name in folder.get("resources", []):
            yield path


def base() -> Manifests:
    """What base holds; the ConfigMap as kustomize generates it."""
    settings = {"kind": "ConfigMap", "metadata": {"name": "triptych-settings"}, "data": variables(SETTINGS_FILE)}
    files = [path for path in object_files() if path.parent == BASE]
    return Manifests([settings, *(yaml.safe_load(path.read_text()) for path in files)])


def built(folder: Path) -> Manifests:
    """What `kubectl apply -k` would send; skips where it can't be built."""
    kubectl = _kubectl()
    result = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert not result.stderr, result.stderr  # "deprecated", for one
    return Manifests(list(yaml.safe_load_all(result.stdout)))


def built_with_components(overlay: str, folder: Path) -> Manifests:
    """The same of an overlay whose line of components has been uncommented, in a copy of all in *folder*."""
    copy = folder / "k8s"
    shutil.copytree(K8S, copy)
    file = copy / "overlays" / overlay / "kustomization.yaml"
    before, line, after = file.read_text().partition("\n# components: ")
    assert line, f"{file} has no such line"
    file.write_text(f"{before}\ncomponents: {after}")
    (named,) = [yaml.safe_load(each) for each in file.read_text().splitlines() if each.startswith("components: ")]
    assert {Path(each).name for each in named["components"]} == {each.name for each in COMPONENTS.iterdir()}
    return built(file.parent)


def _kubectl() -> str:
    kubectl = shutil.which("kubectl")
    if kubectl:
        told = subprocess.run(
            [kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=60, check=False
        )
        version = re.search(r'"kustomizeVersion": "v([0-9]+)', told.stdout)
        if version and int(version[1]) >= _KUSTOMIZE:
            return kubectl
    pytest.skip("needs kubectl 1.27 or newer (its kustomize 5; Debian 12's kubectl 1.20 has 2)")
