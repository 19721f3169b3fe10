"""Schemathesis asks a live service everything the OpenAPI document allows, and holds it to what that promises."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.conftest import ROOT
from tests.e2e.server import Server, running
from tests.pictures import encode, photo_like, png_header

JPEG = encode(photo_like(60, 80), "JPEG")
PNG = encode(photo_like(60, 80), "PNG")
BROKEN = (b"I am text", JPEG[: len(JPEG) // 2], PNG[:100], png_header(60_000, 60_000), JPEG[:300] + JPEG[290:])
schemathesis.openapi.media_type("image/jpeg", st.sampled_from((JPEG, JPEG, *BROKEN)))
schemathesis.openapi.media_type("image/png", st.sampled_from((PNG, PNG, *BROKEN)))

schema = schemathesis.openapi.from_path(ROOT / "web/openapi.yaml")
OPERATIONS = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
# The first two judge by the schema, and an image is judged by its bytes; the third wants auth, which is off here.
UNSUITED = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in ("negative_data_rejection", "positive_data_acceptance", "ignored_auth")
]


@pytest.fixture(scope="module")
def small(random_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that serve MobileNetV2 with random weights."""
    log = tmp_path_factory.mktemp("small") / "log"
    with running(
        log,
        MODELS="mobilenetv2",
        WEIGHTS="random",
        CACHE_DIR=str(random_cache),
        WORKERS="2",
        PRECISION="float32",
    ) as server:
        yield server


def ask(server: Server, operation: Any, examples: int, number: int | None = None) -> set[int]:
    """Hold *operation* to its description with that many requests; return the statuses that came."""
    seen: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case: Case[Any]) -> None:
        response = case.call(base_url=server.url, timeout=60)
        seen.add(response.status_code)
        case.validate_response(response, excluded_checks=UNSUITED)  # type: ignore[arg-type]  # its own registry gives them

    (one if number is None else seed(number)(one))()
    return seen


def parameters() -> list[Any]:
    return [pytest.param(each, id=each.label) for each in OPERATIONS]


@pytest.mark.parametrize("operation", parameters())
def test_the_service_keeps_what_the_document_promises(small: Server, operation: Any) -> None:
    seen = ask(small, operation, 120 if operation.method.upper() == "POST" else 15, number=4)
    if operation.method.upper() == "POST":
        assert {200, 400, 415, 422} <= seen


@pytest.mark.slow
@pytest.mark.parametrize("operation", parameters())
def test_the_service_keeps_it_whatever_the_seed(small: Server, operation: Any) -> None:
    ask(small, operation, 2000 if operation.method.upper() == "POST" else 100)
