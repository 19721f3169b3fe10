"""Services with an nginx in front of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.fake_hosts import Front
from tests.deploy.proxy import Proxy, proxy
from tests.e2e.server import Server, running
from tests.served import mobilenet


class Fronted(NamedTuple):
    """A service, and the nginx in front of it."""

    service: Server
    nginx: Proxy


@pytest.fixture(scope="session")
def fronted(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """As in compose.yaml, with one host and http://page.example as an origin that may call."""
    folder = tmp_path_factory.mktemp("fronted")
    more = {"WORKERS": "2", "TRUSTED_PROXIES": "1", "CORS_ORIGINS": "https://other.example,http://page.example"}
    with (
        running(folder / "log", **mobilenet(small_cache) | more) as service,
        proxy(folder / "nginx", [address(service)], TRIPTYCH_CORS_ORIGINS=more["CORS_ORIGINS"]) as nginx,
    ):
        yield Fronted(service, nginx)


def address(service: Server) -> str:
    """Where it listens, as nginx names it."""
    return service.url.removeprefix("http://")


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with ExitStack() as stack:
        yield Front(stack, tmp_path)
