"""What is measured: our service and what people would otherwise use, each with its whole configuration."""

import sys
from dataclasses import dataclass, replace
from importlib import metadata

from bench.places import CACHE, ONNX, prepared, python, requirements
from cores import usable_cores
from models.catalog import CATALOG
from models.manifest import RANDOM_WEIGHTS_FILE
from wiring import WORKERS_A_CORE

ALL_NETWORKS = "vgg16,resnet50,inceptionv3"


@dataclass(frozen=True, slots=True)
class Subject:
    """A server: `{port}` in *command* is replaced. *warm_s*: load that it gets before it is measured, in seconds."""

    name: str
    configuration: str
    command: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()
    warm_s: float = 3


def versions(venv: str, *packages: str) -> str:
    """Return the pins of *packages* in a baseline's requirements."""
    pins = dict(line.split("==") for line in requirements(venv).read_text(encoding="ascii").split() if "==" in line)
    return ", ".join(f"{package} {pins[package]}" for package in packages)


def ours_on_keras(precision: str = "float32") -> Subject:
    """Return our service with Keras in its engine process, as `ENGINE=keras` starts it."""
    alone = ours(precision)
    versions_ = f"keras {metadata.version('keras')}, tensorflow {metadata.version('tensorflow')}"
    return replace(
        alone,
        name=f"{alone.name}, Keras",
        configuration=f"{WORKERS_A_CORE * usable_cores()} sync workers, one engine process; {versions_}",
        environ=(*alone.environ, ("TRIPTYCH_ENGINE", "keras")),
        warm_s=5,
    )


def ours(precision: str = "int8", networks: str = "resnet50", workers: int | None = None) -> Subject:
    """Return our service as its users start it, with the settings that differ from the defaults."""
    settings = {"MODELS": networks, "PRECISION": precision, "WEIGHTS": "random", "CACHE_DIR": str(CACHE)}
    settings |= {"WORKERS": str(workers)} if workers else {}
    litert, gunicorn = metadata.version("ai-edge-litert"), metadata.version("gunicorn")
    name = "three networks" if networks == ALL_NETWORKS else networks
    shown = f"{workers or usable_cores()} sync workers, cores shared; gunicorn {gunicorn}, ai-edge-litert {litert}"
    return Subject(
        f"Triptych {name} {precision}" + (f", {workers} workers" if workers else ""),
        shown,
        (sys.executable, "-m", "gunicorn", "app:app", "-b", "127.0.0.1:{port}"),
        tuple((f"TRIPTYCH_{name}", value) for name, value in settings.items()),
    )


def ours_with_jobs() -> Subject:
    """Return our service, a job worker and Redis on the same machine."""
    alone = ours()
    return replace(
        alone,
        name=f"{alone.name}, with jobs",
        configuration=f"{alone.configuration}; job processes as many; celery {metadata.version('celery')}, Redis",
        command=(sys.executable, "-m", "bench.with_jobs", "{port}"),
    )


def naive(network: str = "resnet50") -> Subject:
    """Return the app that people write first."""
    architecture = CATALOG[network]
    options = ("-c", "/dev/null", "-w", "4", "--timeout", "300", "-b", "127.0.0.1:{port}")
    return Subject(
        f"naive app {network} float32",
        f"gunicorn -w 4, model.predict; {versions('naive', 'flask', 'tensorflow', 'keras', 'gunicorn')}",
        (str(python("naive")), "-m", "gunicorn", "bench.baselines.naive:app", *options),
        (
            ("NAIVE_CLASS", architecture.keras.keras_class),
            ("NAIVE_MODULE", architecture.keras.module),
            ("NAIVE_WEIGHTS", str(prepared(network) / RANDOM_WEIGHTS_FILE)),
        ),
        warm_s=15,  # model.predict compiles in each of the four workers, the last of which is still importing
    )


def litserve(workers: int, threads: int) -> Subject:
    """Return LitServe + Keras."""
    weights = str(prepared("resnet50") / RANDOM_WEIGHTS_FILE)
    options = ("{port}", str(workers), str(threads), weights)
    return Subject(
        "LitServe + Keras resnet50 float32",
        f"{workers} workers x {threads} threads; {versions('litserve', 'litserve', 'keras', 'tensorflow')}",
        (str(python("litserve")), "-m", "bench.baselines.litserve_app", *options),
        warm_s=5,
    )


def onnx_runtime(precision: str, workers: int, threads: int) -> Subject:
    """Return FastAPI + ONNX Runtime."""
    kind = "int8 static QDQ" if precision == "int8" else precision
    options = ("--workers", str(workers), "--port", "{port}", "--no-access-log")
    return Subject(
        f"FastAPI + ONNX Runtime resnet50 {precision}",
        f"{workers} workers x {threads} threads, {kind}; {versions('ort', 'onnxruntime', 'fastapi', 'uvicorn')}",
        (str(python("ort")), "-m", "uvicorn", "--factory", "bench.baselines.ort_app:create_app", *options),
        (("ORT_MODEL", str(ONNX / f"{precision}.onnx")), ("ORT_THREADS", str(threads))),
    )
