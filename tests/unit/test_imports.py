"""Imports point one way: preprocessing <- models <- web, jobs <- app. Runtimes and Flask stay where they belong."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("preprocessing", "models", "access", "jobs", "web", "cli", "bench")
MAY_IMPORT = {
    "preprocessing": {"preprocessing"},
    "models": {"preprocessing", "models"},
    "access": {"access", "setting_types"},
    "jobs": {"preprocessing", "models", "jobs", "setting_types"},
    "web": {"preprocessing", "models", "access", "jobs", "web"},
    "cli": {
        "preprocessing",
        "models",
        "access",
        "jobs",
        "cli",
        "config",
        "cores",
        "given",
        "logs",
    },  # evaluate: thumbnails; all cores for itself
    "config": {"preprocessing", "models", "access", "jobs", "given", "setting_types"},
    "given": set(),
    "setting_types": set(),
    "cores": set(),
    "allocator": set(),
    "logs": set(),
    "wiring": {"preprocessing", "models", "web", "allocator", "config", "cores"},
    "wiring_engine": {"models", "web", "config", "logs", "wiring"},
    "wiring_access": {"access", "web", "config"},
    "wiring_jobs": {"models", "jobs", "web", "config", "cores", "wiring"},
    "app": {"models", "web", "cli", "config", "cores", "given", "wiring", "wiring_access", "wiring_jobs"},
    "gunicorn.conf": {
        "app",
        "logs",
        "models",
        "access",
        "web",
        "cli",
        "config",
        "cores",
        "wiring",
        "wiring_access",
        "wiring_jobs",
    },
    "bench": {
        "preprocessing",
        "models",
        "cli",
        "allocator",
        "cores",
        "bench",
        "config",
        "wiring",
        "wiring_engine",
        "web",
    },  # the service itself only as its users have it, but for an engine process that computes nothing
}
OURS = set(MAY_IMPORT)
# Each runs in an environment of its own; the bench itself imports no runtime.
BASELINES = {f"bench/baselines/{name}.py" for name in ("naive", "litserve_app", "ort_app", "ort_bare", "export_onnx")}
ONLY_IN = {
    "flask": {"app", "web", "cli", "bench/baselines/naive.py"},
    "werkzeug": {"web"},
    "flask_cors": {"web/access.py"},
    "jwt": {"access/jwks.py", "access/tokens.py"},
    "cryptography": set(),
    "flask_limiter": {"web/rate_limit.py"},
    "limits": {"web/rate_limit.py", "setting_types"},
    "redis": {"web/rate_limit.py", "jobs", "wiring_jobs", "bench/with_jobs.py"},
    "celery": {"jobs/messages.py", "jobs/worker.py"},
    "kombu": {"jobs/messages.py"},
    "PIL": {"preprocessing", "models/known_answers.py", "models/distilling/batches.py", "bench"},
    "structlog": {"logs"},
    "prometheus_client": {"web", "bench/gpu_service.py"},
    "jinja2": {"cli/evaluation/page.py"},
    "tensorflow": {"models/compiled.py", "models/device_memory.py", "models/convert.py", *BASELINES},
    "jax": {"models/compiled.py", "models/device_memory.py", "bench/gpu_forward.py"},
    "keras": {
        *(f"models/{name}.py" for name in ("backend", "compiled", "device_memory", "mixed")),
        "bench/gpu_engine.py",
        "models/engine_keras.py",
        "models/keras_model.py",
        "models/random_weights.py",
        *(f"models/distilling/{name}.py" for name in ("batches", "loss", "student", "train")),
        *BASELINES,
    },
    "ai_edge_litert": {"models/engine_litert.py"},
    "ai_edge_quantizer": {"models/quantise.py"},
    **dict.fromkeys(("fastapi", "litserve", "onnxruntime", "tf2onnx"), BASELINES),
    "matplotlib": {
        "bench/plot.py",
        "cli/distilling/curves.py",
        "cli/evaluation/plots.py",
        "cli/evaluation/marks.py",
    },
}


def modules() -> list[Path]:
    found = [ROOT / f"{name}.py" for name in MAY_IMPORT if name not in PACKAGES]
    return found + [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_it_may(path: Path) -> None:
    relative = path.relative_to(ROOT)
    owner = relative.parts[0] if len(relative.parts) > 1 else relative.stem
    names = set(imported(path))
    assert names & OURS <= MAY_IMPORT[owner]
    for library, places in ONLY_IN.items():
        assert library not in names or {owner, str(relative)} & places, f"{library} in {relative}"


def test_importing_the_application_does_nothing_and_loads_no_runtime() -> None:
    script = (
        "import sys, threading, app; app.app; "
        "loaded = {'tensorflow', 'keras', 'ai_edge_litert', 'jwt', 'cryptography', 'limits', 'redis', 'celery'} & "
        "set(sys.modules); "
        "sys.exit(f'{loaded} {threading.enumerate()}' if loaded or threading.active_count() > 1 else 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["exchange", "tally", "traffic", "loops"])
def test_the_load_generator_needs_the_standard_library_only(name: str) -> None:
    names = set(imported(ROOT / f"cli/load/{name}.py")) - {"cli"}
    assert names <= sys.stdlib_module_names


def test_the_folder_client_is_one_file_that_needs_requests_and_tqdm_only() -> None:
    names = set(imported(ROOT / "clients/triptych_client.py")) - {"__future__"}
    assert names <= {*sys.stdlib_module_names, "requests", "tqdm"}
    ast.parse((ROOT / "clients/triptych_client.py").read_text(), feature_version=(3, 9))
