"""The image, without an engine: its last stage is replayed, and what comes of it is started as a container is."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bench.tree import pss_mb
from cli.service_process import free_port
from models.file_record import FileRecord
from models.manifest import Manifest, Precision
from tests.deploy.container import container, files, health
from tests.deploy.image import Image, our_stages, replay
from tests.e2e.server import STOP_S, until, when_up
from tests.needed import needs
from tests.pictures import corners, encode
from tests.redis_server import redis_server

pytestmark = pytest.mark.slow  # a minute of pip
MOST_MB, MB = 350, 1e6
SHM = Path("/dev/shm")
PHOTO = encode(corners(), "PNG")


def made_elsewhere(cache: Path, root: Path) -> Path:
    """What the stage `prepare` leaves, of MobileNetV2; in its machine half what another CPU would have made."""
    shutil.copytree(cache / "models/mobilenetv2", root / "models/models/mobilenetv2", symlinks=True)
    build = (root / "models/models/mobilenetv2/random").resolve()
    sha256 = Manifest.read(build).artifacts[Precision.FLOAT32].record.sha256[:16]
    shutil.rmtree(build / "machine", ignore_errors=True)
    (build / "machine").mkdir()
    packed, speeds = f"{sha256}-{'0' * 12}-3.xnn", f"{sha256}-{'0' * 12}.speeds.json"
    for name in (packed, speeds):
        (build / "machine" / name).write_text("made on another CPU")
    record = FileRecord.of(build / "machine" / packed).model_dump_json()
    (build / "machine" / packed).with_suffix(".json").write_text(record)
    return root


@pytest.fixture(scope="module")
def image(small_cache: Path) -> Iterator[Image]:
    """The stage `serve` of a dry run, sealed; in a folder that its user may enter, as pytest's own are not."""
    needs("tini")
    needs("setpriv", "util-linux")
    others = our_stages(WEIGHTS="random", MODELS="mobilenetv2")
    with tempfile.TemporaryDirectory(prefix="triptych-image-") as folder:
        Path(folder).chmod(0o755)
        prepared = made_elsewhere(small_cache, Path(folder) / "prepared")
        found = replay(Path(folder) / "image", others["serve"], others, prepared)
        shutil.rmtree(prepared)
        found.seal()
        try:
            yield found.runnable()
        finally:
            found.unseal()


@pytest.fixture
def scratch(image: Image) -> Iterator[Path]:
    """A folder for the image's user, as /tmp is in a container; what it leaves in memory goes too."""
    ours = SHM / f"triptych-{image.stage.user.partition(':')[0]}"
    there_before = ours.exists() or os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
    if not there_before:
        shutil.rmtree(ours, ignore_errors=True)


def test_the_image_serves_unprivileged_from_a_read_only_root(image: Image, scratch: Path) -> None:
    before = files(image)
    assert health(image, free_port()).returncode == 1, "nobody listens"
    with container(image, scratch, PORT="0") as process:
        server = when_up(process, scratch / "log")
        port = int(server.url.rpartition(":")[2])
        until(lambda: health(image, port).returncode == 0, "never healthy")
        answer = server.predict(PHOTO)
        assert answer.status_code == 200, answer.text
        assert [set(each) for each in answer.json()["results"]] == [{"class", "prob", "id"}] * 3
        assert (answer.json()["model"], answer.json()["weights"]) == ("mobilenetv2", "random")
        print(f"{pss_mb(process.pid):8.1f} MB  of memory, all processes")
        process.terminate()
        until(lambda: health(image, port).returncode == 1, "healthy while it drains")
        assert process.wait(STOP_S) == 0, server.log.read_text()
    assert {event["level"] for event in server.events("request")} == {"info"}
    assert not [line for line in server.log.read_text().splitlines() if '"level": "error"' in line]
    assert files(image) == before


def test_the_image_s_other_commands_work(image: Image, scratch: Path) -> None:
    keys = {"API_KEYS_FILE": str(scratch / "keys.json")}
    with container(image, scratch, "flask", "--app", "app", "keys", "create", "phone", **keys) as process:
        assert process.wait(STOP_S) == 0, (scratch / "log").read_text()
    assert "shown this once" in (scratch / "log").read_text()
    with container(image, scratch, "flask", "--app", "app", "models", "verify") as process:
        assert process.wait(STOP_S) == 0, (scratch / "log").read_text()
    assert "mobilenetv2: good" in (scratch / "log").read_text()
    with container(image, scratch, "flask", "--app", "app", "jobs", "work") as process:
        assert process.wait(STOP_S) == 2
    assert "REDIS_URL" in (scratch / "log").read_text()


def test_a_worker_of_the_same_image_does_the_jobs(image: Image, scratch: Path) -> None:
    web, worker = scratch / "web", scratch / "worker"
    for folder in (web, worker):
        folder.mkdir()
        folder.chmod(0o777)
    before, work = files(image), ("flask", "--app", "app", "jobs", "work")
    with redis_server(scratch) as redis, container(image, web, PORT="0", REDIS_URL=redis.url) as process:
        server = when_up(process, web / "log")
        with container(image, worker, *work, REDIS_URL=redis.url) as job_worker:
            made = requests.post(f"{server.url}/jobs", files={"file": PHOTO}, timeout=STOP_S)
            assert made.status_code == 202, made.text
            until(lambda: server.get(made.headers["Location"]).json()["state"] == "done", "the job is never done")
            job_worker.terminate()
            assert job_worker.wait(STOP_S) == 0, (worker / "log").read_text()
    assert files(image) == before


def test_the_image_has_no_tensorflow_and_is_small(image: Image) -> None:
    (packages,) = (image.root / "venv/lib").glob("python*/site-packages")
    assert not [path for name in ("tensorflow", "keras") for path in packages.glob(f"{name}*")]
    sizes = Counter({path.name: size_of(path) for path in packages.iterdir()})
    app = size_of(image.app)
    for name, size in sizes.most_common(8):
        print(f"{size / MB:8.1f} MB  {name}")
    assert list(image.app.glob("web/__pycache__/routes.*.pyc")), "compiled where it can still be written"
    total = (sizes.total() + app) / MB
    print(f"{app / MB:8.1f} MB  the application\n{total:8.1f} MB  site-packages and application, without models")
    assert total < MOST_MB


def size_of(path: Path) -> int:
    return sum(each.lstat().st_size for each in (path, *path.rglob("*")) if each.is_file())
