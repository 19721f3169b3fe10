"""Settings -> the engine process, in which Keras runs for all workers.

python -m wiring_engine FD PID      what the keeper starts; FD: the socket on which it listens, PID: of its parent
"""

import logging
import logging.config
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from config import Settings, load_settings
from logs import logging_config
from models.backend import set_up_backend
from models.engine_server import EngineServer
from models.engine_words import Wanted
from models.engines import Device, EngineKind, keras_maker, resolve_precision
from models.hosted import Batching, Hosted, Run
from models.manifest import Precision
from models.parent import end_with_parent
from models.served import load_engine, read_manifest
from models.shelf import Shelf
from web import metrics_files, metrics_folder
from wiring import prepared_models

log = logging.getLogger(__name__)

Host = Callable[[Settings, Wanted, threading.Lock, Callable[[Run], None]], Hosted]

_HANGS_S = 30.0  # that a batch may take at the least: VGG16 on a busy CPU, a GPU that another program uses
_LOAD_HANGS_S = 900.0  # that a load takes at the most: a network is compiled for each bucket
_MOST_WAITING = 4096  # images: rings hold fewer; above all deadlines at any rate a device has


def main(host: Host | None = None) -> None:
    """Be the engine process, until told to end or the parent is gone. *host* loads a model in another way (bench)."""
    file, parent = map(int, sys.argv[1:])
    if not end_with_parent(parent):
        return
    settings = load_settings()
    logging.config.dictConfig(logging_config(settings.log_level, access=False, terminal=sys.stderr.isatty()))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells it to all; our parent tells us when
    set_up_backend(cpu_only=settings.device is Device.CPU)
    if folder := metrics_folder.shared():
        metrics_files.reserve(folder, os.getpid())
    _serve(settings, socket.socket(fileno=file), host or _host)


def _serve(settings: Settings, listening: socket.socket, host: Host) -> None:
    from models.device_memory import device_memory
    from web.engine_metrics import EngineMetrics

    metrics, device = EngineMetrics(device_memory), threading.Lock()
    shelf = Shelf(lambda wanted: host(settings, wanted, device, metrics.ran))
    shelf.start()
    precision = resolve_precision(settings.precision, EngineKind.KERAS)
    for name, folder in prepared_models(settings).folders().items():
        shelf.prepare(Wanted(name=name, folder=str(folder), precision=str(precision)))
    try:
        EngineServer(listening, shelf, metrics.rings).serve()
    finally:
        shelf.close()


def _host(settings: Settings, wanted: Wanted, device: threading.Lock, told: Callable[[Run], None]) -> Hosted:
    """Return a model, warmed, that has given its known answer.  Raises: ModelError."""
    start, folder = time.monotonic(), Path(wanted.folder)
    manifest = read_manifest(folder)
    hangs = threading.Timer(_LOAD_HANGS_S, os._exit, [os.EX_SOFTWARE])  # another is started, and says why it loads
    hangs.daemon = True
    hangs.start()
    try:  # without the device's lock: the other models serve meanwhile
        make = keras_maker(settings.device, settings.max_batch)
        engine = load_engine(folder, manifest, Precision(wanted.precision), make)
        engine.warm()
    finally:
        hangs.cancel()
    log.info(
        "%s is on the %s after %.1f s: %s, at most %d images at once",
        wanted.name, "GPU" if engine.on_gpu else "CPU", time.monotonic() - start, wanted.precision, engine.largest,
    )  # fmt: skip
    return Hosted(wanted.name, engine, manifest.classes, device, batching(settings), told=told)


def batching(settings: Settings) -> Batching:
    """Return how images are brought together."""
    return Batching(settings.batch_wait_ms / 1e3, _MOST_WAITING, max(_HANGS_S, 2 * settings.deadline_s))


if __name__ == "__main__":
    main()
