"""A file of lines NAME=value, as compose and kustomize read it."""

from pathlib import Path


def variables(path: Path) -> dict[str, str]:
    """What it sets; an empty value too."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}
