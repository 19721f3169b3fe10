"""What this service is made of."""

import platform
from importlib import metadata

VERSION = "unreleased"  # as CHANGELOG.md calls it


def build_facts() -> dict[str, str]:
    """Return the versions of the service, of Python and of what matters most for its answers."""
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "litert": metadata.version("ai-edge-litert"),
        "gunicorn": metadata.version("gunicorn"),
        "pillow": metadata.version("pillow"),
    }
