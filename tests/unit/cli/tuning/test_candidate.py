"""What `models tune` tries: every configuration once, and no precision that can't win or may not be served."""

from pathlib import Path

import pytest

from cli.tuning.candidate import Candidate, candidates, worth_trying
from models.manifest import Manifest, Precision
from models.speeds import MachineHalf, Speed, hashes
from tests.unit.models.builds import judged_build

FLOAT32, FLOAT16, INT8, STATIC = Precision.FLOAT32, Precision.FLOAT16, Precision.INT8, Precision.INT8_STATIC


@pytest.mark.parametrize(
    ("cores", "workers", "threads"),
    [
        (1, {1, 2}, {1}),
        (2, {1, 2, 4}, {1, 2}),
        (3, {1, 2, 3, 4}, {1, 2}),
        (6, {1, 2, 4, 6, 8}, {1, 2, 4}),
        (32, {1, 2, 4, 8, 16, 32, 64}, {1, 2, 4, 8}),
    ],
)
def test_workers_go_to_twice_the_cores_and_threads_to_the_cores(
    cores: int, workers: set[int], threads: set[int]
) -> None:
    found = candidates(cores, [FLOAT32])
    assert {each.workers for each in found} == workers
    assert {each.threads for each in found} == threads
    assert len(found) == len(set(found)) == len(workers) * len(threads)


def test_a_restriction_is_followed_and_what_is_the_same_is_tried_once() -> None:
    assert candidates(2, [INT8], workers=[3, 3], threads=[2, 8, 16]) == [Candidate(3, 2, INT8)]
    assert {each.threads for each in candidates(32, [INT8], threads=[16])} == {16}, "more than 8 where asked"


def test_a_candidate_is_three_settings() -> None:
    assert Candidate(2, 1, STATIC).settings() == {"WORKERS": "2", "THREADS": "1", "PRECISION": "int8-static"}


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return judged_build(tmp_path)


@pytest.mark.parametrize(
    ("float32", "float16", "int8", "tried"),
    [
        ((10, 6), (11, 7), (40, 40), {FLOAT32, FLOAT16}),
        ((10, 6), (40, 40), (3, 2), {INT8}),
        ((10, 6), (40, 7), (40, 40), {FLOAT32, FLOAT16}),  # slow on one thread, and quick on all
        ((10, 6), (40, 40), (12.9, 40), {FLOAT32, INT8}),
    ],
)
def test_precisions_are_tried_that_passed_and_are_near_the_best(
    manifest: Manifest,
    float32: tuple[float, float],
    float16: tuple[float, float],
    int8: tuple[float, float],
    tried: set[Precision],
) -> None:
    times = {FLOAT32: float32, FLOAT16: float16, INT8: int8, STATIC: (1, 1)}
    speeds = {p: Speed(one_thread_ms=one, all_threads_ms=every) for p, (one, every) in times.items()}
    half = MachineHalf(cpu="a CPU", cores=2, artifacts=hashes(manifest), speeds=speeds, choice=FLOAT32)
    assert set(worth_trying(manifest, half)) == tried


def test_unmeasured_float32_alone_is_tried(manifest: Manifest) -> None:
    assert worth_trying(manifest, None) == [FLOAT32]
