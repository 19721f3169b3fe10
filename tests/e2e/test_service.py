"""The service as an operator and a caller meet it: real Gunicorn, two workers."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

import pytest

from models.known_answers import generated_images
from tests.ahead import FOUR
from tests.conftest import ROOT
from tests.e2e.server import START_S, Server, environment, run_flask, running, until
from tests.needed import needs
from tests.pictures import encode, multipart, photo_like, png_header

PNG = encode(generated_images(1, 224, 224, seed=5)[0], "PNG")
JPEG = encode(photo_like(300, 400), "JPEG", quality=95)


def test_every_network_answers(four: Server) -> None:
    for name in FOUR.split(","):
        body = four.predict(PNG, model=name).json()
        assert (body["model"], body["weights"]) == (name, "random")
        assert len(body["results"]) == 3


def test_curl_gets_the_contracts_answers(four: Server, tmp_path: Path) -> None:
    needs("curl")

    def curl(upload: bytes | None, *fields: str) -> tuple[int, dict[str, object]]:
        (tmp_path / "x.jpg").write_bytes(upload or b"")
        file = ["-F", f"file=@{tmp_path / 'x.jpg'}"] if upload is not None else []
        extra = [part for field in fields for part in ("-F", field)]
        command = ["curl", "-s", "-X", "POST", "-w", "\n%{http_code}", *file, *extra, f"{four.url}/predict"]
        body, status = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rsplit("\n", 1)
        return int(status), json.loads(body)

    status, body = curl(PNG, "model=resnet50")
    assert (status, body["model"]) == (200, "resnet50")
    bad: list[tuple[bytes | None, tuple[str, ...], int, str]] = [
        (None, ("model=resnet50",), 400, "No file uploaded"),
        (PNG, ("model=alexnet",), 400, "Invalid model"),
        (b"I am text", (), 415, "Unsupported image format"),
        (JPEG[: len(JPEG) // 2], (), 422, "Truncated image"),
        (png_header(30_000, 30_000), (), 422, "Too many pixels"),
        (JPEG + bytes(11 << 20), (), 413, "Upload too large"),
        (JPEG + bytes(41 << 20), (), 413, "Upload too large"),
    ]
    for upload, fields, wanted, error in bad:
        status, body = curl(upload, *fields)
        assert (status, body["error"]) == (wanted, error)


@pytest.mark.parametrize(("path", "status"), [("/predict", 415), ("/nowhere", 404), ("/livez", 405)])
def test_a_caller_who_sends_it_all_first_still_reads_the_refusal(four: Server, path: str, status: int) -> None:
    body = bytes(5 << 20)
    host, port = urlparse(four.url).hostname, urlparse(four.url).port or 0
    with socket.create_connection((host, port)) as caller:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        caller.sendall(head.encode() + body)
        assert caller.makefile("rb").readline().split()[1] == str(status).encode()


def test_a_refusal_does_not_wait_for_a_body_that_never_comes(four: Server) -> None:
    host, port = urlparse(four.url).hostname, urlparse(four.url).port or 0
    with socket.create_connection((host, port), timeout=60) as caller:
        caller.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        assert caller.makefile("rb").readline().split()[1] == b"404"
    assert four.get("/livez").status_code == 200


def test_a_litert_worker_never_imports_tensorflow(four: Server) -> None:
    for model in FOUR.split(","):
        four.predict(PNG, model=model)
    for pid in four.workers(2):
        mapped = Path(f"/proc/{pid}/maps").read_text()
        assert "ai_edge_litert" in mapped
        assert "tensorflow" not in mapped


def test_an_upload_never_touches_the_disk(small_cache: Path, tmp_path: Path) -> None:
    """Hold a 9 MB upload near its end; by then Werkzeug's default would have spooled it to an open temporary file."""
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(small_cache), "WORKERS": "1"}
    folder = tmp_path / "tmp"
    folder.mkdir()
    with running(tmp_path / "log", tmpdir=str(folder), **settings) as server:
        before = folder.stat().st_mtime_ns
        (worker,) = server.workers(1)
        idle = open_files(worker)
        form = multipart(JPEG + bytes(9 << 20))
        with socket.create_connection((urlparse(server.url).hostname, urlparse(server.url).port or 0)) as caller:
            head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {form['content_type']}\r\n"
            caller.sendall(f"{head}Content-Length: {len(form['data'])}\r\nConnection: close\r\n\r\n".encode())
            caller.sendall(form["data"][: 8 << 20])
            wait_until_read(server)
            assert open_files(worker) - idle == set()
            caller.sendall(form["data"][8 << 20 :])
            assert b" 200 " in caller.makefile("rb").readline()
        assert open_files(worker) - idle == set()
    assert folder.stat().st_mtime_ns == before


def open_files(pid: int) -> set[str]:
    """The regular files that a process holds open, deleted ones included."""
    links = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.add(os.readlink(entry))
    return {link for link in links if link.startswith("/") and not link.startswith("/dev/")}


def wait_until_read(server: Server) -> None:
    """Wait until the service has taken everything sent so far out of its socket's buffer."""
    port = f":{urlparse(server.url).port or 0:04X}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        open_ = [row for row in rows if row[3] == "01" and (row[1].endswith(port) or row[2].endswith(port))]
        if open_ and all(row[4] == "00000000:00000000" for row in open_):  # nothing in any send or receive queue
            return
        time.sleep(0.02)
    raise AssertionError("the upload was not read")


