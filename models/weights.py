"""Where weights come from: WEIGHTS_DIR, Keras's cache, Keras's download; and what to say when they don't."""

import os
from collections.abc import Callable
from pathlib import Path

from models.architecture import Architecture
from models.download import download
from models.file_record import has_digest


def keras_cache() -> Path:
    """Return the folder in which Keras keeps downloaded weights (KERAS_HOME, else ~/.keras)."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def find_weights(architecture: Architecture, weights_dir: Path | None) -> Path | None:
    """Return the first weights file at hand, in the contract's order, or None. Nothing is downloaded or hashed."""
    published = architecture.keras.file_name
    candidates = [keras_cache() / published]
    if weights_dir is not None:
        candidates = [weights_dir / f"{architecture.name}.weights.h5", weights_dir / published, *candidates]
    return next((path for path in candidates if path.is_file()), None)


def download_weights(architecture: Architecture, progress: Callable[[int, int], None]) -> Path:
    """Fetch Keras's own weights into Keras's cache, checked by its hash where it publishes one.

    *progress* is called with (bytes so far, bytes in all).  Raises: OSError: not to be had, or not what was announced.
    """
    published = architecture.keras
    target = keras_cache() / published.file_name
    download(published.url, target, published.digest, progress)
    return target


def is_published(path: Path, architecture: Architecture) -> bool:
    """Say whether the file is, by its hash, one that Keras publishes for this network."""
    digest = architecture.source.digest if architecture.source else None
    return digest is not None and has_digest(path, digest)


def where_to_get(architecture: Architecture, weights_dir: Path | None) -> str:
    """Return one line that names the missing file, its source and its place."""
    published = architecture.keras
    place = weights_dir or keras_cache()
    return f"{architecture.name}: no weights. Get {published.url} and put it at {place / published.file_name}"