def test_one_corrupt_model_is_named_and_the_other_serves_without_restarts(copied_pair: Path, tmp_path: Path) -> None:
    artifact = copied_pair / "models/mobilenetv2/random/float32.tflite"
    content = bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 0xFF
    artifact.write_bytes(content)
    settings = {
        "MODELS": "resnet50,mobilenetv2",
        "WEIGHTS": "random",
        "CACHE_DIR": str(copied_pair),
        "WORKERS": "2",
    } | {"PRECISION": "float32"}
    with running(tmp_path / "log", **settings) as server:
        workers = server.workers(2)
        ready = server.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["reasons"] == {"mobilenetv2": "float32.tflite is not the file that was prepared"}
        assert server.get("/livez").status_code == 200
        assert server.predict(PNG, model="resnet50").status_code == 200
        refused = server.predict(PNG, model="mobilenetv2")
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert int(refused.headers["Retry-After"]) > 0
        assert server.workers(2) == workers


def test_a_service_that_may_not_prepare_says_what_is_missing(tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "CACHE_DIR": str(tmp_path / "cache"), "PREPARE": "never", "WORKERS": "1"}
    with running(tmp_path / "log", **settings) as server:
        assert "not prepared" in server.get("/readyz").json()["reasons"]["mobilenetv2"]
        assert server.predict(PNG).json()["code"] == "not_ready"


def test_four_workers_on_the_command_line_and_a_clean_end(small_cache: Path, tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(small_cache)}
    with running(tmp_path / "log", "-w", "4", "-b", "0.0.0.0:0", **settings) as server:
        assert len(server.workers(4)) == 4
        assert server.predict(PNG).status_code == 200
    assert server.process.returncode == 0


def test_python_app_py_starts_the_same_gunicorn(small_cache: Path) -> None:
    settings = environment(MODELS="mobilenetv2", WEIGHTS="random", CACHE_DIR=str(small_cache), PORT="0")
    command = [sys.executable, str(ROOT / "app.py"), "--check-config"]
    assert subprocess.run(command, cwd="/", env=settings, check=False).returncode == 0
    shown = subprocess.run(
        [*command[:2], "--print-config"], cwd="/", env=settings, capture_output=True, text=True, check=True
    )
    assert re.search(r"^timeout\s+= 120$", shown.stdout, re.MULTILINE)  # gunicorn.conf.py was read


def test_preparing_what_is_prepared_imports_no_tensorflow(random_cache: Path) -> None:
    script = (
        "import sys; sys.argv = ['flask', '--app', 'app', 'models', 'prepare']\n"
        "from flask.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'keras', 'ai_edge_litert'} & set(sys.modules)"
    )
    settings = environment(MODELS=FOUR, WEIGHTS="random", CACHE_DIR=str(random_cache))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_models_verify_finds_what_a_start_can_not_see(copied_pair: Path) -> None:
    settings = {"MODELS": "resnet50,mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(copied_pair)}
    good = run_flask("models", "verify", **settings)
    assert (good.returncode, good.stdout) == (0, "resnet50: good\nmobilenetv2: good\n")
    artifact = copied_pair / "models/mobilenetv2/random/int8.tflite"
    stat, content = artifact.stat(), bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 1
    artifact.write_bytes(content)
    os.utime(artifact, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    bad = run_flask("models", "verify", **settings)
    assert bad.returncode == 1
    assert "mobilenetv2: int8.tflite is not the file that was prepared" in bad.stderr
    assert "resnet50: good" in bad.stdout


def test_no_weights_is_one_clear_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "models", "prepare"],
        cwd=ROOT,
        env=environment(MODELS="resnet50", CACHE_DIR=str(tmp_path), WEIGHTS_DIR=str(tmp_path))
        | {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"},  # no internet, wherever this runs
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "resnet50_weights_tf_dim_ordering_tf_kernels.h5" in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PROT": "1"}, "TRIPTYCH_PROT is no setting of Triptych"),
        ({"DEVICE": "gpu"}, "DEVICE=gpu, and Keras sees no GPU"),
    ],
)
def test_a_start_that_can_not_be_right_stops_with_one_line(
    settings: dict[str, str], says: str, small_cache: Path
) -> None:
    if "DEVICE" in settings and Path("/dev/nvidiactl").exists():
        pytest.skip("needs a machine without a GPU")
    given = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(small_cache), "PORT": "0"} | settings
    command = [sys.executable, "-m", "gunicorn", "app:app"]
    done = subprocess.run(command, cwd=ROOT, env=environment(**given), capture_output=True, text=True, check=False)
    assert done.returncode not in (0, 3)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


KERAS_SERVES = ["mobilenetv2", "vgg16,resnet50,inceptionv3"]


@pytest.mark.parametrize("names", KERAS_SERVES)
@pytest.mark.slow
def test_the_keras_engine_serves_the_same_answers(four: Server, random_cache: Path, tmp_path: Path, names: str) -> None:
    settings = {"MODELS": names, "WEIGHTS": "random", "CACHE_DIR": str(random_cache), "WORKERS": "1", "ENGINE": "keras"}
    with running(tmp_path / "log", **settings) as keras:
        until(lambda: keras.get("/readyz").status_code == 200, "compiled", START_S)
        for name in names.split(","):
            ours, theirs = (s.predict(PNG, model=name, top="10").json()["results"] for s in (four, keras))
            assert {r["id"]: r["prob"] for r in ours} == pytest.approx({r["id"]: r["prob"] for r in theirs}, abs=1e-4)
